"""Kept compiled code gives the same embedding, bit for bit, and is written once."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

PLAIN = """
import sys, numpy as np
from umap import UMAP
vectors = np.load(sys.argv[1])
model = UMAP(n_neighbors=15, n_components=5, min_dist=0.0, metric="cosine", random_state=100)
np.save(sys.argv[2], model.fit_transform(vectors))
"""
OURS = """
import sys, numpy as np
from topicloom.space.neighbours import ALL_PAIRS_BELOW, find_neighbours
from topicloom.space.reduction import fit_umap, reduced_vectors
from topicloom.settings.schema import UmapSettings
vectors, umap = np.load(sys.argv[1]), UmapSettings()
known = find_neighbours(vectors, umap, 100) if len(vectors) >= ALL_PAIRS_BELOW else None
np.save(sys.argv[2], reduced_vectors(fit_umap(vectors, umap, 100, known)))
"""


@pytest.mark.slow
@pytest.mark.parametrize("documents", [2_000, 6_000], ids=["all distances", "nearest-neighbour descent"])
def test_the_embedding_is_the_same_without_and_with_kept_code(shared_data, tmp_path, documents):
    from topicloom.inputs.pickles import read_pickle

    vectors = read_pickle(shared_data / "acl_18k" / "f01" / "f01_e01" / "embeddings.pck")[0]
    np.save(tmp_path / "vectors.npy", vectors[:documents])
    env = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    env.pop("NUMBA_CACHE_DIR", None)
    found = []
    for number, script in enumerate((PLAIN, OURS, OURS)):
        out = tmp_path / f"{number}.npy"
        subprocess.run(
            [sys.executable, "-c", script, str(tmp_path / "vectors.npy"), str(out)],
            env=env,
            check=True,
            capture_output=True,
        )
        found.append(np.load(out))
    np.testing.assert_array_equal(found[1], found[0])
    np.testing.assert_array_equal(found[2], found[0])
    assert list((tmp_path / "cache" / "topicloom" / "numba").rglob("*.nbi"))


def test_kept_code_goes_elsewhere_where_the_home_cannot_be_written_to(tmp_path, monkeypatch):
    from topicloom.machine import compiled

    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    monkeypatch.setattr(compiled.tempfile, "tempdir", str(tmp_path))
    assert compiled.cache_folder().is_relative_to(tmp_path)
    monkeypatch.setattr(compiled, "version", lambda name: "other")
    other = compiled.cache_folder()
    monkeypatch.undo()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "fine"))
    assert compiled.cache_folder().name != other.name
