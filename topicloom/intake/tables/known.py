"""The layouts that are known, in the order in which they are tried. A new one is an entry here."""

from __future__ import annotations

import contextlib
import json
import re
from urllib.parse import unquote

from topicloom.intake.inverted import abstract_of
from topicloom.intake.tables.layout import Layout

_SCOPUS_ID = re.compile(r"\s*\(\d{5,}\)")
_OLD_SCOPUS = re.compile(r"(?<=\.),\s+(?=\S)")
_LINKED_DOI = re.compile(r"[?&]id=doi:([^&\s]+)")
_EMBASE = re.compile(
    r"(?P<journal>.*?)\s*(?:\((?P<year>\d{4})\))?\s*(?:(?P<volume>[^\s:()]+)(?::(?P<issue>[^\s()]+))?)?\s*"
    r"(?:\((?P<pages>[^()]*)\))?\.\s*(?:Article Number.*?)?(?:Date of Publication.*)?\Z",
    re.DOTALL,
)


def _scopus(record: dict[str, str]) -> None:
    if "AF" in record:
        record["AF"] = _SCOPUS_ID.sub("", record["AF"])
    people = record.get("AU", "")
    if ";" not in people:  # until 2022 a comma stood between two authors
        record["AU"] = "; ".join(_OLD_SCOPUS.split(people))


def _openalex(record: dict[str, str]) -> None:
    if record.get("AB", "").startswith("{"):
        with contextlib.suppress(ValueError, RecursionError):
            record["AB"] = abstract_of(json.loads(record["AB"])) or record["AB"]
    for tag in ("AU", "C1", "Institutions", "IsoCountries", "ID", "DE"):
        if "|" in record.get(tag, ""):
            values = (value.strip().replace(";", ",") for value in record[tag].split("|"))
            record[tag] = "; ".join(dict.fromkeys(filter(None, values)))
    for tag in ("UT", "PM"):
        if "/" in record.get(tag, ""):
            record[tag] = record[tag].rstrip("/").rpartition("/")[2]


def _embase(record: dict[str, str]) -> None:
    found = _EMBASE.match(record.get("SO", ""))
    if found and found["year"]:
        for tag, name in (("SO", "journal"), ("PY", "year"), ("VL", "volume"), ("IS", "issue"), ("pages", "pages")):
            if found[name]:
                record[tag] = found[name]
    people = record.get("AU", "")
    if ";" not in people:
        record["AU"] = "; ".join(_OLD_SCOPUS.split(people))
    if "DI" not in record and (found := _LINKED_DOI.search(record.get("UR", ""))):
        record["DI"] = unquote(found.group(1))  # its table has no column for DOIs


def _pubmed(record: dict[str, str]) -> None:
    record["AU"] = "; ".join(filter(None, (name.strip() for name in record.get("AU", "").rstrip(".").split(","))))
    if record.get("PM"):
        record["UT"] = f"PMID:{record['PM']}"


def _lens(record: dict[str, str]) -> None:
    if record.get("UT"):
        record["UT"] = f"LENS:{record['UT']}"
    for tag in ("AU", "CR"):
        if ";;" in record.get(tag, ""):  # in its patents
            record[tag] = record[tag].replace(";;", "; ")


def _set(*names: str) -> frozenset[str]:
    return frozenset(names)


