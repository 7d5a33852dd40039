"""JSON files of works: one whole value, pages of an interface, or one object a line."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from topicloom.intake.record import Export, FaultError, Piece, Refused, piece

_LISTS = ("results", "items", "data", "records", "message", "works", "references")
_MOST_BYTES = 4 << 30


def objects(export: Export) -> Iterator[tuple[int, dict[str, Any]] | Refused]:
    """The works of a file, each with its line (in a whole value, its number), and lines that are no work."""
    with export.open() as file:
        first = _first_line(file)
        one_a_line = _is_object(first) and any(line.lstrip().startswith("{") for line in _next_line(file))
    if one_a_line or (_is_object(first) and not _list_of(json.loads(first))):
        yield from _by_line(export)
    else:
        yield from _whole(export)


def pieces(export: Export, fields: Callable[[Mapping[str, Any]], list[tuple[str, str]]]) -> Iterator[Piece]:
    """The works of a file as records. fields: tags and texts of a work."""
    for found in objects(export):
        yield found if isinstance(found, Refused) else piece(found[0], fields(found[1]))


def _first_line(file: Any) -> str:
    return next((line for line in file if line.strip("\ufeff \t\r\n")), "").lstrip("\ufeff")


def _next_line(file: Any) -> Iterator[str]:
    line = _first_line(file)
    return iter([line] if line else [])


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _by_line(export: Export) -> Iterator[tuple[int, dict[str, Any]] | Refused]:
    fault: Refused | None = None
    for number, line in enumerate(export.lines(), 1):
        if not line.strip("\ufeff \t"):
            continue
        if fault:
            yield fault
        fault = None
        try:
            value = json.loads(line.lstrip("\ufeff"))
        except (ValueError, RecursionError) as error:
            fault = Refused(number, f"It is no JSON: {_short(error)}.")
            continue
        pages = _list_of(value)
        if pages is not None:
            yield from (_work(number, item) for item in pages)
        elif isinstance(value, dict):
            yield number, value
        else:
            fault = _no_work(number)
    if fault:
        raise FaultError(f"Its last line, {fault.line}, is cut off. {fault.reason}", "Export it again.")


def _whole(export: Export) -> Iterator[tuple[int, dict[str, Any]] | Refused]:
    try:
        with export.open() as file:
            value = json.loads(file.read().lstrip("\ufeff"))
    except (ValueError, RecursionError) as error:
        raise FaultError(
            f"It is no whole JSON: {_short(error)}. The file may be cut off.", "Export it again."
        ) from error
    works = value if isinstance(value, list) else _list_of(value)
    if works is None:
        works = [value]
    for number, item in enumerate(works, 1):
        inner = _list_of(item)
        if inner is not None:  # a list of pages
            yield from (_work(number, one) for one in inner)
        else:
            yield _work(number, item)


def _work(number: int, item: Any) -> tuple[int, dict[str, Any]] | Refused:
    return (number, item) if isinstance(item, dict) else _no_work(number)


def _no_work(number: int) -> Refused:
    return Refused(number, "It is no object with the fields of a work.")


def _list_of(value: Any) -> list[Any] | None:
    """The works in a page of an interface; None where the value is no page."""
    if not isinstance(value, dict) or "title" in value:
        return None
    for name in _LISTS:
        inner = value.get(name)
        if isinstance(inner, list):
            return inner
        if isinstance(inner, dict) and (deeper := _list_of(inner)) is not None:
            return deeper
    return None


def _short(error: Exception) -> str:
    return "nested too deep" if isinstance(error, RecursionError) else str(error)[:100]
