"""Formats in which a line begins with a tag, such as RIS: how lines make fields, and fields records."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from topicloom.intake.record import FaultError

# What begins a record in one of these formats; a file that holds two of them was put together by hand.
_BEGINNINGS = {
    "RIS": re.compile(r"TY {1,2}- \S"),
    "PubMed": re.compile(r"PMID- \d"),
    "Web of Science": re.compile(r"(?:FN (?:Clarivate|Thomson|ISI)|PT [A-Z]$)"),
    "BibTeX": re.compile(r"@[A-Za-z]+\s*\{[^,\s]+,\s*$"),
    "EndNote (Refer)": re.compile(r"%0 \S"),
}


@dataclass(frozen=True)
class Tagging:
    """How a format marks its lines.

    format: one of the names above. tag: matches a line that begins a field, with the groups tag and value. end: the tag
    that ends a record, "" where none does. first: the tags that begin one. between: lines of these tags stand outside
    records. A line without a tag goes on with the field before it, indented or not: people and programs wrap lines.
    """

    format: str
    tag: re.Pattern[str]
    first: frozenset[str]
    end: str = ""
    between: frozenset[str] = frozenset()


@dataclass
class Tagged:
    """A record as it stands.

    line: its first. fields: tag and lines of each field, in their order. begun: whether a tag that begins a record did.
    """

    line: int
    fields: list[tuple[str, list[str]]] = field(default_factory=list)
    begun: bool = True

    def lines(self, *tags: str) -> list[str]:
        """The lines of all fields with one of some tags, in the order of the tags."""
        return [line for tag in tags for name, lines in self.fields if name == tag for line in lines]

    def values(self, *tags: str) -> list[str]:
        """The fields with one of some tags, each as one text."""
        return [text_of(lines) for tag in tags for name, lines in self.fields if name == tag and any(lines)]

    def first(self, *tags: str) -> str:
        """The first of these fields that is not blank."""
        return next(iter(self.values(*tags)), "")

    @property
    def tags(self) -> list[str]:
        """Its tags, each once."""
        return list(dict.fromkeys(tag for tag, _ in self.fields))


def text_of(lines: Iterable[str]) -> str:
    """Lines of a field as one text."""
    return " ".join(text for line in lines if (text := line.strip()))


def tagged_records(lines: Iterable[str], tagging: Tagging) -> Iterator[Tagged]:
    """The records of a file. Raises FaultError where the file ends within one, or another format begins."""
    record: Tagged | None = None
    ended, records = False, 0
    foreign = others_than(tagging.format)
    for number, line in enumerate(lines, 1):
        found = tagging.tag.match(line)
        tag = found["tag"] if found else ""
        if record is None and (other := _other(line, foreign)):
            raise mixed(number, tagging.format, other)
        if tagging.end and tag == tagging.end:
            if record:
                yield record
            record, ended = None, True
        elif found and tag in tagging.between and record is None:
            continue
        elif found and (record is None or tag in tagging.first):
            if record:
                yield record
            record = Tagged(number, [(tag, [found["value"] or ""])], tag in tagging.first)
            records += 1
        elif found and record:
            record.fields.append((tag, [found["value"] or ""]))
        elif record:
            record.fields[-1][1].append(line)
    if record and record.begun and tagging.end and (ended or records == 1):  # some programs never write an end
        raise FaultError(
            f"It ends within the record that begins in line {record.line}: the line {tagging.end} that ends a record "
            "is missing, so the file is cut off.",
            "Export it again, or take the unfinished record out.",
        )
    if record:
        yield record


def others_than(own: str) -> dict[str, re.Pattern[str]]:
    """What begins a record in each format but one."""
    return {name: pattern for name, pattern in _BEGINNINGS.items() if name != own}


def _other(line: str, foreign: dict[str, re.Pattern[str]]) -> str:
    return next((name for name, pattern in foreign.items() if pattern.match(line)), "")


def mixed(line: int, own: str, other: str) -> FaultError:
    """The fault of a file that holds another format from a line on."""
    return FaultError(
        f"It holds two formats: {own} at its beginning, and {other} from line {line} on.",
        "Put each format into a file of its own; several files can be given at once.",
    )
