"""Later exports brought into a project: new papers are appended, known ones updated, and every UT stays."""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pydantic

from topicloom.errors import CorpusError, Problem
from topicloom.inputs.csv_rows import read_rows
from topicloom.inputs.kept_vectors import set_vectors_aside
from topicloom.inputs.languages import language_facts
from topicloom.intake.accounts import Account, Change, account_of, databases, import_account
from topicloom.intake.building import sweep_unfinished
from topicloom.intake.changing import changed_together, one_import
from topicloom.intake.dataset import (
    FILE,
    RECORD,
    SOURCE_FILE,
    SOURCE_RECORD,
    as_dataset,
    corpus_of,
    named_rows,
    records_table,
)
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
    SOURCES,
)
from topicloom.intake.identity import distinct, name_of
from topicloom.intake.merging import Outcome, merged_records
from topicloom.intake.project import Imported, keep_sources, refused_table
from topicloom.intake.reading import ReadFile, read_exports
from topicloom.intake.record import IntakeError
from topicloom.intake.sources import Given, given_files
from topicloom.intake.undoing import Place, Undone, places_of, undo
from topicloom.store.csv_tables import unescaped, write_csv
from topicloom.store.files import digest_file, read_json, replaced, write_json

_MADE_ANEW = ("X_N", "uuid", "text")


@dataclass(frozen=True)
class _Known:
    """What a project has. table: a row a paper, as `records_table` has it. account: of the imports before."""

    table: pd.DataFrame
    account: Account

    @property
    def names(self) -> dict[tuple[str, str], str]:
        """The UT of each paper, by file and number of its record."""
        return dict(zip(places_of(self.table), self.table["UT"], strict=True))


def add_exports(project: Path, exports: Sequence[str | Path], columns: Mapping[str, str] | None = None) -> Imported:
    """Bring exports into a project; without any, carry out what a person has decided in duplicates.csv.

    Args:
        project: ROOT/PROJECT, made by `new_project`.
        exports: Files, folders, patterns and archives. A file that the project has already is left out.
        columns: As for `new_project`.

    Raises:
        IntakeError: with all faults of all files, before anything is written.
    """
    project = project.expanduser().absolute()
    filtered = project / FILTERED
    _require_project(project)
    sweep_unfinished(project.parent)
    with one_import(filtered), tempfile.TemporaryDirectory(prefix="topicloom-") as scratch:
        known = _known(project)
        given, again = _new_ones(given_files(exports, Path(scratch), dict(columns or {}), _kept_names(filtered)), known)
        files = read_exports(given, project)
        counts: Counter[str] = Counter()
        records = records_table(files, counts)
        undone = undo(project, known.table, known.account, _folder(scratch))
        outcome = merged_records(
            _under_one_another([undone.papers, undone.back, records]), filtered / DUPLICATES, len(known.table)
        )
        dataset = _named(outcome, known, counts)
        change = _change(known, undone, outcome, dataset)
        account = _account(known, files, dataset, records, change, counts)
        changed = bool(change or undone.gone)  # a record that was given back may be one with another paper
        if changed or files:
            with changed_together(filtered) as staging:
                _write(filtered, staging, dataset, outcome, files, account, undone.gone)
                keep_sources(staging / SOURCES, given)
    return Imported(project, project / ANALYSIS, account, files, again, changed)


def _require_project(project: Path) -> None:
    if not (project / FILTERED / ACCOUNT).is_file() or not (project / FILTERED / DATASET).is_file():
        raise IntakeError(
            project,
            Problem("It is no project that topicloom new has made.", "Make one by topicloom new, or correct the path."),
        )
    if not os.access(project / FILTERED, os.W_OK):
        raise IntakeError(
            project / FILTERED,
            Problem(
                "You may not write there, so nothing can be added.",
                "Give yourself the right to, or copy the project to a place where you have it.",
            ),
        )


def _folder(scratch: str) -> Path:
    folder = Path(scratch) / "kept"
    folder.mkdir()
    return folder


def _known(project: Path) -> _Known:
    filtered = project / FILTERED
    try:
        account = Account.model_validate(read_json(filtered / ACCOUNT))
    except pydantic.ValidationError as error:
        raise IntakeError(
            filtered / ACCOUNT, Problem(f"It is not as it was written: {error.errors()[0]['msg']}.", "Put it back.")
        ) from error
    return _Known(_read_dataset(filtered / DATASET), account)


def _read_dataset(path: Path) -> pd.DataFrame:
    rows = read_rows(path, CorpusError, once=("UT", SOURCE_FILE, SOURCE_RECORD))
    absent = [name for name in ("UT", "TI", "AB", SOURCE_FILE, SOURCE_RECORD) if name not in rows.columns]
    if absent:
        raise CorpusError(
            path, Problem(f"It has no column {', '.join(absent)}.", "Put the columns back that topicloom new wrote.")
        )
    columns = {name: values for name, values in rows.columns.items() if name not in _MADE_ANEW}
    table = pd.DataFrame(columns, dtype=object)
    return table.rename(columns={SOURCE_FILE: FILE, SOURCE_RECORD: RECORD})


