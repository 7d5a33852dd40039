"""A lease: one holds it; whoever dies loses it; no machine's clock matters."""

from __future__ import annotations

import json
import threading
import time

import pytest

from topicloom.errors import TopicloomError
from topicloom.remote.address import address_of
from topicloom.remote.lease import Lease
from topicloom.remote.objects import Objects


@pytest.fixture
def objects(reached):
    return Objects(address_of(reached))


def test_one_holds_it(objects):
    first, second = Lease(objects, "turn"), Lease(objects, "turn")
    assert first.take()
    assert not second.take()
    assert Lease(objects, "other").take()
    first.give_back()
    assert second.take()
    second.give_back()


def test_it_is_renewed_for_as_long_as_it_is_held(objects, monkeypatch):
    monkeypatch.setenv("TOPICLOOM_LEASE_SECONDS", "1")
    first = Lease(objects, "turn")
    assert first.take()
    begun = objects.head("leases/turn.json").modified
    renewed = threading.Event()

    def look() -> None:
        while (objects.head("leases/turn.json").modified - begun).total_seconds() < 3:
            time.sleep(0.1)
        renewed.set()

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    assert renewed.wait(60)
    first.give_back()
    assert objects.get("leases/turn.json").content == b"{}"


def test_that_of_a_dead_worker_is_over_by_the_clock_of_the_store(objects, monkeypatch):
    note = {"taken": 3600, "holder": "dead", "host": "elsewhere"}
    etag = objects.create("leases/turn.json", json.dumps(note).encode())
    monkeypatch.setattr(time, "time", lambda: 0.0)  # this machine believes that it is 1970
    heir = Lease(objects, "turn")
    assert not heir.take()
    assert objects.replace("leases/turn.json", json.dumps({**note, "taken": 1}).encode(), etag)
    with heir.held("waiting for the dead one"):
        assert not Lease(objects, "turn").take()
    assert Lease(objects, "turn").take()


def test_whoever_was_overtaken_does_not_give_back_what_is_another_s(objects, monkeypatch):
    monkeypatch.setenv("TOPICLOOM_LEASE_SECONDS", "1")
    first = Lease(objects, "turn")
    assert first.take()
    while (found := objects.get("leases/turn.json")) and not objects.replace(
        "leases/turn.json", b'{"taken":9}', found.etag
    ):
        pass  # as if it had been over
    first._renewing.join(60)
    first.give_back()
    assert objects.get("leases/turn.json").content == b'{"taken":9}'


@pytest.mark.parametrize("value", ["never", "0", "nan"])
def test_a_wrong_life_is_said(objects, monkeypatch, value):
    monkeypatch.setenv("TOPICLOOM_LEASE_SECONDS", value)
    with pytest.raises(TopicloomError, match="TOPICLOOM_LEASE_SECONDS"):
        Lease(objects, "turn").take()
