"""Which records are compared at all: those that share a key; the work grows with the records."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence

import numpy as np

from topicloom.intake.duplicates.records import Compared

_LARGEST = 24  # records of one key that are all compared with each other; of more, each with its neighbours only
_NEIGHBOURS = 12


class Blocks:
    """The places of records by each of their keys, as two arrays in the order of the keys' hashes.

    A dictionary of keys takes several times the memory. Two keys of one hash only cost a needless comparison.
    """

    def __init__(self, records: Sequence[Compared]) -> None:
        hashes, places = array("q"), array("q")
        for place, record in enumerate(records):
            found = _hashes(record)
            hashes.extend(found)
            places.extend([place] * len(found))
        keys = np.array(hashes, dtype=np.int64)
        order = np.argsort(keys, kind="stable")  # stable: a block's places ascend
        self._keys, self._places = keys[order], np.array(places, dtype=np.int64)[order]

    def candidates(self, records: Sequence[Compared]) -> set[tuple[int, int]]:
        """Pairs of places (smaller, larger) that are worth a look, in whichever order records come."""
        return {pair for block in self._several() for pair in _pairs(block, records)}

    def beside(self, record: Compared) -> set[int]:
        """Places of small blocks that a record has a key of."""
        wanted = np.fromiter(_hashes(record), dtype=np.int64)
        begins, ends = (np.searchsorted(self._keys, wanted, side=side) for side in ("left", "right"))
        spans = [(begin, end) for begin, end in zip(begins, ends, strict=True) if end - begin <= _LARGEST]
        return {place for begin, end in spans for place in self._places[begin:end].tolist()}

    def _several(self) -> Iterator[list[int]]:
        """Blocks of two and more."""
        bounds = np.concatenate(([0], np.flatnonzero(np.diff(self._keys)) + 1, [len(self._keys)]))
        for at in np.flatnonzero(np.diff(bounds) > 1):
            yield self._places[bounds[at] : bounds[at + 1]].tolist()


def _hashes(record: Compared) -> set[int]:
    return {hash(key) for key in _keys(record)}


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
