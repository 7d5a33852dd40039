"""Manifests that lie or have another shape."""

from __future__ import annotations

import json
import os

import pytest

from tests.topicloom.store.helpers import plan, writer
from topicloom.store.files import write_json

MANIFESTS = {
    "no outputs": lambda m: m.pop("outputs"),
    "a list of outputs": lambda m: m.update(outputs=list(m["outputs"])),
    "no bytes": lambda m: m["outputs"]["result.txt"].pop("bytes"),
    "no facts": lambda m: m.pop("facts"),
    "other facts": lambda m: m["facts"].update(length=7),
    "an output less": lambda m: m["outputs"].clear(),
    "an output elsewhere": lambda m: m["outputs"].update({"../../secret": m["outputs"]["result.txt"]}),
    "digests of numbers": lambda m: m["outputs"]["result.txt"].update(sha256=5),
    "a digest that lies": lambda m: m["outputs"]["result.txt"].update(sha256="0" * 64),
    "another stage": lambda m: m.update(stage="cluster"),
    "another key": lambda m: m.update(key="0" * 64),
    "another origin": lambda m: m["made_from"].update(version=7),
    "parts elsewhere": lambda m: m.update(parts={"tokens": "../.."}),
    "no times": lambda m: m.pop("ended"),
}


@pytest.mark.parametrize(
    ("change", "own"),
    # Where there is no digest, nothing shows that facts are others.
    [(name, own) for name in MANIFESTS for own in (True, False) if own or name != "other facts"],
)
def test_a_manifest_that_lies_or_has_another_shape_is_made_anew(store, change, own):
    ref, _ = store.obtain(plan(), writer("x"))
    path = store.artifact(ref, "manifest.json")
    manifest = json.loads(path.read_text())
    MANIFESTS[change](manifest)
    if not own:
        del manifest["manifest_sha256"]
    write_json(path, manifest)
    found = store.find(plan())
    assert found.ref is None
    assert found.fault
    assert store.obtain(plan(), writer("x")) == (ref, True)
    assert store.find(plan()).ref == ref


@pytest.mark.parametrize("content", ["", "{", "5", "[]", "null", "[" * 100_000, '"stage"'])
def test_a_manifest_that_is_no_manifest_is_made_anew(store, content):
    ref, _ = store.obtain(plan(), writer("x"))
    store.artifact(ref, "manifest.json").write_text(content)
    assert store.manifest(ref) == {}
    assert store.find(plan()).fault == "manifest.json is missing or damaged"
    assert store.obtain(plan(), writer("x")) == (ref, True)


def test_a_manifest_of_before_there_was_a_digest_is_believed(store):
    ref, _ = store.obtain(plan(), writer("x"))
    path = store.artifact(ref, "manifest.json")
    manifest = json.loads(path.read_text())
    del manifest["manifest_sha256"]
    write_json(path, manifest)
    assert store.find(plan()).ref == ref


def test_facts_that_are_no_number_keep_their_manifest_sound(store):
    def compute(out):
        out.facts = {"mean": float("nan"), "sizes": (1, 2), "by_topic": {3: 0.1}}

    store.obtain(plan(), compute)
    assert store.find(plan()).ref


def test_flipped_bits_are_found(store, settled):
    ref, _ = store.obtain(plan(), writer("x" * 1000))
    for name in ("result.txt", "manifest.json"):
        path = store.artifact(ref, name)
        content = bytearray(path.read_bytes())
        for place in range(0, len(content), 37):
            flipped = content.copy()
            flipped[place] ^= 1 << place % 7
            before = path.stat()
            path.write_bytes(flipped)
            os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
            assert store.find(plan()).ref in (None, ref)
        path.write_bytes(content)
    assert store.find(plan()).ref == ref
