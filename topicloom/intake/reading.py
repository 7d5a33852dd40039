"""Reading exports whole: the records of each, what was refused, and the faults of all, told at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from topicloom.errors import Problem
from topicloom.inputs.decoding import form_facts, form_notes
from topicloom.intake.formats import reader_of
from topicloom.intake.record import Export, FaultError, IntakeError, Record, Refused
from topicloom.intake.sources import Given
from topicloom.machine.regular_files import unreadable
from topicloom.phrasing import number_of
from topicloom.progress import tell
from topicloom.store.files import digest_file

_SHOWN = 20  # faults of one message


@dataclass(frozen=True)
class ReadFile:
    """A file that was read. name: as people know it. format, encoding: what it was read as. notes: remarks.

    records: until they have become a table. count: how many there were. columns: as a person named them.
    """

    name: str
    sha256: str
    format: str
    encoding: str
    records: list[Record]
    refused: list[Refused]
    notes: list[str] = field(default_factory=list)
    count: int = 0
    columns: dict[str, str] = field(default_factory=dict)


def read_exports(given: Given, project: Path) -> list[ReadFile]:
    """Read every export. Raises IntakeError, which names `project`, with all faults of all files."""
    faults, files = list(given.faults), list[ReadFile]()
    seen: dict[str, ReadFile] = {}
    for number, export in enumerate(given.exports):
        tell("reading exports", number, len(given.exports))
        try:
            digest = digest_file(export.path)
            if digest in seen:  # such as "savedrecs (1).txt", downloaded twice
                seen[digest].notes.append(f"{export.name} is the same, byte for byte, and is not read again")
                continue
            seen[digest] = _read(export, digest)
            files.append(seen[digest])
        except FaultError as fault:
            faults.append((export.name, fault.problem))
        except OSError as error:
            faults.append((export.name, unreadable(error)))
    tell("reading exports", len(given.exports), len(given.exports))
    if faults:
        raise IntakeError(project, _told(faults))
    return files


def _told(faults: Sequence[tuple[str, Problem]]) -> list[Problem]:
    told = [Problem(f"{name}: {problem.finding}", problem.mend) for name, problem in faults[:_SHOWN]]
    if len(faults) > _SHOWN:
        told.append(Problem(f"And {number_of(len(faults) - _SHOWN, 'more file')}.", "Mend those first."))
    return [*told, Problem("Nothing was written.", "Mend these files, or leave them out, and try again.")]


def _read(export: Export, digest: str) -> ReadFile:
    reader = reader_of(export)
    export.format = reader.name
    records, refused = list[Record](), list[Refused]()
    for found in reader.read(export):
        if isinstance(found, Record):
            records.append(found)
        else:
            refused.append(found)
    if not records:
        raise FaultError(*_without_records(export, refused))
    is_text = reader.name not in ("Excel", "Parquet")
    notes = [
        *export.notes,
        *(form_notes(export.name, form_facts(export.form)) if is_text and not _is_wide(export) else ()),
    ]
    encoding = export.form.encoding.replace("utf-8-sig", "utf-8") if is_text else ""
    return ReadFile(export.name, digest, export.format, encoding, records, refused, notes, len(records), export.columns)


def _is_wide(export: Export) -> bool:
    """Whether it is UTF-16, as some databases write it: nothing to remark."""
    return export.form.encoding.startswith("utf-16")


def _all_refused(count: int) -> str:
    return "its only record is refused" if count == 1 else f"all of its {count} records are refused"


def _without_records(export: Export, refused: Sequence[Refused]) -> tuple[str, str]:
    if refused:
        first = refused[0]
        return (
            f"It was read as {export.format}, and {_all_refused(len(refused))} (line {first.line}: {first.reason})",
            "Export it again.",
        )
    return f"It was read as {export.format}, and holds no record.", "Export it again."
