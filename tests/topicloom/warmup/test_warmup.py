"""Compiling once per machine, side by side, so that no run compiles anything."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import topicloom
from topicloom import warmup
from topicloom.machine import compiled
from topicloom.progress import Part, listening
from topicloom.warmup import kept
from topicloom.warmup.crew import compile_side_by_side
from topicloom.warmup.pieces import PIECES, Piece, metrics

# Prints every function that numba compiles in this process, kept or not, when the process ends.
COMPILED = """
import atexit, numba
from numba.core import event
class Listener(event.Listener):
    found = []
    def on_start(self, happened):
        function = happened.data["dispatcher"].py_func
        self.found.append(f"{function.__module__}.{function.__qualname__} {happened.data['args']}")
    def on_end(self, happened):
        pass
event.register("numba:compile", Listener())
atexit.register(lambda: print("COMPILED", Listener.found))
"""
RUN = """
import numpy as np
from topicloom.clusters.clustering import cluster_by_hdbscan
from topicloom.measures.coherence import coherence
from topicloom.settings.clusters import HdbscanSettings, UmapSettings
from topicloom.settings.words import DistributionSettings, RepresentSettings
from topicloom.space.neighbours import find_neighbours, write_neighbours
from topicloom.space.shared_neighbours import shared_neighbour_graph
from topicloom.space.umap_fit import fit_umap, map_coordinates, reduced_vectors
from topicloom.words.distribution import topic_distribution
from topicloom.words.tokens import tokenise
from topicloom.words.topics import represent_topics
import sys, tempfile, pathlib
papers, dimensions, metric, layout = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
random = np.random.default_rng(5)
vectors = random.normal(size=(papers, dimensions)) + random.normal(size=(8, dimensions))[np.arange(papers) % 8] * 3
vectors = vectors.astype(sys.argv[5])
umap = UmapSettings(n_epochs=10, metric=metric, layout=layout)
known = None
if papers >= 400:
    known = find_neighbours(vectors, umap, 3, quiet=True)
    write_neighbours(pathlib.Path(tempfile.mkdtemp()), known)
model = fit_umap(vectors, umap, 3, known, quiet=True)
map_coordinates(vectors, umap, 3, known)
shared_neighbour_graph(vectors, umap, known)
texts = [f"paper {number % 8} of {number % 30} cells and hearts" for number in range(papers)]
found = cluster_by_hdbscan(reduced_vectors(model), HdbscanSettings())
clusters = np.arange(papers) % 8
tokens = tokenise(texts, "english")
words = represent_topics(tokens, vectors, clusters, RepresentSettings())
topic_distribution(words.documents, words.weights, words.weighting, DistributionSettings())
coherence([["cells", "hearts"]], tokens)
"""


@pytest.fixture(scope="module")
def warm():
    """A machine that is warm: `make test` has seen to it."""
    if not warmup.is_warm():
        warmup.warm_up()


def compiled_in(script: str, *arguments: object) -> str:
    done = subprocess.run(
        [sys.executable, "-c", COMPILED + script, *map(str, arguments)], capture_output=True, text=True, check=True
    )
    return done.stdout.rsplit("COMPILED ", 1)[1].strip()


@pytest.mark.parametrize(
    ("papers", "dimensions", "metric", "layout", "dtype"),
    [
        (500, 48, "cosine", "umap", "f4"),
        (500, 24, "manhattan", "parallel", "f8"),
        (300, 24, "correlation", "umap", "f4"),
    ],
    ids=["searched", "by another metric", "all pairs compared"],
)
def test_after_it_a_run_compiles_nothing(warm, papers, dimensions, metric, layout, dtype):
    assert compiled_in(RUN, papers, dimensions, metric, layout, dtype) == "[]"


def test_new_papers_are_placed_without_compiling(warm):
    script = """
import numpy as np, tempfile, pathlib
from topicloom.settings.clusters import UmapSettings
from topicloom.space.neighbours import find_neighbours, read_index, write_neighbours
from topicloom.space.umap_fit import fit_umap
vectors, umap = np.random.default_rng(5).normal(size=(600, 16)).astype("f4"), UmapSettings(n_epochs=10)
folder = pathlib.Path(tempfile.mkdtemp())
known = find_neighbours(vectors[:500], umap, 3, quiet=True)
write_neighbours(folder, known)
model = fit_umap(vectors[:500], umap, 3, known, quiet=True)
model._knn_search_index = read_index(folder)
assert model.transform(vectors[500:]).shape == (100, 5)
"""
    assert compiled_in(script) == "[]"


def test_make_installs_first_what_it_imports(warm):
    """All other libraries cannot be imported, as at that moment of an installation."""
    makefile = (Path(topicloom.__file__).parents[1] / "Makefile").read_text()
    first = makefile.partition("COMPILING := ")[2].partition("\nempty")[0].replace("\\", "").split()
    script = """
import sys
from importlib.metadata import packages_distributions
from topicloom.warmup.pieces import PIECES
class Missing:
    here = {name for name, owners in packages_distributions().items() if not set(owners) & {*sys.argv[1:], "topicloom"}}
    def find_spec(self, name, *_):
        if name.partition(".")[0] in self.here:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Missing())
for piece in PIECES.values():
    piece.compile()
