"""Whether settings fit a corpus, and whether what a run writes has a place."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.conftest import Project
from topicloom.errors import InputError, SettingsError
from topicloom.settings import checks
from topicloom.settings.checks import require_fitting_settings, require_writable
from topicloom.settings.reading import read_settings

TINY = {"umap": {"n_neighbors": 2, "n_components": 1}, "min_topic_size": 2}


@pytest.fixture
def bare(tmp_path) -> Project:
    """A project with a settings file and nothing else."""
    project = Project(tmp_path / "root", "made")
    project.write_settings()
    return project


UNFIT = {
    "one paper": (1, {}, "tmo.umap.n_neighbors is 15 and the corpus has 1"),
    "three papers": (3, TINY, "A map needs at least 4 papers, and the corpus has 3 papers"),
    "min_df": (60, {"represent": {"min_df": 14}}, "60 papers have at most 13 topics"),
    "min_df of KMeans": (60, {"n_topics": 4, "represent": {"min_df": 5}}, "at most 4 topics"),
    "min_df of a size to be chosen": (60, {"min_topic_size": "auto", "represent": {"min_df": 32}}, "at most 31 topics"),
    "min_df beyond any number": (60, {"represent": {"min_df": 10**30}}, "at most 13 topics"),
    "a spread without a layout": (60, {"umap": {"spread": 0.05}}, "for which UMAP finds no layout"),
}


@pytest.mark.parametrize("case", UNFIT)
def test_settings_that_no_run_on_the_corpus_could_use(bare, case):
    documents, tmo, message = UNFIT[case]
    bare.write_settings(**tmo)
    with pytest.raises(SettingsError) as caught:
        require_fitting_settings(read_settings(bare.analysis), {"documents": documents})
    assert message in str(caught.value)


FIT = {
    "four papers": (4, TINY),
    "min_df": (60, {"represent": {"min_df": 13}}),
    "min_df of KMeans": (60, {"n_topics": 4, "represent": {"min_df": 4}}),
    "a wide spread": (60, {"umap": {"spread": 10.0}}),
    "a narrow spread": (60, {"umap": {"spread": 0.2, "min_dist": 0.19}}),
    "the widest": (60, {"umap": {"spread": 100, "min_dist": 1}}),
}


@pytest.mark.parametrize("case", FIT)
def test_settings_at_the_limit(bare, case):
    documents, tmo = FIT[case]
    bare.write_settings(**tmo)
    require_fitting_settings(read_settings(bare.analysis), {"documents": documents})


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("spread", [0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 1.0, 3.0, 5.0, 20.0, 50.0, 100.0])
@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 1.0])
def test_a_layout_is_found_where_umap_finds_one(spread, share):
    from umap.umap_ import find_ab_params

    try:
        a, b = find_ab_params(spread, spread * share)
        theirs = bool(a > 0 and b > 0)
    except RuntimeError:
        theirs = False
    assert checks._has_curve(spread, spread * share) == theirs


def refuse_in(monkeypatch, folder: Path) -> None:
    """As a folder that is mounted for reading only; rights do not keep the tests' user from writing."""
    make = checks.tempfile.mkstemp

    def refuse(**given):
        if Path(given["dir"]) == folder:
            raise OSError(30, "Read-only file system")
        return make(**given)

    monkeypatch.setattr(checks.tempfile, "mkstemp", refuse)


def test_a_folder_that_embeddings_cannot_be_written_to(bare, monkeypatch):
    settings = read_settings(bare.analysis)
    bare.dataset.parent.mkdir()
    refuse_in(monkeypatch, bare.dataset.parent)
    require_writable(settings)
    with pytest.raises(InputError, match=r"Read-only file system.*embeddings that are to be made"):
        require_writable(settings, settings.embeds_path)
    assert not settings.embeds_path.exists()


def test_a_store_that_cannot_be_written_to(bare, monkeypatch):
    settings = read_settings(bare.analysis)
    settings.store_path.mkdir()
    refuse_in(monkeypatch, settings.store_path)
    with pytest.raises(InputError, match=r"Read-only file system.*the stage store go there"):
        require_writable(settings)


@pytest.mark.parametrize("make", [Path.touch, os.mkfifo, lambda path: path.symlink_to("nowhere")])
def test_what_is_no_folder(bare, make):
    settings = read_settings(bare.analysis)
    make(settings.store_path)
    with pytest.raises(InputError, match="it is no folder"):
        require_writable(settings)
