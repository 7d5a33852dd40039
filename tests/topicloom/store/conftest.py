"""Fixtures of the tests of the store."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tests.topicloom.store.helpers import plan, record, writer
from topicloom.store.files import digest_file
from topicloom.store.store import Store


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "project" / ".topicloom")


@pytest.fixture
def settled(monkeypatch):
    """Files count as settled at once."""
    monkeypatch.setattr("topicloom.store.digests._SETTLED_NS", -1)


@pytest.fixture
def read(monkeypatch):
    """The files that are read whole."""
    from topicloom.store import digests

    read: list[Path] = []
    monkeypatch.setattr(digests, "digest_file", lambda path: read.append(path) or digest_file(path))
    return read


@pytest.fixture
def five(store):
    """Five results of a stage, the first the oldest by a day each; the third is of a living analysis."""
    refs = [store.obtain(plan(n=number), writer("x" * 1_000_000))[0] for number in range(5)]
    for age, ref in enumerate(reversed(refs)):
        moment = time.time() - (age + 0.5) * 24 * 3600
        os.utime(store.folder(ref.stage, ref.key), (moment, moment))
    record(store, "a01", refs[2])
    return [ref.key for ref in refs]
