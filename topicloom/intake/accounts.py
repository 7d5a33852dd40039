"""import.json: where every record of every file went, in counts, and as a flow in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from topicloom import __version__
from topicloom.intake.reading import ReadFile
from topicloom.intake.record import DATABASE
from topicloom.phrasing import number_of

FORM = 1


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class FileAccount(_Part):
    """One file that was read."""

    name: str = Field(description="As it was given; of a file in an archive ARCHIVE/FILE.")
    sha256: str = Field(description="SHA-256 of its content.")
    format: str = Field(description="What it was read as.")
    encoding: str = Field(description="How its bytes were read as text; empty for a workbook.")
    records: int = Field(description="Records that were read.")
    refused: int = Field(description="Pieces that are no record; refused.csv lists them.")
    notes: list[str] = Field([], description="Remarks, such as which column was taken for what.")
    columns: dict[str, str] = Field({}, description="Names of columns that a person gave, by the word for the field.")


class ImportAccount(_Part):
    """One import: `topicloom new`, or one `topicloom add`."""

    when: str = Field(description="When, in UTC.")
    topicloom: str = Field(description="The version that did it.")
    files: list[FileAccount]
    records: int = Field(description="Records of all its files.")
    refused: int
    duplicates: int = Field(description="Records merged into another one; duplicates.csv lists them.")
    added: int = Field(description="Papers that the project did not have.")
    updated: int = Field(0, description="Papers of the project of which a newer record said more.")
    undone: int = Field(
        0, description="Records of earlier imports that are papers again, since their merge was undone."
    )
    joined: int = Field(0, description="Papers of the project that are one with another, since a person said so.")
    texts: dict[str, int] = Field(description="How many texts were changed, by what was done.")


class Account(_Part):
    """What stands in import.json."""

    form: int = Field(FORM, description="Version of this form.")
    records: int = Field(description="Records of all files of all imports.")
    refused: int
    duplicates: int
    kept: int = Field(description="Papers in the dataset.")
    without_title: int
    without_abstract: int
    without_year: int
    without_text: int = Field(description="Papers with neither title nor abstract; they are not in the corpus.")
    by_database: dict[str, int] = Field(description="Records by the database that they are from.")
    languages: dict[str, int] = Field(description="Of a sample of texts, how many are in each language.")
    flow: list[str] = Field(description="The flow of records in words, as PRISMA has it.")
    imports: list[ImportAccount]


@dataclass(frozen=True)
class Change:
    """What an import does to the papers of a project, in counts; `ImportAccount` says of what.

    All papers of a project are those that its imports have added and undone, less those that they have joined.
    """

    added: int
    updated: int = 0
    undone: int = 0
    joined: int = 0

    def __bool__(self) -> bool:
        return bool(self.added or self.updated or self.undone or self.joined)


def file_accounts(files: Sequence[ReadFile]) -> list[FileAccount]:
    """The accounts of files."""
    return [
        FileAccount(
            name=file.name,
            sha256=file.sha256,
            format=file.format,
            encoding=file.encoding,
            records=file.count,
            refused=len(file.refused),
            notes=file.notes,
            columns=file.columns,
        )
        for file in files
    ]


def import_account(files: Sequence[ReadFile], change: Change, texts: Mapping[str, int]) -> ImportAccount:
    """The account of one import. texts: what was done to texts, by name."""
    records = sum(file.count for file in files)
    return ImportAccount(
        when=datetime.now(UTC).isoformat(timespec="seconds"),
        topicloom=__version__,
        files=file_accounts(files),
        records=records,
        refused=sum(len(file.refused) for file in files),
        duplicates=records - change.added,
        added=change.added,
        updated=change.updated,
        undone=change.undone,
        joined=change.joined,
        texts={name: count for name, count in sorted(texts.items()) if count},
    )


def account_of(
    dataset: pd.DataFrame,
    imports: Sequence[ImportAccount],
    by_database: Mapping[str, int],
    languages: Mapping[str, int],
) -> Account:
    """The account of a whole project. dataset: as it is after the last import."""
    blank = {name: int((dataset[name] == "").sum()) for name in ("TI", "AB", "PY")}
    account = Account(
        records=sum(one.records for one in imports),
        refused=sum(one.refused for one in imports),
        duplicates=sum(one.records for one in imports) - len(dataset),
        kept=len(dataset),
        without_title=blank["TI"],
        without_abstract=blank["AB"],
        without_year=blank["PY"],
        without_text=int(((dataset["TI"] == "") & (dataset["AB"] == "")).sum()),
        by_database=dict(sorted(by_database.items())),
        languages=dict(languages),
        flow=[],
        imports=list(imports),
    )
    return account.model_copy(update={"flow": flow_of(account)})


def databases(table: pd.DataFrame) -> Counter[str]:
    """How many records are from each database."""
    return Counter(map(str, table[DATABASE]))


def flow_of(account: Account) -> list[str]:
    """The flow of records in words: identified, removed, included."""
    databases = ", ".join(f"{name} {count}" for name, count in account.by_database.items())
    number = sum(len(one.files) for one in account.imports)
    records = number_of(account.records + account.refused, "record")
    return [
        f"Identification: {records} in {number_of(number, 'file')} ({databases})",
        f"Removed: {account.refused} refused, {number_of(account.duplicates, 'duplicate')}",
        f"Included: {number_of(account.kept, 'paper')} in the dataset",
        f"Not in the map: {number_of(account.without_text, 'paper')} with neither title nor abstract",
        f"In the map: {number_of(account.kept - account.without_text, 'paper')}",
    ]
