"""Papers that another column than UT names: read, joined, embedded and exported by it."""

from __future__ import annotations

import pandas as pd
import pytest

from topicloom.errors import CorpusError
from topicloom.inputs.corpus import add_uuid, dataset_texts, read_corpus, read_dataset
from topicloom.inputs.encoder import _named_as_in_dataset
from topicloom.settings.schema import TopicModelSettings


@pytest.fixture
def files(tmp_path):
    corpus, dataset = tmp_path / "corpus.csv", tmp_path / "dataset_raw_cleaned.csv"
    corpus.write_text("EID,text,note,UT\ne2,two,b,x\ne1,one,a,x\n")
    dataset.write_text("UT,EID,TI,uuid\nx,e1,One,u1\nx,e2,Two,u2\n")
    return corpus, dataset


def test_a_corpus_is_named_by_it_and_loses_nothing(files):
    read = read_corpus(files[0], "EID")
    assert read.to_dict("list") == {
        "UT": ["e2", "e1"],
        "EID": ["e2", "e1"],
        "text": ["two", "one"],
        "note": ["b", "a"],
        "UT.1": ["x", "x"],
    }
    assert list(add_uuid(read, files[1], "EID")["uuid"]) == ["u2", "u1"]


def test_a_dataset_is_named_by_it(files):
    assert read_dataset(files[1], ["TI"], "EID").to_dict("list") == {
        "UT": ["e1", "e2"],
        "EID": ["e1", "e2"],
        "TI": ["One", "Two"],
    }
    texts = dataset_texts(files[1], ["TI"], id_column="EID", distinct=True)
    assert texts.to_dict("list") == {"UT": ["e1", "e2"], "uuid": ["u1", "u2"], "text": ["One", "Two"]}


@pytest.mark.parametrize("id_column", ["UT", "EID", "uuid"])
def test_a_corpus_that_is_made_can_be_read_again(tmp_path, id_column):
    dataset = tmp_path / "dataset_raw_cleaned.csv"
    dataset.write_text("UT,EID,TI,uuid\nx1,e1,One,u1\nx2,e2,Two,u2\n")
    made = dataset_texts(dataset, ["TI"], id_column=id_column, distinct=True)
    _named_as_in_dataset(made, id_column).to_csv(tmp_path / "corpus.csv", index=False)
    again = read_corpus(tmp_path / "corpus.csv", id_column)
    pd.testing.assert_frame_equal(again[list(made.columns)], made)


def test_a_file_without_it_is_refused_with_its_name(files):
    with pytest.raises(CorpusError, match="It has no column DOI"):
        read_corpus(files[0], "DOI")
    with pytest.raises(CorpusError, match=r"(?s)It has no column DOI.*tmo\.id_column"):
        read_dataset(files[1], ["TI"], "DOI")


def test_blank_and_repeated_ids_are_refused(files):
    with pytest.raises(CorpusError, match="1 UT occur more than once: x"):
        read_corpus(files[0])


def test_it_is_ut_by_default():
    assert TopicModelSettings(embeds_folder="e01").id_column == "UT"
