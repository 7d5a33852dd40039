"""Files as people have them: renamed, written by hand, saved by mistake, in their own language, packed by a Mac."""

from __future__ import annotations

import csv
import io
import json
import zipfile

import pytest

from tests.topicloom.intake.test_formats import WOS, one, read, written
from topicloom.intake.project import new_project
from topicloom.intake.record import FaultError, IntakeError
from topicloom.intake.sources import given_files
from topicloom.intake.texts.people import told_apart

CSV = "title,abstract,year\n" + "".join(f"Paper {n},Abstract of paper {n},20{n:02}\n" for n in range(1, 4))


@pytest.mark.parametrize(
    "header",
    [
        "Titel;Zusammenfassung;Erscheinungsjahr;Autoren;Zeitschrift;Schlagwörter",
        "Titre;Résumé;Année;Auteurs;Revue;Mots-clés",
        "Título;Resumen;Año;Autores;Revista;Palabras clave",
        "Título;Resumo;Ano;Autores;Revista;Palavras-chave",
        "Titolo;Riassunto;Anno;Autori;Rivista;Parole chiave",
        "Название;Аннотация;Год;Авторы;Журнал;Ключевые слова",
        "标题;摘要;年份;作者;期刊;关键词",
        "タイトル;要旨;発行年;著者;雑誌;キーワード",
        "제목;초록;연도;저자;학술지;키워드",
    ],
)
def test_columns_named_in_other_languages(tmp_path, header):
    fields = one(tmp_path, f"{header}\nT;A;2020;X Y;J;k\n")

    assert [fields[tag] for tag in ("TI", "AB", "PY", "AU", "SO", "DE")] == ["T", "A", "2020", "X Y", "J", "k"]


def test_a_header_below_remarks(tmp_path):
    for remarks in ("Hits of 2024\n\n", '"Search: TITLE(""x""), 2024",,\n', "one\ntwo\nthree\nfour\n"):
        _, records, refused = read(written(tmp_path, remarks + CSV))
        assert ([record.fields["TI"] for record in records], refused) == (["Paper 1", "Paper 2", "Paper 3"], [])


def test_a_list_of_titles_is_a_table(tmp_path):
    _, records, _ = read(written(tmp_path, 'title\nOne, two\n"Three ""four"""\n'))

    assert [record.fields["TI"] for record in records] == ["One, two", 'Three "four"']
    with pytest.raises(FaultError, match="none of the forms"):
        read(written(tmp_path, "Abstract\n\nWe show something.\n"))


def test_a_quote_too_many_costs_its_own_row_alone(tmp_path):
    rows = '"One" of many,A,2001\nBad,"never closed,2002\nNext,"a, b",2003\n"Two\nlines",c,2004\nLast,d,2005\n'
    _, records, refused = read(written(tmp_path, f"title,abstract,year\n{rows}"))

    assert [(record.line, record.fields["TI"]) for record in records] == [
        (2, "One of many"), (4, "Next"), (5, "Two\nlines"), (7, "Last"),
    ]  # fmt: skip
    assert [(piece.line, "(line 3)" in piece.reason) for piece in refused] == [(3, True)]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_short_last_row_that_ends_its_line_is_refused_alone(tmp_path, end):
    _, records, refused = read(written(tmp_path, end.join(["title,abstract,year", "A,b,2001", "B,c", ""])))

    assert (len(records), refused[0].reason) == (1, "It has 2 fields, and the header 3.")


def test_what_is_no_work_in_a_page_is_refused_and_not_passed_over(tmp_path):
    pages = [{"results": [{"title": "A"}, 7]}, {"results": ["x", {"title": "B"}]}]
    for content in (json.dumps(pages), "\n".join(map(json.dumps, pages))):
        _, records, refused = read(written(tmp_path, content))
        assert ([record.fields["TI"] for record in records], len(refused)) == (["A", "B"], 2)


def test_columns_named_for_one_file_leave_the_exports_of_databases_alone(tmp_path):
    scopus = "Authors,Title,Year,Source title,EID\nX Y,T,2020,J,2-s2.0-1\n"
    export, (record,), _ = read(written(tmp_path, scopus), {"title": "Werk"})
    assert (record.fields["TI"], export.notes) == ("T", ["--columns is not for it: it has no column Werk"])
    _, (record,), _ = read(written(tmp_path, scopus), {"title": "Source title"})
    assert record.fields["TI"] == "J"


