"""A project moved into an object store and back: every file as it was, or nothing moved at all."""

from __future__ import annotations

import hashlib
import json
import platform
from pathlib import Path

import pytest

from tests.stores import BUCKET, REFUSED, Faults, environment, moto_server
from tests.topicloom.store.helpers import plan, record, writer
from topicloom.errors import InputError, StoreError, TopicloomError
from topicloom.remote.address import AddressError, address_of
from topicloom.remote.faults import RemoteUnavailableError
from topicloom.remote.objects import Objects
from topicloom.store.moving import MoveError, move_project
from topicloom.store.shared.project import SharedProject
from topicloom.store.store import Store


@pytest.fixture(scope="module")
def s3():
    with moto_server() as url:
        yield url


@pytest.fixture
def address(s3, tmp_path, monkeypatch):
    for name, value in environment(s3, tmp_path / "cache").items():
        monkeypatch.setenv(name, value)
    return f"s3://{BUCKET}/{tmp_path.name}/wos"


@pytest.fixture
def project(tmp_path):
    """A project with two results, a history, an analysis with outputs, and inputs whose names are not plain."""
    path = tmp_path / "home" / "wos"
    store = Store(path / ".topicloom")
    refs = [store.obtain(plan(n=number), writer(f"content {number}"))[0] for number in range(2)]
    record(store, "a01", refs[0])
    for name, content in {
        "f01/dataset_raw_cleaned.csv": "UT,TI\n1,a\n",
        "f01/e01/corpus.csv": "",
        "f01/Ärzte & Co/note 1+2 (%).txt": "names",
        "a01/settings_analysis_directive_2026-01-01-00-00.json": "{}",
        "a01/labels.csv": "topic_uid,label\n",
        "a01/topic_model_info.csv": "Topic\n",
        "a01/figures/map.svg": "<svg/>",
        "a02/notes.txt": "never run",
        ".topicloom/history/history.sqlite": "database",
        ".topicloom/history/line/000001.json.gz": "run",
        ".topicloom/embedding/part.npy": "of this machine",
    }.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(content, encoding="utf-8")
    return path


def contents(project: Path) -> dict[str, str]:
    """The digest of each file that is no machine's own."""
    own = ("locks", "embedding", "digests.sqlite", "prefect", "remote")
    return {
        path.relative_to(project).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in project.rglob("*")
        if path.is_file() and not any(part.startswith(own) for part in path.relative_to(project).parts)
    }


def test_there_and_back_again(project, address, tmp_path):
    before = contents(project)
    moved = move_project(project, address)
    assert (moved.left, moved.files) == ([], len(before) - 2)  # a manifest is put in another form
    assert not project.exists()
    back = tmp_path / "elsewhere" / "wos"
    assert move_project(address, back).left == []
    assert contents(back) == before
    assert Objects(address_of(address)).listing() == []
    assert Store(back / ".topicloom").find(plan(n=1)).ref is not None


def test_what_is_kept_stays(project, address, tmp_path):
    before = contents(project)
    move_project(project, address, keep=True)
    assert contents(project) == before
    move_project(address, tmp_path / "elsewhere" / "wos", keep=True)
    assert Objects(address_of(address)).listing()


def test_a_damaged_result_is_left_behind_and_said(project, address):
    (artifact,) = (path for path in project.glob(".topicloom/reduce/*/*") if path.read_text() == "content 0")
    artifact.write_text("another")
    (said,) = move_project(project, address, keep=True).left
    assert "the next run makes it anew" in said


@pytest.mark.parametrize("at", [3, 9, 14])
def test_a_move_that_is_cut_short_goes_on(project, address, tmp_path, s3, monkeypatch, at):
    before, faults, puts = contents(project), Faults(s3), []
    faults.fault = lambda method, path: REFUSED if method == "PUT" and (puts.append(path) or len(puts) > at) else None
    monkeypatch.setenv("AWS_ENDPOINT_URL", faults.url)
    with pytest.raises(RemoteUnavailableError):
        move_project(project, address)
    assert contents(project) == before
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3)
    with pytest.raises(InputError, match=r"Another move is under way there|No project of topicloom lies there"):
        move_project(address, tmp_path / "elsewhere" / "wos")
    move_project(project, address)
    move_project(address, tmp_path / "elsewhere" / "wos")
    assert contents(tmp_path / "elsewhere" / "wos") == before
    faults.end()


