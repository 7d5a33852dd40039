"""Rows that do not fit their header, columns of one name, quotes that are not closed: refused with the line."""

from __future__ import annotations

import os

import pandas as pd
import pytest

from topicloom.errors import CorpusError
from topicloom.inputs.corpus import corpus_columns, dataset_texts, read_corpus, read_dataset
from topicloom.inputs.csv_rows import read_header, read_rows

GOOD = 'UT,text,note\nS1,"Apples, pears",a\nS2,"two\nlines",\nS3,"say ""no""",c\n'

REFUSED = {
    "a row too short": ("UT,text,note\nS1,Apples\n", "line 2 has 2 fields and the first line has 3 names"),
    "a row too wide": ("UT,text\nS1,Apples\nS2,Apples, pears\n", "line 3 has 3 fields and the first line has 2 names"),
    "a row too wide after a text of two lines": ('UT,text\nS1,"a\nb"\nS2,a,b\n', "line 4 has 3 fields"),
    "every row too wide": ("UT,text\nS1,Apples,note\nS2,Apples,note\n", "line 2 has 3 fields"),
    "two columns text": ("UT,text,text\nS1,a,b\n", "It has more than one column text"),
    "two columns UT": ("UT,text,UT\nS1,a,S2\n", "It has more than one column UT"),
    "two columns uuid": ("UT,text,uuid,uuid\nS1,a,1,2\n", "It has more than one column uuid"),
    "a quote that ends nowhere": (
        'UT,text\nS1,a\nS2,"b\nS3,c\n',
        "the row in line 3 has a quote that is closed nowhere",
    ),
    "a quote that ends nowhere, in the last line": (
        'UT,text\nS1,"a',
        "the row in line 2 has a quote that is closed nowhere",
    ),
    "a quote that ends in a later row": (
        'UT,text\nS1,"a\nS2,"b"\nS3,c\n',
        "the row in line 2 has a quote that is closed within a text",
    ),
    "UT that repeat but for spaces": ("UT,text\nS1,a\nS1 ,b\n", "1 UT occur more than once: S1 (lines 2 and 3)"),
    "UT that is blank": ('UT,text\nS1,"a\nb"\n ,b\n', "1 paper has no UT (first in line 4)"),
    "a column's name of 200 kB": (f"UT,text,{'x' * 200_000}\nS1,a,b\n", "The name of a column has 200,000 letters"),
    "bytes of a program": ("UT\x01\x02,text\x7f\x1b\n\x00\x01", "its first line holds control characters"),
    "nothing": ("", "It is empty"),
    "blank lines": ("\n \n\r\n", "It is empty"),
    "no papers": ("UT,text\n,\n", "It holds no papers"),
    "other columns": ("id;title\n1;a\n", "It has no column UT, text; its columns are id;title"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_corpus_that_cannot_be_read_as_its_header_says(tmp_path, case):
    text, message = REFUSED[case]
    path = tmp_path / "corpus.csv"
    path.write_text(text, newline="")
    with pytest.raises(CorpusError) as caught:
        read_corpus(path)
    assert message in str(caught.value)
    assert len(str(caught.value)) < 1000


READ = {
    "as it should be": (GOOD, None),
    "line ends of Windows": (GOOD.replace("\n", "\r\n"), None),
    "no line end at the end": (GOOD.rstrip("\n"), None),
    "blank lines": (GOOD.replace("\nS1", "\n\n \n,,\nS1"), None),
    "a mark of UTF-8": ("\ufeff" + GOOD, None),
    "a comma after each row": ('UT,text,note\nS1,"Apples, pears",a,\nS2,"two\nlines",,\nS3,"say ""no""",c,\n', None),
    "names of rows of R": (
        'UT,text,note\n"1",S1,"Apples, pears",a\n"4",S2,"two\nlines",\n"17",S3,"say ""no""",c\n',
        None,
    ),
    "a quote within a text": ('UT,text\nS1,a 5" disk\nS2,"a" or b\n', [["S1", 'a 5" disk'], ["S2", "a or b"]]),
    "a long text": (f"UT,text\nS1,{'word ' * 40_000}\n", [["S1", "word " * 40_000]]),
}


@pytest.mark.parametrize("case", READ)
def test_corpora_that_are_read_as_their_header_says(tmp_path, case):
    text, rows = READ[case]
    path = tmp_path / "corpus.csv"
    path.write_text(text, newline="", encoding="utf-8")
    eol = "\r\n" if "\r" in text else "\n"
    wanted = rows or [["S1", "Apples, pears", "a"], ["S2", f"two{eol}lines", ""], ["S3", 'say "no"', "c"]]
    read = read_corpus(path)
    assert [list(row) for row in read.itertuples(index=False)] == wanted
    assert list(read.columns) == ["UT", "text", "note"][: len(wanted[0])]


def test_a_corpus_is_read_as_pandas_reads_a_sound_one(tmp_path):
    """Columns without a name and with the name of another have the names that outputs always had."""
    path = tmp_path / "corpus.csv"
    path.write_text('"",UT,text,note,note,\n1,S1,"a ""b"", c",x,y,z\n2,S2,NA,,"",\n')
    theirs = pd.read_csv(path, dtype=str, keep_default_na=False, na_filter=False)
    pd.testing.assert_frame_equal(read_corpus(path), theirs)
    assert corpus_columns(path) == list(theirs.columns)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("UT,TI,AB\nS1,a,b\nS2,c\n", "line 3 has 2 fields and the first line has 3 names"),
        ("UT,TI,AB\nS1,a,b\nS2,c,d,e\n", "line 3 has 4 fields and the first line has 3 names"),
        ('UT,TI,AB\nS1,"a,b\nS2,c,d\n', "closed nowhere"),
        ("UT,TI,AB,TI\nS1,a,b,c\n", "It has more than one column TI"),
    ],
)
def test_a_dataset_that_does_not_fit_its_header(tmp_path, text, message):
    path = tmp_path / "dataset_raw_cleaned.csv"
    path.write_text(text)
    with pytest.raises(CorpusError, match=message):
        read_dataset(path, ["UT", "TI", "AB"])


