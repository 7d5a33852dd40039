"""Every two features together: a grown corpus run by run, all files compared with each other and their definitions.

One project and one store for all; an analysis for each pair. A pair that cannot work is refused by the settings, with
the reason.
"""

from __future__ import annotations

import itertools
import json
import shutil
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest

from tests.conftest import Project
from tests.topicloom.atlas.test_language_model import Endpoint
from tests.topicloom.stages.consistency import Tables, check
from tests.topicloom.stages.planted import FIRST, GROWN, SHUFFLED, planted_project, save_word_model, write_settings
from tests.topicloom.stages.runs import Run, run_stages
from topicloom.errors import SettingsError
from topicloom.settings.reading import read_settings
from topicloom.stage_names import LOAD_EMBEDDINGS
from topicloom.stages.registry import STAGES
from topicloom.store.store import Store

NAMED = "A name by hand"
MODEL = "model"  # a folder in the project
ENDPOINT = "http://endpoint/v1"  # stands for the one that listens
FEATURES: dict[str, dict[str, Any]] = {
    "update assign": {"update": "assign"},
    "update auto": {"update": {"mode": "auto", "most_drift": 9.0}},
    "orphans reassign": {"orphans": {"mode": "reassign", "threshold": 0.05}},
    "consensus": {"consensus": {"seeds": 3, "least_agreement": 0.6}},
    "n_topics 0": {"n_topics": 0},
    "n_topics 8": {"n_topics": 8},
    "min_topic_size auto": {"min_topic_size": "auto"},
    "score centroid": {"score": "centroid"},
    "order canonical": {},
    "names": {"names": {"method": "statistical", "keywords": 3}},
    "names keybert": {"names": {"method": "keybert", "keywords": 3}, "transformer_model": MODEL},
    "names asked": {"names": {"method": "statistical", "language_model": {"model": "small", "base_url": ENDPOINT}}},
    "graph": {"clusterer": "graph"},
    "labels.csv": {},
}
REFUSED = {
    frozenset({"consensus", update}): r"consensus\.seeds is 3 and update .*; a consensus fits all papers"
    for update in ("update assign", "update auto")
} | {
    frozenset(
        {"graph", "consensus"}
    ): r"consensus\.seeds is 3 and clusterer graph, which lets several seeds vote by itself",
    frozenset({"graph", "orphans reassign"}): r"orphans\.mode is reassign and clusterer graph, which leaves papers out",
    frozenset({"graph", "min_topic_size auto"}): r"min_topic_size is auto and clusterer graph, whose resolution",
}


def _are_one_setting(one: str, other: str) -> bool:
    return bool(FEATURES[one].keys() & FEATURES[other].keys())


# Once decided, auto places as assign does, and HDBSCAN is what the others have too: these grow in the slow tests alone.
TWINS = {"update auto", "n_topics 0"}
PAIRS = [pair for pair in itertools.combinations(FEATURES, 2) if not _are_one_setting(*pair)]


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """The project, with a small model that embeds words in its dimensions, and an endpoint that names topics."""
    project = planted_project(tmp_path_factory.mktemp("planted"))
    save_word_model(project.path / MODEL)
    endpoint = Endpoint()
    project.endpoint = endpoint.url  # type: ignore[attr-defined]
    yield project
    endpoint.server.shutdown()
    endpoint.server.server_close()


class Analysis:
    """An analysis with some of the features, on one profile after the other."""

    def __init__(self, project: Project, features: tuple[str, ...], name: str = "pair") -> None:
        self.project, self.features = project, features
        self.name = "_".join([name, *features]).replace(" ", "-").replace(".", "-")

    def write(self, profile: str) -> Any:
        tmo: dict[str, Any] = {}
        for feature in self.features:
            tmo |= FEATURES[feature]
        stated = json.dumps(tmo).replace(ENDPOINT, self.project.endpoint)  # type: ignore[attr-defined]
        tmo = json.loads(stated)
        params = {"order": "canonical"} if "order canonical" in self.features else {}
        return write_settings(self.project, self.name, profile, tmo, params)

    def run(self, profile: str) -> tuple[Run, Tables]:
        run = run_stages(self.write(profile))
        _what_ran_inside_is_declared(run)
        return run, check(run.settings, run.refs)