def test_old_line_ends_of_a_mac(tmp_path):
    content = WOS.replace("\r\n", "\r")
    assert one(tmp_path, content)["TI"] == one(tmp_path, WOS)["TI"]
    assert one(tmp_path, "TY  - JOUR\rTI  - T\rER  - \r")["TI"] == "T"


def test_every_sheet_with_the_same_columns_is_read_and_others_are_told(tmp_path):
    import openpyxl

    book = openpyxl.Workbook()
    for note in ("Read me", "a note", "another"):
        book.active.append([note])
    for name, title in (("2023", "A"), ("2024", "B")):
        sheet = book.create_sheet(name)
        sheet.append(["Review of 2024"])
        sheet.append(["Title", "Abstract", "Year"])
        sheet.append([title, "text", 2020])
    book.save(tmp_path / "x.xlsx")

    export, records, _ = read(tmp_path / "x.xlsx")

    assert [record.fields["TI"] for record in records] == ["A", "B"]
    assert "the sheet Sheet is not read: its columns are others" in export.notes


def test_a_workbook_is_known_by_its_content_in_an_archive_and_under_any_name(tmp_path):
    """Web of Science calls its Excel form savedrecs.xls, whatever it is."""
    import openpyxl

    book = openpyxl.Workbook()
    for row in (["Title", "Abstract", "Year"], ["A", "text", 2020]):
        book.active.append(row)
    for name in ("savedrecs.xls", "savedrecs", "table.csv"):
        book.save(tmp_path / name)
        assert [record.fields["PY"] for record in read(tmp_path / name)[1]] == ["2020"]
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.write(tmp_path / "savedrecs", "in/table.xlsx")
    assert new_project(tmp_path / "P", [tmp_path / "all.zip"]).account.records == 1


def test_ris_whose_records_never_end(tmp_path):
    _, records, _ = read(written(tmp_path, "TY  - JOUR\nTI  - A\n\nTY  - JOUR\nTI  - B\nAB  - text\n"))

    assert [record.fields["TI"] for record in records] == ["A", "B"]


def test_web_of_science_without_its_last_line_is_noted(tmp_path):
    export, records, _ = read(written(tmp_path, WOS.removesuffix("EF")))
    whole, _, _ = read(written(tmp_path, WOS))

    assert len(records) == 1
    assert any("EF" in note for note in export.notes)
    assert not whole.notes


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ('{"error": "Invalid API key", "message": "A key is needed"}', "an error: 'Invalid API key A key is needed'"),
        ("<?xml version='1.0'?><eFetchResult><ERROR>ID list is empty!</ERROR></eFetchResult>", "ID list is empty"),
        ('<?xml version="1.0"?>\n<!DOCTYPE html PUBLIC "x" "y">\n<html><body>504</body></html>', "a web page"),
        ('\n\n<div class="error">Session expired. Please log in.</div>', "asks to sign in"),
        ("[]", "holds no record"),
        ('{"meta": {"count": 0}, "results": []}', "holds no record"),
        (b"PK\x05\x06" + bytes(18), "an empty ZIP archive"),
        (b"x.csv" + bytes(252) + b"ustar\x0000" + bytes(248) + CSV.encode() + bytes(400), "a tar archive"),
        (b"BZh91AY&SY" + bytes(40), "a bzip2 archive"),
        (b"\xd0\xcf\x11\xe0" + bytes(2000) + "EncryptedPackage".encode("utf-16-le"), "locked by a password"),
    ],
)
def test_what_came_in_place_of_an_export_is_told(tmp_path, content, told):
    with pytest.raises(FaultError, match=told):
        read(written(tmp_path, content))


def test_other_office_files_are_told(tmp_path):
    for name, entries in (("a.ods", ("mimetype", "content.xml")), ("b.docx", ("[Content_Types].xml", "word/x.xml"))):
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            for entry in entries:
                archive.writestr(entry, "x")
    (tmp_path / "unpacked").mkdir()
    given = given_files([tmp_path / "a.ods", tmp_path / "b.docx"], tmp_path / "unpacked", {})

    assert "OpenDocument" in given.faults[0][1].finding
    with pytest.raises(FaultError, match="office document"):
        read(given.exports[0].path)


def test_what_systems_put_beside_files_is_passed_over(tmp_path):
    folder = tmp_path / "exports"
    folder.mkdir()
    for name in ("Thumbs.db", "desktop.ini", "~$book.xlsx", ".DS_Store"):
        (folder / name).write_text("x")
    with zipfile.ZipFile(folder / "mac.zip", "w") as archive:
        for name, content in (
            ("a/x.csv", CSV),
            ("__MACOSX/a/._x.csv", "\0\5"),
            ("a/.DS_Store", "\0"),
            ("a/Icon\r", ""),
        ):
            archive.writestr(name, content)
    (tmp_path / "unpacked").mkdir()

    given = given_files([folder], tmp_path / "unpacked", {})

    assert ([export.name for export in given.exports], given.faults) == (["mac.zip/a/x.csv"], [])


