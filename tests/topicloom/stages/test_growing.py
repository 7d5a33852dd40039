"""A corpus that grows: sizes chosen once, what status says before a decision is taken, Probability after a vote."""

from __future__ import annotations

import joblib
import numpy as np
import pytest

from tests.conftest import Project
from tests.topicloom.stages.consistency import Tables, check, membership, plain_probability
from tests.topicloom.stages.planted import FIRST, GROWN, planted_project, write_settings
from tests.topicloom.stages.runs import Run, run_stages
from topicloom.settings.reading import read_settings
from topicloom.stages import graph, reduce, stage
from topicloom.stages.parts import NEIGHBOURS
from topicloom.stages.record import notes_of
from topicloom.stages.status import analysis_status

AUTO = {"update": {"mode": "auto", "most_drift": 9.0}, "min_topic_size": "auto"}


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return planted_project(tmp_path_factory.mktemp("planted"))


def _run(project: Project, analysis: str, profile: str, **tmo: object) -> Run:
    return run_stages(write_settings(project, analysis, profile, tmo, {}))


def _notes(run: Run) -> list[str]:
    return notes_of(run.settings, {stage: ref.facts for stage, ref in run.refs.items()})


def test_a_run_that_places_papers_takes_the_size_of_the_fit_and_tries_none(planted):
    first = _run(planted, "sizes", FIRST, **AUTO)
    chosen = first.refs["choose-size"].facts["min_topic_size"]
    run = _run(planted, "sizes", GROWN, **AUTO)
    assert "choose-size" not in run.refs
    assert run.refs["update"].facts["mode"] == "assign"
    assert run.settings.tmo.min_topic_size == chosen
    assert f"min_topic_size is auto: {chosen}, as it was chosen in run 1." in _notes(run)


def test_a_refit_chooses_the_size_anew(planted):
    _run(planted, "anew", FIRST, **AUTO)
    run = _run(planted, "anew", GROWN, **{**AUTO, "update": {"mode": "auto", "most_drift": 0.001}})
    assert run.refs["update"].facts["why"].startswith("the drift of")
    assert run.computed.index("update") < run.computed.index("choose-size")
    assert run.settings.tmo.min_topic_size == run.refs["choose-size"].facts["min_topic_size"]


def test_a_size_that_was_stated_at_the_fit_is_not_taken_for_a_chosen_one(planted):
    _run(planted, "stated", FIRST)
    run = _run(planted, "stated", GROWN, **AUTO)
    assert run.refs["update"].facts == {"mode": "refit", "why": "min_topic_size is auto, and was not in run 1"}
    assert "choose-size" in run.refs


@pytest.mark.parametrize("raised", [NEIGHBOURS, reduce.STAGE], ids=lambda raised: raised.name)
def test_no_paper_is_placed_in_a_fit_that_was_computed_in_another_way(planted, monkeypatch, raised):
    _run(planted, f"other-{raised.name}", FIRST, update="assign")
    monkeypatch.setitem(vars(raised), "version", raised.version + 1)
    run = _run(planted, f"other-{raised.name}", GROWN, update="assign")
    assert run.refs["update"].facts == {
        "mode": "refit",
        "why": "topicloom computes reduce in another way than for run 1",
    }


@pytest.mark.parametrize("changed", ["graph", "graspologic-native"])
def test_no_paper_is_placed_in_topics_of_a_graph_that_were_found_in_another_way(planted, monkeypatch, changed):
    """Also where papers were placed in them before."""
    name, wanted = f"graph-{changed}", {"clusterer": "graph", "update": "assign"}
    _run(planted, name, FIRST, **wanted)
    placed = _run(planted, name, GROWN, **wanted)
    assert placed.refs["update"].facts["mode"] == "assign"
    version = stage._version
    monkeypatch.setattr(stage, "_version", lambda library: "new" if library == changed else version(library))
    monkeypatch.setitem(vars(graph.STAGE), "version", graph.STAGE.version + (changed == "graph"))
    why = {
        "graph": "topicloom computes graph in another way than for run 1",
        "graspologic-native": "the libraries of cluster differ from those of run 1",
    }
    assert _run(planted, name, GROWN, **wanted).refs["update"].facts == {"mode": "refit", "why": why[changed]}


@pytest.mark.parametrize("sizes", [{}, {"min_topic_size": "auto"}], ids=["stated", "auto"])
def test_status_says_that_update_is_undecided(planted, sizes):
    name = f"undecided-{len(sizes)}"
    _run(planted, name, FIRST, update="assign", **sizes)
    folder = write_settings(planted, name, GROWN, {"update": "assign", **sizes}, {})
    why = {status.stage: status.why for status in analysis_status(read_settings(folder))}
    assert why["update"] == (
        "the corpus differs from that of run 1; the next run decides whether its new papers are placed or all papers are "
        "fitted anew"
    )
    assert why["reduce"] == "update is to be computed first"
    run_stages(folder)
    assert {status.state for status in analysis_status(read_settings(folder))} == {"cached"}
    stages = [status.stage for status in analysis_status(read_settings(folder))]
    assert "update" in stages
    assert "choose-size" not in stages


VOTE = {"consensus": {"seeds": 5, "least_agreement": 0.6}}


def test_probability_after_a_vote_is_by_its_definition(planted):
    run = _run(planted, "voted", FIRST, **VOTE)
    tables = check(run.settings, run.refs)
    moved, left_out = _changed(tables)
    assert moved.sum() >= 1
    assert left_out.sum() >= 1
    vectors, _ = membership(tables)
    agreed = tables.load("consensus", "clusters.npy")
    living = sorted(set(agreed[agreed >= 0].tolist()))
    found = tables.load("consensus", "probability.npy")
    for row in np.flatnonzero(moved):
        assert found[row] == pytest.approx(vectors[row, agreed[row]], abs=1e-9)
    for row in np.flatnonzero(left_out):
        assert found[row] == pytest.approx(1 - sum(vectors[row, cluster] for cluster in living), abs=1e-9)
    stayed = ~moved & ~left_out
    np.testing.assert_array_equal(found[stayed], tables.load("cluster", "probability.npy")[stayed])
    np.testing.assert_allclose(found, plain_probability(tables), atol=1e-9)


def test_probability_after_a_vote_without_membership_is_empty_or_zero(planted):
    run = _run(planted, "voted-plain", FIRST, represent={"calculate_probabilities": False}, **VOTE)
    tables = Tables(run.settings, run.refs)
    moved, left_out = _changed(tables)
    model = joblib.load(tables.store.artifact(run.refs["cluster"], "clusterer.joblib"))
    expected = np.where(moved, np.nan, np.where(left_out, 0.0, model.probabilities_))
    assert moved.any()
    assert left_out.any()
    np.testing.assert_array_equal(tables.load("consensus", "probability.npy"), expected)
    np.testing.assert_allclose(tables.papers["Probability"], expected[tables.rows])


def _changed(tables: Tables) -> tuple[np.ndarray, np.ndarray]:
    """Which papers the vote put into another topic, and which it made outliers."""
    before, agreed = (tables.load(stage, "clusters.npy") for stage in ("cluster", "consensus"))
    return (agreed != before) & (agreed >= 0), (agreed != before) & (agreed < 0)