def _what_ran_inside_is_declared(run: Run) -> None:
    for name, inside in run.inside.items():
        if name in STAGES:
            declared = {one.name for one in (*STAGES[name].inner, *STAGES[name].all_parts())}
            # A stage that needs a part under some settings alone states its version among its parameters.
            assert inside <= declared | STAGES[name].parameters(run.settings).keys(), name


@pytest.mark.parametrize("pair", PAIRS, ids=" + ".join)
def test_two_features_work_together_or_are_refused(planted: Project, pair: tuple[str, str]) -> None:
    analysis = Analysis(planted, pair)
    if frozenset(pair) in REFUSED:
        with pytest.raises(SettingsError, match=REFUSED[frozenset(pair)]):
            read_settings(analysis.write(FIRST))
        return
    _, first = analysis.run(FIRST)
    if TWINS & set(pair):
        return
    _give_a_name(analysis, first)
    grown, now = analysis.run(GROWN)
    _features_did_their_part(analysis, grown, first, now)
    assert run_stages(analysis.write(GROWN)).computed == []


def test_what_is_cleaned_away_ties_topics_to_no_other_run(planted: Project) -> None:
    """The corpus of the last run, in another order, is gone: topics were then tied to those of that very corpus."""
    analysis = Analysis(planted, ("order canonical", "graph"), "cleaned")
    analysis.run(FIRST)
    grown, _ = analysis.run(GROWN)
    run, _ = analysis.run(SHUFFLED)
    before = grown.refs[LOAD_EMBEDDINGS]
    assert before.key != run.refs[LOAD_EMBEDDINGS].key
    shutil.rmtree(Store(run.settings.store_path).folder(LOAD_EMBEDDINGS, before.key))
    assert run_stages(analysis.write(SHUFFLED)).computed == []


SHUFFLED_AT_ONCE = frozenset(
    ("order canonical", "graph")
)  # what topics are tied to must not be the same corpus, shuffled


def _shuffled(pair: tuple[str, str]) -> Any:
    marks = () if frozenset(pair) == SHUFFLED_AT_ONCE else (pytest.mark.slow,)
    return pytest.param(pair, marks=marks, id=" + ".join(pair))


@pytest.mark.parametrize("pair", [_shuffled(pair) for pair in PAIRS if frozenset(pair) not in REFUSED])
def test_two_features_work_together_when_the_rows_are_shuffled(planted: Project, pair: tuple[str, str]) -> None:
    analysis = Analysis(planted, pair, "shuffled")
    _, first = analysis.run(FIRST)
    _, grown = analysis.run(GROWN)
    _give_a_name(analysis, grown)
    run, shuffled = analysis.run(SHUFFLED)
    _features_did_their_part(analysis, run, first, shuffled)
    if "order canonical" in pair:
        _papers_have_the_same(
            grown, shuffled, ["Topic", "Probability", "Score", "topic_uid", "Representative_document"]
        )
    elif {"update assign", "update auto"} & set(pair) and "orphans reassign" not in pair:
        _papers_have_the_same(grown, shuffled, ["Probability", "topic_uid"])
    assert run_stages(analysis.write(SHUFFLED)).computed == []


def _give_a_name(analysis: Analysis, tables: Tables) -> None:
    """Name the largest topic by hand."""
    if "labels.csv" in analysis.features:
        labels = tables.settings.analysis_path / "labels.csv"
        labels.write_text(f"topic_uid,label\n{tables.summary['topic_uid'][0]},{NAMED}\n", encoding="utf-8")


