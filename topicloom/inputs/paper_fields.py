"""Who, where, what kind and how often cited: the fields of papers that a dataset tells, by the column that has each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from topicloom.errors import CorpusError
from topicloom.inputs.corpus import dataset_columns, read_dataset
from topicloom.machine.regular_files import file_is_there
from topicloom.settings.schema import Settings

if TYPE_CHECKING:
    import pandas as pd

# The columns that may hold each field, by the names that Web of Science, Scopus, OpenAlex and `topicloom new` give it.
KNOWN_COLUMNS: Final[Mapping[str, Sequence[str]]] = MappingProxyType(
    {
        "authors": ("AU", "Authors", "authors", "AF"),
        "full_names": ("AF", "Author full names"),
        "source": ("SO", "Source title", "source", "journal"),
        "cited": ("TC", "Cited by", "cited_by_count"),
        "type": ("DT", "Document Type", "type"),
        "keywords": ("DE", "Author Keywords", "keywords"),
        "indexed": ("ID", "Index Keywords"),
        "categories": ("WC",),
        "areas": ("SC",),
        "countries": ("Countries", "countries"),
        "institutions": ("Institutions", "institutions"),
    }
)
# What else a reference has.
DETAILS: Final[Mapping[str, Sequence[str]]] = MappingProxyType(
    {
        "volume": ("VL", "Volume", "volume"),
        "issue": ("IS", "Issue", "issue"),
        "first_page": ("BP", "Page start", "first_page"),
        "last_page": ("EP", "Page end", "last_page"),
        "number": ("AR", "Art. No."),
    }
)
_MOSTLY = 0.5  # of the papers with authors have them in full: then these are counted


@dataclass(frozen=True)
class PaperFields:
    """What a dataset tells of papers.

    Args:
        columns: Its own name of each field that it has.
        absent: The columns that the settings name and that it has not, by field.
        texts: One row a paper, a column of texts a field, "" where unknown.
    """

    columns: Mapping[str, str]
    absent: Mapping[str, str]
    texts: pd.DataFrame


def column_of(settings: Settings, field: str, present: Sequence[str]) -> str | None:
    """The column of a dataset that holds a field: the one that the settings name, else the first that is known.

    field: of `KNOWN_COLUMNS`. present: the columns of the dataset. None where there is none.
    """
    named = getattr(settings.tmo.columns, field)
    names = KNOWN_COLUMNS[field] if named is None else (named,)
    own = settings.tmo.id_column
    return next((name for name in names if name in present and (named or name != own)), None)


def read_fields(settings: Settings, identifiers: Sequence[str]) -> PaperFields:
    """Read the fields of papers from the dataset of a project; none without one that has the column of ids.

    identifiers: n UT. Raises CorpusError for a dataset that cannot be read.
    """
    present = _present(settings)
    named = settings.tmo.columns.fields
    found = {field: column_of(settings, field, present) for field in KNOWN_COLUMNS}
    columns = {field: column for field, column in found.items() if column}
    absent = {field: name for field, name in named.items() if name not in present}
    return PaperFields(columns, absent, _texts(settings, columns, identifiers))


def read_details(settings: Settings, identifiers: Sequence[str]) -> pd.DataFrame:
    """Read what else a reference has, one row a paper: `DETAILS`, full names of authors and type, "" where unknown.

    identifiers: n UT. Raises CorpusError for a dataset that cannot be read.
    """
    present = _present(settings)
    found = {name: next((column for column in names if column in present), None) for name, names in DETAILS.items()}
    found |= {name: column_of(settings, name, present) for name in ("full_names", "type")}
    texts = _texts(settings, {name: column for name, column in found.items() if column}, identifiers)
    return texts.reindex(columns=list(found), fill_value="")


def _present(settings: Settings) -> list[str]:
    """The columns of a dataset that has the column of ids; else none."""
    path = settings.dataset_path
    present = dataset_columns(path) if file_is_there(path, CorpusError) else []
    return present if settings.tmo.id_column in present else []


def _texts(settings: Settings, columns: Mapping[str, str], identifiers: Sequence[str]) -> pd.DataFrame:
    """Columns of the dataset under other names, one row for each UT of `identifiers`, in its order."""
    import pandas as pd

    order = pd.Index(list(identifiers), dtype=object)
    if not columns:
        return pd.DataFrame(index=range(len(order)))
    wanted = list(dict.fromkeys(columns.values()))
    table = read_dataset(settings.dataset_path, wanted, settings.tmo.id_column)
    table = table.drop_duplicates("UT").set_index("UT", drop=False)
    texts = table[list(columns.values())].set_axis(list(columns), axis=1).reindex(order).fillna("")
    return texts.reset_index(drop=True)


def author_names(fields: PaperFields) -> pd.Series[str] | None:
    """The authors of each paper as they are counted: in full where half of the papers with authors have them so.

    Returns None where the dataset has none. One column is taken for all papers: a person whose name stands in full here
    and shortened there would be two.
    """
    texts = fields.texts
    if "authors" not in texts or "full_names" not in texts:
        return next((texts[name] for name in ("full_names", "authors") if name in texts), None)
    short, full = texts["authors"].str.strip() != "", texts["full_names"].str.strip() != ""
    return texts["full_names" if full.sum() >= _MOSTLY * max(short.sum(), 1) else "authors"]
