"""Later exports: new papers are appended, known ones updated, UTs stay, and only new texts are embedded."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest

from topicloom.inputs.encoder import make_embeddings
from topicloom.intake.later import add_exports
from topicloom.intake.project import new_project
from topicloom.intake.record import IntakeError
from topicloom.settings.reading import read_settings
from topicloom.store.store import Store

FIRST = "title,abstract,year,doi\nA map,,2019,10.1000/a\nB map,We map B.,2020,10.1000/b\nB map,We map B.,2020,https://doi.org/10.1000/B\nC map,We map C.,2020,\n"
SECOND = "title,abstract,year,doi\nA map,We map A.,2019,10.1000/A\nD map,We map D.,2021,10.1000/d\n"


@pytest.fixture
def project(tmp_path):
    (tmp_path / "first.csv").write_text(FIRST)
    return new_project(tmp_path / "P", [tmp_path / "first.csv"])


def papers(made):
    with (made.project / "f01" / "dataset_raw_cleaned.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def everything(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_new_papers_are_appended_and_known_ones_updated(tmp_path, project):
    before = [paper["UT"] for paper in papers(project)]
    (tmp_path / "second.csv").write_text(SECOND)
    made = add_exports(project.project, [tmp_path / "second.csv"])
    after = papers(made)
    assert [paper["UT"] for paper in after] == [*before, "DOI:10.1000/d"]
    assert (after[0]["AB"], after[0]["text"]) == ("We map A.", "A map. We map A.")
    last = made.account.imports[-1]
    assert (last.added, last.updated, last.duplicates) == (1, 1, 1)
    account = made.account
    assert (account.records, account.duplicates, account.kept) == (6, 2, 4)
    assert json.loads((made.project / "f01/import.json").read_text()) == account.model_dump()
    assert sorted(file.name for file in (made.project / "f01/sources").iterdir()) == ["first.csv", "second.csv"]


def test_the_same_file_changes_nothing(tmp_path, project):
    before = everything(project.project)
    made = add_exports(project.project, [tmp_path / "first.csv"])
    assert made.again == ["first.csv"]
    assert not made.changed
    assert everything(project.project) == before


def test_a_file_of_the_same_name_is_another_source(tmp_path, project):
    (tmp_path / "later").mkdir()
    (tmp_path / "later" / "first.csv").write_text(SECOND)
    made = add_exports(project.project, [tmp_path / "later"])
    assert papers(made)[-1]["source_file"] == "first_2.csv"
    assert (made.project / "f01/sources/first.csv").read_text() == FIRST


def test_a_merge_that_a_person_undoes_is_undone_for_good(tmp_path, project):
    listing = project.project / "f01" / "duplicates.csv"
    with listing.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 1
    rows[0]["merge"] = "no"
    with listing.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    before = [paper["UT"] for paper in papers(project)]
    made = add_exports(project.project, [])
    assert [paper["UT"] for paper in papers(made)][:3] == before
    assert len(papers(made)) == 4
    assert len({paper["UT"] for paper in papers(made)}) == 4
    (tmp_path / "second.csv").write_text(SECOND)
    assert len(papers(add_exports(project.project, [tmp_path / "second.csv"]))) == 5
    with listing.open(newline="", encoding="utf-8") as file:
        assert "no" in [row["merge"] for row in csv.DictReader(file)]


def decide(project, merge):
    """Write a word under merge in the first row of duplicates.csv."""
    listing = project / "f01" / "duplicates.csv"
    with listing.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    rows[0]["merge"] = merge
    with listing.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return rows[0]


def test_two_records_of_one_ut_stay_apart_where_a_person_says_so(tmp_path):
    tagged = "FN Clarivate Analytics Web of Science\nVR 1.0\n" + "".join(
        f"PT J\nTI A map of {what}\nAB We map {what} here.\nPY 2020\nUT WOS:1\nER\n\n" for what in ("bees", "bees too")
    )
    (tmp_path / "savedrecs.txt").write_text(tagged + "EF\n")
    made = new_project(tmp_path / "P", [tmp_path / "savedrecs.txt"])
    assert [paper["UT"] for paper in papers(made)] == ["WOS:1"]
    row = decide(made.project, "no")
    assert (row["kept_UT"], row["merged_UT"]) == ("WOS:1", "WOS:1")
    for _ in range(2):  # for good
        made = add_exports(made.project, [])
        assert [(paper["UT"], paper["TI"]) for paper in papers(made)] == [
            ("WOS:1", "A map of bees"),
            ("WOS:1_2", "A map of bees too"),
        ]
        assert made.account.imports[-1].undone == (1 if made.changed else 0)


def test_the_counts_of_imports_add_up_whatever_a_person_decides(tmp_path, project):
    def add_up(account):
        imports = account.imports
        assert all(one.records == one.added + one.duplicates for one in imports)
        assert account.kept == sum(one.added + one.undone - one.joined for one in imports)
        return [(one.records, one.added, one.undone, one.joined) for one in imports]

    assert add_up(project.account) == [(4, 3, 0, 0)]
    decide(project.project, "no")
    assert add_up(add_exports(project.project, []).account) == [(4, 3, 0, 0), (0, 0, 1, 0)]
    decide(project.project, "yes")
    made = add_exports(project.project, [])
    assert add_up(made.account)[2:] == [(0, 0, 0, 1)]
    assert len(papers(made)) == 3
    (tmp_path / "second.csv").write_text(SECOND)
    assert add_up(add_exports(project.project, [tmp_path / "second.csv"]).account)[3:] == [(2, 1, 0, 0)]


def test_lists_hold_no_formula_and_decisions_in_them_are_read_as_they_were_meant(tmp_path):
    """Titles and names of files are others' texts, and people open these lists in a spreadsheet."""
    export = FIRST.replace("B map", "=HYPERLINK(1)").replace("A map", "+A map")
    (tmp_path / "=first.csv").write_text(export)
    filtered = new_project(tmp_path / "P", [tmp_path / "=first.csv"]).project / "f01"
    text = (filtered / "duplicates.csv").read_text()
    assert text.splitlines()[1].startswith("'=first.csv,")
    assert "'=HYPERLINK(1)" in text
    (filtered / "duplicates.csv").write_text(text.replace(",yes", ",no"))
    made = add_exports(tmp_path / "P", [])
    assert [paper["TI"] for paper in papers(made)].count("=HYPERLINK(1)") == 2
    (tmp_path / "@later.csv").write_text(export.replace("10.1000/b", "10.1000/e"))
    add_exports(tmp_path / "P", [tmp_path / "@later.csv"])
    for name in ("duplicates.csv", "merged_fields.csv", "refused.csv"):
        with (filtered / name).open(newline="", encoding="utf-8") as file:
            cells = [cell for row in csv.reader(file) for cell in row]
        assert not [cell for cell in cells if cell.startswith(("=", "+", "@", "''"))]
    assert "no" in (filtered / "duplicates.csv").read_text()


