"""Lasting ids: planted changes are found, ids do not depend on the order of rows, and topics that return are known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.planted import Planted, blurred, found_events, majority, plant, score
from topicloom.lineage.differences import differences
from topicloom.lineage.identity import Lost, first_identity, next_identity
from topicloom.lineage.matching import continued, overlap_of, transitions
from topicloom.lineage.partition import Partition
from topicloom.lineage.records import LastingTopic, RunRecord, pack, packed_vectors, unpack


def record_of(partition: Partition, uids: list[str], number: int, parent: int | None = None, **given) -> RunRecord:
    sizes = partition.sizes.tolist()
    order = np.argsort(partition.papers.astype(str))
    topics = [
        LastingTopic(topic=t, uid=uid, count=sizes[t], since=1, history="since run 1", words=[f"w{t}"])
        for t, uid in enumerate(uids)
    ]
    vectors = partition.vectors
    return RunRecord(
        **{
            "history": "h",
            "project": "p",
            "analysis": "a01",
            "number": number,
            "finished": "2026-01-01T00:00:00+00:00",
            "result": f"r{number}",
            "parent": parent,
            "prefect_run_id": None,
            "settings": {},
            "versions": {},
            "keys": {},
            "base": number,
            "topics": topics,
            "events": [],
            "papers": partition.papers[order].tolist(),
            "numbers": partition.topics[order].tolist(),
            "vectors": "" if vectors is None else packed_vectors(vectors),
            "dimensions": 0 if vectors is None else vectors.shape[1],
            **given,
        }
    )


def first(partition: Partition) -> RunRecord:
    return record_of(partition, first_identity(partition).uids, 1)


def second(before: RunRecord, after: Partition) -> RunRecord:
    identity = next_identity(before, after, 2)
    return record_of(after, identity.uids, 2, parent=1, events=identity.events)


def partition(*groups: str, outliers: str = "") -> Partition:
    """A topic for each text, its papers the letters of it."""
    papers = "".join(groups) + outliers
    topics = [topic for topic, group in enumerate(groups) for _ in group] + [-1] * len(outliers)
    return Partition(np.array(list(papers), dtype=object), np.array(topics, dtype=np.int64), None)


def truth_of(run: Partition, uids: list[str], truth: dict[str, int]) -> dict[str, int]:
    return {uid: majority([truth[ut] for ut in run.papers[run.topics == topic]]) for topic, uid in enumerate(uids)}


def blurred_score(planted: Planted, outliers: float, strays: float, rng: np.random.Generator):
    one, other = (blurred(truth, outliers, strays, rng) for truth in (planted.before, planted.after))
    before = first(one)
    identity = next_identity(before, other, 2)
    found = found_events(
        identity.events, truth_of(one, before.uids, planted.before), truth_of(other, identity.uids, planted.after)
    )
    return score(planted, found)


@pytest.mark.parametrize("seed", range(5))
def test_planted_changes_are_found_through_the_noise_of_clustering(seed):
    rng = np.random.default_rng(seed)
    found = blurred_score(plant(80, 8, rng), outliers=0.25, strays=0.05, rng=rng)
    assert found.keys() == {"split", "merged", "born", "gone"}
    for kind, measured in found.items():
        assert measured["precision"] >= 0.95, kind
        assert measured["recall"] >= 0.95, kind


def test_without_changes_nothing_is_reported():
    rng = np.random.default_rng(0)
    same = blurred(plant(40, 0, rng).before, 0.2, 0.0, rng)
    run = second(first(same), same)
    assert run.events == []
    assert run.uids == first_identity(same).uids


@given(st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_ids_do_not_depend_on_the_order_of_rows_or_the_numbers_of_topics(seed):
    rng = np.random.default_rng(seed)
    planted = plant(12, 1, rng, size=(8, 14))
    one, other = (blurred(truth, 0.1, 0.1, rng) for truth in (planted.before, planted.after))

    def shuffled(given: Partition) -> Partition:
        rows = rng.permutation(len(given.papers))
        numbers = rng.permutation(len(given.sizes))
        topics = np.where(given.topics >= 0, numbers[given.topics], -1)
        return Partition(given.papers[rows], topics[rows], None)

    def by_paper(before: Partition, after: Partition) -> dict[str, str]:
        # The digest of a result knows the order of rows.
        run = first(before).model_copy(update={"result": str(rng.integers(10**9))})
        uids = next_identity(run, after, 2).uids
        return {ut: uids[topic] for ut, topic in zip(after.papers, after.topics, strict=True) if topic >= 0}

    assert by_paper(one, other) == by_paper(shuffled(one), shuffled(other))


@given(st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_a_lasting_id_is_given_to_one_topic_only(seed):
    rng = np.random.default_rng(seed)
    one, other = (
        Partition(np.array([f"P{i}" for i in rows], dtype=object), np.r_[np.arange(6), rng.integers(-1, 6, 54)], None)
        for rows in (rng.permutation(80)[:60], rng.permutation(80)[:60])
    )
    uids = next_identity(first(one), other, 2).uids
    assert len(set(uids)) == len(uids)
    going_on = continued(one, other, overlap_of(one, other))
    assert len(set(going_on.values())) == len(going_on)


def test_the_largest_part_of_a_split_keeps_the_id_and_figures_explain_it():
    before = first(partition("abcdefghij", "klmnop"))
    run = second(before, partition("abcdef", "ghij", "klmnop"))
    assert run.uids[0] == before.uids[0]
    assert run.uids[2] == before.uids[1]
    (event,) = [event for event in run.events if event.kind == "split"]
    assert event.before == [before.uids[0]]
    assert event.figures == {"papers": {run.uids[0]: 6, run.uids[1]: 4}, "of": 10}
    assert f"6 to {run.uids[0]}, 4 to {run.uids[1]}" in event.text


def test_a_topic_that_a_run_had_lost_returns_under_its_id():
    before = first(partition("abcdefghij", "klmnop"))
    between = second(before, partition("abcdefghij", outliers="klmnop"))
    lost = [Lost(before, frozenset([before.uids[1]]))]
    identity = next_identity(between, partition("abcdefghij", "klmnopq"), 3, lost)
    assert identity.uids == before.uids
    assert [event.kind for event in identity.events] == ["returned"]
    assert identity.history[1] == "since run 1; back in run 3"


def test_topics_of_new_papers_alone_go_on_by_their_embeddings():
    unit = np.eye(3, 8)
    before = partition("abc", "def", "ghi")
    before = first(Partition(before.papers, before.topics, unit))
    new = partition("ABC", "DEF", "GHI")
    turned = unit[[2, 0, 1]] + 0.05
    identity = next_identity(before, Partition(new.papers, new.topics, turned), 2)
    assert identity.uids == [before.uids[2], before.uids[0], before.uids[1]]
    # Nearer to a topic of its own run than to that of the other: they are not the same.
    near = 0.85 * unit[0] + 0.5 * np.eye(8)[4]
    doubtful = np.vstack([near, near + 0.05 * np.eye(8)[5], -unit[2]])
    identity = next_identity(before, Partition(new.papers, new.topics, doubtful), 2)
    assert not set(identity.uids) & set(before.uids)


def test_a_topic_that_lost_its_papers_is_gone_whatever_the_few_do_that_stay():
    # Three topics of 30 papers; of the first all but five are withdrawn, and these join the second.
    papers = np.array([f"P{paper:03}" for paper in range(90)])
    topics = np.repeat([0, 1, 2], 30)
    left = np.r_[0:5, 30:90]
    before = Partition(papers, topics, None)
    after = Partition(papers[left], np.maximum(topics[left] - 1, 0), None)
    overlap = overlap_of(before, after)
    found = transitions(before, after, overlap, continued(before, after, overlap))
    assert (found.gone, found.merges) == ([0], {})
    # Where all topics lose as much, as in a sample of the corpus, what stays tells what became of them.
    left = np.r_[0:5, 30:35, 60:65]
    after = Partition(papers[left], np.maximum(topics[left] - 1, 0), None)
    overlap = overlap_of(before, after)
    found = transitions(before, after, overlap, continued(before, after, overlap))
    assert (found.gone, found.merges) == ([], {0: [0, 1]})


def test_no_topics_before_or_after():
    none, some = partition(outliers="abc"), partition("abc")
    assert next_identity(first(none), some, 2).events[0].kind == "born"
    gone = next_identity(first(some), none, 2)
    assert gone.uids == []
    assert gone.events[0].figures == {"to": {"outliers": 3}}


def test_papers_new_gone_and_moved_with_the_reason():
    before = first(partition("abcdefghij", "klmnop", "uvw", outliers="xy"))
    run = second(before, partition("abcdef", "ghijx", "lmnop", "NEWS", outliers="uvwy"))
    found = differences(before, run)
    papers = found.papers.set_index("UT")
    assert found.counts == {"stayed": 6 + 5 + 1, "moved": 4 + 1 + 3, "new": 4, "withdrawn": 1}
    assert papers.loc["g", "Why"] == f"{before.uids[0]} split"
    assert papers.loc["u", "Why"] == f"{before.uids[2]} is gone"
    assert papers.loc["x", "Why"] == "no longer outliers"
    assert papers.loc["k", ["Change", "After"]].tolist() == ["withdrawn", ""]
    assert {event.kind for event in found.events} == {"split", "gone", "born", "shrunk"}


def test_words_settings_and_versions_that_differ():
    before = first(partition("abc"))
    after = second(before, partition("abc"))
    topics = [after.topics[0].model_copy(update={"words": ["w0", "x"]})]
    after = after.model_copy(
        update={"settings": {"tmo": {"min_topic_size": 3}}, "versions": {"numpy": "2"}, "topics": topics}
    )
    found = differences(before, after)
    assert found.settings == ["tmo.min_topic_size none → 3"]
    assert found.versions == ["numpy none → 2"]
    assert found.topics.loc[0, ["WordsCome", "WordsGone"]].tolist() == ["x", ""]


def test_a_record_is_read_as_it_was_written_and_the_same_record_is_the_same_bytes():
    unit = np.eye(1, 4, dtype=np.float32)
    run = first(Partition(np.array(["b", "a"], dtype=object), np.array([0, -1]), unit))
    assert unpack(pack(run)) == run
    assert pack(run) == pack(unpack(pack(run)))
    assert (run.partition.vectors == unit).all()
    for damaged in (b"", b"nothing", pack(run)[:-20]):
        with pytest.raises(ValueError, match="no record of a run"):
            unpack(damaged)
