"""Whether vectors can be measured: rows that no distance means anything for, and rows that are the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from topicloom.errors import Problem, quoted_list

if TYPE_CHECKING:
    from numpy.typing import NDArray

_ROWS = 8192  # a block of them is held in float64
# Lengths of vectors. The libraries square them in float32, whose numbers end near 1e-38 and 3e38.
_SHORTEST, _LONGEST = 1e-18, 1e18


def unsound_vectors(vectors: NDArray[np.floating[Any]], names: Sequence[str]) -> list[Problem]:
    """What keeps vectors from being used.

    Args:
        vectors: (n, d) float.
        names: n names of the rows, for the messages.

    Returns:
        A problem for rows that are not finite, for rows beyond what float32 reckons with, and for n rows of one value.
    """
    infinite: list[int] = []
    beyond: list[int] = []
    for start, block in _blocks(vectors):
        finite = np.isfinite(block).all(axis=1)
        infinite.extend(start + np.flatnonzero(~finite))
        beyond.extend(start + np.flatnonzero(finite & ~_is_measurable(block)))
    limits = f"are shorter than {_SHORTEST:g} or longer than {_LONGEST:g}, beyond what float32 reckons with"
    found = [*_row_problem(infinite, names, "hold NaN or infinite values"), *_row_problem(beyond, names, limits)]
    return found or _all_the_same(vectors)


def zero_rows(vectors: NDArray[np.floating[Any]]) -> list[int]:
    """Rows that are all zeros: they have no direction, so the cosine distance to them means nothing."""
    return [int(row) for start, block in _blocks(vectors) for row in start + np.flatnonzero(~block.any(axis=1))]


def equal_rows(vectors: NDArray[np.floating[Any]], texts: Sequence[str]) -> list[tuple[int, int]]:
    """Rows whose vector is that of an earlier row with another text.

    A model gives two texts one vector where it sees the same beginning of both, or where it has failed.

    Args:
        vectors: (n, d) float.
        texts: n texts, of which spaces at the ends do not count.

    Returns:
        Each such row with the first row of that vector, in the order of the rows.
    """
    first: dict[int, int] = {}
    found = []
    for start, block in _blocks(vectors):
        for row, vector in enumerate(block + 0.0, start):  # -0.0 is 0.0
            earlier = first.setdefault(hash(vector.tobytes()), row)
            if earlier != row and texts[earlier].strip() != texts[row].strip():
                found.append((row, earlier))
    return found


def _blocks(vectors: NDArray[np.floating[Any]]) -> Iterator[tuple[int, NDArray[np.floating[Any]]]]:
    """The vectors, some rows at a time, each with the number of its first row."""
    for start in range(0, len(vectors), _ROWS):
        yield start, np.asarray(vectors[start : start + _ROWS])


def _row_problem(rows: Sequence[int], names: Sequence[str], what: str) -> list[Problem]:
    if not rows:
        return []
    which = quoted_list([names[row] for row in rows])
    return [
        Problem(
            f"{len(rows)} rows {what}: {which}.",
            "Make these vectors again, or remove the papers from corpus and embeddings.",
        )
    ]


def _is_measurable(block: NDArray[np.floating[Any]]) -> NDArray[np.bool_]:
    """Whether the square of each row's length is a float32; zero is one too."""
    with np.errstate(over="ignore", invalid="ignore"):
        lengths = np.linalg.norm(block.astype(np.float64, copy=False), axis=1)
        measurable: NDArray[np.bool_] = ~block.any(axis=1) | ((lengths >= _SHORTEST) & (lengths <= _LONGEST))
    return measurable


def _all_the_same(vectors: NDArray[np.floating[Any]]) -> list[Problem]:
    if len(vectors) < 2 or not all((block == vectors[0]).all() for _, block in _blocks(vectors)):
        return []
    return [
        Problem(
            f"All {len(vectors)} embeddings are the same, so no paper is nearer to one than to another.",
            "Make the embeddings again: the model that made them has failed.",
        )
    ]
