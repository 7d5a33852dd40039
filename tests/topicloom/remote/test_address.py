"""Addresses of places in an object store."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from topicloom.remote.address import AddressError, address_of, is_address, mirrored


def test_an_address_survives_being_made_a_path():
    assert address_of(Path("s3://maps/group/wos/a01")) == address_of("s3://maps/group/wos/a01")
    assert str(address_of("s3:/maps//group/")) == "s3://maps/group"


@pytest.mark.parametrize("text", ["wos/a01", "/srv/s3/wos", "C:/wos", "http://maps/wos", "s3", "./s3:/maps"])
def test_a_path_is_no_address(text):
    assert not is_address(text)


def test_keys_in_an_address_are_refused_and_not_repeated():
    with pytest.raises(AddressError) as found:
        address_of("s3://AKIASOMEBODY:hunter2hunter2@maps/wos")
    assert "AWS_ACCESS_KEY_ID" in str(found.value)
    assert "hunter2" not in str(found.value)
    assert "AKIASOMEBODY" not in str(found.value)
    assert str(pickle.loads(pickle.dumps(found.value))) == str(found.value)


@pytest.mark.parametrize("text", ["s3://", "s3:///", "s3://maps/../other", "s3://maps/a?b", "s3://maps/a\nb"])
def test_what_is_no_place_is_said(text):
    with pytest.raises(AddressError):
        address_of(text)


def test_a_mirror_knows_its_address_and_no_other_folder_has_one(tmp_path, monkeypatch):
    monkeypatch.setenv("TOPICLOOM_CACHE", str(tmp_path))
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    address = address_of("s3://maps/group/wos")
    mirror = address.mirror
    assert mirrored(mirror) == address
    assert mirrored(mirror / "a01" / "run.json") == address.below("a01/run.json")
    assert mirrored(tmp_path / "wos") is None
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9000")
    assert address.mirror != mirror
    with pytest.raises(AddressError, match="another endpoint"):
        mirrored(tmp_path / "mirrors" / "s3-own" / "maps" / "wos")
