"""The key of a stage holds all that decides its result, also what it runs inside and what it prints."""

from __future__ import annotations

from collections import defaultdict

import pytest

from topicloom.settings.reading import read_settings
from topicloom.stages import graph_topics
from topicloom.stages import stage as stages
from topicloom.stages.describe import NAMES
from topicloom.stages.parts import NEIGHBOURS, TOKENS
from topicloom.stages.registry import STAGES
from topicloom.stages.stage import INNER
from topicloom.store.store import StageRef

RUN_INSIDE = {
    "choose-size": {"reduce", "cluster", "reassign", "represent", "quality", "distribution"},
    "update": {"reduce", "cluster"},
    "consensus": {"reduce", "cluster"},
    "reassign": {"represent", "distribution"},
}
FACTS = {"mode": "refit", "documents": 240, "texts_with_nan": 0, "repeated_texts": 0, "empty_texts": 0}


class AnyRefs(dict):
    """A reference to a result of any stage, with any artifacts."""

    def __missing__(self, stage: str) -> StageRef:
        return StageRef.model_construct(stage=stage, key=stage, outputs=defaultdict(str), facts=dict(FACTS))


def key_of(stage: str, settings) -> str:
    return STAGES[stage].plan(settings, AnyRefs()).key


@pytest.fixture(autouse=True)
def one_note(monkeypatch):
    """The results here are made up, and have few of the facts that notes on them are made from."""

    def notes(_, facts):
        return [f"{one['empty_texts']} texts are empty" for one in facts.values() if one.get("empty_texts")]

    monkeypatch.setattr("topicloom.stages.report.notes_of", notes)


@pytest.fixture
def settings(project):
    project.write_settings(orphans="reassign", consensus={"seeds": 2})
    return read_settings(project.analysis)


@pytest.mark.parametrize("raised", [name for name in STAGES if name != "export"])
def test_a_stage_computed_in_a_new_way_makes_stale_whoever_runs_it(settings, monkeypatch, raised):
    before = {name: key_of(name, settings) for name in STAGES}
    # Other stages hold this very declaration, which is frozen.
    monkeypatch.setitem(vars(STAGES[raised]), "version", STAGES[raised].version + 1)
    stale = {name for name in STAGES if key_of(name, settings) != before[name]}
    assert stale == {raised, *(name for name, inner in RUN_INSIDE.items() if raised in inner)}


@pytest.mark.parametrize(
    ("part", "users"),
    [
        (TOKENS, {"represent", "quality", "reassign", "choose-size"}),
        (NEIGHBOURS, {"graph", "reduce", "export", "update", "choose-size", "consensus"}),
        (NAMES, {"describe"}),
    ],
    ids=lambda part: getattr(part, "name", ""),
)
def test_a_part_computed_in_a_new_way_makes_stale_whoever_rests_on_it(settings, monkeypatch, part, users):
    before = {name: key_of(name, settings) for name in STAGES}
    monkeypatch.setitem(vars(part), "version", part.version + 1)
    assert {name for name in STAGES if key_of(name, settings) != before[name]} == users


def test_a_measure_that_does_not_use_the_distribution_does_not_go_by_its_version(project, monkeypatch):
    for strategy in ("c-tf-idf", "embedding", "membership"):
        project.write_settings(orphans={"mode": "reassign", "strategy": strategy})
        settings = read_settings(project.analysis)
        before = key_of("reassign", settings)
        with monkeypatch.context() as patch:
            patch.setitem(vars(STAGES["distribution"]), "version", STAGES["distribution"].version + 1)
            assert key_of("reassign", settings) == before


def test_keys_from_before_the_version_of_the_distribution_was_stated_hold(settings):
    for name in ("reassign", "choose-size"):
        assert "version_of_distribution" not in str(STAGES[name].plan(settings, AnyRefs()).parameters)