def _features_did_their_part(analysis: Analysis, run: Run, before: Tables, now: Tables) -> None:
    assert len(now.summary) >= 3
    shared = before.papers[["UT", "topic_uid"]].merge(now.papers[["UT", "topic_uid"]], on="UT")
    for uid in set(before.summary["topic_uid"]) & set(now.summary["topic_uid"]):
        assert (shared[["topic_uid_x", "topic_uid_y"]] == uid).all(axis=1).any()
    did = {
        "update assign": _papers_were_placed,
        "update auto": _papers_were_placed,
        "orphans reassign": lambda: _assert_outliers_given(run, now),
        "consensus": lambda: _assert_stage(run, "consensus"),
        "n_topics 8": lambda: _assert_kmeans(analysis, now),
        "names": lambda: _assert_keywords(now),
        "names keybert": lambda: _assert_named(run, now, "keybert", 0),
        "names asked": lambda: _assert_named(run, now, "statistical", len(now.summary)),
        "graph": lambda: _assert_graph(run, now),
        "labels.csv": lambda: _assert_label(analysis, now),
    }
    for feature in analysis.features:
        part = did.get(feature)
        if part is _papers_were_placed:
            _papers_were_placed(run, before, now)
        elif part:
            part()


def _papers_were_placed(run: Run, before: Tables, now: Tables) -> None:
    """What was fitted stays in its topic, which only a measure of outliers may give it anew; no size is tried again."""
    coords = now.coords.set_index("UT")
    fitted = before.coords["UT"]
    assert (~coords.loc[fitted, "placed"]).all()
    assert coords.drop(fitted)["placed"].all()
    earlier = before.coords.set_index("UT")
    pd.testing.assert_frame_equal(coords.loc[fitted, ["x", "y"]], earlier.loc[fitted, ["x", "y"]])
    kept = fitted if "reassign" not in run.refs else before.papers.loc[before.papers["raw_topic"] >= 0, "UT"]
    assert (coords.loc[kept, "topic_uid"] == earlier.loc[kept, "topic_uid"]).all()
    assert "choose-size" not in run.refs


def _assert_stage(run: Run, stage: str) -> None:
    assert stage in run.refs


def _assert_outliers_given(run: Run, now: Tables) -> None:
    """KMeans leaves no outliers that could be given away, but a vote of seeds may."""
    assert "reassign" in run.refs or (run.settings.tmo.n_topics and now.orphans.empty)


def _assert_kmeans(analysis: Analysis, now: Tables) -> None:
    assert len(now.summary) <= 8
    if "consensus" not in analysis.features:
        assert len(now.summary) == 8
        assert now.orphans.empty


def _assert_keywords(now: Tables) -> None:
    assert (now.summary["Keywords"].str.count(r" \| ") <= 2).all()
    assert (now.summary["Label"] != "").all()


def _assert_named(run: Run, now: Tables, method: str, asked: int) -> None:
    facts = run.refs["describe"].facts
    assert (facts["names"], facts["names_by_language_model"], facts["incomplete"]) == (method, asked, 0)
    assert (now.summary["Keywords"] != "").all()
    assert now.summary["Label"].is_unique


def _assert_graph(run: Run, now: Tables) -> None:
    """No paper is left out unless the settings ask for it, and no reduced vectors are made."""
    assert now.orphans.empty
    assert "reduced.npy" not in run.refs["reduce"].outputs


def _assert_label(analysis: Analysis, now: Tables) -> None:
    uid = (now.settings.analysis_path / "labels.csv").read_text(encoding="utf-8").splitlines()[1].split(",")[0]
    labels = now.summary.set_index("topic_uid")["Label"]
    assert uid not in labels or labels[uid] == NAMED


def _papers_have_the_same(one: Tables, other: Tables, columns: list[str]) -> None:
    """What does not depend on the order of rows: with canonical order nothing does; as words of papers that follow each
    other make n-grams, without it Score and what is given away by words do."""
    columns = [*columns, *(name for name in ("raw_topic", "orphan_score", "agreement") if name in one.papers)]
    before, after = (tables.papers.set_index("UT")[columns].sort_index() for tables in (one, other))
    pd.testing.assert_frame_equal(before, after, atol=1e-6)


