"""CSV tables: one row a record for every reader, whatever the texts hold; the bytes of pandas where they hold nothing odd."""

from __future__ import annotations

import csv
import re
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from topicloom.store import csv_tables
from topicloom.store.csv_tables import escaped, read_back, unescaped, write_csv

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")

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


ANY_TEXT = st.text(st.characters(exclude_characters="\r", exclude_categories=["Cs"]), max_size=6)
ANY_VALUE = st.one_of(ANY_TEXT, st.none(), st.lists(ANY_TEXT, max_size=2), st.integers(), st.booleans(), st.floats())


@given(
    st.lists(st.tuples(ANY_VALUE, ANY_TEXT, st.floats(width=64), st.floats(width=32), st.integers(0, 9)), max_size=5),
    ANY_TEXT,
)
@settings(deadline=None)
def test_the_bytes_are_those_of_pandas(rows, name):
    table = pd.DataFrame(rows, columns=["any", name, "double", "single", "number"])
    table["single"] = table["single"].astype("float32")
    table["whole"] = pd.array([row[4] if row[4] < 8 else None for row in rows], dtype="Int64")
    table["year"] = pd.to_datetime([f"20{row[4]:02}-01-01" for row in rows])
    table["kind"] = pd.Series([row[1] for row in rows], dtype=object).astype("category")
    table["yes"] = [row[4] > 4 for row in rows]
    with tempfile.TemporaryDirectory() as folder:
        write_csv(table, Path(folder) / "t.csv")
        assert (Path(folder) / "t.csv").read_bytes() == table.to_csv(index=False, lineterminator="\n").encode()


def test_tables_are_written_piece_by_piece(tmp_path, monkeypatch):
    monkeypatch.setattr(csv_tables, "_ROWS", 7)
    table = pd.DataFrame({"text": [f"{n}, {n}" for n in range(25)], "n": np.arange(25) / 3, "list": [["a", "b"]] * 25})
    write_csv(table, tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_bytes() == table.to_csv(index=False).encode()


def test_an_empty_table_has_its_names(tmp_path):
    write_csv(pd.DataFrame({"a": [], "b": []}), tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_bytes() == b"a,b\n"


FORMULAS = [
    "=1+2",
    "+1+2",
    "-1+2",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    '=HYPERLINK("http://e.org"), x',
    "＝1",
    "'=1",
    "''@x",
    "-1,5",
]
PLAIN = ["-5", "+1.5e-3", ".5", "-.5", "1=1", " =1", "'quoted' text", "", "plain", "['=1']"]


def test_formulas_are_escaped_and_found_again(tmp_path):
    table = pd.DataFrame({"UT": [*FORMULAS, *PLAIN], "=evil()": "x", "-7": -1.5, "n": -3, "yes": True})
    write_csv(table, tmp_path / "t.csv", escape_formulas=True)
    read = pd.read_csv(tmp_path / "t.csv", keep_default_na=False)
    assert list(read["UT"]) == [*(f"'{text}" for text in FORMULAS), *PLAIN]
    assert list(read.columns) == ["UT", "'=evil()", "-7", "n", "yes"]
    assert read["-7"].tolist() == table["-7"].tolist()
    assert read["n"].tolist() == table["n"].tolist()
    assert list(table.columns)[1] == "=evil()"  # what was given is as it was
    assert list(table["UT"]) == [*FORMULAS, *PLAIN]
    escaping = {"settings": {"tmo": {"export": {"escape_formulas": True}}}}
    assert list(read_back(read, escaping)["UT"]) == [*FORMULAS, *PLAIN]
    assert list(read_back(read, {})["UT"]) == list(read["UT"])
    with (tmp_path / "t.csv").open(newline="", encoding="utf-8") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert not any(cell[:1] in "=+@\t\r\n＝" for cell in cells if cell and not NUMBER.fullmatch(cell))
    assert not any(cell.startswith("-") for cell in cells if not NUMBER.fullmatch(cell))


@given(st.lists(st.text(alphabet="'=+-@\t\r\n\0 1.e,\"x＝", max_size=5), min_size=1, max_size=30))
def test_no_two_texts_become_one(texts):
    told = [escaped(text) for text in texts]
    assert [unescaped(text) for text in told] == texts
    assert not any(text[:1] in ("=", "@", "\t", "\r", "\n", "\0", "＝") for text in told)


def test_texts_are_as_they_are_unless_escaping_is_asked_for(tmp_path):
    write_csv(pd.DataFrame({"UT": FORMULAS}), tmp_path / "t.csv")
    assert list(pd.read_csv(tmp_path / "t.csv")["UT"]) == FORMULAS