def test_faults_leave_the_project_as_it_was(tmp_path, project):
    before = everything(project.project)
    (tmp_path / "bad.ris").write_text("TY  - JOUR\nTI  - x")
    with pytest.raises(IntakeError, match=r"bad\.ris"):
        add_exports(project.project, [tmp_path / "bad.ris"])
    with pytest.raises(IntakeError, match="topicloom new"):
        add_exports(tmp_path / "nothing", [])
    assert everything(project.project) == before


def test_two_papers_of_the_project_stay_two_when_a_later_record_could_be_either(tmp_path, project):
    before = [paper["UT"] for paper in papers(project)]
    dataset = project.project / "f01" / "dataset_raw_cleaned.csv"
    dataset.write_text(dataset.read_text().replace("10.1000/b", "10.1000/a"))  # as if a person had mended a DOI
    (tmp_path / "second.csv").write_text(SECOND)
    made = add_exports(project.project, [tmp_path / "second.csv"])
    assert len(papers(made)) == len(before) + 1


class Model:
    """A model that counts what it is asked for."""

    def __init__(self):
        self.texts = []

    def encode(self, texts, **_):
        self.texts += texts
        return np.array([[len(text), text.count("map"), 1.0] for text in texts], dtype=np.float32)


def test_only_new_texts_are_embedded(tmp_path, project, monkeypatch):
    model = Model()
    monkeypatch.setattr("topicloom.inputs.encoder.load_model", lambda _: model)
    settings = read_settings(project.analysis)
    make_embeddings(settings, Store(settings.store_path))
    assert len(model.texts) == 3
    assert model.texts[0] == max(model.texts, key=len)
    vectors = np.load(settings.embeds_path / "embeddings.npy")
    assert [vector[0] for vector in vectors] == [len(paper["text"]) for paper in papers(project)]
    (tmp_path / "second.csv").write_text(SECOND)
    made = add_exports(project.project, [tmp_path / "second.csv"])
    model.texts.clear()
    make_embeddings(settings, Store(settings.store_path))
    assert sorted(model.texts) == ["A map. We map A.", "D map. We map D."]
    vectors = np.load(settings.embeds_path / "embeddings.npy")
    assert [vector[0] for vector in vectors] == [len(paper["text"]) for paper in papers(made)]
    assert not (settings.embeds_path / "embeddings_before.npz").exists()


def test_embeddings_of_somebody_else_are_not_mixed_with_ours(tmp_path, project):
    folder = project.project / "f01" / "e01"
    (folder / "embeddings.pck").write_bytes(b"x")
    (tmp_path / "second.csv").write_text(SECOND)
    before = everything(project.project)
    with pytest.raises(IntakeError, match="not made by topicloom"):
        add_exports(project.project, [tmp_path / "second.csv"])
    assert everything(project.project) == before
