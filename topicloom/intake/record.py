"""What a reader makes of an export: records with the tags of Web of Science, and what is none, with a reason."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from topicloom.errors import InputError, Problem
from topicloom.inputs.decoding import TextForm, open_text, text_form

DATABASE = "database"
_TELLING = ("TI", "AB", "DI", "PM", "UT")


class IntakeError(InputError):
    """Exports that no project can be made of; each problem names its file."""


class FaultError(Exception):
    """An export that cannot be used as a whole. problem: what was found, and what to do."""

    def __init__(self, finding: str, mend: str) -> None:
        self.problem = Problem(finding, mend)
        super().__init__(finding)


@dataclass(frozen=True)
class Record:
    """One record. line: where it begins, from 1; in a table without lines, its row. fields: values by tag, none blank.

    Tags are those of Web of Science (docs/importing.md); a field that has none goes by its own name. Several values of
    a field are joined by "; ".
    """

    line: int
    fields: dict[str, str]


@dataclass(frozen=True)
class Refused:
    """A piece of a file that is no record. line: where it begins. reason: why, as a sentence."""

    line: int
    reason: str


Piece = Record | Refused


@dataclass(frozen=True)
class Opening:
    """The beginning of a file, by which its format is recognised. head: its first bytes. text: these as text."""

    head: bytes
    text: str


@dataclass
class Export:
    """A file to be read. path: where it lies now. name: what people know it by, which says its archive too.

    columns: names of its columns by tag, as a person gave them. notes: remarks that its reader adds. format: what it
    was read as.
    """

    path: Path
    name: str
    columns: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    format: str = ""

    @property
    def form(self) -> TextForm:
        """How its bytes are read as text."""
        return text_form(self.path)

    def open(self) -> TextIO:
        """Open it as text; line ends stay."""
        return open_text(self.path, self.form)

    def lines(self) -> Iterator[str]:
        """Its lines, without their ends."""
        with self.open() as file:
            for line in file:
                yield line.rstrip("\r\n")


@dataclass(frozen=True)
class Reader:
    """One format. name: for people. knows: whether a file is of it. read: its records, in their order.

    `read` raises FaultError for a file that is damaged as a whole.
    """

    name: str
    knows: Callable[[Opening], bool]
    read: Callable[[Export], Iterator[Piece]]


def piece(line: int, fields: Iterable[tuple[str, str]]) -> Piece:
    """A record of those fields that are not blank; refused where nothing of it tells which paper it is."""
    known = {tag: text for tag, value in fields if (text := value.strip())}
    if any(tag in known for tag in _TELLING):
        return Record(line, known)
    return Refused(line, "It has no title, abstract, DOI or other identifier.")


def joined(values: Iterable[str]) -> str:
    """Several values of a field as one."""
    return "; ".join(text for value in values if (text := value.strip().rstrip(";")))