def test_what_is_wrong_in_columns_that_nobody_reads_is_left_alone(tmp_path):
    path = tmp_path / "dataset_raw_cleaned.csv"
    path.write_text("UT,TI,X,X,Y\nS1,a,1,2,3\nS2,b,1\nS3,c,1,2,3,,\n")
    assert list(read_dataset(path, ["UT", "TI"])["TI"]) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("UT,TI\nS1,a\nS2,b\n S1,c\n", r"1 UT occur more than once: S1 \(lines 2 and 4\)"),
        ("UT,TI\nS1,a\nNA,b\n", r"1 paper has no UT \(first in line 3\)"),
    ],
)
def test_a_corpus_is_not_made_of_papers_that_have_no_ut_of_their_own(tmp_path, text, message):
    path = tmp_path / "dataset_raw_cleaned.csv"
    path.write_text(text)
    assert len(dataset_texts(path, ["TI"])) > 1
    with pytest.raises(CorpusError, match=message):
        dataset_texts(path, ["TI"], distinct=True)


def test_what_is_no_file_is_not_read(tmp_path):
    path = tmp_path / "corpus.csv"
    os.mkfifo(path)
    for read in (read_corpus, corpus_columns, lambda path: read_dataset(path, ["UT"])):
        with pytest.raises(CorpusError, match="It is a pipe; it must be a file"):
            read(path)


def test_lines_and_delimiter(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text('a;b\n1;"x\ny"\n\n2;z\n')
    rows = read_rows(path, CorpusError, ["b"], delimiter=";")
    assert (rows.columns, rows.lines) == ({"b": ["x\ny", "z"]}, [2, 5])
    assert read_header(path, CorpusError, delimiter=";") == ["a", "b"]
