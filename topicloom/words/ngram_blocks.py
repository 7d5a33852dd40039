"""The n-grams of a long stream of words, found and counted block by block by an engine, and joined."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from topicloom.engine.engines import Engine
from topicloom.words.ngrams import NOWHERE, Vocabulary, alphabetical_columns, count_by_text, grow_tree

BLOCK: Final = 1_000_000  # words whose n-grams are counted at a time


class CountedNgrams(NamedTuple):
    """The n-grams of texts that follow each other in a stream of words.

    Args:
        vocabulary: The n-grams.
        found: (lengths, m) int32, the column of the n-gram of each length that begins at each word, -1 for none.
        counts: Sparse (texts, columns) int64, rows sorted.
    """

    vocabulary: Vocabulary
    found: NDArray[np.int32]
    counts: csr_matrix


class _How(NamedTuple):
    """What every block needs: how many words there are, and the words of an n-gram."""

    width: int
    shortest: int
    longest: int


class _Piece(NamedTuple):
    """A block of the stream, with the words after it into which its n-grams reach.

    size: words of the block. ends: (texts,) where the texts end that have words in it, at the latest where it ends.
    """

    stream: NDArray[np.int32]
    cut: NDArray[np.bool_]
    size: int
    ends: NDArray[np.int64]


class _Counted(NamedTuple):
    """N-grams of a block as nodes of a tree of its own, those of all lengths numbered one after the other.

    keys: of the tree. found: (lengths, size) int32 nodes, numbered by length.
    counts: sparse (texts of the block, nodes) int64.
    """

    keys: tuple[NDArray[np.int64], ...]
    found: NDArray[np.int32]
    counts: csr_matrix


def count_in_blocks(
    words: list[str],
    stream: NDArray[np.int32],
    ends: NDArray[np.int64],
    ngram_range: tuple[int, int],
    engine: Engine,
    size: int | None = None,
) -> CountedNgrams:
    """Find and count the n-grams of texts, a block of words at a time.

    A worker numbers the n-grams of its block by a tree of its own. Here the trees become one, whose nodes are numbered
    by their keys, so that neither the blocks nor who does them leave a trace.

    Args:
        words: Sorted.
        stream: (m,) int32 words of all texts by number, one text after the other; not empty.
        ends: (texts,) int64, where each text ends.
        ngram_range: Fewest and most words of an n-gram.
        engine: Does the blocks.
        size: Words of a block; `BLOCK` when None.

    Returns:
        The vocabulary, where its n-grams begin, and how often they stand in each text.

    Example:
        >>> from topicloom.engine.engines import Here
        >>> stream = np.array([0, 1, 1], np.int32)
        >>> counted = count_in_blocks(["deep", "maps"], stream, np.array([2, 3]), (1, 2), Here(), size=1)
        >>> counted.vocabulary.strings(), counted.found.tolist(), counted.counts.toarray().tolist()
        (['deep', 'deep maps', 'maps'], [[0, 2, 2], [1, -1, -1]], [[1, 1, 1], [0, 0, 1]])
    """
    shortest, longest = ngram_range
    size = size or BLOCK
    found = np.empty((longest, len(stream)), dtype=np.int32)
    blocks: list[_Counted] = []
    starts = range(0, len(stream), size)
    pieces = _pieces(stream, ends, size, longest)
    for start, block in zip(starts, engine.map(_counted, _How(len(words), shortest, longest), pieces), strict=True):
        found[:, start : start + size] = block.found
        blocks.append(block._replace(found=found[:, start : start + size]))
    keys, turns = _one_tree([block.keys for block in blocks], len(words))
    columns, count = alphabetical_columns(keys, len(words), shortest)
    of_nodes = [[column[turn] for column, turn in zip(columns, turn_of, strict=True)] for turn_of in turns]
    for block, of_node in zip(blocks, of_nodes, strict=True):
        for level, column in zip(block.found, of_node, strict=True):
            level[:] = np.append(column, np.int32(NOWHERE))[level]
    texts = [int(np.searchsorted(ends, start, side="right")) for start in starts]
    flat = [np.concatenate(of_node) for of_node in of_nodes]
    counts = _sum_of_counts(blocks, flat, texts, (len(ends), count))
    return CountedNgrams(Vocabulary(words, keys, columns, count), found, counts)


def _pieces(stream: NDArray[np.int32], ends: NDArray[np.int64], size: int, longest: int) -> Iterator[_Piece]:
    cut = np.zeros(len(stream), dtype=bool)
    cut[ends[ends > 0] - 1] = True
    for start in range(0, len(stream), size):
        end = min(start + size, len(stream))
        reach = min(end + longest - 1, len(stream))
        first, last = np.searchsorted(ends, start, side="right"), np.searchsorted(ends, end, side="left")
        inside = np.minimum(ends[first : last + 1], end) - start
        yield _Piece(stream[start:reach].copy(), cut[start:reach].copy(), end - start, inside)


def _counted(how: _How, piece: _Piece) -> _Counted:
    """Find and count the n-grams of a block."""
    keys, nodes = grow_tree(piece.stream, piece.cut, how.width, how.longest)
    found = np.ascontiguousarray(nodes[:, : piece.size])
    before = np.cumsum([0, *map(len, keys)])
    counted = np.full_like(found, NOWHERE)
    for length in range(how.shortest - 1, how.longest):
        at = np.flatnonzero(found[length] >= 0)
        counted[length, at] = found[length, at] + before[length]
    return _Counted(keys, found, count_by_text(counted, piece.ends, int(before[-1])))


def _one_tree(
    trees: Sequence[tuple[NDArray[np.int64], ...]], width: int
) -> tuple[tuple[NDArray[np.int64], ...], list[list[NDArray[np.int64]]]]:
    """The keys of a tree with the nodes of all, and for each tree, by length, the node there of each of its own."""
    keys: list[NDArray[np.int64]] = []
    turns: list[list[NDArray[np.int64]]] = [[] for _ in trees]
    for length in range(len(trees[0])):
        renamed = [
            turn[-1][tree[length] // width] * width + tree[length] % width if length else tree[length]
            for tree, turn in zip(trees, turns, strict=True)
        ]
        keys.append(np.unique(np.concatenate(renamed)))
        for turn, wanted in zip(turns, renamed, strict=True):
            turn.append(np.searchsorted(keys[-1], wanted))
    return tuple(keys), turns


def _sum_of_counts(
    blocks: Sequence[_Counted], columns: Sequence[NDArray[np.int32]], texts: Sequence[int], shape: tuple[int, int]
) -> csr_matrix:
    """The counts of all blocks. columns: of the nodes of each block. texts: the first text of each block."""
    parts = [block.counts.tocoo() for block in blocks]
    rows = np.concatenate([part.row + first for part, first in zip(parts, texts, strict=True)])
    at = np.concatenate([of_node[part.col] for part, of_node in zip(parts, columns, strict=True)])
    counts = csr_matrix((np.concatenate([part.data for part in parts]), (rows, at)), shape=shape)
    counts.sort_indices()
    return counts