def test_keys_from_before_parts_had_versions_hold(settings):
    for name, stage in STAGES.items():
        inner = STAGES[name].plan(settings, AnyRefs()).parameters.get(INNER, {})
        assert inner.keys() == {one.name for one in stage.inner}


@pytest.mark.parametrize("library", ["pynndescent", "numba", "umap-learn", "hdbscan", "scipy"])
def test_a_library_of_an_inner_stage_makes_stale_whoever_runs_it(settings, monkeypatch, library):
    before = {name: key_of(name, settings) for name in STAGES}
    version = stages._version
    monkeypatch.setattr(stages, "_version", lambda name: "new" if name == library else version(name))
    users = {name for name, stage in STAGES.items() if library in stage.libraries}
    running = {name for name, inner in RUN_INSIDE.items() if inner & users}
    assert {name for name in STAGES if key_of(name, settings) != before[name]} == users | running


@pytest.mark.parametrize("changed", ["graph", "graspologic-native"])
def test_whether_papers_are_placed_goes_by_what_finds_topics_in_a_graph(project, monkeypatch, changed):
    """A decision to place papers that is kept would outlive the way in which their topics were found."""
    version = stages._version
    for clusterer, stale in (("graph", True), ("hdbscan", False)):
        project.write_settings(clusterer=clusterer, update="assign")
        settings = read_settings(project.analysis)
        before = key_of("update", settings)
        with monkeypatch.context() as patch:
            patch.setitem(vars(STAGES["graph"]), "version", STAGES["graph"].version + (changed == "graph"))
            patch.setattr(stages, "_version", lambda name: "new" if name == changed else version(name))
            assert (key_of("update", settings) != before) is stale, clusterer


@pytest.mark.parametrize(("documents", "stale"), [(299_999, False), (300_000, True)])
def test_how_one_seed_finds_topics_is_in_the_key_of_a_graph_of_very_many_papers(project, monkeypatch, documents, stale):
    project.write_settings(clusterer="graph")
    settings = read_settings(project.analysis)
    monkeypatch.setitem(FACTS, "documents", documents)
    before = key_of("cluster", settings)
    monkeypatch.setattr(graph_topics, "_ONE_SEED_VERSION", graph_topics._ONE_SEED_VERSION + 1)
    assert (key_of("cluster", settings) != before) is stale


def test_what_the_page_prints_is_in_its_key(settings, project):
    plain = key_of("report", settings)
    noted = settings.model_copy(update={"notes": ("Unknown setting tmo.n_topic; did you mean n_topics?",)})
    assert key_of("report", noted) != plain
    refs = AnyRefs()
    refs["load-embeddings"] = StageRef.model_construct(
        stage="load-embeddings", key="k", outputs=defaultdict(str), facts={**FACTS, "empty_texts": 3}
    )
    assert STAGES["report"].plan(settings, refs).key != plain


def test_the_probability_of_a_consensus_is_in_the_key_of_the_export(settings):
    assert ("consensus", "probability.npy") in STAGES["export"].reads(settings, AnyRefs())


def test_one_run_knows_one_year(settings, monkeypatch):
    """At the turn of the year the key and the result are of the same one."""
    turned = settings.model_copy(update={"this_year": 2019})
    assert STAGES["describe"].plan(turned, AnyRefs()).parameters["this_year"] == 2019


@pytest.mark.parametrize(("section", "stage"), [("columns", "profiles"), ("take_away", "take-away")])
def test_every_setting_of_a_section_is_in_the_key_of_the_stage_that_reads_it(settings, section, stage):
    plain, own = key_of(stage, settings), getattr(settings.tmo, section)
    others = {"profiles", "methods", "colour"}  # which say whether another stage runs at all, or are read by another
    for name, value in own.model_dump().items():
        changed = own.model_copy(update={name: not value if isinstance(value, bool) else "Q"})
        other = settings.model_copy(update={"tmo": settings.tmo.model_copy(update={section: changed})})
        if name not in others:
            assert key_of(stage, other) != plain, name
