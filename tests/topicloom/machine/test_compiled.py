"""Kept compiled code gives the same embedding, bit for bit, and is written once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import topicloom

OWN = Path(topicloom.__file__).parent

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
from topicloom.settings.clusters import UmapSettings
vectors, umap = np.load(sys.argv[1]), UmapSettings()
known = find_neighbours(vectors, umap, 100) if len(vectors) >= ALL_PAIRS_BELOW else None
np.save(sys.argv[2], reduced_vectors(fit_umap(vectors, umap, 100, known)))
"""


@pytest.mark.slow
@pytest.mark.parametrize("documents", [2_000, 6_000], ids=["all distances", "nearest-neighbour descent"])
def test_the_embedding_is_the_same_without_and_with_kept_code(shared_data, tmp_path, documents):
    from topicloom.inputs.pickles import read_pickle

    vectors = read_pickle(shared_data / "acl_18k" / "f01" / "f01_e01" / "embeddings.pck")[0]
    assert_same_embedding(vectors[:documents], tmp_path)


@pytest.mark.slow
def test_the_embedding_of_the_demo_is_the_same_without_and_with_kept_code(demo_vectors, tmp_path):
    """Few papers, so all distances are compared; every clone can make these vectors."""
    assert_same_embedding(demo_vectors, tmp_path)


def assert_same_embedding(vectors, folder):
    np.save(folder / "vectors.npy", vectors)
    env = {**os.environ, "XDG_CACHE_HOME": str(folder / "cache")}
    env.pop("NUMBA_CACHE_DIR", None)
    found = []
    for number, script in enumerate((PLAIN, OURS, OURS)):
        out = folder / f"{number}.npy"
        subprocess.run(
            [sys.executable, "-c", script, str(folder / "vectors.npy"), str(out)],
            env=env,
            check=True,
            capture_output=True,
        )
        found.append(np.load(out))
    np.testing.assert_array_equal(found[1], found[0])
    np.testing.assert_array_equal(found[2], found[0])
    assert list((folder / "cache" / "topicloom" / "numba").rglob("*.nbi"))


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


def test_processes_that_keep_forms_of_one_function_at_once_lose_none(tmp_path):
    """Each form stays findable, under a file of its own, whoever wrote at the same time."""
    script = """
import sys, time
import topicloom.machine.jit
from numba.core.caching import IndexDataCacheFile
index = IndexDataCacheFile(sys.argv[1], "function", "stamp")
print("ready", flush=True)
sys.stdin.readline()
for number in range(40):
    index.save((sys.argv[2], number), (sys.argv[2], number))
"""
    env = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    beside = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(tmp_path), str(who)],
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for who in range(3)
    ]
    assert [process.stdout.readline() for process in beside] == [b"ready\n"] * 3
    for process in beside:
        process.stdin.write(b"go\n")
        process.stdin.flush()
    for process in beside:
        process.communicate(timeout=120)
    assert [process.returncode for process in beside] == [0] * 3

    from numba.core.caching import IndexDataCacheFile

    index = IndexDataCacheFile(str(tmp_path), "function", "stamp")
    every = [(str(who), number) for who in range(3) for number in range(40)]
    assert [index.load(key) for key in every] == every


def test_of_a_layout_the_form_for_many_threads_is_not_kept():
    """numba would give the one for the other: it finds code by function and types."""
    from numba.core.caching import NullCache

    from topicloom.machine.compiled import import_umap

    import_umap()
    from umap import layouts

    alone, together = (layouts._get_optimize_layout_euclidean_single_epoch_fn(parallel) for parallel in (False, True))
    assert alone.py_func is together.py_func
    assert not isinstance(alone._cache, NullCache)
    assert isinstance(together._cache, NullCache)


DECLARED = """
import numba, numpy as np

@numba.njit("i4(i8[:])", cache=True)
def shortened(state):
    return state[0] + 1

@numba.njit(["f4(f4[::1])", "f8(f8[::1])"], fastmath=True, locals={"total": numba.types.float32})
def summed(values):
    total = 0
    for value in values:
        total += value
    return total

@numba.njit("i8(i8)")
def factorial(number):
    return number * factorial(number - 1) if number > 1 else 1

@numba.njit()
def calling(values, number):
    return summed(values), factorial(number), shortened(np.full(3, number))
"""
ASKED = """
import contextlib, sys
import numpy as np
from topicloom.machine.compiled import keep_compiled_code
from topicloom.machine.declared import compiled_when_called
keep_compiled_code()
sys.path.insert(0, sys.argv[1])
with compiled_when_called() if sys.argv[2] == "ours" else contextlib.nullcontext():
    import declared
waiting = [function.signatures == [] for function in (declared.shortened, declared.summed, declared.factorial)]
assert waiting == [sys.argv[2] == "ours"] * 3
for _ in range(2):
    print(declared.calling(np.array([0.1, 1e9], "f8"), 20), declared.shortened(np.array([2**40])))
    print([declared.summed(np.array([0.1, 0.2], kind)) for kind in ("f4", "f8")], declared.factorial(5))
print([function.signatures for function in (declared.shortened, declared.summed, declared.factorial)])
try:
    declared.summed(np.zeros((2, 2)))
except TypeError as error:
    print(error)
"""


def test_functions_that_state_their_types_give_the_same_when_compiled_at_their_first_call(tmp_path):
    (tmp_path / "declared.py").write_text(DECLARED)
    env = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "kept")}
    plain, ours = (
        subprocess.run(
            [sys.executable, "-c", ASKED, str(tmp_path), how], env=env, check=True, capture_output=True, text=True
        ).stdout
        for how in ("plain", "ours")
    )
    assert ours == plain
    assert "No matching definition" in ours


def test_blocks_that_lie_beside_each_other_leave_numba_as_it_was():
    """The preload's thread and the run import umap at the same time, and neither ends before the other has begun."""
    import numba

    from topicloom.machine.declared import compiled_when_called

    own = numba.njit
    first, second = compiled_when_called(), compiled_when_called()
    first.__enter__()
    replaced = numba.njit
    second.__enter__()
    first.__exit__(None, None, None)
    assert numba.njit is replaced is not own
    second.__exit__(None, None, None)
    assert numba.njit is own


def test_kernels_call_no_function_of_another_file():
    """numba compiles a loop anew when its own file changes, and not when another one does."""
    kernels = sorted(OWN.glob("*/*kernels.py"))
    assert len(kernels) == 6
    for path in kernels:
        own = [line for line in path.read_text().splitlines() if "import" in line and "topicloom" in line]
        assert all(line.startswith("from topicloom.machine.jit import") for line in own), path