_TAGS = (
    "PT AU BA BE GP AF BF CA TI SO SE BS LA DT CT CY CL SP HO DE ID AB C1 C3 RP EM RI OI FU FP FX CR NR TC Z9 U1 U2 "
    "PU PI PA SN EI BN J9 JI PD PY VL IS PN SU SI MA BP EP AR DI DL D2 EA PG WC WE SC GA PM OA HC HP DA UT"
)
LAYOUTS = (
    Layout(
        "Web of Science table",
        "Web of Science",
        (_set("ti", "ut"), _set("pt", "au", "ti"), _set("au", "ti", "so", "py"), _set("ti", "ab", "py")),
        {tag: (tag.lower(),) for tag in _TAGS.split()},
    ),
    Layout(
        "Web of Science Excel",
        "Web of Science",
        (_set("articletitle", "utuniquewosid"), _set("articletitle", "sourcetitle", "timescitedallwosdatabases")),
        {
            **{"PT": ("publicationtype",), "TI": ("articletitle",), "UT": ("utuniquewosid", "utuniqueid")},
            **{"AF": ("authorfullnames",), "BA": ("bookauthors",), "BE": ("bookeditors",), "CA": ("groupauthors",)},
            **{"TC": ("timescitedwoscore", "timescitedallwosdatabases"), "WC": ("woscategories",), "EI": ("eissn",)},
            **{"SC": ("researchareas",), "EA": ("earlyaccessdate",), "PM": ("pubmedid",), "DT": ("documenttype",)},
            **{"J9": ("journalabbreviation",), "JI": ("journalisoabbreviation",), "PD": ("publicationdate",)},
            **{"FU": ("fundingorgs",), "FX": ("fundingtext",), "PI": ("publishercity",), "PA": ("publisheraddress",)},
            **{"NR": ("citedreferencecount",), "EM": ("emailaddresses",), "PG": ("numberofpages",)},
            **{"OA": ("openaccessdesignations",), "CT": ("conferencetitle",), "SE": ("bookseriestitle",)},
        },
    ),
    Layout(
        "Scopus CSV",
        "Scopus",
        (_set("eid", "sourcetitle"), _set("authorsid", "sourcetitle"), _set("eid", "citedby")),
        {
            **{"UT": ("eid",), "AF": ("authorfullnames",), "AU": ("authors", "authornames"), "TI": ("title", "titles")},
            **{"SO": ("sourcetitle",), "FX": ("fundingtexts", "fundingtext"), "FU": ("fundingdetails",)},
            **{"OA": ("openaccess",), "PG": ("pagecount",), "CT": ("conferencename",), "BE": ("editors",)},
            **{"CY": ("conferencedate",), "CL": ("conferencelocation",), "Scopus_Source": ("source",)},
        },
        _scopus,
    ),
    Layout(
        "OpenAlex CSV",
        "OpenAlex",
        (
            _set("id", "authorshipsauthordisplayname"),
            _set("id", "displayname", "publicationyear"),
            _set("workid", "title"),
            _set("openalexid", "title"),
        ),
        {
            **{"UT": ("id", "workid", "openalexid"), "TI": ("title", "displayname"), "ID": ("topicsdisplayname",)},
            **{
                "AB": ("abstract", "abstractinvertedindex"),
                "IsoCountries": ("authorshipscountries", "authorshipsinstitutionscountrycode"),
            },
            **{"Institutions": ("authorshipsinstitutionsdisplayname", "institutions", "institution")},
            **{"C1": ("authorshipsrawaffiliationstrings", "authorshipsrawaffiliationstring")},
            **{"PY": ("publicationyear", "year"), "AU": ("authorshipsauthordisplayname", "authors", "author")},
        },
        _openalex,
    ),
    Layout(
        "Dimensions",
        "Dimensions",
        (_set("publicationid", "pubyear"), _set("publicationid", "dimensionsurl"), _set("publicationid", "doi")),
        {
            **{"UT": ("publicationid",), "SO": ("sourcetitle", "sourcetitleanthologytitle", "anthologytitle")},
            **{
                "C1": ("authorsaffiliations", "authorsrawaffiliation"),
                "Institutions": ("researchorganizationsstandardized",),
            },
            **{"Countries": ("countryofresearchorganization", "countryofstandardizedresearchorganization")},
            **{
                "PY": ("pubyear", "publicationdate"),
                "SC": ("fieldsofresearchanzsrc2020", "foranzsrccategories", "fieldsofresearch"),
            },
        },
    ),
    Layout(
        "Lens CSV",
        "Lens",
        (_set("lensid", "title"),),
        {
            **{"UT": ("lensid",), "UR": ("externalurl", "url"), "SO": ("sourcetitle",), "PI": ("sourcecountry",)},
            **{"AU": ("authors", "inventors"), "TC": ("citingworkscount", "citedbypatentcount")},
        },
        _lens,
    ),
    Layout(
        "Zotero CSV",
        "Zotero",
        (_set("key", "itemtype", "abstractnote"),),
        {"SO": ("publicationtitle", "proceedingstitle"), "J9": ("journalabbreviation",)},
    ),
    Layout(
        "Embase CSV",
        "Embase",
        (_set("authornames", "source", "abstract"), _set("title", "emtreemedicalindexterms")),
        {
            **{
                "SO": ("source",),
                "AU": ("authornames",),
                "PM": ("medlinepmid",),
                "UT": ("puinumber",),
                "SN": ("issn",),
            },
            "UR": ("openurllink",),
        },
        _embase,
    ),
    Layout(
        "PubMed CSV",
        "PubMed",
        (_set("pmid", "title", "citation"),),
        {"PM": ("pmid",), "SO": ("journalbook",), "PY": ("publicationyear",), "PMC": ("pmcid",)},
        _pubmed,
    ),
    Layout(
        "IEEE Xplore CSV",
        "IEEE Xplore",
        (_set("documenttitle", "publicationtitle"),),
        {
            "TI": ("documenttitle",),
            "SO": ("publicationtitle",),
            "C1": ("authoraffiliations",),
            "DT": ("documentidentifier",),
        },
    ),
)