def test_a_file_downloaded_twice_is_read_once(tmp_path):
    for name in ("x.csv", "x (1).csv"):
        (tmp_path / name).write_text(CSV)

    made = new_project(tmp_path / "P", [tmp_path / "x.csv", tmp_path / "x (1).csv"])

    assert (made.account.records, made.account.duplicates) == (3, 0)
    assert "x (1).csv is the same, byte for byte, and is not read again" in made.account.imports[0].files[0].notes


def test_too_few_papers_for_a_map_are_told_before_anything_is_written(tmp_path):
    (tmp_path / "x.csv").write_text(CSV)

    with pytest.raises(IntakeError, match="at least 16 papers with a title or an abstract, and the exports have 3"):
        new_project(tmp_path / "P", [tmp_path / "x.csv"], for_map=True)

    assert not (tmp_path / "P").exists()


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Smith, John", "Smith, John"),
        ("Smith, John; Doe, Jane", "Smith, John; Doe, Jane"),
        ("John Smith and Jane Doe", "John Smith; Jane Doe"),
        ("Smith, J., Doe, J., & Roe, R.", "Smith, J.; Doe, J.; Roe, R."),
        ("Smith J, de la Cruz AB", "Smith J; de la Cruz AB"),
        ("John Smith, Jane Doe, Max Müller", "John Smith; Jane Doe; Max Müller"),
        ("J Smith, MA Doe", "J Smith; MA Doe"),
        ("J. Smith, M. A. Doe", "J. Smith; M. A. Doe"),
        ("Smith, J. A.", "Smith, J. A."),
        ("García López, María Elena", "García López, María Elena"),
        ("A. Smith|B. Doe", "A. Smith; B. Doe"),
        ('["John Smith", "Jane Doe"]', "John Smith; Jane Doe"),
        ("['John Smith', 'Jane Doe']", "John Smith; Jane Doe"),
        ("[" * 5000, "[" * 5000),
        ("OECD", "OECD"),
    ],
)
def test_names_in_all_their_forms(text, names):
    assert told_apart(text) == names


def test_authors_as_objects(tmp_path):
    work = {"title": "T", "abstract": "A", "year": 2020, "authors": [{"authorId": "1", "name": "X Y"}, {"name": "Z"}]}
    work |= {"externalIds": {"DOI": "10.1000/x", "PubMed": "123"}}
    fields = one(tmp_path, json.dumps(work))

    assert [fields[tag] for tag in ("AU", "DI", "PM")] == ["X Y; Z", "10.1000/x", "123"]


def table(header: str, **values: str) -> str:
    """A table of one row. header: as the database writes it. values: by the plain name of a column."""
    names = next(csv.reader([header]))
    out = io.StringIO()
    csv.writer(out).writerows([names, [values.get("".join(filter(str.isalnum, name)).lower(), "") for name in names]])
    return out.getvalue()


DIMENSIONS = (
    "Rank,Publication ID,DOI,PMID,PMCID,Title,Abstract,Acknowledgements,Source title,Anthology title,MeSH terms,"
    "Publication Date,PubYear,Volume,Issue,Pagination,Open Access,Publication Type,Authors,Authors (Raw Affiliation),"
    "Corresponding Author,Authors Affiliations,Research Organizations - standardized,GRID IDs,"
    "Country of Research organization,Funder,Times cited,Recent citations,RCR,FCR,Altmetric,Source Linkout,"
    "Dimensions URL,FOR (ANZSRC) Categories,Sustainable Development Goals"
)
MAPPING = (
    "Publication ID,DOI,Title,Abstract,Source title/Anthology title,PubYear,Volume,Issue,Pagination,Authors,"
    "Authors Affiliations,Dimensions URL,Times cited,Cited references"
)


