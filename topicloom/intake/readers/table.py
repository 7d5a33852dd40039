"""Tables as records: a known layout, columns that a person has named, or a guess that is shown."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from topicloom.errors import quoted_list
from topicloom.intake.readers.json_values import objects
from topicloom.intake.record import DATABASE, Export, FaultError, Opening, Piece, Reader, Refused, piece
from topicloom.intake.tables.delimited import delimited_table, is_any_table, is_known_table
from topicloom.intake.tables.headers import layout_of
from topicloom.intake.tables.layout import Layout, places_of, stated_places
from topicloom.intake.tables.sheets import cell_text, parquet_table, sheet_table
from topicloom.intake.tables.table import Row, Table
from topicloom.intake.texts.people import told_apart

_WORKBOOK = b"PK\x03\x04"
_PARQUET = b"PAR1"
_FEWEST_FIELDS = 8  # of a work
_OWN_TAG = re.compile(r"[A-Z][A-Z0-9]\Z")


def _records(export: Export, table: Table) -> Iterator[Piece]:
    layout = layout_of(table.header)
    places = _places(export, table.header, layout)
    used = {place for many in places.values() for place in many}
    rest = [(place, _own_name(name)) for place, name in enumerate(table.header) if place not in used and name]
    for row in table.rows:
        yield row if isinstance(row, Refused) else piece(row.line, _fields(row, places, rest, layout))


def _places(export: Export, header: list[str], layout: Layout | None) -> dict[str, list[int]]:
    places = places_of(header, layout)
    export.format = layout.name if layout else f"{export.format}, columns by their names"
    stated, missing = stated_places(header, export.columns)
    if missing and layout:  # the columns are those of another file, given beside this one
        export.notes.append(f"--columns is not for it: it has no column {quoted_list(missing)}")
    elif export.columns:
        if missing:
            raise FaultError(
                f"It has no column {quoted_list(missing)}; its columns are {quoted_list(header, 20)}.",
                "Name its columns in --columns, such as title=...,abstract=...,year=...",
            )
        taken = {place for many in stated.values() for place in many}
        places = {
            tag: kept for tag, many in places.items() if (kept := [place for place in many if place not in taken])
        } | stated
        export.format = f"{export.format.partition(',')[0]}, columns as named"
    if not header:
        raise FaultError("It holds no record.", "Search again, and export what was found.")
    if "TI" not in places and "AB" not in places:
        raise FaultError(
            f"None of its columns can be told to hold titles or abstracts; they are {quoted_list(header, 20)}.",
            "Say which they are: --columns title=NAME,abstract=NAME,year=NAME.",
        )
    if layout is None or (export.columns and not missing):
        export.notes.append(_told(header, places))
    return places


def _told(header: list[str], places: dict[str, list[int]]) -> str:
    words = {"TI": "title", "AB": "abstract", "PY": "year", "AU": "authors", "SO": "source", "DI": "doi", "UT": "id"}
    found = [f"{word}={header[places[tag][0]]}" for tag, word in words.items() if tag in places]
    absent = [word for tag, word in words.items() if tag not in places and tag in ("TI", "AB", "PY")]
    none = f"; no column for {', '.join(absent)}" if absent else ""
    return f"columns read: {', '.join(found)}{none} (if that is wrong, name them by --columns)"


def _own_name(name: str) -> str:
    """The name of a column without a tag; one that looks like a tag means something else here."""
    return f"own_{name}" if _OWN_TAG.match(name) or name in ("text", DATABASE, "uuid", "X_N") else name


def _fields(
    row: Row, places: dict[str, list[int]], rest: list[tuple[int, str]], layout: Layout | None
) -> list[tuple[str, str]]:
    cells = row.cells
    found = {tag: text for tag, many in places.items() if (text := _first(cells, many))}
    if layout:
        layout.finish(found)
    if "pages" in found:
        begin, _, end = re.sub("[\u2013\u2014]|--", "-", found.pop("pages")).partition("-")
        found = {"BP": begin.strip(), "EP": end.strip()} | found
    if "AU" in found:
        found["AU"] = told_apart(found["AU"])
    own = [(name, cells[place]) for place, name in rest if cells[place].strip()]
    return [*found.items(), (DATABASE, layout.database if layout else "table"), *own]


def _first(cells: list[str], places: list[int]) -> str:
    return next((text for place in places if (text := cells[place].strip()) and text not in ("NA", "nan", "NaN")), "")


def _reader(name: str, knows: Callable[[Opening], bool], table: Callable[[Export], Table]) -> Reader:
    def read(export: Export) -> Iterator[Piece]:
        return _records(export, table(export))

    return Reader(name, knows, read)


def _json_table(export: Export) -> Table:
    """Objects as rows; their keys, those of objects in them with a dot between, are the columns."""
    found = [item if isinstance(item, Refused) else (item[0], _flat(item[1])) for item in objects(export)]
    header = list(dict.fromkeys(key for item in found if not isinstance(item, Refused) for key in item[1]))
    if len(found) == 1 and not isinstance(found[0], Refused):
        _require_no_error(found[0][1])
    rows = (
        item if isinstance(item, Refused) else Row(item[0], [item[1].get(key, "") for key in header]) for item in found
    )
    return Table(header, iter(rows))


def _require_no_error(item: dict[str, str]) -> None:
    """Raise FaultError where the only object is an interface's answer that something went wrong."""
    told = [item[key] for key in ("error", "message", "errors", "error.message", "detail") if item.get(key)]
    if told and len(item) < _FEWEST_FIELDS:
        raise FaultError(
            f"It is a database's answer that tells of an error: '{' '.join(told)[:120]}'.", "Ask the database again."
        )


def _flat(value: dict[str, object], before: str = "", depth: int = 0) -> dict[str, str]:
    found: dict[str, str] = {}
    for key, item in value.items():
        if isinstance(item, dict) and depth < 4:
            found |= _flat(item, f"{before}{key}.", depth + 1)
        else:
            found[f"{before}{key}"] = cell_text(item)
    return found


def _is_json(opening: Opening) -> bool:
    text = opening.text.strip("\ufeff \t\r\n")
    return text[:1] in ("{", "[") and ('"' in text or text in ("[]", "{}"))


WORKBOOK = _reader("Excel", lambda opening: opening.head.startswith(_WORKBOOK), sheet_table)
PARQUET = _reader("Parquet", lambda opening: opening.head.startswith(_PARQUET), parquet_table)
KNOWN_TABLE = _reader("CSV", is_known_table, delimited_table)
JSON_TABLE = _reader("JSON", _is_json, _json_table)
ANY_TABLE = _reader("CSV", is_any_table, delimited_table)
