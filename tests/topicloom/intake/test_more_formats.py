"""Forms of databases that give few samples away: a small file each, and the values that a person reads in it."""

from __future__ import annotations

import csv
import io

import pytest

from tests.topicloom.intake.test_formats import one, read, written
from topicloom.intake.record import FaultError

SCOPUS_BIBTEX = """Scopus
EXPORT DATE: 03 March 2025

@ARTICLE{Smith2023123,
\tauthor = {Smith, John and Müller, Karl-Heinz and {OECD Group}},
\ttitle = {Mapping science: {A} review of 50\\% of it},
\tyear = {2023},
\tjournal = {Scientometrics},
\tvolume = {128},
\tnumber = {3},
\tpages = {123 – 145},
\tdoi = {10.1007/s11192-023-0001-2},
\turl = {https://www.scopus.com/inward/record.uri?eid=2-s2.0-85150000001&doi=10.1007%2fs11192-023-0001-2&partnerID=40},
\taffiliations = {Univ A, Bonn, Germany; Univ B, Leiden, Netherlands},
\tabstract = {We map {science}. © 2023, The Author(s).},
\tauthor_keywords = {bibliometrics; mapping},
\tkeywords = {article; review},
\ttype = {Article},
\tpublication_stage = {Final},
\tsource = {Scopus},
\tnote = {Cited by: 12; All Open Access, Hybrid Gold Open Access}
}

@CONFERENCE{Jones2021,
\tauthor = {Jones, Ann},
\ttitle = {A map},
\tyear = {2021},
\tjournal = {ACM International Conference Proceeding Series},
\tseries = {ICPS},
\turl = {https://www.scopus.com/inward/record.uri?eid=2-s2.0-85150000002&partnerID=40},
\ttype = {Conference paper},
\tsource = {Scopus},
\tnote = {Cited by: 0}
}
"""


def test_scopus_bibtex(tmp_path):
    export, (first, second), refused = read(written(tmp_path, SCOPUS_BIBTEX))
    fields = first.fields
    assert (export.format, refused) == ("BibTeX", [])
    assert (fields["database"], fields["UT"], fields["PT"]) == ("Scopus", "2-s2.0-85150000001", "J")
    assert fields["AU"] == "Smith, John; Müller, Karl-Heinz; OECD Group"
    assert fields["TI"] == "Mapping science: A review of 50% of it"
    assert fields["AB"] == "We map science. © 2023, The Author(s)."
    assert (fields["SO"], fields["PY"], fields["DI"]) == ("Scientometrics", "2023", "10.1007/s11192-023-0001-2")
    assert [fields[tag] for tag in ("VL", "IS", "BP", "EP", "TC", "DT")] == ["128", "3", "123", "145", "12", "Article"]
    assert (fields["DE"], fields["ID"]) == ("bibliometrics; mapping", "article; review")
    assert fields["C1"] == "Univ A, Bonn, Germany; Univ B, Leiden, Netherlands"
    fields = second.fields
    assert (fields["UT"], fields["PT"], fields["TC"]) == ("2-s2.0-85150000002", "C", "0")
    assert (fields["SO"], fields["BibTeX_series"]) == ("ACM International Conference Proceeding Series", "ICPS")


def test_of_two_fields_that_mean_the_same_none_is_lost(tmp_path):
    fields = one(
        tmp_path, "@inproceedings{a, title={x}, booktitle={Proc}, series={LNCS}, institution={I}, publisher={P}}"
    )
    assert (fields["SO"], fields["PU"]) == ("Proc", "P")
    assert (fields["BibTeX_series"], fields["BibTeX_institution"]) == ("LNCS", "I")


PUBMED_CSV = (
    "\ufeffPMID,Title,Authors,Citation,First Author,Journal/Book,Publication Year,Create Date,PMCID,NIHMS ID,DOI\n"
    '31234567,"Maps, and what they are for.","Smith J, Müller KH, de Souza JP.",'
    '"J Maps. 2019 Jun 1;12(3):45-50. doi: 10.1000/jm.1.",Smith J,J Maps,2019,2019/06/02,PMC1,,10.1000/jm.1\n'
    '31234568,[A map].,,"J Maps. 2020.",,J Maps,2020,2020/06/02,,,\n'
)


def test_pubmed_csv(tmp_path):
    export, (first, second), refused = read(written(tmp_path, PUBMED_CSV))
    fields = first.fields
    assert (export.format, refused) == ("PubMed CSV", [])
    assert (fields["database"], fields["UT"], fields["PM"]) == ("PubMed", "PMID:31234567", "31234567")
    assert fields["TI"] == "Maps, and what they are for."
    assert fields["AU"] == "Smith J; Müller KH; de Souza JP"
    assert (fields["SO"], fields["PY"], fields["DI"], fields["PMC"]) == ("J Maps", "2019", "10.1000/jm.1", "PMC1")
    assert (second.fields["TI"], second.fields["UT"], "AU" in second.fields) == ("[A map].", "PMID:31234568", False)


