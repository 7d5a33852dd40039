"""One record of several: the best of each field, and from which record it came."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from topicloom.intake.duplicates.people import surnames
from topicloom.intake.duplicates.records import Columns
from topicloom.intake.duplicates.wording import folded
from topicloom.intake.texts.cleaning import ORIGINALS

if TYPE_CHECKING:
    from topicloom.intake.duplicates.listing import Merges

OWN = frozenset(("file", "record", "UT", "database", "uuid", "X_N"))  # what says which record is kept
_PLACE = ("PY", "VL", "IS", "BP", "EP")  # taken together: those of one record
_FROM = ("file", "record")
ORIGINS = ("UT", "file", "record", "field", "from_file", "from_record")


def merge(table: pd.DataFrame, merges: Merges) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The table with one row a paper, in its order, and where each field came from that is not the kept record's own.

    Returns:
        The kept rows with the table's own index labels; and a table of ORIGINS, a row a field that was taken over.
    """
    columns = {str(name): table[name].tolist() for name in table.columns}
    taken, origins = dict[str, dict[int, object]](), list[tuple[object, ...]]()
    for group in merges.groups:
        for name, place in _sources(columns, group).items():
            taken.setdefault(name, {})[group[0]] = columns[name][place]
            origins.append((*_named(columns, group[0], ("UT", "file", "record")), name, *_named(columns, place, _FROM)))
    kept = table.copy()
    for name, values in taken.items():
        whole = [values.get(place, value) for place, value in enumerate(columns[name])]
        kept[name] = pd.Series(whole, index=table.index, dtype=table[name].dtype)
    gone = [place for group in merges.groups for place in group[1:]]
    return kept.drop(index=table.index[gone]), pd.DataFrame(origins, columns=list(ORIGINS))


def merged_fields(columns: Mapping[str, Sequence[str]], group: Sequence[int]) -> dict[str, str]:
    """The record that a group of places becomes: a value a column."""
    sources = _sources(columns, group)
    return {name: values[sources.get(name, group[0])] for name, values in columns.items()}


def _sources(table: Columns, group: Sequence[int]) -> dict[str, int]:
    """Fields that come from another record than the kept one, with the place of that."""
    columns = {name: [_text(values[place]) for place in group] for name, values in table.items()}
    chosen = {name: _best(name, texts) for name, texts in columns.items() if name not in OWN and name not in _PLACE}
    chosen |= dict.fromkeys([name for name in _PLACE if name in columns], _best_place(columns))
    filled = {name: at if columns[name][at] else _first(columns[name]) for name, at in chosen.items()}
    filled |= {original: filled[name] for name, original in ORIGINALS.items() if {name, original} <= set(columns)}
    return {name: group[at] for name, at in filled.items() if at and columns[name][at] != columns[name][0]}


def _text(value: object) -> str:
    return "" if value is None or value != value else str(value).strip()


def _named(columns: Columns, place: int, names: Sequence[str]) -> tuple[object, ...]:
    return tuple(columns[name][place] if name in columns else "" for name in names)


def _first(texts: Sequence[str]) -> int:
    return next((at for at, text in enumerate(texts) if text), 0)


def _best(name: str, texts: Sequence[str]) -> int:
    """The place of the best text, the first of several that are as good."""
    worth = _WORTH.get(name)
    if worth is None or len(set(texts)) == 1:
        return _first(texts)
    return max(range(len(texts)), key=lambda at: (worth(texts[at]), -at))


def _best_place(columns: dict[str, list[str]]) -> int:
    """The record that says most about where the paper stands: a final version has a volume, early access has none."""
    count = len(next(iter(columns.values())))
    said = [sum(bool(columns[name][at]) for name in _PLACE if name in columns) for at in range(count)]
    return max(range(count), key=lambda at: (said[at], -at))


def _authors(text: str) -> tuple[int, int]:
    return len(surnames(text)), 0


def _number(text: str) -> tuple[int, int]:
    return (int(text), 0) if text.isdecimal() else (-1, 0)


def _length(text: str) -> tuple[int, int]:
    """Longer is better by a tenth and more: a rights notice or a comma makes no better abstract."""
    return len(folded(text)) // 50, 0


_WORTH: dict[str, Callable[[str], tuple[int, int]]] = {"AB": _length, "AU": _authors, "AF": _authors, "TC": _number}
