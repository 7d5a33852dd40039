"""Making embeddings: what cannot be used is said before a model is asked, and a killed run blocks no later one."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from tests.conftest import Project
from topicloom.errors import CorpusError
from topicloom.inputs import encoder
from topicloom.settings.reading import read_settings
from topicloom.store.store import Store


class Model:
    """Stands in for a SentenceTransformer: a vector is the text's length and its first letters."""

    def encode(self, texts, **_):
        return np.array([[len(text), *text.encode()[:3]] for text in texts], dtype=np.float32)


@pytest.fixture
def unmade(tmp_path, monkeypatch) -> Project:
    """A dataset of four papers, and the name of a model."""
    project = Project(tmp_path / "root", "made")
    project.dataset.parent.mkdir(parents=True)
    project.dataset.write_text("UT,TI,AB\n" + "".join(f"S{n},Apples {n},pears\n" for n in range(4)))
    project.write_settings(transformer_model="a/model")
    monkeypatch.setattr(encoder, "load_model", lambda _: Model())
    return project


def make(project: Project) -> None:
    settings = read_settings(project.analysis)
    encoder.make_embeddings(settings, Store(settings.store_path))


def made(project: Project) -> tuple[list[str], int]:
    """UT of the corpus, and rows of the embeddings."""
    corpus = pd.read_csv(project.profile / "corpus.csv", dtype=str)
    ids = json.loads((project.profile / "embeddings_ids.json").read_text())
    assert ids == list(corpus["UT"])
    return ids, len(np.load(project.profile / "embeddings.npy"))


@pytest.mark.parametrize("killed_at", ["corpus.csv", "embeddings_ids.json", "embeds_settings.json", "embeddings.npy"])
def test_what_a_killed_run_made_of_an_earlier_dataset_is_made_again(unmade, monkeypatch, killed_at):
    """The run is killed when it begins to write a file; then the dataset is mended, and made of another paper."""
    whole = encoder.replaced

    def killed(path):
        if path.name == killed_at:
            raise KeyboardInterrupt
        return whole(path)

    with monkeypatch.context() as broken:
        broken.setattr(encoder, "replaced", killed)
        broken.setattr("topicloom.store.files.replaced", killed)
        with pytest.raises(KeyboardInterrupt):
            make(unmade)
    assert not (unmade.profile / "embeddings.npy").exists()
    unmade.dataset.write_text(unmade.dataset.read_text().replace("S1,", "S9,") + "S7,Cherries,\n")
    make(unmade)
    assert made(unmade) == (["S0", "S9", "S2", "S3", "S7"], 5)


def test_a_corpus_of_a_person_stays_though_the_dataset_holds_other_papers(unmade):
    unmade.profile.mkdir()
    (unmade.profile / "corpus.csv").write_text("UT,text\nS2,plums\nS8,figs\n")
    make(unmade)
    assert made(unmade) == (["S2", "S8"], 2)
    make_it_again(unmade)
    assert made(unmade) == (["S2", "S8"], 2)


def test_a_corpus_that_was_made_and_then_changed_by_a_person_stays(unmade):
    make(unmade)
    path = unmade.profile / "corpus.csv"
    path.write_text(path.read_text().replace("S3,", "S8,"))
    make_it_again(unmade)
    assert made(unmade) == (["S0", "S1", "S2", "S8"], 4)


def make_it_again(project: Project) -> None:
    (project.profile / "embeddings.npy").unlink()
    make(project)


UNFIT = {
    "repeated": ("UT,TI,AB\nS1,apples,\nS1,pears,\n", "1 UT occur more than once: S1 (lines 2 and 3)"),
    "blank": ("UT,TI,AB\nS1,apples,\n ,pears,\n", "1 paper has no UT (first in line 3)"),
    "both": ("UT,TI,AB\nS1,apples,\n,pears,\nS1,plums,\n", "1 UT occur more than once: S1 (lines 2 and 4)"),
    "stop words": ("UT,TI,AB\nS1,the,of\nS2,and,\n", "Its 2 texts hold stop words only"),
    "numbers of one digit": ("UT,TI,AB\nS1,1,2\nS2,3,\n", "None of its 2 texts has a word"),
}


@pytest.mark.parametrize("case", UNFIT)
def test_a_dataset_that_no_corpus_can_be_made_of_is_refused_before_anything_is_written(unmade, case):
    text, message = UNFIT[case]
    unmade.dataset.write_text(text)
    with pytest.raises(CorpusError) as caught:
        make(unmade)
    assert message in str(caught.value)
    assert not unmade.profile.exists()
