"""What is imported while Prefect starts: what the run will compute with, and nothing for a run that computes nothing."""

from __future__ import annotations

import subprocess
import sys

import pytest

SCRIPT = (
    "import sys\nfrom pathlib import Path\nfrom flows.console.preload import _preload\n_preload(Path(sys.argv[1]))\n"
    "print(sorted({'umap', 'numba', 'hdbscan', 'sklearn', 'torch', 'prefect', 'numpy', 'scipy', 'pandas'} & set(sys.modules)))"
)


def imported(analysis) -> str:
    return subprocess.run([sys.executable, "-c", SCRIPT, str(analysis)], capture_output=True, text=True).stdout.strip()


def test_nothing_for_a_run_that_is_cached(finished):
    assert imported(finished.analysis) == "[]"


@pytest.mark.parametrize(
    ("tmo", "expected"),
    [
        # The export puts UMAP into the saved model; umap brings scikit-learn.
        ({"others_threshold": 0.5}, "['numba', 'numpy', 'pandas', 'scipy', 'sklearn', 'umap']"),
        ({"represent": {"min_df": 2}}, "['numba', 'numpy', 'pandas', 'scipy', 'sklearn', 'umap']"),
        ({"min_topic_size": 9}, "['hdbscan', 'numba', 'numpy', 'pandas', 'scipy', 'sklearn', 'umap']"),
        ({"umap": {"n_neighbors": 9}}, "['hdbscan', 'numba', 'numpy', 'pandas', 'scipy', 'sklearn', 'umap']"),
    ],
)
def test_what_the_stale_stages_need(finished, tmo, expected):
    finished.write_settings(**tmo)
    assert imported(finished.analysis) == expected


def test_bad_settings_are_left_to_the_run(project):
    next(project.analysis.glob("settings_*.json")).write_text("{")
    assert imported(project.analysis) == "[]"
