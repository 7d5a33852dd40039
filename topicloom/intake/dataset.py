"""The dataset of a project as a table: texts cleaned, one row a paper, columns in the order that readers know."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Sequence

import pandas as pd

from topicloom.intake.identity import NAMING, settled
from topicloom.intake.places import with_places
from topicloom.intake.reading import ReadFile
from topicloom.intake.record import DATABASE
from topicloom.intake.texts.cleaning import ORIGINALS, TEXT, cleaned, embedded_text
from topicloom.progress import tell

FILE, RECORD = "file", "record"
SOURCE_FILE, SOURCE_RECORD = "source_file", "source_record"
_FIRST = (
    *("X_N", "uuid", "PT", "AU", "AF", "TI", "SO", "LA", "DT", "DE", "ID", "AB", "C1", "TC", "PY", "DI", "WC", "SC"),
    *("UT", "Countries", "IsoCountries", "Institutions"),
)
_NEXT = (
    *("PM", "VL", "IS", "BP", "EP", "AR", "SN", "EI", "BN", "PU", "PI", "PA", "J9", "JI", "PD", "EA", "CT", "CY", "CL"),
    *("BA", "BE", "BF", "CA", "C3", "RP", "EM", "RI", "OI", "FU", "FX", "CR", "NR", "Z9", "U1", "U2", "PG", "OA", "UR"),
)
_LAST = (*ORIGINALS.values(), "PY_original", DATABASE, SOURCE_FILE, SOURCE_RECORD, TEXT)
_STEP = 5000


def records_table(files: Sequence[ReadFile], counts: Counter[str]) -> pd.DataFrame:
    """All records of all files, cleaned, a row each: file, record (from 1 within the file), and their fields as texts.

    counts: gets what was done to texts, by name. The records of the files are gone afterwards.
    """
    total = sum(file.count for file in files)
    rows = list[dict[str, str]]()
    for file in files:
        file.records.reverse()
        for number in range(1, file.count + 1):
            record = file.records.pop()  # many records fill the memory: each leaves it when its row is there
            fields = settled(cleaned(record.fields, counts), counts)
            rows.append({FILE: file.name, RECORD: str(number), **fields, **with_places(fields)})
            if len(rows) % _STEP == 0:
                tell("cleaning texts", len(rows), total)
    tell("cleaning texts", total, total)
    names = dict.fromkeys(name for row in rows for name in row)
    wanted = dict.fromkeys([FILE, RECORD, *_identifying(), *names])
    return pd.DataFrame({name: [row.get(name, "") for row in rows] for name in wanted}, dtype=object)


def _identifying() -> Iterable[str]:
    """Columns that are there even where no record has them: those by which duplicates are found."""
    return (*("UT", "DI", "PM", "TI", "AU", "PY", "SO", "VL", "IS", "BP", "EP", "AB", "DT", "SN", DATABASE),)


def named_rows(papers: pd.DataFrame) -> list[dict[str, str]]:
    """Of each paper the fields by which `name_of` names it."""
    columns = [name for name in NAMING if name in papers.columns]
    return [dict(zip(columns, row, strict=True)) for row in papers[columns].itertuples(index=False, name=None)]


def uuid_of(name: str) -> str:
    """The second id of a paper, which follows from its UT."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, name))


def as_dataset(papers: pd.DataFrame, names: Sequence[str], counts: Counter[str]) -> pd.DataFrame:
    """The table as it is written: under the UT that papers go by in the project, numbered, in the order of columns.

    counts: gets how many abstracts lost their labels in the text that is embedded.
    """
    table = papers.rename(columns={FILE: SOURCE_FILE, RECORD: SOURCE_RECORD})
    table["UT"] = list(names)
    table["uuid"] = list(map(uuid_of, names))
    table["X_N"] = [str(number) for number in range(1, len(table) + 1)]
    table[TEXT] = [embedded_text(*pair, counts) for pair in zip(table["TI"], table["AB"], strict=True)]
    return in_order(table)


def in_order(table: pd.DataFrame) -> pd.DataFrame:
    """The table with the columns that readers know first, then all others as they came."""
    present = [name for name in table.columns if name in (*_FIRST, TEXT) or (table[name] != "").any()]
    first = [name for name in _FIRST if name in present]
    then = [name for name in _NEXT if name in present]
    last = [name for name in _LAST if name in present]
    own = [name for name in present if name not in {*first, *then, *last}]
    empty = {name: "" for name in _FIRST if name not in present}
    return table.assign(**empty)[[*_FIRST, *then, *own, *last]] if empty else table[[*first, *then, *own, *last]]


def corpus_of(dataset: pd.DataFrame) -> pd.DataFrame:
    """The corpus of a dataset: UT, uuid and text of every paper that has a title or an abstract."""
    return dataset.loc[dataset[TEXT] != "", ["UT", "uuid", TEXT]].reset_index(drop=True)
