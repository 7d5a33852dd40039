"""The stage identify: the lasting id of each topic, handed on from the run before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from topicloom.lineage.following import matched_with, result_digest, shown_labels
from topicloom.lineage.history import REMEMBERED, History, lineage_of
from topicloom.lineage.partition import Partition
from topicloom.lineage.records import Event, LastingTopic, RunRecord
from topicloom.phrasing import number_of
from topicloom.settings.schema import Settings
from topicloom.stage_names import IDENTIFY, LOAD_EMBEDDINGS, REPRESENT
from topicloom.stages.hierarchy import hierarchy_read, stored_hierarchy
from topicloom.stages.load_embeddings import IDENTIFIERS, stored_identifiers
from topicloom.stages.represent import MEANS, TABLE, TOPICS, stored_topic_vectors
from topicloom.stages.stage import Artifact, Refs, Stage, Work
from topicloom.store.files import digest_json, read_json, write_json
from topicloom.store.store import StageRef, Store

if TYPE_CHECKING:
    from topicloom.lineage.identity import Identity, Lost

IDENTITY, EVENTS = (Artifact(IDENTIFY, name) for name in ("identity.json", "events.json"))


def identify_topics(work: Work) -> None:
    """Find the lasting ids of a run and write identity.json into a workspace, and events.json, what became of topics.

    What is made from the ids alone is not made again where only the events differ.

    Facts: number of the run, of the run it is matched with (or None), and how many topics it kept.
    """
    from topicloom.lineage.identity import first_identity, next_identity

    settings, refs, out, store = work.settings, work.refs, work.out, work.store
    history, lineage = History(settings), lineage_of(settings)
    head = matched_with(settings, result_of(refs))
    partition = partition_of(store, refs)
    if head is None:
        identity, before = first_identity(partition), None
    else:
        before = history.read(lineage, head.number)
        identity = next_identity(before, partition, head.number + 1, _lost(history, lineage, before))
    topics = _lasting_topics(settings, store, refs, identity)
    write_json(out.path(IDENTITY.name), [topic.model_dump(mode="json") for topic in topics])
    write_json(out.path(EVENTS.name), [event.model_dump(mode="json") for event in identity.events])
    earlier = set(before.uids) if before else set()
    out.facts = {
        "matched_with": head.number if head else None,
        "kept": sum(topic.uid in earlier for topic in topics),
        **{kind: sum(event.kind == kind for event in identity.events) for kind in ("born", "gone", "split", "merged")},
    }


def partition_of(store: Store, refs: Refs) -> Partition:
    """The papers of a run and their topics. refs: load-embeddings and represent."""
    import numpy as np

    papers = stored_identifiers(store, refs[LOAD_EMBEDDINGS])["UT"].to_numpy(dtype=object)
    topics = np.load(store.artifact(refs[REPRESENT], TOPICS.name))
    return Partition(papers, topics, stored_topic_vectors(store, refs[REPRESENT]))


def _lost(history: History, lineage: str | None, before: RunRecord) -> list[Lost]:
    """Topics that the run before did not have and one of the ten before it had, the latest first."""
    from topicloom.lineage.identity import Lost

    last_seen = history.last_seen(lineage)
    runs: dict[int, set[str]] = {}
    for uid, number in last_seen.items():
        if before.number - REMEMBERED <= number < before.number:
            runs.setdefault(number, set()).add(uid)
    return [Lost(history.read(lineage, number), frozenset(runs[number])) for number in sorted(runs, reverse=True)]


def _lasting_topics(settings: Settings, store: Store, refs: Refs, identity: Identity) -> list[LastingTopic]:
    import numpy as np

    from topicloom.atlas.colours import group_colours
    from topicloom.words.topic_table import read_topics, without_outliers

    represent = refs[REPRESENT]
    table = without_outliers(read_topics(store.artifact(represent, TABLE.name)), represent.facts["topics"])
    counts = np.array([topic.count for topic in table], dtype=np.int64)
    colours = group_colours(stored_hierarchy(settings, store, refs, counts).levels, counts)
    labels = shown_labels(settings, result_of(refs))
    return [
        LastingTopic(
            topic=topic.topic,
            uid=uid,
            count=topic.count,
            since=since,
            history=told,
            words=topic.words,
            label=labels.get(uid, ""),
            colour=earlier or colour,
        )
        for topic, uid, since, told, earlier, colour in zip(
            table, identity.uids, identity.since, identity.history, identity.colours, colours, strict=True
        )
    ]


def read_identity(store: Store, ref: StageRef) -> tuple[list[LastingTopic], list[Event]]:
    """The lasting topics of a run, in the order of their numbers, and what became of topics since the run before."""
    topics, events = (read_json(store.artifact(ref, name)) for name in (IDENTITY.name, EVENTS.name))
    return [LastingTopic(**topic) for topic in topics], [Event(**event) for event in events]


def result_of(refs: Refs) -> str:
    """Digest of what the lasting ids of a run rest on."""
    topics = refs[REPRESENT].outputs
    return result_digest(refs[LOAD_EMBEDDINGS].outputs[IDENTIFIERS.name], topics[TOPICS.name], topics[MEANS.name])


def _run_before(settings: Settings, refs: Refs) -> dict[str, str]:
    """The run before, and the labels that people know its topics by, which later runs keep."""
    result = result_of(refs)
    head, labels = matched_with(settings, result), shown_labels(settings, result)
    return {
        **({"history": head.sha256} if head else {}),
        **({"the labels of the run before": digest_json(labels)} if labels else {}),
    }


def _tell(_: Settings, facts: Mapping[str, Any]) -> str:
    if facts["matched_with"] is None:
        return "The first run of this analysis: every topic gets its lasting id."
    counts = ", ".join(f"{facts[kind]} {kind}" for kind in ("born", "gone", "split", "merged"))
    return (
        f"Matched with run {facts['matched_with']}: {number_of(facts['kept'], 'topic goes', 'topics go')} on; {counts}"
    )


STAGE = Stage(
    IDENTIFY,
    version=4,
    parameters=lambda _: {},
    reads=lambda settings, _: tuple(dict.fromkeys((IDENTIFIERS, TOPICS, TABLE, *hierarchy_read(settings)))),
    also=_run_before,
    writes=(IDENTITY.name, EVENTS.name),
    libraries=("numpy", "scipy"),
    compute=identify_topics,
    tell=_tell,
)
