"""Lasting ids of a run from the store and the history, and the run's entry in the history."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from topicloom.atlas.colours import group_colours
from topicloom.atlas.tree import group_levels, topic_tree
from topicloom.lineage.database import stated_digest
from topicloom.lineage.following import matched_with, shown_labels
from topicloom.lineage.history import REMEMBERED, History, lineage_of, new_lineage
from topicloom.lineage.identity import Identity, Lost, first_identity, next_identity
from topicloom.lineage.matching import Partition
from topicloom.lineage.records import Event, LastingTopic, RunRecord, packed_vectors
from topicloom.settings.schema import Settings
from topicloom.stages.load_embeddings import stored_identifiers
from topicloom.stages.registry import IDENTIFY, IDENTITY, LOAD_EMBEDDINGS, REPRESENT, UPDATE, is_placed, result_of
from topicloom.store.files import read_json, write_json
from topicloom.store.store import StageRef, Store, Workspace
from topicloom.words.ctfidf import read_topics

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Refs = Mapping[str, StageRef]

_EVENTS = "events.json"


def identify_topics(settings: Settings, refs: Refs, out: Workspace) -> None:
    """Find the lasting ids of a run and write identity.json into a workspace, and events.json, what became of topics.

    What is made from the ids alone is not made again where only the events differ.

    Facts: number of the run, of the run it is matched with (or None), and how many topics it kept.
    """
    store = Store(settings.store_path)
    history, lineage = History(settings), lineage_of(settings)
    head = matched_with(settings, result_of(refs))
    partition = _partition(store, refs)
    if head is None:
        identity, before = first_identity(partition), None
    else:
        before = history.read(lineage, head.number)
        identity = next_identity(before, partition, head.number + 1, _lost(history, lineage, before))
    topics = _lasting_topics(settings, store, refs, identity)
    write_json(out.path(IDENTITY), [topic.model_dump(mode="json") for topic in topics])
    write_json(out.path(_EVENTS), [event.model_dump(mode="json") for event in identity.events])
    earlier = set(before.uids) if before else set()
    out.facts = {
        "matched_with": head.number if head else None,
        "kept": sum(topic.uid in earlier for topic in topics),
        **{kind: sum(event.kind == kind for event in identity.events) for kind in ("born", "gone", "split", "merged")},
    }


def _partition(store: Store, refs: Refs) -> Partition:
    import numpy as np

    papers = stored_identifiers(store, refs[LOAD_EMBEDDINGS])["UT"].to_numpy(dtype=object)
    topics = np.load(store.artifact(refs[REPRESENT], "topics.npy"))
    return Partition(papers, topics, _vectors(store, refs))


def _vectors(store: Store, refs: Refs) -> NDArray[np.floating[Any]]:
    """Mean embeddings of the topics, (t, d), outliers left out."""
    import numpy as np

    vectors: NDArray[np.floating[Any]] = np.load(store.artifact(refs[REPRESENT], "topic_embeddings.npy"))
    return vectors[len(vectors) - int(refs[REPRESENT].facts["topics"]) :]


def _lost(history: History, lineage: str | None, before: RunRecord) -> list[Lost]:
    """Topics that the run before did not have and one of the ten before it had, the latest first."""
    last_seen = history.last_seen(lineage)
    runs: dict[int, set[str]] = {}
    for uid, number in last_seen.items():
        if before.number - REMEMBERED <= number < before.number:
            runs.setdefault(number, set()).add(uid)
    return [Lost(history.read(lineage, number), frozenset(runs[number])) for number in sorted(runs, reverse=True)]


def _lasting_topics(settings: Settings, store: Store, refs: Refs, identity: Identity) -> list[LastingTopic]:
    import numpy as np

    table = [t for t in read_topics(store.artifact(refs[REPRESENT], "topics.json")) if t.topic != -1]
    counts = np.array([topic.count for topic in table], dtype=np.int64)
    colours = group_colours(group_levels(topic_tree(_vectors(store, refs)), counts) if table else [], counts)
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
    topics, events = (read_json(store.artifact(ref, name)) for name in (IDENTITY, _EVENTS))
    return [LastingTopic(**topic) for topic in topics], [Event(**event) for event in events]


def library_versions_of(store: Store, refs: Refs) -> dict[str, str]:
    """The versions of the libraries that decided the numbers of these results."""
    versions: dict[str, str] = {}
    for ref in refs.values():
        versions |= store.manifest(ref).get("made_from", {}).get("libraries", {})
    return dict(sorted(versions.items()))


def remember_run(settings: Settings, refs: Refs, versions: Mapping[str, str], run_id: str | None) -> dict[str, Any]:
    """Enter a run into the history where it found something else than the run before, or by other settings or versions.

    refs: of all stages of the run. The caller holds the analysis's turn. Returns what run.json says of it: history,
    lineage, run, entered (false: as the run before) and finished.
    """
    history, known = History(settings), lineage_of(settings)
    folder, lineage = settings.metadata.analysis_id, known or new_lineage(settings, run_id)
    last = next(reversed(history.heads(known)), None)
    stated = settings.model_dump(mode="json", include={"tmo", "params"})
    result = result_of(refs)
    same_result = last is not None and last.result == result
    if last and same_result and history.stated(known, last.number) == stated_digest(stated, versions):
        history.settle(lineage, folder)
        return {
            "history": history.id(),
            "lineage": lineage,
            "run": last.number,
            "entered": False,
            "finished": last.finished,
        }
    number = last.number + 1 if last else 1
    store = Store(settings.store_path)
    topics, events = read_identity(store, refs[IDENTIFY])
    partition = _partition(store, refs)
    order = partition.papers.astype(str).argsort(kind="stable")
    vectors = _vectors(store, refs)

    def make(history_id: str) -> RunRecord:
        return RunRecord(
            history=history_id,
            project=settings.metadata.project_folder,
            lineage=lineage,
            analysis=folder,
            number=number,
            finished=datetime.now(UTC).isoformat(timespec="seconds"),
            result=result,
            parent=last.number if last else None,
            prefect_run_id=run_id,
            settings=stated,
            versions=dict(versions),
            keys={stage: ref.key for stage, ref in refs.items()},
            base=int(refs[UPDATE].facts["run"]) if is_placed(refs) else number,
            topics=topics,
            events=[] if same_result else events,
            papers=[str(paper) for paper in partition.papers[order]],
            numbers=[int(topic) for topic in partition.topics[order]],
            vectors=packed_vectors(vectors),
            dimensions=int(vectors.shape[1]) if len(vectors) else 0,
        )

    record = history.append(make)
    return {"history": record.history, "lineage": lineage, "run": number, "entered": True, "finished": record.finished}
