"""Compiling once per machine."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from topicloom import warmup
from topicloom.machine import compiled
from topicloom.progress import listening


@pytest.fixture
def told(monkeypatch, tmp_path):
    monkeypatch.setattr(warmup, "cache_folder", lambda: tmp_path)
    heard = []
    with listening(lambda *words: heard.append(words)):
        yield heard


def test_it_compiles_and_says_what(told, tmp_path, capfd):
    assert not warmup.is_warm()
    assert warmup.warm_up() == tmp_path
    assert warmup.is_warm()
    assert [done for _, done, _ in told][-1] == 4
    assert [what for what, _, _ in told if not what.startswith("compil")] == []
    assert capfd.readouterr().out == ""


def test_one_that_fails_leaves_the_machine_cold(told, monkeypatch):
    monkeypatch.setattr(warmup, "_membership", lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        warmup.warm_up()
    assert not warmup.is_warm()


def test_after_it_a_run_compiles_nothing(tmp_path):
    """Every function that a run calls is taken from the disk: numba counts no miss."""
    warmup.warm_up()
    script = """
import numpy as np
from topicloom.space.neighbours import find_neighbours
from topicloom.space.reduction import fit_umap, map_coordinates
from topicloom.settings.schema import UmapSettings
vectors = np.random.default_rng(5).normal(size=(4300, 16)).astype("f4")
umap = UmapSettings(n_epochs=10)
neighbours = find_neighbours(vectors, umap, 3)
fit_umap(vectors, umap, 3, neighbours)
map_coordinates(vectors, umap, 3, neighbours)
from topicloom.machine.compiled import dispatchers
# Functions that are compiled for stated types when umap is imported, before anything can be kept, cannot be helped.
missed = {name: sum(d.stats.cache_misses.values()) for name, d in dispatchers() if d._can_compile}
print("MISSED", {name: count for name, count in missed.items() if count})
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env=dict(os.environ)
    )
    assert "MISSED {}" in done.stdout


def test_the_folder_can_be_stated(monkeypatch, tmp_path):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    assert compiled.cache_folder() == Path(tmp_path)


def test_first_runs_beside_each_other_share_one_cache(tmp_path):
    """Four processes that compile into one empty folder at once agree, and a fifth finds everything there."""
    script = """
import numpy as np
from topicloom.words import window_kernels as kernels
from topicloom.words.distribution import topic_distribution
from topicloom.words.topics import represent_topics
from topicloom.settings.schema import DistributionSettings, RepresentSettings
from topicloom.words.tokens import tokenise
texts = ["cells of the heart", "genes of the cell", "maps of science", "maps of the sky"]
found = represent_topics(tokenise(texts, "english"), np.ones((4, 1)), np.array([0, 0, 1, 1]), RepresentSettings())
matrix = topic_distribution(found.documents, found.weights, found.weighting, DistributionSettings(window=2))
print(matrix.toarray().tolist(), sum(kernels.window_similarities.stats.cache_misses.values()))
"""
    command = [sys.executable, "-c", script]
    env = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    beside = [subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    said = [process.communicate(timeout=300)[0] for process in beside]
    assert [process.returncode for process in beside] == [0] * 4
    after = subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout
    assert after.rsplit(" ", 1)[1].strip() == "0"
    assert {line.rsplit(" ", 1)[0] for line in said} == {after.rsplit(" ", 1)[0]}
