"""Objects of a store: whole or not at all, under conditions, and what a person is told when the store does not obey."""

from __future__ import annotations

import hashlib
import os

import pytest

from tests.stores import KEY, SECRET
from topicloom.errors import TopicloomError
from topicloom.remote.address import AddressError, address_of
from topicloom.remote.faults import RemoteUnavailableError, plain
from topicloom.remote.objects import Objects
from topicloom.stages.retries import may_succeed_later


@pytest.fixture(params=["s3", "memory"])
def objects(request, reached):
    return Objects(address_of(reached if request.param == "s3" else f"memory://{os.urandom(4).hex()}/wos"))


def test_conditions_hold(objects):
    objects.require_conditions()
    first = objects.create("a/one.json", b"1")
    assert objects.create("a/one.json", b"2") is None
    second = objects.replace("a/one.json", b"2", first)
    assert objects.replace("a/one.json", b"3", first) is None
    assert objects.replace("a/other.json", b"3", first) is None
    found = objects.get("a/one.json")
    assert (found.content, found.etag) == (b"2", second)
    assert objects.get("a/other.json") is None
    assert [one.name for one in objects.listing()] == ["a/one.json"]
    assert objects.level() == ([], ["a"])
    objects.delete(["a/one.json", "a/none.json"])
    assert objects.listing() == []


def test_a_large_object_comes_back_by_blocks(objects, tmp_path, monkeypatch):
    monkeypatch.setattr("topicloom.remote.objects._BLOCK", 5 << 20)
    content = os.urandom(12 << 20)
    (tmp_path / "large").write_bytes(content)
    objects.put("large", tmp_path / "large")
    digest = objects.fetch("large", tmp_path / "back", objects.head("large"))
    assert digest == hashlib.sha256(content).hexdigest()
    assert (tmp_path / "back").read_bytes() == content
    stale = objects.head("large")
    objects.put("large", b"other")
    with pytest.raises(RemoteUnavailableError, match="has changed meanwhile"):
        objects.fetch("large", tmp_path / "back", stale)


def test_a_store_without_conditions_is_refused(tmp_path):
    with pytest.raises(AddressError, match="does not obey conditions") as found:
        Objects(address_of(f"file://{tmp_path}/wos")).require_conditions()
    assert "give its path" in str(found.value)
    assert not any(path.is_file() for path in tmp_path.rglob("*"))


@pytest.mark.parametrize("method", ["create", "replace"])
def test_a_store_that_ignores_conditions_is_refused(reached, monkeypatch, method):
    objects = Objects(address_of(reached))
    monkeypatch.setattr(objects, method, lambda name, content, etag="": objects.put(name, content))
    with pytest.raises(AddressError, match="does not obey conditions"):
        objects.require_conditions()
    assert objects.listing() == []


@pytest.mark.parametrize("work", [lambda o: o.get("a"), lambda o: o.listing(), lambda o: o.put("a", b"1")])
def test_no_such_bucket(reached, work):
    with pytest.raises(AddressError, match="There is no bucket absent at http://127"):
        work(Objects(address_of("s3://absent/wos")))


CODES = {
    "InvalidAccessKeyId": "does not know these keys",
    "SignatureDoesNotMatch": "does not know these keys",
    "RequestTimeTooSkewed": "clock is too far",
    "AccessDenied": "with these keys",
    "AuthorizationHeaderMalformed": "in another region",
}


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("work", [lambda o: o.get("a"), lambda o: o.listing(), lambda o: o.put("a", b"1")])
def test_wrong_keys_are_said_and_not_shown(faults, reached, code, work):
    faults.fault = lambda method, path: (403, code)
    with pytest.raises(AddressError, match=CODES[code]) as found:
        work(Objects(address_of(reached)))
    assert SECRET not in str(found.value)
    assert KEY not in str(found.value)
    assert not may_succeed_later(found.value)


def test_keys_that_may_only_read(faults, reached):
    faults.fault = lambda method, path: (403, "AccessDenied") if method == "PUT" else None
    objects = Objects(address_of(reached))
    assert objects.get("a") is None
    for work in (lambda: objects.put("a", b"1"), lambda: objects.create("a", b"1"), objects.require_conditions):
        with pytest.raises(AddressError, match="Nothing may be written there"):
            work()


@pytest.mark.parametrize("fault", [500, 503, "cut"])
def test_a_fault_that_passes_is_not_noticed(faults, reached, fault, tmp_path):
    objects = Objects(address_of(reached))
    content = os.urandom(50_000)
    objects.put("a", content)
    faults.first(1, fault, "GET")
    assert objects.get("a").content == content
    faults.first(1, fault, "GET")
    assert objects.fetch("a", tmp_path / "a", objects.head("a")) == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("write", [lambda o: o.create("a", b"1"), lambda o: o.replace("a", b"1", o.put("a", b"0"))])
def test_a_put_whose_answer_was_lost_is_ours(faults, reached, write):
    """What was asked again finds that it is there already."""
    objects = Objects(address_of(reached))
    puts = []
    faults.fault = lambda method, path: (puts.append(path), "lost")[1] if method == "PUT" and len(puts) < 2 else None
    if write.__code__.co_names[0] == "create":
        puts.append("none before it")
    etag = write(objects)
    assert etag is not None
    assert objects.head("a").etag == etag


def test_two_puts_that_meet(faults, reached):
    """Amazon answers 409 then: where there is to be none yet another was first; a change is tried again."""
    objects = Objects(address_of(reached))
    etag = objects.put("a", b"0")
    faults.first(1, (409, "ConditionalRequestConflict"), "PUT")
    assert objects.create("b", b"1") is None
    faults.first(1, (409, "ConditionalRequestConflict"), "PUT")
    assert objects.replace("a", b"1", etag) == objects.head("a").etag
    assert objects.get("a").content == b"1"


@pytest.mark.parametrize("fault", [500, "cut", "slow"])
def test_a_store_that_does_not_answer_is_said_in_time(faults, reached, fault, monkeypatch):
    monkeypatch.setenv("TOPICLOOM_STORE_PATIENCE", "0.4")
    objects = Objects(address_of(reached))
    faults.fault = lambda method, path: fault
    with pytest.raises(RemoteUnavailableError, match="does not answer as it should") as found:
        objects.put("a", b"1") if fault == "slow" else objects.listing()
    assert may_succeed_later(found.value)
    assert SECRET not in str(found.value)


@pytest.mark.parametrize("value", ["soon", "0", "-1", "nan", "1e9"])
def test_a_wrong_patience_is_said(reached, monkeypatch, value):
    monkeypatch.setenv("TOPICLOOM_STORE_PATIENCE", value)
    with pytest.raises(TopicloomError, match="TOPICLOOM_STORE_PATIENCE"):
        Objects(address_of(reached))


def test_keys_are_taken_out_of_any_text(monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    said = plain(f"PUT https://s3/a?X-Amz-Signature=abcdef&X-Amz-Credential=AKIA/x {SECRET}")
    assert SECRET not in said
    assert "abcdef" not in said
    assert "AKIA" not in said
