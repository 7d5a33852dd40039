"""Every format is recognised by its content and read field by field; every pitfall has a file of its own here."""

from __future__ import annotations

import codecs
import json

import pytest

from topicloom.intake.formats import reader_of
from topicloom.intake.project import new_project
from topicloom.intake.record import Export, FaultError, Record, Refused


def read(path, columns=None):
    export = Export(path, path.name, dict(columns or {}))
    reader = reader_of(export)
    export.format = reader.name
    pieces = list(reader.read(export))
    return export, [p for p in pieces if isinstance(p, Record)], [p for p in pieces if isinstance(p, Refused)]


def written(tmp_path, content, name="export.dat"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def one(tmp_path, content, columns=None):
    _, records, refused = read(written(tmp_path, content), columns)
    assert not refused
    (record,) = records
    return record.fields


WOS = """\ufeffFN Clarivate Analytics Web of Science\r
VR 1.0\r
PT J\r
AU Müller, K\r
   de Souza, JP\r
AF Müller, Karl\r
   de Souza, João P.\r
TI A title that is\r
   wrapped --- with dashes\r
SO SCIENTOMETRICS\r
AB First paragraph.\r
   Second paragraph.\r
C1 [Müller, Karl] Univ Bonn, Inst A, D-53113 Bonn, Germany.\r
   [de Souza, João P.] MIT, Cambridge, MA 02139 USA.\r
C3 University of Bonn; MIT\r
WE Science Citation Index Expanded (SCI-EXPANDED)\r
EA MAR 2021\r
DI 10.1007/s11192-021-03900-1\r
UT WOS:000630000000001\r
ER\r
\r
EF"""


def test_wos_text_joins_lists_by_semicolon_and_texts_by_space_and_knows_new_tags(tmp_path):
    fields = one(tmp_path, WOS)
    assert fields["AU"] == "Müller, K; de Souza, JP"
    assert fields["TI"] == "A title that is wrapped --- with dashes"
    assert fields["AB"] == "First paragraph. Second paragraph."
    assert fields["C1"].endswith("Germany; [de Souza, João P.] MIT, Cambridge, MA 02139 USA")
    assert (fields["C3"], fields["EA"]) == ("University of Bonn; MIT", "MAR 2021")
    assert fields["database"] == "Web of Science"


def test_lines_that_a_program_has_wrapped_again_are_not_lost(tmp_path):
    content = WOS.replace("   Second paragraph.\r\n", "Second paragraph,\r\nand a third.\r\n")
    assert one(tmp_path, content)["AB"] == "First paragraph. Second paragraph, and a third."
    pubmed = "PMID- 1\nTI  - A title that\nan editor has wrapped\nAB  - One.\n\nTwo.\nSO  - x\n"
    fields = one(tmp_path, pubmed)
    assert (fields["TI"], fields["AB"]) == ("A title that an editor has wrapped", "One. Two.")


def test_wos_without_its_first_lines(tmp_path):
    bare = WOS[WOS.index("PT J") :].replace("\r\nEF", "")
    assert one(tmp_path, bare)["TI"] == "A title that is wrapped --- with dashes"


def test_wos_files_put_together_by_hand_are_one_list(tmp_path):
    _, records, _ = read(written(tmp_path, WOS + "\n" + WOS))
    assert [record.fields["UT"] for record in records] == ["WOS:000630000000001"] * 2


@pytest.mark.parametrize(
    ("mark", "encoding"), [(b"", "utf-8"), (codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le")]
)
def test_wos_tab_delimited_keeps_quotes_and_a_stray_tab(tmp_path, mark, encoding):
    text = 'PT\tAU\tTI\tAB\tPY\tUT\t\r\nJ\tA, B\t"Quoted" opening, and "more\t5" of it\t2019\tWOS:1\t\r\nJ\tC, D\tx\ty\t2020\tWOS:2\t\r\n'
    export, records, refused = read(written(tmp_path, mark + text.encode(encoding)))
    assert [record.fields["TI"] for record in records] == ['"Quoted" opening, and "more', "x"]
    assert records[0].fields["AB"] == '5" of it'
    assert not refused
    assert export.format == "Web of Science table"


def test_scopus_of_both_ages(tmp_path):
    old = one(
        tmp_path,
        '\ufeffAuthors,Title,Year,Source title,Cited by,DOI,Abstract,EID\n"Gong B., Wang L.",A,2019,J,3,10.1000/x,[No abstract available],2-s2.0-1\n',
    )
    assert (old["AU"], old["UT"], old["TC"], old["database"]) == ("Gong B.; Wang L.", "2-s2.0-1", "3", "Scopus")
    new = one(
        tmp_path,
        '"Author names","Author full names","Titles","Year","Source title","Abstract","References","EID"\n'
        '"Gong B.; Wang L.","Gong, Bin (57321683800); Wang, Luo (58115311900)","A, B","2025","J","One\nTwo","R1; R2","2-s2.0-2"\n',
    )
    assert (new["AU"], new["AF"], new["TI"], new["AB"]) == (
        "Gong B.; Wang L.",
        "Gong, Bin; Wang, Luo",
        "A, B",
        "One\nTwo",
    )


def test_ris_with_what_databases_put_between_and_after_records(tmp_path):
    content = """\ufeffRecord #1 of 2
Provider: X
1.
TY  - JOUR
T1  - One title
A1  - Marx, Karl
A1  - Lindgren, Astrid
Y1  - 2014/05//
N2  - First line,
ER then second line
and a third
KW  - Pippi
Nordwind
SP  - 12-19
DO  - https://doi.org/10.1000/XY.1
ER  -
NL  - of no record
2.
TY  - JOUR
TI  -
AB  - Only an abstract
UR  - https://www.scopus.com/inward/record.uri?eid=2-s2.0-85054091539&doi=10.15598%2faeee
N1  - Cited By :9
ER  -
"""
    _, (first, second), refused = read(written(tmp_path, content))
    assert first.fields["AU"] == "Marx, Karl; Lindgren, Astrid"
    assert first.fields["AB"] == "First line, ER then second line and a third"
    assert first.fields["DE"] == "Pippi; Nordwind"
    assert (first.fields["BP"], first.fields["EP"], first.fields["DI"]) == ("12", "19", "10.1000/XY.1")
    assert (second.fields["UT"], second.fields["database"], second.fields["TC"]) == (
        "2-s2.0-85054091539",
        "Scopus",
        "9",
    )
    assert "TI" not in second.fields
    assert not refused


def test_pubmed_text(tmp_path):
    fields = one(
        tmp_path,
        "\nPMID- 30776994\nTI  - [A translated title that is \n      wrapped].\nAB  - One\n      two.\nAU  - Nogueira RG\nAU  - X Y\n"
        "AID - S0 [pii]\nLID - 10.1161/STROKEAHA.118 [doi]\nDP  - 2019 Mar\nPG  - 1865-76\nJT  - Stroke\nIS  - 1524-4628 (Electronic)\nSO  - Stroke. 2019\n",
    )
    assert fields["TI"] == "[A translated title that is wrapped]."
    assert (fields["UT"], fields["DI"], fields["EP"]) == ("PMID:30776994", "10.1161/STROKEAHA.118", "1876")
    assert (fields["AU"], fields["SN"], fields["AB"]) == ("Nogueira RG; X Y", "1524-4628", "One two.")


def test_pubmed_text_in_several_languages(tmp_path):
    content = "PMID- 1\nTI  - A\nOAB - Un résumé.\nOABL- fre\nAB  - An abstract.\nSO  - x\n"
    assert one(tmp_path, content)["AB"] == "An abstract."
    assert one(tmp_path, content.replace("AB  - An abstract.\n", ""))["AB"] == "Un résumé."


PUBMED_XML = """<?xml version="1.0"?><!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//DTD X//EN" "https://dtd.nlm.nih.gov/x.dtd">
<PubmedArticleSet><PubmedArticle><MedlineCitation><PMID Version="2">1</PMID><Article><Journal><Title>J</Title><JournalIssue>
<PubDate><MedlineDate>1998 Dec-1999 Jan</MedlineDate></PubDate></JournalIssue></Journal>
<ArticleTitle>H<sub>2</sub>O &amp; <i>Homo sapiens</i> at p &lt; 0.05</ArticleTitle><Abstract><AbstractText Label="AIM">See.</AbstractText>
<AbstractText Label="RESULTS">Saw.</AbstractText></Abstract><AuthorList><Author><LastName>Doe</LastName><ForeName>Jo</ForeName>
<Initials>J</Initials></Author><Author><CollectiveName>The Group</CollectiveName></Author></AuthorList></Article></MedlineCitation>
<PubmedData><ArticleIdList><ArticleId IdType="doi">10.1000/own</ArticleId></ArticleIdList><ReferenceList><Reference><ArticleIdList>
<ArticleId IdType="doi">10.1000/cited</ArticleId></ArticleIdList></Reference></ReferenceList></PubmedData></PubmedArticle></PubmedArticleSet>"""


def test_pubmed_xml(tmp_path):
    fields = one(tmp_path, PUBMED_XML)
    assert fields["TI"] == "H<sub>2</sub>O &amp; Homo sapiens at p &lt; 0.05"
    assert fields["AB"] == "AIM: See. RESULTS: Saw."
    assert (fields["AU"], fields["AF"], fields["DI"]) == ("Doe J; The Group", "Doe, Jo; The Group", "10.1000/own")


def test_formulas_and_revisions_of_pubmed_xml(tmp_path):
    formula = (
        '<mml:math xmlns:mml="http://www.w3.org/1998/Math/MathML">\n <mml:mi>x</mml:mi> <mml:mn>2</mml:mn>'
        '<mml:annotation encoding="TeX">x^2</mml:annotation></mml:math>'
    )
    later = PUBMED_XML.replace('Version="2">1<', 'Version="3">1<').replace("See.", f"See {formula}{' anew' * 20}.")
    articles = [text[text.index("<PubmedArticle>") : text.index("</PubmedArticleSet>")] for text in (PUBMED_XML, later)]
    path = written(tmp_path, PUBMED_XML.replace(articles[0], "".join(articles)))
    assert [record.fields["UT"] for record in read(path)[1]] == ["PMID:1"] * 2
    made = new_project(tmp_path / "P", [path])
    assert (made.account.records, made.account.kept) == (2, 1)
    dataset = (made.project / "f01/dataset_raw_cleaned.csv").read_text()
    assert "H2O & Homo sapiens at p < 0.05" in dataset
    assert f"See x2{' anew' * 20}. Saw." in (made.project / "f01/e01/corpus.csv").read_text()


def test_entities_of_xml_are_refused(tmp_path):
    bomb = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><PubmedArticleSet><PubmedArticle>&b;</PubmedArticle></PubmedArticleSet>'
    with pytest.raises(FaultError, match="entities"):
        read(written(tmp_path, bomb))
    outside = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><PubmedArticleSet><PubmedArticle>&a;</PubmedArticle></PubmedArticleSet>'
    with pytest.raises(FaultError, match="entities"):
        read(written(tmp_path, outside))


def test_endnote_xml_joins_what_styles_split(tmp_path):
    fields = one(
        tmp_path,
        '<?xml version="1.0"?><xml><records><record><ref-type name="Journal Article">17</ref-type><contributors><authors><author><style>Doe, J.</style>'
        "</author><author><style>X</style></author></authors></contributors><titles><title><style>The </style><style face='i'>E. coli</style><style> map"
        "</style></title><secondary-title>J</secondary-title></titles><pages>1-5</pages><dates><year>2001</year></dates></record></records></xml>",
    )
    assert (fields["TI"], fields["AU"], fields["SO"], fields["EP"]) == ("The E. coli map", "Doe, J.; X", "J", "5")


def test_bibtex_with_repeated_keys_accents_and_a_broken_entry(tmp_path):
    content = r"""% a comment
@string{jnl = "Journal of Maps"}
@article{WOS:000630000000001,
 Author = {M{\"u}ller, Karl and de
   Souza, Jo{\~a}o},
 Title = {{The {DNA} of 50\% of $\alpha$-maps}},
 Journal = jnl, Year = 2019, Pages = {1--9},
 Abstract = {A text of 5% that goes on.}, DOI = {10.1000/a\_b}, Unique-ID = {WOS:000630000000001}}
@article{same, title={First}, year=2000}
@article{same, title={Second}, year=2001}
@article{broken, title={No end, year=2000
@article{last, title={Last one}, year=2002}
"""
    _, records, refused = read(written(tmp_path, content))
    first = records[0].fields
    assert (first["AU"], first["TI"]) == ("Müller, Karl; de Souza, João", "The DNA of 50% of α-maps")
    assert (first["SO"], first["EP"], first["DI"]) == ("Journal of Maps", "9", "10.1000/a_b")
    assert first["AB"] == "A text of 5% that goes on."
    assert (first["UT"], first["database"]) == ("WOS:000630000000001", "Web of Science")
    assert [record.fields["TI"] for record in records[1:]] == ["First", "Second", "Last one"]
    assert [piece.line for piece in refused] == [11]


def test_openalex_json_in_its_three_forms(tmp_path):
    work = {
        "id": "https://openalex.org/W12", "doi": "https://doi.org/10.1000/x", "title": "T", "publication_year": 2020,
        "abstract_inverted_index": {"maps": [1], "We": [0], "draw": [2, 10**12]}, "ids": {"pmid": "https://pubmed.ncbi.nlm.nih.gov/77"},
        "authorships": [{"author": {"display_name": "A; B"}, "institutions": [{"display_name": "U", "country_code": "DE"}]}],
    }  # fmt: skip
    for content in (json.dumps({"meta": {}, "results": [work]}), json.dumps([work], indent=1), json.dumps(work) + "\n"):
        fields = one(tmp_path, content)
        assert (fields["UT"], fields["PM"], fields["AB"]) == ("W12", "77", "We maps draw draw")
        assert fields["AU"] == "A, B"  # one person
    _, records, _ = read(written(tmp_path, f"{json.dumps(work)}\n{json.dumps(work)}\n"))
    assert [record.line for record in records] == [1, 2]


def test_openalex_csv_in_both_layouts(tmp_path):
    dotted = one(
        tmp_path,
        "id,title,publication_year,authorships.author.display_name,primary_location.source.display_name,doi\nhttps://openalex.org/W5,T,2020,A B|C D,J,https://doi.org/10.1000/x\n",
    )
    assert (dotted["UT"], dotted["AU"], dotted["SO"]) == ("W5", "A B; C D", "J")
    odd = one(tmp_path, "id,title,publication_year,authorships.author.display_name\nW5,T,2020,A; B|C D\n")
    assert odd["AU"] == "A, B; C D"
    new = one(tmp_path, "Work ID,Title,Author,Publication Year,Abstract\nW6,T,A B|C D,2020,Text\n")
    assert (new["UT"], new["AU"], new["PY"]) == ("W6", "A B; C D", "2020")


@pytest.mark.parametrize("preamble", ["", '"About the data: Exported on Jan 01, 2024. Criteria: x, y"\n'])
def test_dimensions_with_and_without_its_first_line(tmp_path, preamble):
    fields = one(
        tmp_path,
        preamble
        + 'Rank,Publication ID,DOI,Title,Abstract,Source title/Anthology title,PubYear,Pagination,Authors\n1,pub.1,10.1000/x,T,A,J,2020,3-9,"Doe, J; Roe, R"\n',
    )
    assert (fields["UT"], fields["SO"], fields["PY"], fields["EP"]) == ("pub.1", "J", "2020", "9")


def test_other_tables(tmp_path):
    lens = one(
        tmp_path,
        "Lens ID,Title,Publication Year,Author/s,Authors,Source Title,Abstract\n000-1,T,2020,,Jo Doe; R Roe,J,A\n",
    )
    assert (lens["UT"], lens["database"]) == ("LENS:000-1", "Lens")
    zotero = one(
        tmp_path,
        '"Key","Item Type","Publication Year","Author","Title","Publication Title","DOI","Abstract Note"\n"K","a","2020","Doe, J; Roe, R","T","J","10.1000/x","A"\n',
    )
    assert (zotero["SO"], zotero["AB"], zotero["AU"]) == ("J", "A", "Doe, J; Roe, R")
    asreview = one(tmp_path, "primary_title;abstract note;included\nT;A;1\n")
    assert (asreview["TI"], asreview["AB"], asreview["included"]) == ("T", "A", "1")


def test_any_table_by_names_of_columns(tmp_path):
    content = "Nummer\tTitel des Werks\tInhalt\tJahr\n1\tEin Titel\tEin Text\t2020\n"
    fields = one(tmp_path, content, {"title": "Titel des Werks", "abstract": "inhalt", "year": "Jahr"})
    assert (fields["TI"], fields["AB"], fields["PY"], fields["Nummer"]) == ("Ein Titel", "Ein Text", "2020", "1")
    with pytest.raises(FaultError, match=r"Titel des Werks"):
        read(written(tmp_path, content))
    with pytest.raises(FaultError, match=r"no column Nix"):
        read(written(tmp_path, content), {"title": "Nix"})


def test_workbook_parquet_and_json_lines(tmp_path):
    import openpyxl
    import pandas as pd

    book = openpyxl.Workbook()
    for row in (
        ["Article Title", "Authors", "Publication Year", "Abstract", "UT (Unique WOS ID)", "Note"],
        ["T", "A; B", 2020, "Text", "WOS:1", None],
    ):
        book.active.append(row)
    book.save(tmp_path / "savedrecs.xlsx")
    export, (record,), _ = read(tmp_path / "savedrecs.xlsx")
    assert export.format == "Web of Science Excel"
    assert (record.fields["TI"], record.fields["PY"], record.fields["UT"]) == ("T", "2020", "WOS:1")
    pd.DataFrame({"title": ["T", None], "year": [2020.0, None], "abstract": ["A", "B"]}).to_parquet(
        tmp_path / "x.parquet"
    )
    _, records, _ = read(tmp_path / "x.parquet")
    assert [record.fields.get("PY") for record in records] == ["2020", None]
    assert "TI" not in records[1].fields
    fields = one(tmp_path, '{"title": "T", "abstract": "A", "authors": ["X Y", "Z"], "year": 2020}\n')
    assert (fields["AU"], fields["PY"]) == ("X Y; Z", "2020")


def test_csl_json_and_refer(tmp_path):
    csl = one(
        tmp_path,
        json.dumps(
            [
                {
                    "type": "article-journal",
                    "title": "T",
                    "container-title": "J",
                    "issued": {"date-parts": [[2020, 1]]},
                    "author": [{"family": "Doe", "given": "J"}, {"literal": "Group"}],
                    "page": "1-9",
                    "DOI": "10.1000/x",
                }
            ]
        ),
    )
    assert (csl["AU"], csl["PY"], csl["EP"], csl["SO"]) == ("Doe, J; Group", "2020", "9", "J")
    refer = one(
        tmp_path, "%0 Journal Article\n%T T\n%A Doe, J\n%A Roe, R\n%D 2020\n%J J\n%X One\ntwo\n%R 10.1000/x\n%P 1-9\n"
    )
    assert (refer["AU"], refer["AB"], refer["SO"], refer["DI"], refer["EP"]) == (
        "Doe, J; Roe, R",
        "One two",
        "J",
        "10.1000/x",
        "9",
    )


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf \r\n\n", "empty"),
        (b"%PDF-1.4 x", "a PDF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1xxxx", "old Excel"),
        (bytes(range(256)) * 20, "binary"),
        ("<!DOCTYPE html><html><body>Results</body></html>", "a web page, no export"),
        ("\n<html><form><input type='password'></form></html>", "asks to sign in"),
        ("Some notes of mine.\nNothing else.\n", "none of the forms"),
        (WOS[: WOS.index("UT WOS")], "cut off"),
        ("TY  - JOUR\nTI  - x\nER  -\n\nTY  - JOUR\nTI  - y", "cut off"),
        ("title,abstract,year\na,b,2000\nc,\"d", "cut off"),
        ("title,abstract,year\na,b,2000\nc,d", "cut off"),
        ('{"results": [{"id": "https://openalex.org/W1", "publication_year": 2', "cut off"),
        ("PMID- 1\nTI  - a\nSO  - x\n\nPMID- 2\nTI  - b", "cut off"),
        (PUBMED_XML[:-40], "cut off"),
        ("@article{a, title={b}}\n@article{c, title={d", "cut off"),
        ("TY  - JOUR\nTI  - x\nER  -\n\nPMID- 2\nTI  - b\n", "two formats: RIS at its beginning, and PubMed from line 5"),
        (WOS + "\nTY  - JOUR\nTI  - x\nER  -\n", "two formats"),
        ("@book{a, title={b}}\n" * 4000 + "TY  - JOUR\nTI  - x\nER  -\n", "BibTeX at its beginning, and RIS from line 4001"),
    ],
)  # fmt: skip
def test_what_is_no_export_is_told(tmp_path, content, told):
    with pytest.raises(FaultError, match=told):
        read(written(tmp_path, content))


def test_rows_that_do_not_fit_are_refused_with_their_line(tmp_path):
    _, records, refused = read(
        written(tmp_path, 'title,abstract,year\na,b,2000\n"x\ny",b,2001,9,9\nc,d,2002\n,,1999\n')
    )
    assert [(record.line, record.fields["TI"]) for record in records] == [(2, "a"), (5, "c")]
    assert [(piece.line, piece.reason) for piece in refused] == [
        (3, "It has 5 fields, and the header 3."),
        (6, "It has no title, abstract, DOI or other identifier."),
    ]


RIS_EXAMPLE = "TY  - JOUR\nTI  - x\nAB  - y\nz\nDO  - 10.1000/x\nER  -\n\nTY  - BOOK\nT1  - y\nSP  - 1-9\nER  -\n"