"""
    subprocess.run([sys.executable, "-c", script, *first], check=True, stdout=subprocess.DEVNULL)


@pytest.mark.parametrize("metric", ["correlation", "euclidean"])
def test_an_index_is_saved_and_saved_again_without_compiling(warm, metric):
    """As the export does with each model, which no run searches."""
    script = f"""
import numpy as np, tempfile, pathlib, pickle
from topicloom.settings.clusters import UmapSettings
from topicloom.space.neighbours import find_neighbours, read_index, write_neighbours
vectors, folder = np.random.default_rng(5).normal(size=(500, 16)).astype("f4"), pathlib.Path(tempfile.mkdtemp())
write_neighbours(folder, find_neighbours(vectors, UmapSettings(metric="{metric}"), 3, quiet=True))
index = read_index(folder, to_search=False)
assert "_search_function" not in index.__getstate__()
pickle.dumps(index)
"""
    assert compiled_in(script) == "[]"


def test_the_pieces_cover_every_metric_and_wait_for_pieces_that_there_are():
    assert metrics() == ("cosine", "euclidean", "correlation", "manhattan")
    assert {f"neighbours by {metric}" for metric in metrics()} <= set(PIECES)
    assert {before for piece in PIECES.values() for before in piece.after} <= set(PIECES)


def test_a_piece_that_fails_is_said_and_no_process_is_left(tmp_path, monkeypatch):
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children")
    before = children.read_text()
    with pytest.raises(kept.CompiledCodeError, match="no such piece could not be compiled: KeyError"):
        compile_side_by_side({"no such piece": Piece(lambda: None, 1.0)}, 1)
    assert children.read_text() == before


def test_what_is_done_is_told():
    told = []
    with listening(told.append):
        compile_side_by_side({"membership vectors": PIECES["membership vectors"]}, 2)
    assert told == [Part("compiling", 0, 1), Part("compiled membership vectors", 1, 1)]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name)
def test_one_that_is_interrupted_leaves_no_process(tmp_path, number):
    env = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path), "TOPICLOOM_THREADS": "2"}
    # A shell that starts it in the background would have it ignore Ctrl-C.
    script = "import signal; signal.signal(2, signal.default_int_handler); import topicloom.warmup as w; w.warm_up()"
    process = subprocess.Popen([sys.executable, "-c", script], env=env, stderr=subprocess.DEVNULL)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    _until(lambda: len(children.read_text().split()) == 2)
    workers = [int(pid) for pid in children.read_text().split()]
    _until(lambda: any(tmp_path.iterdir()))  # they are at work
    process.send_signal(number)
    assert process.wait(timeout=60) != 0
    _until(lambda: not any(_is_worker(pid) for pid in workers))
    assert not list(tmp_path.glob("warm-*"))


def _until(happened, seconds=60.0):
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.05)


def _is_worker(pid: int) -> bool:
    try:
        return b"topicloom.warmup.worker" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.fixture
def said_warm(monkeypatch, tmp_path):
    """A folder that is said to hold all."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    monkeypatch.delenv("NUMBA_CPU_NAME", raising=False)
    (tmp_path / "umap_1").mkdir()
    (tmp_path / "umap_1" / "f.nbi").write_bytes(b"")
    kept.say_warm(tmp_path, PIECES)
    assert warmup.is_warm()
    return tmp_path


def test_another_processor_is_not_warm(said_warm, monkeypatch):
    monkeypatch.setenv("NUMBA_CPU_NAME", "nocona")
    assert not warmup.is_warm()


def test_libraries_in_another_place_are_not_warm(said_warm, monkeypatch):
    monkeypatch.setattr(kept, "_place", lambda package: f"/elsewhere/{package}/__init__.py")
    assert not warmup.is_warm()


@pytest.mark.parametrize("changed", ["compiled.py", "by_numpy.py", "pieces.py", "coherence_kernels.py"])
def test_other_loops_or_another_way_to_compile_them_are_not_warm(said_warm, monkeypatch, changed):
    digest = kept.digest_file
    monkeypatch.setattr(kept, "digest_file", lambda path: "of another" if path.name == changed else digest(path))
    assert not warmup.is_warm()


def test_another_version_is_not_warm(said_warm, monkeypatch):
    monkeypatch.setattr(kept, "version", lambda package: "0.0")
    assert not warmup.is_warm()


def test_a_folder_that_has_lost_a_file_is_not_warm(said_warm):
    (said_warm / "umap_1" / "f.nbi").unlink()
    assert not warmup.is_warm()


def test_a_record_that_cannot_be_read_is_not_warm(said_warm):
    next(said_warm.glob("warm-*")).write_text("[")
    assert not warmup.is_warm()


def test_a_folder_that_cannot_be_written_to_is_said(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "file" / "folder"))
    with pytest.raises(
        kept.CompiledCodeError, match="file/folder: compiled code cannot be kept there: Not a directory"
    ):
        warmup.warm_up()


def test_the_folder_can_be_stated(monkeypatch, tmp_path):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    assert compiled.cache_folder() == Path(tmp_path)


@pytest.mark.slow
def test_first_runs_beside_each_other_share_one_cache(tmp_path):
    """Four processes that compile into one empty folder at once agree, and a fifth finds everything there."""
    script = """
import numpy as np
from topicloom.words import window_kernels as kernels
from topicloom.words.distribution import topic_distribution
from topicloom.words.topics import represent_topics
from topicloom.settings.words import DistributionSettings, RepresentSettings
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