IEEE_CSV = (
    '"Document Title",Authors,"Author Affiliations","Publication Title",Date Added To Xplore,"Publication Year",'
    '"Volume","Issue","Start Page","End Page","Abstract","ISSN",ISBNs,"DOI",Funding Information,PDF Link,'
    '"Author Keywords","IEEE Terms","Mesh_Terms",Article Citation Count,Patent Citation Count,"Reference Count",'
    '"License",Online Date,Issue Date,"Meeting Date","Publisher",Document Identifier\n'
    '"Maps of ""Big"" Data","K. Müller; J. P. de Souza","Univ A, Bonn, Germany; Univ B, Leiden, Netherlands",'
    '"2021 IEEE Int. Conf. on Maps (ICM)","3 May 2021","2021","","","10","19","We map.\nTwo lines.","",'
    '"978-1-6654-0000-1","10.1109/ICM.2021.00001","DFG","https://ieeexplore.ieee.org/stamp/x","maps;data",'
    '"Visualization;Big Data","","7","","30","IEEE","3 May 2021","","1-4 April 2021","IEEE","IEEE Conferences"\n'
)


def test_ieee_csv(tmp_path):
    export, (record,), refused = read(written(tmp_path, IEEE_CSV))
    fields = record.fields
    assert (export.format, refused) == ("IEEE Xplore CSV", [])
    assert fields["TI"] == 'Maps of "Big" Data'
    assert fields["AU"] == "K. Müller; J. P. de Souza"
    assert fields["AB"].split() == ["We", "map.", "Two", "lines."]
    assert (fields["SO"], fields["PY"]) == ("2021 IEEE Int. Conf. on Maps (ICM)", "2021")
    assert (fields["DI"], fields["BP"], fields["EP"], fields["TC"]) == ("10.1109/ICM.2021.00001", "10", "19", "7")
    assert [one.strip() for one in fields["DE"].split(";")] == ["maps", "data"]
    assert [one.strip() for one in fields["ID"].split(";")] == ["Visualization", "Big Data"]
    assert (fields["DT"], fields["PU"], fields["database"]) == ("IEEE Conferences", "IEEE", "IEEE Xplore")
    (row,) = csv.DictReader(io.StringIO(IEEE_CSV))
    values = " ".join(fields.values())
    assert all(value in values for value in row.values() if value and "\n" not in value)  # no column is lost


MENDELEY = {
    "BibTeX": """@article{Muller2020,
abstract = {We map {\\ss}cience {\\&} more.},
author = {M{\\"{u}}ller, Karl and de Souza, Jo{\\~{a}}o P.},
doi = {10.1000/JM.2},
file = {:C$\\backslash$:/Users/x/Maps.pdf:pdf},
issn = {1234-5678},
journal = {Journal of Maps},
keywords = {bibliometrics,mapping of science},
mendeley-groups = {Thesis/Chapter 1},
month = {mar},
number = {2},
pages = {1--9},
title = {{Maps {\\&} what they are for}},
volume = {5},
year = {2020}
}
""",
    "RIS": """TY  - JOUR
T1  - Maps & what they are for
A1  - Müller, Karl
A1  - de Souza, João P.
Y1  - 2020/03//
KW  - bibliometrics
KW  - mapping of science
JF  - Journal of Maps
VL  - 5
IS  - 2
SP  - 1
EP  - 9
SN  - 1234-5678
DO  - 10.1000/JM.2
N2  - We map ßcience & more.
L1  - file:///C:/Users/x/Maps.pdf
ER  -
""",
    "EndNote XML": """<?xml version="1.0" encoding="UTF-8"?><xml><records><record>
<database name="My Collection.enl" path="My Collection.enl">My Collection.enl</database>
<source-app name="Mendeley" version="1.0">Mendeley</source-app><rec-number>1</rec-number>
<ref-type name="Journal Article">17</ref-type>
<contributors><authors><author>Müller, Karl</author><author>de Souza, João P.</author></authors></contributors>
<titles><title>Maps &amp; what they are for</title><secondary-title>Journal of Maps</secondary-title></titles>
<periodical><full-title>Journal of Maps</full-title></periodical><pages>1-9</pages><volume>5</volume><issue>2</issue>
<keywords><keyword>bibliometrics</keyword><keyword>mapping of science</keyword></keywords>
<dates><year>2020</year><pub-dates><date>mar</date></pub-dates></dates><isbn>1234-5678</isbn>
<electronic-resource-num>10.1000/JM.2</electronic-resource-num><abstract>We map ßcience &amp; more.</abstract>
<urls><pdf-urls><url>internal-pdf://x/Maps.pdf</url></pdf-urls></urls></record></records></xml>
""",
}


@pytest.mark.parametrize("form", MENDELEY)
def test_the_three_exports_of_mendeley_say_the_same(tmp_path, form):
    fields = one(tmp_path, MENDELEY[form])
    assert fields["TI"] == "Maps & what they are for"
    assert fields["AB"] == "We map ßcience & more."
    assert fields["AU"] == "Müller, Karl; de Souza, João P."
    assert (fields["SO"], fields["PY"][:4], fields["DI"]) == ("Journal of Maps", "2020", "10.1000/JM.2")
    assert (fields["VL"], fields["IS"], fields["BP"], fields["EP"]) == ("5", "2", "1", "9")
    assert fields["DE"] == "bibliometrics; mapping of science"


def test_an_old_excel_file_is_refused_with_what_to_do(tmp_path):
    """Web of Science's Excel form is one: OLE's mark, then anything."""
    path = written(tmp_path, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(4000), "savedrecs.xls")
    with pytest.raises(FaultError) as caught:
        read(path)
    assert caught.value.problem.finding == "It is an old Excel or Word file (.xls, .doc)."
    assert "tab-delimited" in caught.value.problem.mend
    assert "Save it as .xlsx or CSV" in caught.value.problem.mend