def test_dimensions_full_record(tmp_path):
    row = table(
        DIMENSIONS, publicationid="pub.1", doi="10.1000/x", pmid="12", title="T", abstract="A", anthologytitle="Procs",
        pubyear="2020", volume="3", issue="4", pagination="5-9", publicationtype="Proceeding",
        authors="Doe, Jane; Roe, R", authorsaffiliations="Doe, Jane (Univ Bonn, Bonn, Germany)",
        researchorganizationsstandardized="University of Bonn", countryofresearchorganization="Germany; France",
        timescited="7", foranzsrccategories="46 Information", meshterms="Humans",
    )  # fmt: skip
    about = '"About the data: Exported on Feb 4, 2022. Criteria: ""x"" in title and abstract."\r\n'

    for content in (row, about + row):
        fields = one(tmp_path, content)
        assert fields["database"] == "Dimensions"
        assert [fields[tag] for tag in ("UT", "DI", "PM", "TI", "AB", "SO")] == [
            "pub.1", "10.1000/x", "12", "T", "A", "Procs",
        ]  # fmt: skip
        assert [fields[tag] for tag in ("PY", "VL", "IS", "BP", "EP", "TC", "DT")] == [
            "2020", "3", "4", "5", "9", "7", "Proceeding",
        ]  # fmt: skip
        assert [fields[tag] for tag in ("AU", "Countries", "Institutions", "SC", "ID")] == [
            "Doe, Jane; Roe, R", "Germany; France", "University of Bonn", "46 Information", "Humans",
        ]  # fmt: skip


def test_dimensions_for_mapping_as_csv_and_as_a_workbook(tmp_path):
    import openpyxl

    row = table(
        MAPPING, publicationid="pub.1", title="T", abstract="A", sourcetitleanthologytitle="J", pubyear="2020",
        citedreferences="[Doe, J||J|2010|1|2|1-9|10.1000/y|pub.2|3]", authors="Doe, Jane",
    )  # fmt: skip
    book = openpyxl.Workbook()
    book.active.append(["About the data: Exported on Feb 4, 2022."])
    for cells in csv.reader(io.StringIO(row)):
        book.active.append(cells)
    book.save(tmp_path / "x.xlsx")
    _, (of_workbook,), _ = read(tmp_path / "x.xlsx")

    for fields in (one(tmp_path, row), of_workbook.fields):
        assert [fields[tag] for tag in ("UT", "TI", "SO", "PY", "database")] == [
            "pub.1", "T", "J", "2020", "Dimensions",
        ]  # fmt: skip
        assert fields["CR"].startswith("[Doe, J||J|2010")


LENS = (
    "Lens ID,Title,Date Published,Publication Year,Publication Type,Source Title,ISSNs,Publisher,Source Country,"
    "Author/s,Abstract,Volume,Issue Number,Start Page,End Page,Fields of Study,Keywords,MeSH Terms,Chemicals,Funding,"
    "Source URLs,External URL,PMID,DOI,Microsoft Academic ID,PMCID,Citing Patents Count,References,Citing Works Count,"
    "Is Open Access,Open Access License,Open Access Colour"
)


def test_lens_works(tmp_path):
    fields = one(
        tmp_path,
        table(
            LENS, lensid="000-1", title="T", datepublished="2019-12-30", publicationyear="2020", sourcetitle="J",
            publicationtype="journal article", issns="12345678; 87654321", authors="Jo Doe; R Roe", abstract="A",
            volume="3", issuenumber="4", startpage="5", endpage="9", fieldsofstudy="Field", keywords="k; l", pmid="NA",
            doi="10.1000/x", citingworkscount="7", references="000-2; 000-3", publisher="P", sourcecountry="Germany",
        ),
    )  # fmt: skip

    assert [fields[tag] for tag in ("UT", "TI", "AB", "SO", "PY", "DI", "AU", "database")] == [
        "LENS:000-1", "T", "A", "J", "2020", "10.1000/x", "Jo Doe; R Roe", "Lens",
    ]  # fmt: skip
    assert [fields[tag] for tag in ("VL", "IS", "BP", "EP", "TC", "DE", "ID", "SN", "CR")] == [
        "3", "4", "5", "9", "7", "k; l", "Field", "12345678; 87654321", "000-2; 000-3",
    ]  # fmt: skip
    assert "PM" not in fields


def test_lens_patents(tmp_path):
    header = (
        "#,Jurisdiction,Kind,Display Key,Lens ID,Publication Date,Publication Year,Application Number,Title,Abstract,"
        "Applicants,Inventors,Owners,URL,Document Type,Cited by Patent Count"
    )
    fields = one(tmp_path, table(header, lensid="1-2", title="T", publicationyear="2020", inventors="DOE J;;ROE R"))

    assert [fields[tag] for tag in ("UT", "TI", "PY", "AU")] == ["LENS:1-2", "T", "2020", "DOE J; ROE R"]
