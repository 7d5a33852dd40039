"""run.json read again: what another hand has spoilt is set aside, and no name in it leads out of the folder."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest

from topicloom.errors import StoreError
from topicloom.settings.reading import read_settings
from topicloom.stages.publish import publish_pictures
from topicloom.store.record_form import load_record, run_records, stated_identity
from topicloom.store.run_record import mend_record, read_record
from topicloom.store.store import StageRef, Store

KEY = "a" * 64
IDENTITY = {"history": "b" * 32, "lineage": "a01", "run": 1, "entered": True, "finished": "2026-01-01T00:00:00+00:00"}
EXPORT = {"key": KEY, "files": {"orphans.csv": {"sha256": KEY, "bytes": 1}}, "ended": "2026-01-01", "seconds": 0.1}
SOUND: dict[str, Any] = {
    "export": EXPORT,
    "identity": IDENTITY,
    "pictures": {"keys": {"report": KEY}, "files": {"figures/map.png": KEY}},
    "stages": {"load-embeddings": {"key": KEY, "status": "cached"}},
    "settings": {"tmo": {}},
}
SPOILT: dict[str, Any] = {
    "a list": [],
    "a number": 7,
    "null": None,
    "export files list": {**SOUND, "export": {**EXPORT, "files": ["orphans.csv"]}},
    "export without files": {**SOUND, "export": {"key": KEY}},
    "export path": {**SOUND, "export": {**EXPORT, "files": {"../x": {"sha256": KEY, "bytes": 1}}}},
    "export size": {**SOUND, "export": {**EXPORT, "files": {"x": {"sha256": KEY, "bytes": "1"}}}},
    "export facts": {**SOUND, "export": {**EXPORT, "facts": {"columns_giving_way": 5}}},
    "export made from": {**SOUND, "export": {**EXPORT, "made_from": {"parameters": []}}},
    "identity odd": {**SOUND, "identity": {"history": 5, "lineage": ["a"], "run": "x"}},
    "identity a list": {**SOUND, "identity": ["a01"]},
    "run zero": {**SOUND, "identity": {**IDENTITY, "run": 0}},
    "lineage path": {**SOUND, "identity": {**IDENTITY, "lineage": "../../x"}},
    "lineage absolute": {**SOUND, "identity": {**IDENTITY, "lineage": "/x"}},
    "pictures path": {**SOUND, "pictures": {"files": {"../../labels.csv": KEY}}},
    "pictures a list": {**SOUND, "pictures": []},
    "stages a list": {**SOUND, "stages": []},
    "stage key": {**SOUND, "stages": {"reduce": {"key": "../../x"}}},
    "stage without key": {**SOUND, "stages": {"reduce": {}}},
    "stage path": {**SOUND, "stages": {"../reduce": {"key": KEY}}},
    "settings": {**SOUND, "settings": 5},
}


@pytest.fixture
def settings(project):
    return read_settings(project.analysis)


def write(settings, content: bytes) -> None:
    (settings.analysis_path / "run.json").write_bytes(content)


def test_a_sound_record_is_left_alone(settings):
    write(settings, json.dumps(SOUND).encode())
    assert read_record(settings) == SOUND
    assert stated_identity(settings.analysis_path) == IDENTITY
    assert mend_record(settings, Store(settings.store_path)) == []
    assert read_record(settings) == SOUND


def test_no_record_is_no_fault(settings):
    assert load_record(settings.analysis_path / "run.json") == ({}, "")
    assert mend_record(settings, Store(settings.store_path)) == []
    assert not settings.store_path.exists()


@pytest.mark.parametrize(
    "content",
    [
        *(pytest.param(json.dumps(value).encode(), id=name) for name, value in SPOILT.items()),
        pytest.param(b"[" * 100_000, id="deep"),
        pytest.param(b'{"run": ' + b"9" * 5000 + b"}", id="long number"),
        pytest.param(b"\xff\xfe{}", id="no utf-8"),
        pytest.param(b"", id="empty"),
        pytest.param(b'{"notes": ["\\ud800"]}', id="half a character"),
    ],
)
def test_a_spoilt_record_is_as_none_and_set_aside_with_a_sentence(settings, content):
    write(settings, content)
    assert read_record(settings) == {}
    assert stated_identity(settings.analysis_path) == {}
    (told,) = mend_record(settings, Store(settings.store_path))
    assert told.startswith(f"{settings.analysis_path / 'run.json'} could not be used (")
    (aside,) = settings.analysis_path.glob("run.json.damaged-*")
    assert aside.name in told
    assert aside.read_bytes() == content
    assert not (settings.analysis_path / "run.json").exists()


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_what_is_no_file_is_set_aside_unread(settings, make):
    make(settings.analysis_path / "run.json")
    (told,) = mend_record(settings, Store(settings.store_path))
    assert "it is no file" in told
    assert not (settings.analysis_path / "run.json").exists()


def test_records_of_a_project_are_found_without_a_walk_through_its_store(settings, tmp_path):
    project = settings.project_path
    for folder in ("a01", "deep/a02", ".topicloom/export", "../linked", "../other/below"):
        (project / folder).mkdir(parents=True, exist_ok=True)
        (project / folder / "run.json").write_text("{}")
    (project / "a03").symlink_to(project.parent / "linked")
    (project / "data").symlink_to(project.parent / "other")
    (project / "loop").symlink_to(project)
    found = {path.relative_to(project).parent.as_posix() for path in run_records(project)}
    assert found == {"a01", "deep/a02", "a03"}


def test_whatever_run_json_says_only_pictures_are_taken_away(settings):
    files = ("labels.csv", "settings_x.json", "report.html", "figures/map.png")
    for name in files:
        path = settings.analysis_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("kept")
    write(settings, json.dumps({"export": EXPORT, "pictures": {"files": dict.fromkeys(files, KEY)}}).encode())
    publish_pictures(settings, {}, KEY)
    assert [(settings.analysis_path / name).exists() for name in files] == [True, True, False, False]


@pytest.mark.parametrize(
    ("stage", "files"),
    [
        ("take-away", {"../../../victim.txt": "papers.csv"}),
        ("take-away", {"{outside}/victim.txt": "papers.csv"}),
        ("take-away", {"exports/../../victim.txt": "papers.csv"}),
        ("take-away", {"labels.csv": "papers.csv"}),
        ("take-away", {"run.json": "papers.csv"}),
        ("take-away", {"": "papers.csv"}),
        ("take-away", {"papers.csv": "../victim.txt"}),
        ("take-away", {"papers.csv": "{outside}/victim.txt"}),
        ("figures", ["../../victim.txt"]),
    ],
    ids=str,
)
def test_whatever_a_manifest_says_only_pictures_are_put_into_the_analysis_folder(settings, tmp_path, stage, files):
    write(settings, json.dumps({"export": EXPORT}).encode())
    files = json.loads(json.dumps(files).replace("{outside}", str(tmp_path)))
    ref = StageRef(
        stage=stage,
        key=KEY,
        outputs=dict.fromkeys(("papers.csv", "../victim.txt", f"{tmp_path}/victim.txt", "../../victim.txt"), KEY),
        facts={"files": files},
    )
    folder = Store(settings.store_path).folder(stage, KEY)
    folder.mkdir(parents=True)
    (folder / "papers.csv").write_text("of the manifest")
    before = {path for path in tmp_path.rglob("*") if ".topicloom" not in path.parts}
    with pytest.raises(StoreError, match=f"{stage}.*Remove that folder and run again"):
        publish_pictures(settings, {stage: ref}, KEY)
    assert {path for path in tmp_path.rglob("*") if ".topicloom" not in path.parts} == before
