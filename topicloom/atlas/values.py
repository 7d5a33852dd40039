"""The values of a field, such as the countries of papers: split, told alike whatever their case, and counted."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

_SEPARATOR = ";"
# What nothing shows, and what turns the direction of the text around it: controls and bidirectional signs.
_UNSHOWN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_LONGEST = 200  # characters of a value; a longer one is a text in the wrong column


@dataclass(frozen=True)
class Values:
    """The values of a field.

    Args:
        names: v, each as papers write it most often; of equals the one that comes first.
        held: (n, v) sparse, 1 where a paper has a value.
        first: (n,) the value that stands first with each paper, -1 where it has none.
    """

    names: list[str]
    held: csr_matrix
    first: NDArray[np.int64]

    @property
    def known(self) -> NDArray[np.bool_]:
        """Which papers have a value, (n,)."""
        return np.asarray(np.diff(self.held.indptr) > 0)

    @property
    def shares(self) -> csr_matrix:
        """(n, v) sparse: a paper counts 1 in all, the same for each of its values."""
        each = np.repeat(1 / np.maximum(np.diff(self.held.indptr), 1), np.diff(self.held.indptr))
        return csr_matrix((each, self.held.indices, self.held.indptr), shape=self.held.shape)


def values_of(texts: Sequence[str], *, several: bool = True) -> Values:
    """Find the values of a field.

    Args:
        texts: n texts, blank where a paper has none.
        several: Whether a text holds several values with semicolons between.

    Returns:
        The values. Those that differ in case, spaces or full stops alone are one. A paper has each value once.

    Example:
        >>> found = values_of(["Italy; SPAIN", "Spain;", "Spain; spain", ""])
        >>> found.names, found.held.toarray().tolist()
        (['Italy', 'Spain'], [[1, 1], [0, 1], [0, 1], [0, 0]])
    """
    rows: list[int] = []
    written: list[str] = []
    for row, text in enumerate(texts):
        for part in text.split(_SEPARATOR) if several else (text,):
            if value := plain(part)[:_LONGEST]:
                rows.append(row)
                written.append(value)
    codes, forms = pd.factorize(np.array(written, dtype=object))
    of_form, keys = pd.factorize(np.array([_folded(form) for form in forms], dtype=object))
    names = _most_written(np.bincount(codes, minlength=len(forms)), of_form, list(forms), len(keys))
    papers, values = np.array(rows, dtype=np.int64), of_form[codes].astype(np.int64)
    held = csr_matrix((np.ones(len(rows), dtype=np.int64), (papers, values)), shape=(len(texts), len(keys)))
    held.sum_duplicates()
    held.data[:] = 1
    first = np.full(len(texts), -1, dtype=np.int64)
    first[papers[::-1]] = values[::-1]  # the last that is written is the one that stands first
    return Values(names, held, first)


def plain(text: str) -> str:
    """A text in one line, without signs that nothing shows and those that turn the direction of what follows.

    Args:
        text: Any text.

    Returns:
        The same, spaces between its words alone.

    Example:
        >>> plain("a\\tb \\0 c")
        'a b c'
    """
    text = text.strip()
    # Nearly all texts are so already; of the blanks Python prints the space alone, and of the signs above none.
    if text.isprintable() and "  " not in text:
        return text
    return " ".join(_UNSHOWN.sub(" ", text).split())


def _folded(value: str) -> str:
    folded = unicodedata.normalize("NFKC", value).casefold()
    return " ".join(folded.replace(".", " ").split()) or folded


def _most_written(counts: NDArray[Any], of_form: NDArray[np.intp], forms: Sequence[str], values: int) -> list[str]:
    """The commonest form of each value. counts: (f,) of each form. of_form: (f,) its value."""
    names = [""] * values
    most = np.zeros(values, dtype=np.int64)
    for form, value, count in zip(forms, of_form, counts, strict=True):
        if count > most[value]:
            names[value], most[value] = form, count
    return names
