"""After a warm-up no run compiles anything, whatever its size, dimension, dtype, metric and ways.

Each run is a process of its own. What its processes compile is seen twice: numba's cache gains neither a file nor an
entry in an index, and the first process tells of every function that it compiles, kept or not.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.generator import write_project
from tests.conftest import DIRECTIVE
from tests.topicloom.warmup.test_warmup import COMPILED

SCRIPT = """
import sys, pathlib
from tests.topicloom.stages.runs import run_stages
run_stages(pathlib.Path(sys.argv[1]))
"""
QUICK = {"n_epochs": 12}
ALL_PICTURES = {"quality": True, "figures": True, "report": True}
# papers, dimensions, dtype of embeddings.npy, and the settings of the run
CASES: dict[str, tuple[int, int, str, dict[str, Any]]] = {
    "500": (500, 384, "f4", {"pictures": ALL_PICTURES}),
    "500 euclidean kmeans": (500, 768, "f8", {"umap": {"metric": "euclidean"}, "n_topics": 6}),
    "500 correlation graph": (500, 384, "f4", {"umap": {"metric": "correlation"}, "clusterer": "graph"}),
    "500 manhattan": (500, 384, "f8", {"umap": {"metric": "manhattan"}, "hdbscan": {"metric": "manhattan"}}),
    "5000 reassign": (5000, 768, "f4", {"orphans": "reassign"}),
    "5000 euclidean": (5000, 384, "f4", {"umap": {"metric": "euclidean", "layout": "parallel"}}),
    "5000 correlation": (5000, 384, "f8", {"umap": {"metric": "correlation", "init": "pca"}}),
    "5000 manhattan leaf": (
        5000,
        384,
        "f4",
        {"umap": {"metric": "manhattan", "init": "random"}, "hdbscan": {"cluster_selection_method": "leaf"}},
    ),
    "5000 consensus": (5000, 384, "f4", {"consensus": {"seeds": 2}, "score": "centroid"}),
    "5000 graph": (5000, 384, "f4", {"clusterer": "graph", "n_topics": 12, "represent": {"stop_words": "english"}}),
    "18000": (18_000, 768, "f4", {"pictures": {"quality": True, "figures": False, "report": True}}),
    "18000 euclidean": (18_000, 384, "f4", {"umap": {"metric": "euclidean"}, "represent": {"bm25_weighting": True}}),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Iterator[Path]:
    """A folder that a warm-up has just filled."""
    folder: Path = tmp_path_factory.mktemp("numba")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NUMBA_CACHE_DIR", str(folder))
        subprocess.run(
            [sys.executable, "-c", "import topicloom.warmup as w; w.warm_up(); assert w.is_warm()"], check=True
        )
        yield folder


def held(folder: Path) -> dict[str, str]:
    """numba's files: indexes by what they hold, code by name."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() if path.suffix == ".nbi" else ""
        for path in folder.glob("*/*")
        if path.suffix in (".nbi", ".nbc")
    }


def run(analysis: Path) -> list[str]:
    """Run an analysis in a process of its own; the functions that it compiled."""
    done = subprocess.run(
        [sys.executable, "-c", COMPILED + SCRIPT, str(analysis)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return [line.removeprefix("COMPILED ") for line in done.stdout.splitlines() if line.startswith("COMPILED ")]


class Grown:
    """A generated project, and how its settings are written."""

    def __init__(self, root: Path, papers: int, dimensions: int, dtype: str) -> None:
        random = np.random.default_rng(3)
        self.root, self.topic = root / "project", random.integers(8, size=papers)
        centres = random.normal(size=(8, dimensions))
        self.vectors = (centres[self.topic] + random.normal(size=(papers, dimensions)) * 1.5).astype(dtype)

    def write(self, papers: int, **tmo: Any) -> Path:
        """The first papers, and the settings of a run over them; its analysis."""
        names = [f"G{row:07}" for row in range(papers)]
        analysis = write_project(self.root, names, self.topic[:papers], self.vectors[:papers], seed=1)
        tmo = {"min_topic_size": 15, "pictures": {"quality": True, "figures": False, "report": True}, **tmo}
        content = json.loads((analysis / DIRECTIVE).read_text())
        content["tmo"] |= {**tmo, "umap": {**QUICK, **tmo.get("umap", {})}}
        (analysis / DIRECTIVE).write_text(json.dumps(content))
        return analysis


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_a_run_compiles_nothing(folder, tmp_path, case):
    papers, dimensions, dtype, tmo = CASES[case]
    before = held(folder)
    assert run(Grown(tmp_path, papers, dimensions, dtype).write(papers, **tmo)) == ["[]"]
    assert held(folder) == before


@pytest.mark.slow
@pytest.mark.parametrize(
    ("papers", "way", "metric"),
    [
        (500, "membership", "cosine"),
        (5000, "embedding", "euclidean"),
        (5000, "distribution", "correlation"),
        (5000, "membership", "manhattan"),
        (18_000, "c-tf-idf", "cosine"),
    ],
)
def test_new_papers_are_placed_and_given_away_without_compiling(folder, tmp_path, papers, way, metric):
    project = Grown(tmp_path, papers + 100, 384, "f4")
    before = held(folder)
    ways = {"update": "assign", "umap": {"metric": metric}}
    assert run(project.write(papers, **ways)) == ["[]"]
    orphans = {"mode": "reassign", "strategy": way}
    assert run(project.write(papers + 100, **ways, orphans=orphans)) == ["[]"]
    assert held(folder) == before
