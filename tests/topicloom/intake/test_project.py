"""A project from exports: what is written, where every record went, and what is refused before anything is."""

from __future__ import annotations

import csv
import gzip
import io
import json
import zipfile

import pytest

from topicloom.inputs.corpus import dataset_texts, read_corpus
from topicloom.inputs.encoder import texts_to_embed
from topicloom.intake.project import new_project
from topicloom.intake.record import IntakeError
from topicloom.settings.reading import read_settings

RIS = """TY  - JOUR
TI  - A map of science
AU  - Doe, J.
PY  - 2019
DO  - 10.1000/A
ER  -

TY  - JOUR
TI  - nan
AB  - METHODS: We count papers of every field.
PY  - 2020 Mar
ER  -

TY  - JOUR
KW  - nothing
ER  -
"""
CSV = "title,abstract,year,doi,journal\nA map of science,We draw a map.,2019,https://doi.org/10.1000/a,J\nAnother,,n.d.,,J\n"


@pytest.fixture
def exports(tmp_path):
    folder = tmp_path / "exports"
    folder.mkdir()
    (folder / "a.ris").write_text(RIS)
    (folder / "b.csv").write_text(CSV)
    return folder


def rows(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_project_from_two_exports(tmp_path, exports):
    made = new_project(tmp_path / "root" / "P", [exports])
    filtered = made.project / "f01"
    papers = rows(filtered / "dataset_raw_cleaned.csv")
    assert [paper["UT"] for paper in papers] == ["DOI:10.1000/a", papers[1]["UT"], papers[2]["UT"]]
    assert papers[0]["AB"] == "We draw a map."  # what the kept record lacks comes from the one merged into it
    assert [paper["PY"] for paper in papers] == ["2019", "2020", ""]
    assert papers[2]["PY_original"] == "n.d."
    assert not any(value == "nan" for paper in papers for value in paper.values())
    account = json.loads((filtered / "import.json").read_text())
    assert account == made.account.model_dump()
    assert (account["records"], account["refused"], account["duplicates"], account["kept"]) == (4, 1, 1, 3)
    assert account["records"] == account["kept"] + account["duplicates"]
    assert (account["without_title"], account["without_abstract"], account["without_year"]) == (1, 1, 1)
    assert rows(filtered / "refused.csv")[0]["line"] == "14"
    (merge,) = rows(filtered / "duplicates.csv")
    assert (merge["kept_file"], merge["kept_record"], merge["merged_file"], merge["merged_record"]) == (
        "a.ris",
        "1",
        "b.csv",
        "1",
    )
    assert sorted(file.name for file in (filtered / "sources").iterdir()) == ["a.ris", "b.csv"]
    assert (filtered / "sources" / "a.ris").read_text() == RIS


def test_run_takes_the_project_as_it_is(tmp_path, exports):
    made = new_project(tmp_path / "Ein Projekt # 1", [exports])
    settings = read_settings(made.analysis)
    assert not settings.notes
    corpus = read_corpus(settings.embeds_path / "corpus.csv")
    assert list(corpus["text"]) == [
        "A map of science. We draw a map.",
        "We count papers of every field.",
        "Another",
    ]
    assert texts_to_embed(settings) == list(corpus["text"])
    assert list(dataset_texts(settings.dataset_path, ["text"], distinct=True)["UT"]) == list(corpus["UT"])


def test_archives_are_read_and_none_leads_out(tmp_path, exports):
    packed = tmp_path / "all.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("../../outside.ris", RIS)
        archive.writestr("__MACOSX/._x", "junk")
        archive.writestr("deep/b.csv.gz", gzip.compress(CSV.encode()))
    made = new_project(tmp_path / "P", [packed])
    assert [file.name for file in made.account.imports[0].files] == [
        "all.zip/outside.ris",
        "all.zip/deep/b.csv.gz/b.csv",
    ]
    assert not list(tmp_path.parent.glob("outside.ris"))
    assert not (tmp_path / "outside.ris").exists()


def test_bombs_are_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", b"title,abstract\n" + b"a" * (100 << 20))
    inner = io.BytesIO()
    with gzip.GzipFile(fileobj=inner, mode="wb") as file:
        file.write(b"a" * (100 << 20))
    (tmp_path / "bomb.gz").write_bytes(inner.getvalue())
    with pytest.raises(IntakeError) as told:
        new_project(tmp_path / "P", [tmp_path / "bomb.zip", tmp_path / "bomb.gz"])
    assert "would unpack to" in str(told.value)
    assert "becomes more than" in str(told.value)
    assert not (tmp_path / "P").exists()


def test_all_faults_are_told_at_once_and_nothing_is_written(tmp_path, exports):
    (exports / "page.txt").write_text("<!doctype html><html></html>")
    (exports / "cut.ris").write_text("TY  - JOUR\nTI  - x")
    (exports / "empty.csv").write_text("")
    (exports / "cut.csv.gz").write_bytes(gzip.compress(CSV.encode() * 50)[:60])
    with pytest.raises(IntakeError) as told:
        new_project(tmp_path / "P", [exports, tmp_path / "absent.txt"])
    message = str(told.value)
    for name in (
        "page.txt: It is a web page",
        "cut.ris: It ends within",
        "empty.csv: It is empty",
        "cut.csv.gz: It is no whole",
        "absent.txt: There is no",
    ):
        assert name in message
    assert sorted(path.name for path in tmp_path.iterdir()) == ["exports"]


def test_a_project_that_is_there_is_not_touched(tmp_path, exports):
    made = new_project(tmp_path / "P", [exports / "a.ris"])
    before = {path: path.read_bytes() for path in made.project.rglob("*") if path.is_file()}
    with pytest.raises(IntakeError, match="topicloom add"):
        new_project(tmp_path / "P", [exports / "b.csv"])
    assert before == {path: path.read_bytes() for path in made.project.rglob("*") if path.is_file()}


def test_names_and_places(tmp_path, exports):
    with pytest.raises(IntakeError, match="file system"):
        new_project(tmp_path / ("x" * 300), [exports])
    (tmp_path / "taken").write_text("")
    with pytest.raises(IntakeError, match="lies there already"):
        new_project(tmp_path / "taken", [exports])
