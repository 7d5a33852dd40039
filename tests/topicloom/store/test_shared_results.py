"""Results of stages in an object store: one winner, whole or not at all, damage noticed, whatever a kill leaves."""

from __future__ import annotations

import json
import os
import threading
from datetime import timedelta

import pytest

from tests.stores import BUCKET, REFUSED, Faults, environment, moto_server
from topicloom.errors import StoreError
from topicloom.remote.address import AddressError, address_of
from topicloom.remote.faults import RemoteUnavailableError
from topicloom.remote.objects import Objects
from topicloom.store.files import read_json
from topicloom.store.shared import room, sweeping
from topicloom.store.store import StagePlan, Store

PLAN = StagePlan(stage="cluster", version=1, parameters={"size": 5}, inputs={}, libraries={})
PLACE = f"cluster/{PLAN.key}"


@pytest.fixture(scope="module")
def s3():
    with moto_server() as url:
        yield url


class Machines:
    """The store of one project, seen from machines with mirrors of their own."""

    def __init__(self, url, tmp_path, monkeypatch) -> None:
        self.url, self.tmp_path, self.monkeypatch = url, tmp_path, monkeypatch
        self.computed: list[str] = []

    def on(self, name: str, url: str = "") -> Store:
        for variable, value in environment(url or self.url, self.tmp_path / name).items():
            self.monkeypatch.setenv(variable, value)
        return Store(address_of(f"s3://{BUCKET}/{self.tmp_path.name}/wos").mirror / ".topicloom")

    @property
    def own(self) -> Objects:
        self.on("looking")
        return Objects(address_of(f"s3://{BUCKET}/{self.tmp_path.name}/wos/.topicloom"))

    def names(self) -> list[str]:
        return sorted(one.name for one in self.own.listing())

    def compute(self, text: str):
        def compute(out) -> None:
            self.computed.append(text)
            out.path("labels.txt").write_text(text)
            out.path("empty.txt").write_text("")
            out.facts["text"] = text

        return compute


@pytest.fixture
def machines(s3, tmp_path, monkeypatch):
    return Machines(s3, tmp_path, monkeypatch)


def test_a_result_of_one_machine_is_the_other_s(machines):
    ref, computed = machines.on("a").obtain(PLAN, machines.compute("one"))
    assert computed
    b = machines.on("b")
    assert b.find(PLAN).ref == ref
    assert not (b.place("cluster", PLAN.key) / "labels.txt").exists()  # nobody has asked for it
    assert b.obtain(PLAN, machines.compute("two")) == (ref, False)
    assert b.artifact(ref, "labels.txt").read_text() == "one"
    assert not (b.place("cluster", PLAN.key) / "empty.txt").exists()
    assert sorted(path.name for path in b.folder("cluster", PLAN.key).glob("[!.]*")) == [
        "empty.txt",
        "labels.txt",
        "manifest.json",
    ]
    assert b.manifest(ref) == machines.on("a").manifest(ref)


def test_of_two_that_compute_the_first_wins(machines):
    a = machines.on("a")

    def slower(out) -> None:
        """While it computes its lease is over, and another has computed the same."""
        machines.own.delete([f"leases/cluster-{PLAN.key[:16]}.json"])
        machines.on("b").obtain(PLAN, machines.compute("b was first"))
        machines.on("a")
        machines.compute("a was later")(out)

    ref, _ = a.obtain(PLAN, slower)
    assert machines.computed == ["b was first", "a was later"]
    assert ref.facts == {"text": "b was first"}
    assert a.artifact(ref, "labels.txt").read_text() == "b was first"
    assert machines.on("c").find(PLAN).ref == ref


def test_two_that_want_the_same_compute_it_once(machines):
    begun, go_on = threading.Event(), threading.Event()
    a, b = machines.on("a"), machines.on("b")
    for name, store in (("a", a), ("b", b)):  # each is opened as its machine would
        machines.on(name)
        assert store.shared is not None
    found = {}

    def first(out) -> None:
        begun.set()
        go_on.wait(60)
        machines.compute("first")(out)

    threads = [threading.Thread(target=lambda: found.update(a=a.obtain(PLAN, first)))]
    threads[0].start()
    assert begun.wait(60)
    threads.append(threading.Thread(target=lambda: found.update(b=b.obtain(PLAN, machines.compute("second")))))
    threads[1].start()
    threads[1].join(1)  # a waits for nobody, b for a
    assert "b" not in found
    go_on.set()
    for thread in threads:
        thread.join(60)
    assert machines.computed == ["first"]
    assert (found["a"][1], found["b"][1]) == (True, False)
    assert found["a"][0] == found["b"][0]


def damaged(machines, how: str) -> None:
    own = machines.own
    manifest = f"{PLACE}/manifest.json"
    entry = json.loads(own.get(manifest).content)
    labels = entry["objects"]["labels.txt"]["object"]
    match how:
        case "overwritten":
            own.put(labels, b"owe")  # of the same size
        case "gone":
            own.delete([labels])
        case "no JSON":
            own.put(manifest, b"{")
        case "another place":
            entry["objects"]["labels.txt"]["object"] = "../../other/secret.txt"
            own.put(manifest, json.dumps(entry).encode())
        case "changed facts":
            entry["manifest"]["facts"] = {"text": "lies"}
            own.put(manifest, json.dumps(entry).encode())
        case "of another result":
            entry["manifest"]["key"] = "0" * 64
            own.put(manifest, json.dumps(entry).encode())


