"""CSV tables: one row a record for every reader, whatever the texts hold; the bytes of pandas where they hold nothing odd."""

from __future__ import annotations

import csv

import pandas as pd

from topicloom.store.csv_tables import write_csv

ODD = [
    "a bare\rreturn",
    "two\r\nends",
    "a line\nfeed",
    'a "quote"',
    "a, comma",
    "\r",
    "",
    "plain",
    "é 研究 \u2028 \x85",
]


def test_every_reader_finds_one_row_a_record(tmp_path):
    table = pd.DataFrame({"UT": [f"S{n}" for n in range(len(ODD))], "Document": ODD, "Count": range(len(ODD))})
    write_csv(table, tmp_path / "t.csv")
    read = pd.read_csv(tmp_path / "t.csv", keep_default_na=False)
    pd.testing.assert_frame_equal(read, table)
    with (tmp_path / "t.csv").open(newline="", encoding="utf-8") as file:
        assert [row["Document"] for row in csv.DictReader(file)] == ODD


def test_other_tables_have_the_bytes_that_pandas_writes(tmp_path):
    texts = [text for text in ODD if "\r" not in text]
    numbers = [0.1 + 0.2, float("nan"), 1e-20, 1e300, -0.0, 3, 1 / 3, 2.5]
    table = pd.DataFrame(
        {"text": texts, "number": numbers[: len(texts)], "list": [["a", "b"]] * len(texts), "yes": [True] * len(texts)}
    )
    write_csv(table, tmp_path / "ours.csv")
    table.to_csv(tmp_path / "theirs.csv", index=False)
    assert (tmp_path / "ours.csv").read_bytes() == (tmp_path / "theirs.csv").read_bytes()


def test_an_empty_table_has_its_names(tmp_path):
    write_csv(pd.DataFrame({"a": [], "b": []}), tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_bytes() == b"a,b\n"
