"""Noise at every reader: a file is read or refused with a sentence; no other error, and no record out of nothing."""

from __future__ import annotations

import io
import json
import os
import re
import tempfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.topicloom.intake.test_formats import PUBMED_XML, RIS_EXAMPLE, WOS, read, written
from topicloom.intake.formats import reader_of
from topicloom.intake.readers import READERS
from topicloom.intake.record import Export, FaultError, Record
from topicloom.intake.sources import given_files
from topicloom.intake.texts.cleaning import cleaned

BIBTEX = r"@article{a, title={A {B} \'e}, year=2000, author={X and Y}}" + "\n@string{x={y}}\n"
OPENALEX = json.dumps(
    {"results": [{"id": "https://openalex.org/W1", "title": "T", "abstract_inverted_index": {"a": [0]}}]}
)
CSL = json.dumps([{"title": "T", "issued": {"date-parts": [[2000]]}, "author": [{"family": "X"}]}])
SAMPLES = [
    *(WOS, RIS_EXAMPLE, PUBMED_XML, BIBTEX, OPENALEX, CSL),
    "PMID- 1\nTI  - a\n      b\nSO  - x\n",
    "%0 Journal Article\n%T t\n%A x\n",
    '"title","abstract","year"\n"a ""b""","c\nd",2000\n',
    "PT\tAU\tTI\tUT\nJ\ta\tb\tWOS:1\n",
    "<xml><records><record><ref-type>1</ref-type><titles><title>t</title></titles></record></records></xml>",
    '{"title": "t", "abstract": ["x", {"y": 1}]}\n{"title": null}\n',
]
# The same examples in every run; TOPICLOOM_EXAMPLES searches further, by others.
MORE = int(os.environ.get("TOPICLOOM_EXAMPLES", "0"))
FEW = settings(max_examples=MORE or 60, deadline=None, derandomize=not MORE, suppress_health_check=list(HealthCheck))


def workbook():
    """A workbook of two rows, by the names of its parts."""
    import openpyxl

    book, out = openpyxl.Workbook(), io.BytesIO()
    for row in (["title", "abstract", "year"], ["T", "A", 2000.5]):
        book.active.append(row)
    book.save(out)
    with zipfile.ZipFile(out) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(parts):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


def parquet():
    """A Parquet file of two rows."""
    import pandas as pd

    return pd.DataFrame({"title": ["T", None], "year": [2000, 2001]}).to_parquet()


WORKBOOK, PARQUET = workbook(), parquet()
TEXTS = st.sampled_from([sample.encode() for sample in SAMPLES])


@st.composite
def damaged(draw, samples=TEXTS, least=0):
    """A file of some format with pieces cut out, doubled, or put in from elsewhere."""
    content = draw(samples)
    for _ in range(draw(st.integers(least, 4))):
        start = draw(st.integers(0, len(content)))
        end = draw(st.integers(start, min(start + 60, len(content))))
        other = draw(
            st.binary(max_size=12)
            | st.sampled_from([b'"', b"{", b"}", b"<", b"&x;", b"\n", b"\r", b"\t", b"[", b"\x00"])
        )
        content = content[:start] + other + content[end:] if draw(st.booleans()) else content[:end] + content[start:]
    return content


def all_readers(content):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x"
        path.write_bytes(content)
        told = []
        for reader in [None, *READERS]:
            export = Export(path, "x")
            try:
                for piece in (reader or reader_of(export)).read(export):
                    if isinstance(piece, Record):
                        assert piece.fields
                        assert all(isinstance(text, str) and text.strip() for text in piece.fields.values())
            except FaultError as fault:
                told.append(fault.problem)
        assert all(problem.finding and problem.mend for problem in told)


@FEW
@given(st.binary(max_size=300))
@example(b"\xff\xfe")
@example(b"[" * 100_000)
@example(b"{" * 100_000)
@example(b'{"a":' * 50_000)
@example(b"<a>" * 5_000)
def test_bytes(content):
    all_readers(content)


@FEW
@given(damaged())
@example(b"TY  - JOUR\nTI  - x\nAB\nAB  - y\nER  -\n")
@example(b"TY  - JOUR\nTI\nER  -\n")
def test_damaged_files(content):
    all_readers(content)


@FEW
@given(st.sampled_from(sorted(WORKBOOK)), st.data())
def test_damaged_workbooks(part, data):
    content = data.draw(damaged(st.just(WORKBOOK[part]), 1))
    all_readers(zipped(WORKBOOK | {part: content}))
    all_readers(data.draw(damaged(st.just(zipped(WORKBOOK)), 1)))


@FEW
@given(damaged(st.just(PARQUET), 1))
def test_damaged_parquet_files(content):
    all_readers(content)


def test_entities_of_a_workbook_do_not_grow(tmp_path):
    declared = b"<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'>%s]>" % b"".join(
        b"<!ENTITY %c '%s'>" % (letter, b"&%c;" % (letter - 1) * 10) for letter in b"bcdefghij"
    )
    strings = "xl/sharedStrings.xml"
    kind = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    types = b'<Override PartName="/%s" ContentType="%s"/></Types>' % (strings.encode(), kind)
    whole = WORKBOOK | {
        "[Content_Types].xml": WORKBOOK["[Content_Types].xml"].replace(b"</Types>", types),
        strings: b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>T</t></si></sst>',
    }
    assert len(read(written(tmp_path, zipped(whole)))[1]) == 1
    for part in (strings, "xl/worksheets/sheet1.xml", "xl/workbook.xml"):
        bomb = re.sub(rb"(<t>|<v>|name=\")[^<\"]*", rb"\1&j;", whole[part])
        assert b"&j;" in bomb
        with pytest.raises(FaultError, match=r"no workbook that can be opened|sheet of it cannot be read"):
            read(written(tmp_path, zipped(whole | {part: declared + bomb})))


@FEW
@given(st.binary(max_size=200), st.sampled_from([b"PK\x03\x04", b"\x1f\x8b\x08\x00", b"PAR1"]))
def test_archives(content, mark):
    with tempfile.TemporaryDirectory() as folder:
        path, inside = Path(folder) / "x", Path(folder) / "inside"
        path.write_bytes(mark + content)
        inside.mkdir()
        given_files([path], inside, {})


@FEW
@given(st.text(max_size=300), st.text(max_size=300))
@example("$" * 300, r"\begin{document}" * 9)
@example("<" * 300, "&" * 300)
@example("[[[[", "(c) 2019 " + "A. " * 90)
def test_texts(title, abstract):
    from collections import Counter

    fields = cleaned({"TI": title, "AB": abstract}, Counter())
    assert all("\n" not in text and "\x00" not in text for text in fields.values())
