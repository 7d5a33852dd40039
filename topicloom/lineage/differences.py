"""What differs between two runs of an analysis: papers, topics, words, settings and library versions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from topicloom.lineage.events import OUTLIERS, describe
from topicloom.lineage.records import Event, LastingTopic, RunRecord
from topicloom.phrasing import changed_values
from topicloom.settings.stated import stated

if TYPE_CHECKING:
    import pandas as pd

KINDS = ("born", "returned", "split", "merged", "gone", "grown", "shrunk")
STAYED, MOVED, NEW, WITHDRAWN = "stayed", "moved", "new", "withdrawn"


@dataclass(frozen=True)
class Differences:
    """What differs between two runs.

    papers: one row a paper of either run: UT, Change (stayed, moved, new or withdrawn), Before and After (lasting id,
    "outliers", or "" where it was not in the corpus) and Why. topics: one row a lasting id of either run: topic_uid,
    Before and After (numbers, Int64), PapersBefore, PapersAfter, Label, WordsCome and WordsGone. events: what became of
    topics. settings, versions: "name before → after".
    """

    before: RunRecord
    after: RunRecord
    papers: pd.DataFrame
    topics: pd.DataFrame
    events: list[Event]
    settings: list[str]
    versions: list[str]

    @property
    def counts(self) -> dict[str, int]:
        """Papers by what became of them."""
        counts = self.papers["Change"].value_counts()
        return {change: int(counts.get(change, 0)) for change in (STAYED, MOVED, NEW, WITHDRAWN)}

    @property
    def nothing(self) -> bool:
        """Whether the two runs found the same, with the same settings and versions."""
        same = self.before.result == self.after.result
        return same and not (self.settings or self.versions)

    def of_kind(self, kind: str) -> list[Event]:
        """The events of one kind."""
        return [event for event in self.events if event.kind == kind]


def differences(before: RunRecord, after: RunRecord) -> Differences:
    """Hold two runs of an analysis against each other, by the lasting ids of their topics."""
    from topicloom.lineage.matching import overlap_of, transitions

    number_of = {uid: topic for topic, uid in enumerate(before.uids)}
    going_on = {topic: number_of[uid] for topic, uid in enumerate(after.uids) if uid in number_of}
    one, other = before.partition, after.partition
    overlap = overlap_of(one, other)
    events = describe(transitions(one, other, overlap, going_on), overlap, before.uids, after.uids)
    if after.parent == before.number:
        events = after.events  # which know of topics that returned
    return Differences(
        before=before,
        after=after,
        papers=_papers(before, after, events),
        topics=_topics(before, after),
        events=events,
        settings=list(changed_values(stated(before.settings), stated(after.settings))),
        versions=list(changed_values(before.versions, after.versions)),
    )


def _papers(before: RunRecord, after: RunRecord, events: list[Event]) -> pd.DataFrame:
    import pandas as pd

    uids = [pd.Series(uid_of_papers(run), index=run.papers, dtype=object) for run in (before, after)]
    papers = pd.DataFrame({"Before": uids[0], "After": uids[1]})
    papers = papers.fillna("").rename_axis("UT").reset_index()
    of_row = list(zip(papers["Before"].tolist(), papers["After"].tolist(), strict=True))
    change = {(one, other): _change(one, other) for one, other in dict.fromkeys(of_row)}
    why = {pair: _why(*pair, events) if of_pair == MOVED else "" for pair, of_pair in change.items()}
    papers.insert(1, "Change", [change[pair] for pair in of_row])
    papers["Why"] = [why[pair] for pair in of_row]
    return papers


def uid_of_papers(run: RunRecord) -> list[str]:
    """The lasting topic of each paper of a run, in their order; "outliers" for outliers."""
    names = [*run.uids, OUTLIERS]  # topic -1 is the last
    return [names[number] for number in run.numbers]


def _change(before: str, after: str) -> str:
    if not before:
        return NEW
    if not after:
        return WITHDRAWN
    return STAYED if before == after else MOVED


def _why(before: str, after: str, events: list[Event]) -> str:
    """Why papers are in another topic than before."""
    for event in events:
        if event.kind == "split" and before in event.before and after in event.after:
            return f"{before} split"
        if event.kind == "merged" and before in event.before and after in event.after:
            return f"{before} went into {after}"
    if after == OUTLIERS:
        return f"{before} is gone" if _has(events, "gone", before) else "became outliers"
    if before == OUTLIERS:
        return f"{after} is new" if _has(events, "born", after) else "no longer outliers"
    if _has(events, "gone", before):
        return f"{before} is gone"
    if _has(events, "born", after):
        return f"{after} is new"
    return "nearer to it now; both topics stand"


def _has(events: list[Event], kind: str, uid: str) -> bool:
    return any(event.kind == kind and uid in (*event.before, *event.after) for event in events)


def _topics(before: RunRecord, after: RunRecord) -> pd.DataFrame:
    import pandas as pd

    old = {topic.uid: topic for topic in before.topics}
    new = {topic.uid: topic for topic in after.topics}
    rows = [_topic_row(shown, old.get(uid), new.get(uid)) for uid, shown in ({**new, **old} | new).items()]
    columns = [
        *("topic_uid", "Before", "After", "PapersBefore", "PapersAfter"),
        *("Label", "WordsCome", "WordsGone"),
    ]
    table = pd.DataFrame(rows, columns=columns)
    return table.astype(dict.fromkeys(columns[1:5], "Int64"))


def _topic_row(shown: LastingTopic, old: LastingTopic | None, new: LastingTopic | None) -> tuple[Any, ...]:
    words_before, words_after = (topic.words if topic else [] for topic in (old, new))
    both = old is not None and new is not None
    return (
        *(shown.uid, old and old.topic, new and new.topic, old and old.count, new and new.count),
        shown.label or ", ".join(shown.words[:3]),
        ", ".join(word for word in words_after if word and word not in words_before) if both else "",
        ", ".join(word for word in words_before if word and word not in words_after) if both else "",
    )
