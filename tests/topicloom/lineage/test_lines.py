"""Whose runs an analysis goes on with: renamed, copied, its name used again, and all of these together."""

from __future__ import annotations

import json
import shutil

import pytest

from tests.conftest import Project
from tests.topicloom.lineage.runs import enter, settings_of
from topicloom.lineage.following import fitted_run, matched_with
from topicloom.lineage.history import History, lineage_of
from topicloom.lineage.mending import mend_history
from topicloom.settings.reading import read_settings


def rename(project: Project, old: str, new: str) -> None:
    (project.path / old).rename(project.path / new)


def copy(project: Project, old: str, new: str) -> None:
    shutil.copytree(project.path / old, project.path / new)


@pytest.fixture
def ran(project) -> Project:
    """A project whose a01 has run once, with topics abc and def."""
    enter(settings_of(project, "a01"), "abc", "def")
    return project


def line(project: Project, analysis: str) -> str | None:
    return lineage_of(settings_of(project, analysis))


def numbers(project: Project, analysis: str) -> list[int]:
    settings = settings_of(project, analysis)
    return [head.number for head in History(settings).heads(lineage_of(settings))]


def test_before_its_first_run_an_analysis_has_no_line(project):
    assert line(project, "a01") is None
    assert matched_with(settings_of(project, "a01"), "any") is None
    assert fitted_run(settings_of(project, "a01"), "any") is None


def test_renamed(ran):
    before = line(ran, "a01")
    rename(ran, "a01", "a02")
    assert line(ran, "a02") == before
    again = enter(settings_of(ran, "a02"), "abcg", "def")
    assert (again.number, again.analysis, again.lineage) == (2, "a02", before)
    assert History(settings_of(ran, "a02")).folders() == {before: "a02"}


def test_copied(ran):
    before = line(ran, "a01")
    copy(ran, "a01", "a02")
    assert line(ran, "a02") is None
    run = enter(settings_of(ran, "a02"), "abcg", "def")
    assert run.number == 1
    assert (line(ran, "a01"), line(ran, "a02")) == (before, run.lineage)
    assert run.lineage != before


def test_renamed_and_its_name_used_again(ran):
    """The new analysis of the old name takes neither ids nor labels, and the renamed one keeps both."""
    before = line(ran, "a01")
    old = History(settings_of(ran, "a01")).read(before, 1)
    rename(ran, "a01", "a01_old")
    assert line(ran, "a01") is None
    new = enter(settings_of(ran, "a01"), "abcdef")
    assert new.number == 1
    assert new.lineage != before
    assert line(ran, "a01_old") == before
    kept = enter(settings_of(ran, "a01_old"), "abcg", "def")
    assert kept.number == 2
    assert kept.uids == old.uids
    assert line(ran, "a01") == new.lineage


@pytest.mark.parametrize("renamed_runs_first", [True, False])
def test_renamed_its_name_used_again_and_both_copied(ran, renamed_runs_first):
    before = line(ran, "a01")
    rename(ran, "a01", "a01_old")
    new = enter(settings_of(ran, "a01"), "abcdef")
    if renamed_runs_first:
        enter(settings_of(ran, "a01_old"), "abcg", "def")
        copy(ran, "a01_old", "a03")
        assert line(ran, "a03") is None
    copy(ran, "a01", "a02")
    assert line(ran, "a02") is None
    assert line(ran, "a01_old") == before
    copied = enter(settings_of(ran, "a02"), "abcdef", "xyz")
    assert len({before, new.lineage, copied.lineage}) == 3
    assert numbers(ran, "a01_old") == ([1, 2] if renamed_runs_first else [1])
    assert numbers(ran, "a01") == numbers(ran, "a02") == [1]


def test_copied_and_the_original_renamed(ran):
    """Neither lies where the history has the line: whichever runs first goes on with it, and the other is the copy."""
    before = line(ran, "a01")
    copy(ran, "a01", "a02")
    rename(ran, "a01", "a01_old")
    enter(settings_of(ran, "a01_old"), "abcg", "def")
    assert line(ran, "a01_old") == before
    assert line(ran, "a02") is None