def test_a_move_back_that_is_cut_short_goes_on(project, address, tmp_path, s3, monkeypatch):
    before, back, faults = contents(project), tmp_path / "elsewhere" / "wos", Faults(s3)
    move_project(project, address)
    monkeypatch.setenv("AWS_ENDPOINT_URL", faults.url)
    faults.fault = lambda method, path: REFUSED if method == "GET" and "labels.csv" in path else None
    with pytest.raises(RemoteUnavailableError):
        move_project(address, back)  # while it fetches: as if it had never begun
    assert not any(back.parent.iterdir())
    removed = []
    faults.fault = lambda method, path: (
        REFUSED if method in ("POST", "DELETE") and (removed.append(path) or len(removed) > 3) else None
    )
    with pytest.raises(RemoteUnavailableError):
        move_project(address, back)  # while it removes what it has fetched
    assert contents(back) == before
    faults.fault = lambda method, path: None
    with pytest.raises(MoveError, match="Another move is under way there"):
        move_project(address, tmp_path / "third" / "wos")
    move_project(address, back)
    assert Objects(address_of(address)).listing() == []
    assert contents(back) == before
    faults.end()


def test_nothing_is_moved_away_from_under_a_run(project, address, tmp_path):
    move_project(project, address)
    shared = SharedProject(address_of(address).mirror / ".topicloom")
    with shared.run():
        with pytest.raises(MoveError, match=f"A run of this project is under way on {platform.node()}"):
            move_project(address, tmp_path / "elsewhere" / "wos")
        with pytest.raises(AddressError, match="under way on"):
            shared.require_no_run()
    shared.own.create("moving.json", b"{}")
    with pytest.raises(AddressError, match="A move into this place or out of it"), shared.run():
        raise AssertionError("no run begins")
    shared.own.delete(["moving.json"])
    assert not shared.own.listing("leases")
    move_project(address, tmp_path / "elsewhere" / "wos")


def test_what_comes_back_otherwise_is_noticed_before_the_source_goes(project, address, monkeypatch):
    before, put = contents(project), Objects.put

    def careless(self, name, content):
        return put(self, name, b"topic_uid,LABEL\n" if name.endswith("labels.csv") else content)

    monkeypatch.setattr(Objects, "put", careless)
    with pytest.raises(StoreError, match=r"labels\.csv: it came back from the store otherwise"):
        move_project(project, address)
    assert contents(project) == before
    monkeypatch.undo()


def test_an_input_that_was_spoilt_in_the_store_is_noticed(project, address, tmp_path):
    move_project(project, address)
    objects = Objects(address_of(address))
    etag = objects.put("a01/labels.csv", b"topic_uid,LABEL\n")
    stated = json.loads(objects.get(".topicloom/digests.json").content)
    stated["a01/labels.csv"]["etag"] = etag  # as if it had changed without a trace
    objects.put(".topicloom/digests.json", json.dumps(stated).encode())
    with pytest.raises(AddressError, match="not as `topicloom move` has put it"):
        move_project(address, tmp_path / "elsewhere" / "wos")
    assert not any((tmp_path / "elsewhere").iterdir())
    assert objects.listing()


def test_what_cannot_be_moved_is_said_and_left(project, address, tmp_path):
    before = contents(project)
    for source, target, said in (
        (project, tmp_path / "other", "Both are folders"),
        (address, address, "Both are addresses"),
        (project, f"{address}/other", 'is called "wos"'),
        (tmp_path / "none" / "wos", address, "no such folder"),
        (address, project, "Something lies there"),
        (address, tmp_path / "elsewhere" / "wos", "No project of topicloom lies there"),
        (project, "s3://absent/wos", "There is no bucket absent"),
        (project, f"file://{tmp_path}/store/wos", "does not obey conditions"),
    ):
        with pytest.raises(TopicloomError, match=said):
            move_project(source, target)
    Objects(address_of(address)).put("something", b"of somebody")
    with pytest.raises(MoveError, match="Something lies there: something"):
        move_project(project, address)
    Objects(address_of(address)).delete(["something"])
    (project / "link").symlink_to("a01")
    with pytest.raises(MoveError, match="It has links, and a store has none: link"):
        move_project(project, address)
    (project / "link").unlink()
    with Store(project / ".topicloom").run(), pytest.raises(MoveError, match="under way"):
        move_project(project, address)
    assert contents(project) == before
