"""Further columns of a dataset, by which a reader of the report colours and filters papers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from topicloom.errors import CorpusError
from topicloom.inputs.corpus import MISSING_IN_DATASET, dataset_columns, read_dataset
from topicloom.inputs.csv_rows import read_rows
from topicloom.inputs.paper_fields import DETAILS, KNOWN_COLUMNS
from topicloom.inputs.papers import ABSTRACT, DOI, TITLE
from topicloom.machine.regular_files import file_is_there
from topicloom.settings.schema import Settings

if TYPE_CHECKING:
    import pandas as pd

# What is shown in a form of its own, what tells one paper from another, and long texts of Web of Science.
_KNOWN: Final = frozenset(
    {
        *TITLE,
        *DOI,
        *ABSTRACT,
        *(name for names in (*KNOWN_COLUMNS.values(), *DETAILS.values()) for name in names),
        *("UT", "uuid", "X_N", "PY", "year", "Year", "PM", "EA", "C1", "C3", "RP", "EM", "RI", "OI", "FU", "FX", "FP"),
        *(
            "CR",
            "BP",
            "EP",
            "PG",
            "GA",
            "DA",
            "SN",
            "EI",
            "BN",
            "JI",
            "J9",
            "PA",
            "PI",
            "D2",
            "BE",
            "CA",
            "url",
            "link",
        ),
    }
)
# What papers have in a report already, under these names.
_TAKEN: Final = frozenset(
    {
        *("Topic", "Score", "Typicality", "placed", "x", "y", "Abstract", "cited", "core", "topic", "group", "typical"),
        *("source", "sources", "type", "types", "country", "countries", "institutions", "authors", "doi", "keywords"),
    }
)
_LOOKED_AT = 2_000  # rows that decide which columns are taken
_MOST_COLUMNS = 12
_MOST_VALUES = 50  # of a column of texts
_LONGEST = 60  # letters of a value
_FILLED = 0.05  # of the rows have a value, at least


def further_columns(settings: Settings) -> list[str]:
    """The columns that the settings name, else those of numbers and of few values, at most twelve.

    Raises CorpusError for a dataset that cannot be read.
    """
    path, named = settings.dataset_path, settings.tmo.columns.colour
    if named == [] or not file_is_there(path, CorpusError):
        return []
    present = dataset_columns(path)
    if settings.tmo.id_column not in present:
        return []
    if named is not None:
        return [name for name in dict.fromkeys(named) if name in present]
    own = {settings.tmo.id_column, settings.tmo.year_column, *settings.tmo.columns.named.get("columns", {}).values()}
    open_ones = [name for name in present if name not in _KNOWN | own and not name.startswith("Unnamed")]
    rows = read_rows(path, CorpusError, open_ones, most=_LOOKED_AT).columns if open_ones else {}
    return [name for name in open_ones if _tells(rows[name])][:_MOST_COLUMNS]


def _tells(texts: Sequence[str]) -> bool:
    """Whether a column parts papers: two values or more, numbers that are no running ones, or few values."""
    known = [text.strip() for text in texts if text.strip() and text not in MISSING_IN_DATASET]
    values = set(known)
    if len(known) < max(2, _FILLED * len(texts)) or len(values) < 2:
        return False
    if all(_number(text) is not None for text in values):
        return len(values) < len(known) or any("." in text for text in values)
    parts = {part.strip() for text in values for part in text.split(";")}
    return len(parts) <= min(_MOST_VALUES, len(known) // 2) and max(map(len, parts)) <= _LONGEST


def read_further(settings: Settings, identifiers: Sequence[str]) -> tuple[pd.DataFrame, list[str]]:
    """Read the further columns, one row for each UT of `identifiers`, in its order.

    A column of numbers is Float64, missing where unknown; others are texts, "" where unknown. A name that papers have
    already in a report gets "(dataset)" behind it. Also returned: the columns that the settings name and the dataset
    has not. Raises CorpusError for a dataset that cannot be read.
    """
    import pandas as pd

    columns = further_columns(settings)
    absent = [name for name in settings.tmo.columns.colour or [] if name not in columns]
    if not columns:
        return pd.DataFrame(index=range(len(identifiers))), absent
    table = read_dataset(settings.dataset_path, columns, settings.tmo.id_column).drop_duplicates("UT").set_index("UT")
    found = table[columns].reindex(list(identifiers)).fillna("").reset_index(drop=True)
    return pd.DataFrame({_named(name): _typed(found[name]) for name in columns}), absent


def _named(name: str) -> str:
    return f"{name} (dataset)" if name in _TAKEN or name in _KNOWN else name


def _typed(column: pd.Series[str]) -> Any:
    import pandas as pd

    texts = [" ".join(str(text).split()) for text in column]
    numbers = [_number(text) for text in texts]
    if all(number is not None for number, text in zip(numbers, texts, strict=True) if text):
        return pd.array(numbers, dtype="Float64")
    return texts


def _number(text: str) -> float | None:
    """The finite number that a text is."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and text.isascii() and "_" not in text else None