def test_a_backup_put_beside_the_renamed_analysis_is_a_copy(ran):
    copy(ran, "a01", "backup")
    rename(ran, "a01", "a01_old")
    run = enter(settings_of(ran, "a01_old"), "abcg", "def")
    rename(ran, "backup", "a01")
    assert line(ran, "a01") is None
    assert line(ran, "a01_old") == run.lineage


def test_renamed_back_and_forth(ran):
    before = line(ran, "a01")
    for old, new in (("a01", "b"), ("b", "a01"), ("a01", "c")):
        rename(ran, old, new)
        assert line(ran, new) == before
    assert enter(settings_of(ran, "c"), "abc").number == 2


@pytest.mark.parametrize("spoilt", [None, "{", '{"identity": {"lineage": "../../x"}}'])
def test_a_run_json_that_is_lost_or_spoilt_costs_no_ids(ran, spoilt):
    before = line(ran, "a01")
    record = ran.path / "a01" / "run.json"
    record.unlink()
    if spoilt:
        record.write_text(spoilt)
    assert line(ran, "a01") == before
    # But not the line that an analysis of another name goes on with.
    record.unlink(missing_ok=True)
    enter(settings_of(ran, "a01"), "abcg")
    rename(ran, "a01", "a02")
    assert line(ran, "a01") is None


def test_an_analysis_of_another_project_begins_a_line(ran, tmp_path):
    other = Project(tmp_path / "other", "chem")
    shutil.copytree(ran.path, other.path, ignore=shutil.ignore_patterns(".topicloom", "a01"))
    enter(settings_of(other, "c01"), "xyz")
    shutil.copytree(ran.path / "a01", other.path / "a09")
    settings = settings_of(other, "a09")
    assert mend_history(settings) == []
    assert lineage_of(settings) is None
    assert enter(settings, "abc").number == 1


def test_a_project_that_is_renamed_or_copied_as_a_whole_keeps_its_lines(ran, tmp_path):
    before = line(ran, "a01")
    shutil.copytree(ran.path, tmp_path / "elsewhere" / "chem")
    settings = settings_of(Project(tmp_path / "elsewhere", "chem"), "a01")
    assert mend_history(settings) == []
    assert lineage_of(settings) == before


def test_after_the_history_was_moved_away_lines_begin_anew(ran):
    before = line(ran, "a01")
    shutil.move(ran.path / ".topicloom" / "history", ran.root / "moved")
    enter(settings_of(ran, "b01"), "xyz")
    assert line(ran, "a01") is None
    assert enter(settings_of(ran, "a01"), "abc").lineage != before


@pytest.mark.parametrize("folder", ["../../elsewhere", "/etc", ".."])
def test_a_folder_in_the_history_does_not_lead_out_of_the_project(ran, folder):
    before = line(ran, "a01")
    outside = ran.root / "elsewhere"
    outside.mkdir()
    shutil.copy(ran.path / "a01" / "run.json", outside)
    shutil.copy(ran.path / "a01" / "run.json", ran.root)
    history = History(settings_of(ran, "a01"))
    history.settle(str(before), folder)
    assert line(ran, "a01") == before


@pytest.mark.parametrize("names", [("a+b", "a/b"), ("x%2Fy", "x/y")])
def test_names_that_look_alike_are_analyses_of_their_own(project, names):
    for name in names:
        enter(settings_of(project, name), "abc")
        enter(settings_of(project, name), "abcd")
    for name in names:
        assert numbers(project, name) == [1, 2]
    for path in (project.path / ".topicloom" / "history").glob("*/000001.json.gz"):
        path.unlink()
    settings = settings_of(project, names[0])
    assert len(mend_history(settings)) == 2
    assert mend_history(settings) == []


def test_a_run_tried_again_begins_one_line(project):
    """The first try was stopped after the history had it and before run.json did."""
    run = enter(settings_of(project, "a01"), "abc")
    (project.path / "a01" / "run.json").unlink()
    assert line(project, "a01") == run.lineage


def test_run_json_names_the_line_and_its_folder_only_says_where_it_is(ran):
    stated = json.loads((ran.path / "a01" / "run.json").read_text())["identity"]
    assert len(stated["lineage"]) == 32
    assert (ran.path / ".topicloom" / "history" / stated["lineage"] / "000001.json.gz").is_file()
    assert History(read_settings(ran.path / "a01")).folders() == {stated["lineage"]: "a01"}