def _kept_names(filtered: Path) -> list[str]:
    folder = filtered / SOURCES
    return [file.name for file in folder.iterdir()] if folder.is_dir() else []


def _new_ones(given: Given, known: _Known) -> tuple[Given, list[str]]:
    """What is given without files that the project has read before, and the names of those, as a person gave them."""
    before = {file.sha256 for one in known.account.imports for file in one.files}
    read = {export.name for export in given.exports if digest_file(export.path) in before}
    exports = [export for export in given.exports if export.name not in read]
    called = {name: file.name for file, name in zip(given.files, given.names, strict=True)}
    again = [
        "/".join((called[file], *within))
        for file, *within in (export.name.split("/") for export in given.exports if export.name in read)
    ]
    needed = {export.name.partition("/")[0] for export in exports}
    pairs = [(file, name) for file, name in zip(given.files, given.names, strict=True) if name in needed]
    return Given([file for file, _ in pairs], [name for _, name in pairs], exports, given.faults), again


def _under_one_another(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat([table for table in tables if len(table)], ignore_index=True).fillna("")


def _named(outcome: Outcome, known: _Known, counts: Counter[str]) -> pd.DataFrame:
    """The dataset: papers that the project had keep their UT, others get one that was never given out."""
    before = known.names
    places = places_of(outcome.kept)
    rows = zip(named_rows(outcome.kept), places, strict=True)
    fresh = [name_of(row) for row, place in rows if place not in before]
    new = iter(distinct(fresh, before.values()))
    return as_dataset(outcome.kept, [before[place] if place in before else next(new) for place in places], counts)


def _change(known: _Known, undone: Undone, outcome: Outcome, dataset: pd.DataFrame) -> Change:
    """What an import does. undone: what a person has undone before it."""
    kept, known_ones, returned = map(set, map(places_of, (outcome.kept, known.table, undone.back)))
    return Change(
        added=len(kept - known_ones - returned),
        updated=_updated(known, dataset, undone.lessened),
        undone=len(kept & returned),
        joined=len(known_ones - kept),
    )


def _updated(known: _Known, dataset: pd.DataFrame, lessened: Set[str]) -> int:
    """How many papers of the project say something else now, but for those that lost what was another record's."""
    names = [name for name in dataset.columns if name not in (*_MADE_ANEW, SOURCE_FILE, SOURCE_RECORD)]
    now = dataset.set_index("UT", drop=False)[names]
    before = known.table.set_index("UT", drop=False).reindex(columns=names, fill_value="")
    there = before.index.intersection(now.index, sort=False).difference(sorted(lessened), sort=False)
    return int((before.loc[there] != now.loc[there]).any(axis=1).sum())


def _account(
    known: _Known,
    files: Sequence[ReadFile],
    dataset: pd.DataFrame,
    records: pd.DataFrame,
    change: Change,
    texts: Mapping[str, int],
) -> Account:
    made = import_account(files, change, texts)
    languages = language_facts([text for text in dataset["text"] if text])["languages"]
    by_database = Counter(known.account.by_database) + databases(records)
    return account_of(dataset, [*known.account.imports, made], by_database, languages)


def _write(
    filtered: Path,
    staging: Path,
    dataset: pd.DataFrame,
    outcome: Outcome,
    files: Sequence[ReadFile],
    account: Account,
    gone: Set[Place],
) -> None:
    """Write what has changed into a folder that takes its place. Raises IntakeError for embeddings of others.

    gone: records that no paper has anything from any more.
    """
    corpus = staging / PROFILE / CORPUS
    if not set_vectors_aside(corpus.parent):
        raise IntakeError(
            filtered / PROFILE,
            Problem(
                "Its embeddings were not made by topicloom for this corpus, so new papers can get none like them.",
                "Take the embeddings away, so that all are made anew by the model of the settings.",
            ),
        )
    with replaced(corpus) as temporary:
        write_csv(corpus_of(dataset), temporary)
    write_csv(dataset, staging / DATASET)
    write_csv(outcome.listing, staging / DUPLICATES, escape_formulas=True)
    origins = _appended(filtered / ORIGINS, outcome.origins)
    from_them = [place in gone for place in zip(origins["from_file"], origins["from_record"], strict=True)]
    origins = origins[~pd.Series(from_them, index=origins.index, dtype=bool)].drop_duplicates()
    write_csv(origins, staging / ORIGINS, escape_formulas=True)
    write_csv(_appended(filtered / REFUSED, refused_table(files)), staging / REFUSED, escape_formulas=True)
    write_json(staging / ACCOUNT, account.model_dump())


def _appended(path: Path, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of a table that is there, and some more."""
    read = read_rows(path, CorpusError).columns if path.is_file() else {}
    before = {name: [unescaped(value) for value in values] for name, values in read.items()}
    return pd.concat([pd.DataFrame(before, columns=list(rows.columns), dtype=object), rows], ignore_index=True)
