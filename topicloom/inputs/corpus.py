"""The corpus (texts in row order) and the dataset (one row a paper) of a project."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from topicloom.errors import CorpusError, Problem, quoted_list
from topicloom.inputs.csv_rows import CsvRows, read_header, read_rows
from topicloom.inputs.embeddings import EMBEDS_SETTINGS
from topicloom.machine.regular_files import file_is_there
from topicloom.phrasing import number_of

if TYPE_CHECKING:
    import pandas as pd

# The dataset comes from R, which writes a missing value as NA; the corpus holds texts, where "NA" is a text.
MISSING_IN_DATASET = ("", "NA", "NaN", "nan")
UT, OWN_UT = "UT", "UT.1"  # the name of papers; a column of that name in a file whose papers another one names
_TOKEN = re.compile(r"(?u)\b\w\w+\b")  # CountVectorizer's
_NAN, _NAN_AT_END = re.compile(r"\bnan\b"), re.compile(r"\bnan\s*$")


def read_corpus(path: Path, id_column: str = UT) -> pd.DataFrame:
    """Read corpus.csv: every column as strings, "NA" and "None" kept as the texts they are.

    id_column: that names a paper. Returns a frame of n rows with at least the columns UT, which holds it, and text.
    Raises CorpusError when the file is missing, is no table, lacks a column, is empty, or repeats a UT.
    """
    _require_file(path)
    present = read_header(path, CorpusError)
    missing = [column for column in (id_column, "text") if column not in present]
    if missing:
        raise CorpusError(
            path,
            Problem(
                f"It has no column {quoted_list(missing)}; its columns are {quoted_list(present, 12)}.",
                f"It must have the columns {id_column} (tmo.id_column) and text, one row a paper, in the order of the "
                "embeddings.",
            ),
        )
    rows = read_rows(path, CorpusError, once=(id_column, "text", "uuid"))
    if not rows.lines:
        raise CorpusError(path, Problem("It holds no papers.", "Check the step that wrote it."))
    require_unique(path, rows.columns[id_column], rows.lines, _unmade(path))
    return _frame(_named_by(rows, id_column))


def _named_by(rows: CsvRows, id_column: str) -> CsvRows:
    """The rows with a column UT that names papers, the first one; what the file itself calls UT gives way to it."""
    if id_column == UT:
        return rows
    others = {OWN_UT if name == UT else name: values for name, values in rows.columns.items()}
    return CsvRows({UT: rows.columns[id_column], **others}, rows.lines)


def _unmade(path: Path) -> str:
    """How to mend a corpus that names papers badly."""
    if (path.parent / EMBEDS_SETTINGS).is_file():
        return (
            f"Mend the dataset, and remove the folder {path.parent.name}: corpus and embeddings were made from the "
            "dataset, and are made again."
        )
    return "Mend these papers in corpus and embeddings, or remove them from both."


def require_unique(path: Path, identifiers: Sequence[str], lines: Sequence[int], mend: str) -> None:
    """Raise CorpusError where a UT is blank, or one occurs twice, spaces around it aside.

    path: the file. lines: where each paper stands in it. mend: what the person should do.
    """
    seen: dict[str, int] = {}
    blank, repeated = list[int](), dict[str, tuple[int, int]]()
    for identifier, line in zip(identifiers, lines, strict=True):
        bare = identifier.strip()
        if not bare:
            blank.append(line)
        elif seen.setdefault(bare, line) != line:
            repeated.setdefault(bare, (seen[bare], line))
    problems = []
    if blank:
        problems.append(
            Problem(
                f"{number_of(len(blank), 'paper has', 'papers have')} no UT (first in line {blank[0]}); each "
                "needs one.",
                mend,
            )
        )
    if repeated:
        first, again = next(iter(repeated.values()))
        found = f"{len(repeated)} UT occur more than once: {quoted_list(list(repeated))} (lines {first} and {again})"
        problems.append(Problem(f"{found}; each must occur once.", mend))
    if problems:
        raise CorpusError(path, problems)


def require_words(path: Path, texts: Sequence[str]) -> None:
    """Raise CorpusError unless some text has a word of two letters or more that is no English stop word.

    Without this check the topics would have no words, or only "the" and "of".
    """
    if not any(_TOKEN.search(text) for text in texts):
        raise CorpusError(
            path,
            Problem(f"None of its {len(texts)} texts has a word of two letters or more.", "Check its column text."),
        )
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    if not any(token not in ENGLISH_STOP_WORDS for text in texts for token in _TOKEN.findall(text.lower())):
        raise CorpusError(
            path,
            Problem(
                f"Its {len(texts)} texts hold stop words only, such as 'the' and 'of'; topics could have no words.",
                "Check its column text.",
            ),
        )


def text_facts(texts: pd.Series[str]) -> dict[str, Any]:
    """Counts of texts that can mislead a topic model.

    empty_texts: blank ones. repeated_texts: those that stand in the corpus more than once (counted beyond the first).
    texts_with_nan: those that end in the word "nan" or hold it twice, left there by a missing title or abstract.
    """
    return {
        "empty_texts": int((texts.str.strip() == "").sum()),
        "repeated_texts": int(texts.duplicated().sum()),
        "texts_with_nan": int(nan_marked(texts).sum()),
    }


def nan_marked(texts: pd.Series[str]) -> pd.Series[bool]:
    """Which texts end in the word "nan" or hold it twice, left there by a missing title or abstract."""
    import pandas as pd

    return pd.Series([_is_nan_marked(text.lower()) for text in texts], index=texts.index, dtype=bool)


def _is_nan_marked(text: str) -> bool:
    # Most texts do not hold these letters, and the patterns take their time.
    return "nan" in text and (_NAN_AT_END.search(text) is not None or len(_NAN.findall(text)) >= 2)


def read_dataset(path: Path, columns: Sequence[str], id_column: str = UT) -> pd.DataFrame:
    """Read some columns of dataset_raw_cleaned.csv as strings; what R or pandas wrote for missing is "".

    id_column: that names a paper. Returns a frame of UT, which holds it, and the columns.
    Raises CorpusError when the file is missing, is no table or lacks one of the columns.
    """
    wanted = list(dict.fromkeys([id_column, *columns]))
    _require_columns(path, wanted)
    return _frame(_named_by(_dataset_rows(path, wanted), id_column))


def _require_columns(path: Path, columns: Sequence[str]) -> None:
    present = dataset_columns(path)
    missing = [column for column in columns if column not in present]
    if missing:
        raise CorpusError(
            path,
            Problem(
                f"It has no column {quoted_list(missing)}; its columns are {quoted_list(present, 12)}.",
                "Name columns that it has (tmo.text_columns, tmo.id_column), or add them to it.",
            ),
        )


def _dataset_rows(path: Path, columns: Sequence[str]) -> CsvRows:
    rows = read_rows(path, CorpusError, columns)
    missing = frozenset(MISSING_IN_DATASET)
    known = {name: ["" if text in missing else text for text in texts] for name, texts in rows.columns.items()}
    return CsvRows(known, rows.lines)


def _frame(rows: CsvRows) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(rows.columns, dtype=object)


def corpus_columns(path: Path) -> list[str]:
    """Column names of corpus.csv, read without pandas and without the rest of it; empty where there is no such file."""
    if not file_is_there(path, CorpusError):
        return []
    return read_header(path, CorpusError, first_line_only=True)


def dataset_columns(path: Path) -> list[str]:
    """Column names of a CSV file. Raises CorpusError when it is missing or no table."""
    _require_file(path)
    return read_header(path, CorpusError)


def dataset_texts(path: Path, columns: Sequence[str], *, id_column: str = UT, distinct: bool = False) -> pd.DataFrame:
    """UT, uuid (where the dataset has it) and text of every paper of the dataset.

    The text joins the columns by a space and leaves missing values out, so the word "nan" never stands for one.
    id_column: that names a paper. distinct: raise CorpusError where a UT is blank or repeated, as no corpus can be made
    of that.
    """
    names = [UT, "uuid"] if "uuid" in dataset_columns(path) else [UT]
    _require_columns(path, wanted := list(dict.fromkeys([id_column, *names[1:], *columns])))
    rows = _dataset_rows(path, wanted)
    if distinct:
        mend = "Mend these papers in the dataset, or remove them from it."
        require_unique(path, rows.columns[id_column], rows.lines, mend)
    parts = zip(*(rows.columns[column] for column in columns), strict=True)
    corpus = _frame(_named_by(rows, id_column))[names].copy()
    corpus["text"] = [" ".join(word for value in values for word in value.split()) for values in parts]
    return corpus


def add_uuid(corpus: pd.DataFrame, dataset_path: Path, id_column: str = UT) -> pd.DataFrame:
    """Add the dataset's uuid by UT to a corpus without one; as it was where the dataset has none."""
    if "uuid" in corpus.columns or not file_is_there(dataset_path, CorpusError):
        return corpus
    present = dataset_columns(dataset_path)
    if "uuid" not in present or id_column not in present:
        return corpus
    dataset = read_dataset(dataset_path, ["uuid"], id_column).drop_duplicates(UT).set_index(UT)["uuid"]
    return corpus.assign(uuid=corpus[UT].map(dataset).fillna(""))


def _require_file(path: Path) -> None:
    if not file_is_there(path, CorpusError):
        raise CorpusError(path, Problem("There is no such file.", _where_from(path)))


def _where_from(path: Path) -> str:
    if path.name == "corpus.csv":
        return (
            "Put the corpus of the embedding profile there (columns UT and text), correct tmo.embeds_folder, "
            "or name a tmo.transformer_model so that corpus and embeddings are made from the dataset."
        )
    return "Put the dataset there, or correct metadata.filtered_folder."