@pytest.mark.parametrize(
    "how", ["overwritten", "gone", "no JSON", "another place", "changed facts", "of another result"]
)
def test_what_is_damaged_in_the_store_is_computed_again(machines, how, caplog):
    machines.on("a").obtain(PLAN, machines.compute("one"))
    damaged(machines, how)
    ref, computed = machines.on("b").obtain(PLAN, machines.compute("one"))
    assert computed
    assert caplog.records
    c = machines.on("c")
    assert c.find(PLAN).ref == ref
    assert c.artifact(ref, "labels.txt").read_text() == "one"


def test_what_is_damaged_on_the_way_is_never_used(machines):
    """Neither size nor etag has changed, and yet it is not what was put."""
    ref, _ = machines.on("a").obtain(PLAN, machines.compute("one"))
    own = machines.own
    entry = json.loads(own.get(f"{PLACE}/manifest.json").content)
    note = entry["objects"]["labels.txt"]
    note["etag"] = own.put(note["object"], b"owe")
    own.put(f"{PLACE}/manifest.json", json.dumps(entry).encode())
    b = machines.on("b")
    assert b.find(PLAN).ref == ref
    with pytest.raises(StoreError, match="run again, and it is computed anew"):
        b.artifact(ref, "labels.txt")
    assert b.obtain(PLAN, machines.compute("one"))[1]
    assert machines.on("c").artifact(ref, "labels.txt").read_text() == "one"


def test_what_is_damaged_in_the_mirror_comes_from_the_store(machines):
    a = machines.on("a")
    ref, _ = a.obtain(PLAN, machines.compute("one"))
    (a.place("cluster", PLAN.key) / "labels.txt").write_text("other")
    assert a.obtain(PLAN, machines.compute("two")) == (ref, False)
    assert a.artifact(ref, "labels.txt").read_text() == "one"


def test_refreshing_takes_the_place_of_what_is_there(machines):
    machines.on("a").obtain(PLAN, machines.compute("one"))
    ref, _ = machines.on("b").obtain(PLAN, machines.compute("two"), refresh=True)
    assert machines.on("c").artifact(ref, "labels.txt").read_text() == "two"


@pytest.mark.parametrize("part", ["labels.txt", "manifest.json"])
def test_an_upload_that_was_killed_is_no_result_and_is_swept_when_it_is_old(machines, part, monkeypatch):
    faults = Faults(machines.url)
    faults.fault = lambda method, path: REFUSED if method == "PUT" and part in path else None
    a = machines.on("a", faults.url)
    with pytest.raises(RemoteUnavailableError, match="What was computed is kept on this machine"):
        a.obtain(PLAN, machines.compute("one"))
    left = [name for name in machines.names() if name.startswith("cluster/")]
    assert f"{PLACE}/manifest.json" not in left
    assert machines.on("b").find(PLAN).ref is None
    shared = machines.on("b").shared
    assert sweeping.sweep_store(shared) == []  # it may go on still
    shared.own.delete(["swept"])
    monkeypatch.setattr(sweeping, "OLD", timedelta(seconds=-60))
    assert sorted(sweeping.sweep_store(shared)) == left
    # The machine itself has it, and brings it there once the store answers.
    faults.fault = lambda method, path: None
    a = machines.on("a", faults.url)
    assert not a.obtain(PLAN, machines.compute("two"))[1]
    ref = machines.on("b").find(PLAN).ref
    assert machines.on("b").artifact(ref, "labels.txt").read_text() == "one"
    shared = machines.on("b").shared
    shared.own.delete(["swept"])
    assert sweeping.sweep_store(shared) == []
    faults.end()


def test_the_mirrors_keep_to_their_limit_and_get_back_what_is_asked_for(machines, monkeypatch):
    a = machines.on("a")
    ref, _ = a.obtain(PLAN, machines.compute("one"))
    monkeypatch.setenv(room.LIMIT, "0")
    with a.run():
        assert room.keep_to_limit() == 0  # a run is under way
    assert room.keep_to_limit() == 3
    assert not (a.place("cluster", PLAN.key) / "labels.txt").exists()
    assert a.find(PLAN).ref == ref
    assert a.artifact(ref, "labels.txt").read_text() == "one"
    monkeypatch.setenv(room.LIMIT, "plenty")
    with pytest.raises(AddressError, match=room.LIMIT):
        room.keep_to_limit()


def test_a_folder_asks_no_store(tmp_path, monkeypatch):
    """Neither what a project's own files say, nor a folder that is called as a scheme, makes a project a shared one."""
    monkeypatch.setenv("TOPICLOOM_CACHE", str(tmp_path / "cache"))
    root = tmp_path / "s3:" / "wos" / ".topicloom"
    root.mkdir(parents=True)
    (root / "remote").mkdir()
    (root / "remote" / "address.json").write_text('{"address": "s3://attacker/wos"}')
    assert Store(root).shared is None


def test_a_manifest_says_on_which_machine_it_was_computed(machines):
    a = machines.on("a")
    ref, _ = a.obtain(PLAN, machines.compute("one"))
    entry = json.loads(machines.own.get(f"{PLACE}/manifest.json").content)
    assert entry["manifest"]["host"] == os.uname().nodename == machines.on("b").manifest(ref)["host"]
    assert read_json(a.place("cluster", PLAN.key) / ".objects.json") == entry["objects"]
