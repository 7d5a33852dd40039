"""Lasting ids of topics: handed on from run to run, given anew where a topic is new, never by a topic's label."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from topicloom.errors import quoted_list
from topicloom.lineage.events import describe
from topicloom.lineage.matching import continued, overlap_of, transitions
from topicloom.lineage.partition import Partition
from topicloom.lineage.records import Event, RunRecord
from topicloom.phrasing import number_of

_NAMED = 3  # topics named in a sentence; the figures hold all


@dataclass(frozen=True)
class Identity:
    """The lasting topics of a run, in the order of their numbers: id, the run that gave it, and its history in words.

    colours: those that the topics had, "" for a new one. events: what became of the topics since the run before.
    """

    uids: list[str]
    since: list[int]
    history: list[str]
    colours: list[str]
    events: list[Event]


@dataclass(frozen=True)
class Lost:
    """Topics that the run before no longer had, as the last run that had them saw them. uids: which of its topics."""

    run: RunRecord
    uids: frozenset[str]


def first_identity(after: Partition) -> Identity:
    """The lasting ids of a first run."""
    uids = [new_uid("", papers) for papers in members(after)]
    n = len(uids)
    return Identity(uids, [1] * n, ["since run 1"] * n, [""] * n, [])


def next_identity(before: RunRecord, after: Partition, number: int, lost: Sequence[Lost] = ()) -> Identity:
    """The lasting ids of a run, matched to the run before, and what became of the topics in between.

    number: of the run. lost: topics of still earlier runs, which may return. The same papers and topics get the same
    ids in whatever order the corpus has them.
    """
    earlier = before.partition
    overlap = overlap_of(earlier, after)
    going_on = continued(earlier, after, overlap)
    kept = {topic: before.topics[old] for topic, old in going_on.items()}
    back = _returned(lost, after, set(kept))
    kept |= {topic: run.topics[old] for topic, (run, old) in back.items()}
    of_topic = members(after)
    # Not the result's digest, which knows the order of rows.
    given = "\n".join(sorted(before.uids))
    uids = [kept[t].uid if t in kept else new_uid(given, of_topic[t]) for t in range(len(of_topic))]
    found = transitions(earlier, after, overlap, going_on)
    found = dataclasses.replace(found, born=[topic for topic in found.born if topic not in back])
    events = [
        *describe(found, overlap, before.uids, uids),
        *(_return_event(uids[topic], run.number, int(after.sizes[topic])) for topic, (run, _) in back.items()),
    ]
    told = _histories(events, number)
    return Identity(
        uids=uids,
        since=[kept[t].since if t in kept else number for t in range(len(uids))],
        history=[
            "; ".join([kept[t].history if t in kept else f"since run {number}", *told.get(uid, [])])
            for t, uid in enumerate(uids)
        ],
        colours=[kept[t].colour if t in kept else "" for t in range(len(uids))],
        events=events,
    )


def members(partition: Partition) -> list[NDArray[np.str_]]:
    """The papers of each topic, sorted by UT."""
    papers = partition.papers.astype(str)
    order = np.lexsort((papers, partition.topics))
    topics = partition.topics[order]
    bounds = np.searchsorted(topics, np.arange(len(partition.sizes) + 1))
    return [papers[order[start:end]] for start, end in itertools.pairwise(bounds)]


def new_uid(given: str, papers: Sequence[str] | NDArray[np.str_]) -> str:
    """A lasting id from the papers of a topic as it is first found, sorted, and the ids before it ("" for none).

    40 bits of SHA-256: among 10,000 ids two are alike with a chance of one in twenty thousand.
    """
    digest = hashlib.sha256("\n".join([given, *papers]).encode()).digest()
    return f"T-{base64.b32encode(digest[:5]).decode()}"


def _returned(lost: Sequence[Lost], after: Partition, taken: set[int]) -> dict[int, tuple[RunRecord, int]]:
    """Topics after that go on with one which the run before had lost: topic -> the run that had it, and its number."""
    found: dict[int, tuple[RunRecord, int]] = {}
    for gone in lost:
        overlap = overlap_of(gone.run.partition, after)
        for topic, old in continued(gone.run.partition, after, overlap).items():
            if topic not in taken and gone.run.topics[old].uid in gone.uids:
                found[topic] = gone.run, old
                taken = taken | {topic}
    return found


def _return_event(uid: str, last: int, count: int) -> Event:
    return Event(
        kind="returned",
        before=[uid],
        after=[uid],
        figures={"last_run": last, "papers": count},
        text=f"{uid} is back with {number_of(count, 'paper')}; run {last} was the last to have it.",
    )


def _histories(events: Sequence[Event], number: int) -> dict[str, list[str]]:
    """What each topic's history gains, by lasting id. Growing and shrinking is left to the figures."""
    told: dict[str, list[str]] = {}
    for event in events:
        match event.kind:
            case "split":
                for uid in event.after:
                    others = [other for other in event.after if other != uid]
                    stays = uid == event.before[0]
                    told.setdefault(uid, []).append(
                        f"split in run {number}: {quoted_list(others, _NAMED)} went off"
                        if stays
                        else f"split off from {event.before[0]} in run {number}"
                    )
            case "merged":
                others = [uid for uid in event.before if uid != event.after[0]]
                told.setdefault(event.after[0], []).append(f"took in {quoted_list(others, _NAMED)} in run {number}")
            case "returned":
                told.setdefault(event.after[0], []).append(f"back in run {number}")
    return told