REST = ("orphans reassign", "score centroid", "order canonical", "names", "labels.csv")
TOGETHER = [
    ("update assign", "min_topic_size auto", *REST),
    ("consensus", "min_topic_size auto", *REST),
    ("update assign", "n_topics 8", *REST),
    ("consensus", "n_topics 8", *REST),
]


@pytest.mark.parametrize("features", TOGETHER, ids=lambda features: " + ".join(features[:2]))
def test_all_that_goes_together_does_so_at_once(planted: Project, features: tuple[str, ...]) -> None:
    analysis = Analysis(planted, features, "all")
    _, first = analysis.run(FIRST)
    _give_a_name(analysis, first)
    run, grown = analysis.run(GROWN)
    _features_did_their_part(analysis, run, first, grown)
    assert run_stages(analysis.write(GROWN)).computed == []
    _, shuffled = analysis.run(SHUFFLED)
    _papers_have_the_same(grown, shuffled, ["Topic", "Probability", "Score", "topic_uid", "Representative_document"])


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["distribution", "c-tf-idf", "embedding", "membership"])
@pytest.mark.parametrize("other", ["update assign", "consensus"])
def test_every_way_of_giving_outliers_away_meets_placing_and_a_vote(
    planted: Project, strategy: str, other: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    orphans = {"mode": "reassign", "strategy": strategy, "target_share": 0.02}
    monkeypatch.setitem(FEATURES, "orphans reassign", {"orphans": orphans})
    analysis = Analysis(planted, (other, "orphans reassign", "order canonical"), strategy)
    _, first = analysis.run(FIRST)
    run, grown = analysis.run(GROWN)
    _features_did_their_part(analysis, run, first, grown)
    assert (grown.papers["orphan_method"] == strategy).any()
    _, shuffled = analysis.run(SHUFFLED)
    _papers_have_the_same(grown, shuffled, ["Topic", "Probability", "Score", "topic_uid", "Representative_document"])


def test_papers_that_a_vote_over_kmeans_leaves_out_are_given_to_topics(planted: Project) -> None:
    features = ("n_topics 8", "consensus")
    _, left_out = Analysis(planted, features).run(FIRST)
    assert len(left_out.orphans) >= 3
    run, given = Analysis(planted, (*features, "orphans reassign")).run(FIRST)
    assert "reassign" in run.refs
    assert len(given.orphans) < len(left_out.orphans)
    assert (given.papers["orphan_method"] != "").sum() == len(left_out.orphans) - len(given.orphans)


def test_by_membership_nothing_is_given_away_after_a_vote_over_kmeans(planted: Project) -> None:
    tmo = {**FEATURES["n_topics 8"], **FEATURES["consensus"], "orphans": {"mode": "reassign", "strategy": "membership"}}
    with pytest.raises(
        SettingsError, match=r"strategy is membership and n_topics 8; .* must be distribution, c-tf-idf"
    ):
        read_settings(write_settings(planted, "refused", FIRST, tmo, {}))


def test_the_planted_corpus_asks_something_of_every_feature(planted: Project) -> None:
    """There are outliers, topics of one size, and papers on which seeds disagree: else the pairs would show nothing."""
    _, plain = Analysis(planted, (), "plain").run(FIRST)
    assert len(plain.orphans) >= 5
    assert not plain.summary["Count"].is_unique
    _, agreed = Analysis(planted, ("consensus",)).run(FIRST)
    assert 0 < (agreed.papers["agreement"] < 1).mean() < 1
    given = Analysis(planted, ("orphans reassign",)).run(FIRST)[1].papers["orphan_method"]
    assert (given != "").any()


def test_features_that_are_one_setting_are_no_pair() -> None:
    left_out = {frozenset(pair) for pair in itertools.combinations(FEATURES, 2)} - {frozenset(p) for p in PAIRS}
    naming = ("names", "names keybert", "names asked")
    assert left_out == {
        *(frozenset({"update assign", "update auto"}), frozenset({"n_topics 0", "n_topics 8"})),
        *(frozenset(pair) for pair in itertools.combinations(naming, 2)),
    }
