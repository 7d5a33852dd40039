"""A new project from exports: dataset, corpus, settings, the exports themselves, and the account of where all went."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import pydantic

from topicloom.errors import Problem
from topicloom.inputs.languages import language_facts
from topicloom.intake.accounts import Account, Change, account_of, databases, import_account
from topicloom.intake.building import built
from topicloom.intake.dataset import as_dataset, corpus_of, named_rows, records_table
from topicloom.intake.file_names import (
    ACCOUNT,
    ANALYSIS,
    CORPUS,
    DATASET,
    DUPLICATES,
    FILTERED,
    ORIGINS,
    PROFILE,
    REFUSED,
    SETTINGS,
    SOURCES,
)
from topicloom.intake.identity import distinct, name_of
from topicloom.intake.merging import Outcome, merged_records
from topicloom.intake.reading import ReadFile, read_exports
from topicloom.intake.record import IntakeError
from topicloom.intake.settings_file import LEAST_OF_A_MAP, settings_text
from topicloom.intake.sources import Given, given_files
from topicloom.machine.regular_files import unreadable
from topicloom.settings.section import FolderName
from topicloom.store.csv_tables import write_csv
from topicloom.store.files import write_json


@dataclass(frozen=True)
class Imported:
    """What an import did. analysis: the folder that `topicloom run` takes. files: what was read, with its notes.

    again: files that the project had read before. changed: whether the dataset is another than before.
    """

    project: Path
    analysis: Path
    account: Account
    files: list[ReadFile] = field(default_factory=list)
    again: list[str] = field(default_factory=list)
    changed: bool = True


def new_project(
    project: Path,
    exports: Sequence[str | Path],
    columns: Mapping[str, str] | None = None,
    model: str | None = None,
    within: Sequence[Path] = (),
    *,
    for_map: bool = False,
) -> Imported:
    """Make a project from exports.

    Args:
        project: ROOT/PROJECT, which must not be there, or be empty.
        exports: Files, folders, patterns and archives.
        columns: Of tables that no database wrote: the names of their columns, by title, abstract, year, ...
        model: What embeds the texts; the default where it is None.
        within: Folders that every export must lie in, links followed; anywhere where there are none.
        for_map: Whether there must be enough papers for a map.

    Raises:
        IntakeError: with all faults of all files, before anything is written.
    """
    project = project.expanduser().absolute()
    require_new(project)
    with tempfile.TemporaryDirectory(prefix="topicloom-") as scratch:
        given = given_files(exports, Path(scratch), dict(columns or {}), within=within)
        files = read_exports(given, project)
        counts: Counter[str] = Counter()
        records = records_table(files, counts)
        outcome = merged_records(records)
        names = distinct(map(name_of, named_rows(outcome.kept)))
        dataset = as_dataset(outcome.kept, names, counts)
        corpus = corpus_of(dataset)
        require_texts(project, len(corpus), LEAST_OF_A_MAP if for_map else 1)
        languages = language_facts(list(corpus["text"]))["languages"]
        made = import_account(files, Change(added=len(dataset)), counts)
        account = account_of(dataset, [made], databases(records), languages)
        with built(project) as folder:
            write_tables(folder / FILTERED, dataset, corpus)
            write_listings(folder / FILTERED, outcome, files)
            write_json(folder / FILTERED / ACCOUNT, account.model_dump())
            keep_sources(folder / FILTERED / SOURCES, given)
            settings = folder / ANALYSIS / SETTINGS
            settings.parent.mkdir()
            text = settings_text(project.name, len(corpus), languages, model)
            settings.write_text(text, encoding="utf-8")
    return Imported(project, project / ANALYSIS, account, files)


def require_new(project: Path) -> None:
    """Raise IntakeError where a project cannot be made: something lies there, or its name is none for a folder."""
    try:
        pydantic.TypeAdapter(FolderName).validate_python(project.name)
    except pydantic.ValidationError as error:
        reason = str(error.errors()[0]["ctx"]["error"])
        mend = "Give ROOT/PROJECT; the name of a project has at most 255 bytes, and no '..', ':' or control character."
        raise IntakeError(project, Problem(f"It cannot be called so: {reason}.", mend)) from error
    try:
        there = project.is_dir() and any(project.iterdir())
        taken = project.exists() and not project.is_dir()
    except OSError as error:
        raise IntakeError(project, unreadable(error)) from error
    if there and (project / FILTERED / DATASET).is_file():
        raise IntakeError(
            project,
            Problem(
                "It is a project already.", "Bring exports in by topicloom add, or give the name of a new project."
            ),
        )
    if there or taken:
        raise IntakeError(project, Problem("Something lies there already.", "Give the name of a new project."))


def require_texts(project: Path, papers: int, least: int) -> None:
    """Raise IntakeError where no paper has a title or an abstract, or fewer than `least` have one."""
    if not papers:
        raise IntakeError(
            project,
            Problem("None of the records has a title or an abstract.", "Export full records, abstracts included."),
        )
    if papers < least:
        raise IntakeError(
            project,
            Problem(
                f"A map needs at least {least} papers with a title or an abstract, and the exports have {papers}. "
                "Nothing was written.",
                "Export more; or make the project without a map (without --run), and add papers later (topicloom add).",
            ),
        )


def write_tables(filtered: Path, dataset: pd.DataFrame, corpus: pd.DataFrame) -> None:
    """Write dataset and corpus."""
    (filtered / PROFILE).mkdir(parents=True, exist_ok=True)
    write_csv(dataset, filtered / DATASET)
    write_csv(corpus, filtered / PROFILE / CORPUS)


def write_listings(filtered: Path, outcome: Outcome, files: Sequence[ReadFile]) -> None:
    """Write duplicates.csv, merged_fields.csv and refused.csv, which people open in spreadsheets: formulas escaped."""
    write_csv(outcome.listing, filtered / DUPLICATES, escape_formulas=True)
    write_csv(outcome.origins, filtered / ORIGINS, escape_formulas=True)
    write_csv(refused_table(files), filtered / REFUSED, escape_formulas=True)


def refused_table(files: Sequence[ReadFile]) -> pd.DataFrame:
    """What was refused: file, line and reason."""
    refused = [(file.name, str(piece.line), piece.reason) for file in files for piece in file.refused]
    return pd.DataFrame(refused, columns=["file", "line", "reason"], dtype=object)


def keep_sources(folder: Path, given: Given) -> None:
    """Copy the exports as they came."""
    folder.mkdir(parents=True, exist_ok=True)
    for file, name in zip(given.files, given.names, strict=True):
        shutil.copyfile(file, folder / name)
