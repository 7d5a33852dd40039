"""PubMed's XML: PubmedArticle and PubmedBookArticle, also those of update files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from topicloom.intake.readers.xml_records import plain, words, xml_records
from topicloom.intake.record import DATABASE, Export, Opening, Piece, Reader, joined, piece

_NAMES = frozenset({"PubmedArticle", "PubmedBookArticle"})
_BEGINNING = re.compile(r"<Pubmed(?:Article|BookArticle)(?:Set)?\b")


def _knows(opening: Opening) -> bool:
    return bool(_BEGINNING.search(opening.text))


def _read(export: Export) -> Iterator[Piece]:
    for record in xml_records(export, _NAMES):
        yield piece(record.line, _fields(record.element))


def _fields(element: Element) -> Iterator[tuple[str, str]]:
    citation = element.find("MedlineCitation")
    article = citation.find("Article") if citation is not None else None
    article = article if article is not None else element.find("BookDocument")
    number = plain(element.find("*/PMID"))
    yield from [("PT", "J"), ("PM", number), ("UT", f"PMID:{number}" if number else ""), (DATABASE, "PubMed")]
    if article is None:
        return
    yield "TI", _title(article)
    yield "AB", _abstract(article)
    yield "AU", joined(_short_name(author) for author in _authors(article))
    yield "AF", joined(_full_name(author) for author in _authors(article))
    yield "C1", joined(dict.fromkeys(plain(place) for place in article.iterfind(".//AffiliationInfo/Affiliation")))
    yield "SO", plain(article.find("Journal/Title")) or plain(article.find("Book/BookTitle"))
    yield "J9", plain(article.find("Journal/ISOAbbreviation"))
    yield "SN", plain(article.find("Journal/ISSN"))
    yield "VL", plain(article.find("Journal/JournalIssue/Volume"))
    yield "IS", plain(article.find("Journal/JournalIssue/Issue"))
    yield "PY", _year(article)
    yield from zip(("BP", "EP"), _pages(article), strict=True)
    yield "DI", _doi(element, article)
    yield "LA", joined(map(plain, article.iterfind("Language")))
    yield "DT", joined(map(plain, article.iterfind("PublicationTypeList/PublicationType")))
    yield "DE", joined(map(plain, element.iterfind("*/KeywordList/Keyword")))
    yield "ID", joined(map(plain, element.iterfind("*/MeshHeadingList/MeshHeading/DescriptorName")))


def _title(article: Element) -> str:
    title = words(article.find("ArticleTitle")) or words(article.find("VernacularTitle"))
    return title or words(article.find("Book/BookTitle"))


def _abstract(article: Element) -> str:
    parts = []
    for part in article.iterfind("Abstract/AbstractText"):
        label = part.get("Label", "")
        text = words(part)
        parts.append(f"{label}: {text}" if label and text.strip() else text)
    return " ".join(parts)


def _authors(article: Element) -> Iterator[Element]:
    for people in article.iterfind("AuthorList"):
        if people.get("Type", "authors") == "authors":
            yield from people.iterfind("Author")


def _short_name(author: Element) -> str:
    name = " ".join(filter(None, (plain(author.find("LastName")), plain(author.find("Initials")))))
    return name or plain(author.find("CollectiveName"))


def _full_name(author: Element) -> str:
    return ", ".join(filter(None, (plain(author.find("LastName")), plain(author.find("ForeName"))))) or plain(
        author.find("CollectiveName")
    )


def _year(article: Element) -> str:
    date = article.find("Journal/JournalIssue/PubDate")
    date = date if date is not None else article.find("Book/PubDate")
    found = [date.find("Year"), date.find("MedlineDate")] if date is not None else []
    return next(filter(None, map(plain, [*found, article.find("ArticleDate/Year")])), "")


def _pages(article: Element) -> tuple[str, str]:
    begin, _, end = plain(article.find("Pagination/MedlinePgn")).partition("-")
    if begin.isdigit() and end.isdigit() and len(end) < len(begin):
        end = begin[: len(begin) - len(end)] + end
    return begin, end


def _doi(element: Element, article: Element) -> str:
    places = [place for place in article.iterfind("ELocationID") if place.get("EIdType") == "doi"]
    own = [place for place in element.iterfind("*/ArticleIdList/ArticleId") if place.get("IdType") == "doi"]
    return next(filter(None, map(plain, [*places, *own])), "")


PUBMED_XML = Reader("PubMed XML", _knows, _read)
