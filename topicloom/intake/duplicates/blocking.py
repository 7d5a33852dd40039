"""Which records are compared at all: those that share a key; the work grows with the records."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from topicloom.intake.duplicates.records import Compared

_LARGEST = 24  # records of one key that are all compared with each other; of more, each with its neighbours only
_NEIGHBOURS = 12

Key = tuple[str, ...]


def candidates(records: Sequence[Compared], known: Mapping[Key, list[int]]) -> set[tuple[int, int]]:
    """Pairs of places (smaller, larger) that are worth a look, in whichever order records come; known: their blocks."""
    return {pair for block in known.values() if len(block) > 1 for pair in _pairs(block, records)}


def blocks(records: Sequence[Compared]) -> dict[Key, list[int]]:
    """The places of records by each of their keys."""
    found = defaultdict[Key, list[int]](list)
    for place, record in enumerate(records):
        for key in set(_keys(record)):
            found[key].append(place)
    return found


def candidates_of(record: Compared, known: Mapping[Key, list[int]]) -> set[int]:
    """Places of small blocks that a record has a key of; known: what blocks() gave."""
    found = (known.get(key, []) for key in set(_keys(record)))
    return {place for block in found if len(block) <= _LARGEST for place in block}


def _keys(record: Compared) -> Iterator[tuple[str, ...]]:
    title, year = record.title, str(record.year)
    yield from ((kind, value) for kind, value in _identifiers(record) if value)
    if title.key:
        yield from (("title", key) for key in (title.key, *title.others))
        yield "begins", title.key[:22]
        yield "ends", title.key[-22:]
        words = sorted({word for word in title.words.split() if len(word) > 3}, key=lambda word: (-len(word), word))
        yield "long", *words[:3]
    if record.first_page and record.volume:
        yield "place", record.volume, record.first_page
    if record.first_page and record.authors:
        yield "page", record.authors[0][:5], record.first_page
    if record.first_page and record.last_page and record.year:
        yield "pages", year, record.first_page, record.last_page
    if record.authors and record.year and title.words:
        yield "author", record.authors[0][:5], year, title.words[:3]
    if len(record.abstract) > 100:
        yield "abstract", record.abstract[:60]


def _identifiers(record: Compared) -> tuple[tuple[str, str], ...]:
    return ("doi", record.doi), ("pmid", record.pmid), ("accession", record.accession)


def _pairs(block: list[int], records: Sequence[Compared]) -> Iterator[tuple[int, int]]:
    """All pairs of a small block; of a large one the neighbours when it is sorted by author and year, and by page."""
    if len(block) <= _LARGEST:
        yield from ((one, other) for at, one in enumerate(block) for other in block[at + 1 :])
        return
    for order in (_by_author, _by_place):
        ranked = sorted(block, key=lambda place: (*order(records[place]), records[place].content))
        for at, one in enumerate(ranked):
            yield from ((min(one, other), max(one, other)) for other in ranked[at + 1 : at + _NEIGHBOURS])


def _by_author(record: Compared) -> tuple[str, ...]:
    return record.title.key, *record.authors[:1], str(record.year), record.volume, record.first_page


def _by_place(record: Compared) -> tuple[str, ...]:
    return record.doi, str(record.year), record.volume, record.first_page, record.title.key
