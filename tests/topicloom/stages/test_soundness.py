"""What stops a run is found before it: by `check` and by the run alike, with nothing on disk changed."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.conftest import DIRECTIVE, Project
from topicloom.errors import CorpusError, EmbeddingsError, InputError, SettingsError
from topicloom.machine.threads import ThreadsError
from topicloom.settings.reading import read_settings
from topicloom.stages import soundness
from topicloom.stages.notes import corpus_notes
from topicloom.stages.soundness import check_project, require_sound

PAPERS = 60


@pytest.fixture
def small(tmp_path: Path) -> Project:
    """60 made-up papers with vectors of their own, never run."""
    project = Project(tmp_path / "root", "made")
    project.profile.mkdir(parents=True)
    names = [f"S{number}" for number in range(PAPERS)]
    texts = [f"apples and pears of kind{number}" for number in range(PAPERS)]
    pd.DataFrame({"UT": names, "text": texts}).to_csv(project.profile / "corpus.csv", index=False)
    pd.DataFrame({"UT": names, "TI": texts, "AB": texts, "PY": "2020"}).to_csv(project.dataset, index=False)
    np.save(project.profile / "embeddings.npy", np.random.default_rng(0).normal(size=(PAPERS, 8)).astype(np.float32))
    (project.profile / "embeddings_ids.json").write_text(json.dumps(names))
    project.write_settings()
    return project


def contents(folder: Path) -> dict[Path, tuple[int, bytes]]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in files}


def vectors(change):
    def apply(project):
        path = project.profile / "embeddings.npy"
        np.save(path, change(np.load(path)))

    return apply


def rows(change):
    def apply(project):
        for path in (project.profile / "corpus.csv", project.dataset):
            frame = pd.read_csv(path, dtype=str)
            change(frame).to_csv(path, index=False)
        (project.profile / "embeddings_ids.json").unlink()
        path = project.profile / "embeddings.npy"
        np.save(path, np.load(path)[: len(change(frame))])

    return apply


def settings(**tmo):
    return lambda project: project.write_settings(**tmo)


def dataset(text):
    return lambda project: project.dataset.write_bytes(text)


def no_dataset_but(make):
    def apply(project):
        project.dataset.unlink()
        make(project.dataset)

    return apply


def without_embeddings(*changes, **tmo):
    """A project whose embeddings are to be made, from its dataset."""

    def apply(project):
        shutil.rmtree(project.profile)
        project.write_settings(transformer_model="a/model", **tmo)
        for change in changes:
            change(project)

    return apply


def profile_is_a_file(project):
    project.profile.write_text("")


CASES = {
    "beyond float32": (
        vectors(lambda v: v.astype(float) * 1e200),
        EmbeddingsError,
        "60 rows are shorter than 1e-18 or",
    ),
    "squares beyond float32": (vectors(lambda v: v * 1e25), EmbeddingsError, "longer than 1e+18"),
    "squares below float32": (vectors(lambda v: v * 1e-25), EmbeddingsError, "60 rows are shorter than 1e-18"),
    "lengths beyond float64": (
        vectors(lambda v: v.astype(float) * 1e307),
        EmbeddingsError,
        "longer than 1e+18, beyond what float32",
    ),
    "all the same": (vectors(lambda v: v * 0 + 1), EmbeddingsError, "All 60 embeddings are the same"),
    "a row of -0.0": (vectors(lambda v: np.vstack([v[:-1], -v[-1:] * 0])), SettingsError, "1 embedding is all zeros"),
    "one paper": (rows(lambda frame: frame.head(1)), SettingsError, "tmo.umap.n_neighbors is 15 and the corpus has 1"),
    "three papers": (
        lambda project: (
            rows(lambda frame: frame.head(3))(project),
            project.write_settings(umap={"n_neighbors": 2, "n_components": 1}, min_topic_size=2),
        ),
        SettingsError,
        "A map needs at least 4 papers, and the corpus has 3 papers",
    ),
    "min_df": (settings(represent={"min_df": 14}), SettingsError, "60 papers have at most 13 topics"),
    "min_df of KMeans": (settings(n_topics=4, represent={"min_df": 5}), SettingsError, "at most 4 topics"),
    "min_df beyond any number": (settings(represent={"min_df": 10**30}), SettingsError, "at most 13 topics"),
    "a spread without a layout": (settings(umap={"spread": 0.05}), SettingsError, "for which UMAP finds no layout"),
    "dataset a folder": (no_dataset_but(os.mkdir), CorpusError, "It is a folder; it must be a file"),
    "dataset a pipe": (no_dataset_but(os.mkfifo), CorpusError, "It is a pipe; it must be a file"),
    "dataset a device": (no_dataset_but(lambda path: path.symlink_to("/dev/zero")), CorpusError, "It is a device"),
    "dataset a link to nothing": (no_dataset_but(lambda path: path.symlink_to("x")), CorpusError, "It is a link to"),
    "dataset empty": (dataset(b""), CorpusError, "It is empty"),
    "dataset of random bytes": (dataset(bytes(range(256)) * 9), CorpusError, "It is no CSV table"),
    "dataset row too wide": (dataset(b"UT,TI,AB,PY\nS1,a,b,2020,x\n"), CorpusError, "line 2 has 5 fields"),
    "dataset open quote": (dataset(b'UT,TI,AB,PY\nS1,"a,b,2020\nS2,a,b,2020\n'), CorpusError, "closed nowhere"),
    "dataset column twice": (dataset(b"UT,TI,TI\nS1,a,b\n"), CorpusError, "It has more than one column TI"),
    "threads": (lambda project: os.environ.update(TOPICLOOM_THREADS="²"), ThreadsError, "a whole number of at least 1"),
    "repeated UT without a corpus": (
        without_embeddings(dataset(b"UT,TI,AB\n" + b"".join(b"S%d,apples,pears\n" % (n % 50) for n in range(60)))),
        CorpusError,
        "10 UT occur more than once: S0, S1, S2, S3, S4 and 5 more (lines 2 and 52)",
    ),
    "blank UT without a corpus": (
        without_embeddings(dataset(b"UT,TI,AB\nS1,apples,pears\n,apples,pears\n")),
        CorpusError,
        "1 paper has no UT (first in line 3)",
    ),
    "few papers without a corpus": (
        without_embeddings(dataset(b"UT,TI,AB\nS1,apples,pears\nS2,apples,pears\n")),
        SettingsError,
        "tmo.umap.n_neighbors is 15 and the corpus has 2",
    ),
    "stop words without a corpus": (
        without_embeddings(dataset(b"UT,TI,AB\n" + b"".join(b"S%d,the,of\n" % n for n in range(60)))),
        CorpusError,
        "hold stop words only",
    ),
    "a profile that is a file": (
        without_embeddings(profile_is_a_file),
        InputError,
        "it is no folder",
    ),
    "vectors a link to nothing": (
        without_embeddings(lambda p: (p.profile.mkdir(), (p.profile / "embeddings.npy").symlink_to("unmounted/x.npy"))),
        EmbeddingsError,
        "It is a link to a file that is not there",
    ),
}


@pytest.mark.timeout(120)
@pytest.mark.parametrize("case", CASES)
def test_check_and_run_refuse_alike_and_change_nothing(small, monkeypatch, case):
    spoil, kind, message = CASES[case]
    monkeypatch.setenv("TOPICLOOM_THREADS", "1")
    spoil(small)
    before = contents(small.root)
    said = []
    for ask in (check_project, require_sound):
        with pytest.raises(kind) as caught:
            ask(read_settings(small.analysis))
        said.append(str(caught.value))
    assert message in said[0]
    assert said[0] == said[1]
    assert contents(small.root) == before
    assert not (small.path / ".topicloom").exists()


def test_a_dataset_that_a_kept_result_has_read_is_not_read_again(finished, monkeypatch):
    """The run is cached then; a dataset that has changed since is read, and refused where it is spoilt."""
    read = read_settings(finished.analysis)
    with monkeypatch.context() as forbidden:
        forbidden.setattr(soundness, "read_papers", lambda _: pytest.fail("read again"))
        forbidden.setattr(soundness, "check_inputs", lambda _: pytest.fail("read again"))
        require_sound(read)
    finished.dataset.write_text(finished.dataset.read_text() + "X,1\n")
    for ask in (check_project, require_sound):
        with pytest.raises(CorpusError, match="has 2 fields"):
            ask(read)


def test_a_folder_that_embeddings_cannot_be_written_to(small, monkeypatch):
    from topicloom.settings import checks

    without_embeddings()(small)
    make = checks.tempfile.mkstemp

    def refuse(**given):
        if Path(given["dir"]) == small.dataset.parent:
            raise OSError(30, "Read-only file system")
        return make(**given)

    monkeypatch.setattr(checks.tempfile, "mkstemp", refuse)
    for ask in (check_project, require_sound):
        with pytest.raises(InputError, match=r"Read-only file system.*embeddings that are to be made"):
            ask(read_settings(small.analysis))


def test_many_equal_embeddings_of_other_texts_are_told(small):
    vectors(lambda v: np.vstack([v[:20], np.tile(v[20] * 0 + 1, (40, 1))]))(small)
    facts = check_project(read_settings(small.analysis)).facts
    assert facts["equal_embeddings"] == 39
    tmo = read_settings(small.analysis).tmo
    said = "39 papers have the embedding of another paper whose text differs, such as S20 and S21"
    for quick, mend in ((False, "if the model has failed."), (True, "a run without it goes by whole texts.")):
        notes = list(corpus_notes(facts, tmo.model_copy(update={"quick": quick})))
        assert [note.endswith(mend) for note in notes if note.startswith(said)] == [True]


def test_equal_embeddings_of_equal_texts_are_as_they_should_be(small):
    path = small.profile / "corpus.csv"
    pd.read_csv(path).assign(text=["an apple ", *["an apple"] * 59]).to_csv(path, index=False)
    vectors(lambda v: np.vstack([v[:1], np.tile(v[1:2], (59, 1))]))(small)
    assert check_project(read_settings(small.analysis)).facts["equal_embeddings"] == 0


def test_a_sound_project_without_embeddings(small):
    without_embeddings()(small)
    sound = check_project(read_settings(small.analysis))
    assert (sound.facts["documents"], sound.dataset) == (PAPERS, {"dataset_form": {}})
    require_sound(read_settings(small.analysis))
    assert not small.profile.exists()


@pytest.mark.parametrize(
    "spread", [{"spread": 10.0}, {"spread": 0.2, "min_dist": 0.19}, {"spread": 100, "min_dist": 1}]
)
def test_odd_spreads_that_have_a_layout(small, spread):
    small.write_settings(umap=spread)
    check_project(read_settings(small.analysis))
    assert (small.analysis / DIRECTIVE).is_file()


def test_a_first_run_reads_corpus_and_vectors_once_unless_they_change(small, monkeypatch):
    from topicloom.stages import load_embeddings

    times = []
    read_vectors = load_embeddings.read_embeddings
    monkeypatch.setattr(load_embeddings, "read_embeddings", lambda folder: times.append(1) or read_vectors(folder))
    settings = read_settings(small.analysis)
    require_sound(settings)
    assert load_embeddings.check_inputs(settings) is load_embeddings.check_inputs(settings)
    assert len(times) == 1
    corpus = small.profile / "corpus.csv"
    corpus.write_text(corpus.read_text() + "\n")
    load_embeddings.check_inputs(settings)
    assert len(times) == 2
    before = corpus.stat()
    time.sleep(0.02)  # a tick of the file system's clock
    corpus.write_bytes(corpus.read_bytes()[:-1] + b" ")  # as rsync -t or cp -p over the file leave it
    os.utime(corpus, ns=(before.st_atime_ns, before.st_mtime_ns))
    load_embeddings.check_inputs(settings)
    assert len(times) == 3
