"""The corpus (texts in row order) and the dataset (one row a paper) of a project."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from topicloom.errors import CorpusError, Problem, quoted_list
from topicloom.inputs.decoding import open_head, open_text

if TYPE_CHECKING:
    import pandas as pd

# The dataset comes from R, which writes a missing value as NA; the corpus holds texts, where "NA" is a text.
MISSING_IN_DATASET = ("", "NA", "NaN", "nan")
_TOKEN = re.compile(r"(?u)\b\w\w+\b")  # CountVectorizer's


def read_corpus(path: Path) -> pd.DataFrame:
    """Read corpus.csv: every column as strings, "NA" and "None" kept as the texts they are.

    Returns a frame of n rows with at least the columns UT and text.
    Raises CorpusError when the file is missing, is no table, lacks a column, is empty, or repeats a UT.
    """
    corpus = _read_table(path)
    missing = [column for column in ("UT", "text") if column not in corpus.columns]
    if missing:
        raise CorpusError(
            path,
            Problem(
                f"It has no column {quoted_list(missing)}; its columns are {quoted_list(list(corpus.columns), 12)}.",
                "It must have the columns UT and text, one row a paper, in the order of the embeddings.",
            ),
        )
    if corpus.empty:
        raise CorpusError(path, Problem("It holds no papers.", "Check the step that wrote it."))
    _require_unique(path, corpus["UT"])
    return corpus


def _require_unique(path: Path, identifiers: pd.Series[str]) -> None:
    blank = identifiers.str.strip() == ""
    if blank.any():
        raise CorpusError(
            path,
            Problem(
                f"{int(blank.sum())} papers have no UT (first in line {int(blank.argmax()) + 2}); each needs one.",
                "Fill them in, or remove these papers from corpus and embeddings.",
            ),
        )
    repeated = list(identifiers[identifiers.duplicated()].unique())
    if len(repeated):
        raise CorpusError(
            path,
            Problem(
                f"{len(repeated)} UT occur more than once: {quoted_list(repeated)}; each must occur once.",
                "Remove the repeated papers from the corpus and from the embeddings.",
            ),
        )


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
    words = texts.str.lower()
    ends = words.str.contains(r"\bnan\s*$", regex=True)
    twice = words.str.count(r"\bnan\b") >= 2
    return {
        "empty_texts": int((texts.str.strip() == "").sum()),
        "repeated_texts": int(texts.duplicated().sum()),
        "texts_with_nan": int((ends | twice).sum()),
    }


def read_dataset(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    """Read some columns of dataset_raw_cleaned.csv as strings; what R or pandas wrote for missing is "".

    Raises CorpusError when the file is missing, is no table or lacks one of the columns.
    """
    present = dataset_columns(path)
    missing = [column for column in columns if column not in present]
    if missing:
        raise CorpusError(
            path,
            Problem(
                f"It has no column {quoted_list(missing)}; its columns are {quoted_list(present, 12)}.",
                "Name columns that it has (tmo.text_columns), or add them to it.",
            ),
        )
    dataset = _read_table(path, columns)
    return dataset.mask(dataset.isin(MISSING_IN_DATASET), "")


def corpus_columns(path: Path) -> list[str]:
    """Column names of corpus.csv, read without pandas and without the rest of it; empty where there is no such file."""
    if not path.is_file():
        return []
    with open_head(path) as file:
        return next(csv.reader(file), [])


def dataset_columns(path: Path) -> list[str]:
    """Column names of a CSV file. Raises CorpusError when it is missing or no table."""
    return list(_read_table(path, rows=0).columns)


def dataset_texts(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    """UT, uuid (where the dataset has it) and text of every paper of the dataset.

    The text joins the columns by a space and leaves missing values out, so the word "nan" never stands for one.
    """
    with_uuid = "uuid" in dataset_columns(path)
    wanted = list(dict.fromkeys(["UT", *(["uuid"] if with_uuid else []), *columns]))
    dataset = read_dataset(path, wanted)
    parts = [dataset[column].str.split().str.join(" ") for column in columns]
    corpus = dataset[["UT", "uuid"] if with_uuid else ["UT"]].copy()
    corpus["text"] = [" ".join(filter(None, values)) for values in zip(*parts, strict=True)]
    return corpus


def add_uuid(corpus: pd.DataFrame, dataset_path: Path) -> pd.DataFrame:
    """Add the dataset's uuid by UT to a corpus without one; as it was where the dataset has none."""
    if "uuid" in corpus.columns or not dataset_path.is_file():
        return corpus
    present = dataset_columns(dataset_path)
    if "uuid" not in present or "UT" not in present:
        return corpus
    dataset = read_dataset(dataset_path, ["UT", "uuid"]).drop_duplicates("UT").set_index("UT")["uuid"]
    return corpus.assign(uuid=corpus["UT"].map(dataset).fillna(""))


def _read_table(path: Path, columns: Sequence[str] | None = None, rows: int | None = None) -> pd.DataFrame:
    import pandas as pd

    if not path.is_file():
        raise CorpusError(path, Problem("There is no such file.", _where_from(path)))
    try:
        with open_text(path) as file:
            return pd.read_csv(
                file,
                usecols=None if columns is None else list(columns),
                nrows=rows,
                dtype=str,
                keep_default_na=False,
                na_filter=False,
            )
    except pd.errors.EmptyDataError as error:
        raise CorpusError(path, Problem("It is empty.", "Check the step that wrote it.")) from error
    except pd.errors.ParserError as error:
        found = " ".join(str(error).split())
        raise CorpusError(path, Problem(f"It is no CSV table: {found}.", "Write it again as CSV.")) from error
    except OSError as error:
        raise CorpusError(
            path, Problem(f"It cannot be read: {error.strerror}.", "Give yourself the right to read it.")
        ) from error


def _where_from(path: Path) -> str:
    if path.name == "corpus.csv":
        return (
            "Put the corpus of the embedding profile there (columns UT and text), correct tmo.embeds_folder, "
            "or name a tmo.transformer_model so that corpus and embeddings are made from the dataset."
        )
    return "Put the dataset there, or correct metadata.filtered_folder."
