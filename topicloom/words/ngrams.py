"""N-grams as integers: the vocabulary of CountVectorizer without building its strings.

A vocabulary is a tree of words: a node is an n-gram, its parent the n-gram without the last word. The alphabetical
order of CountVectorizer is the tree in pre-order, since a space sorts before every character of a word.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from topicloom.machine.threads import available_threads
from topicloom.words.sorting import search_keys, sort_keys
from topicloom.words.tokens import Stream, in_order, packed, unpacked

_CHUNK = 1_500_000  # n-grams that are sorted at once; arrays of this size come from memory that is used again
NOWHERE = -1


@dataclass(frozen=True)
class Vocabulary:
    """N-grams of 1 to `len(keys)` words, of which some are columns of a matrix.

    Args:
        words: Sorted, W of them.
        keys: By length, int64 sorted: node of the n-gram without its last word, times W, plus that word; a word alone
            for length 1.
        columns: By length, int32 column of each node, -1 where it is none.
        size: Number of columns.
    """

    words: list[str]
    keys: tuple[NDArray[np.int64], ...]
    columns: tuple[NDArray[np.int32], ...]
    size: int

    @cached_property
    def number(self) -> dict[str, int]:
        """Number of each word."""
        return {word: number for number, word in enumerate(self.words)}

    def find(self, stream: NDArray[np.int32], cut: NDArray[np.bool_]) -> NDArray[np.int32]:
        """Columns of the n-grams that begin at each position, (lengths, m) int32, -1 for none.

        stream: (m,) words by number, -1 for a word that is unknown. cut: (m,) true where a text ends.
        """
        found = np.full((len(self.keys), len(stream)), NOWHERE, dtype=np.int32)
        width = len(self.words)
        at = np.flatnonzero(stream >= 0)
        node = np.zeros(len(at), dtype=np.int64)
        for length, keys in enumerate(self.keys):
            if length:
                inside = ~cut[at + length - 1]
                at, node = at[inside], node[inside]
                known = stream[at + length] >= 0
                at, node = at[known], node[known]
            wanted = node * width + stream[at + length]
            node = search_keys(keys, wanted, available_threads())
            there = node < len(keys)
            there[there] = keys[node[there]] == wanted[there]
            at, node = at[there], node[there]
            found[length, at] = self.columns[length][node]
        return found

    def strings(self) -> list[str]:
        """The n-grams of all columns in order, as CountVectorizer's get_feature_names_out has them."""
        return self.texts().to_numpy(zero_copy_only=False).tolist()  # type: ignore[no-any-return]

    def texts(self) -> Any:
        """The same as an Arrow array, a pyarrow.LargeStringArray: Arrow joins words ten times as fast as Python."""
        import pyarrow as pa  # late: only what is saved needs the texts
        from pyarrow import compute

        wide = pa.large_string()
        # The last entry stands for the words that a shorter n-gram has not.
        alone, spaced = pa.array([*self.words, ""], wide), pa.array([*(f" {word}" for word in self.words), ""], wide)
        parts = [
            (spaced if place else alone).take(pa.array(word)) for place, word in enumerate(self._words_of_columns())
        ]
        return compute.binary_join_element_wise(*parts, pa.scalar("", wide))

    def _words_of_columns(self) -> list[NDArray[np.int32]]:
        """By place in an n-gram, the number of the word there, (size,); `len(words)` where the n-gram is shorter."""
        width = len(self.words)
        found = [np.full(self.size, width, dtype=np.int32) for _ in self.keys]
        of_nodes: list[NDArray[np.int32]] = []
        for keys, columns in zip(self.keys, self.columns, strict=True):
            parents = keys // width
            of_nodes = [words[parents] for words in of_nodes] + [(keys - parents * width).astype(np.int32)]
            kept = columns >= 0
            for place, words in enumerate(of_nodes):
                found[place][columns[kept]] = words[kept]
        return found

    def names(self, columns: NDArray[np.integer[Any]]) -> dict[int, str]:
        """The n-grams of some columns, by column, without building all."""
        named: dict[int, str] = {}
        for length in range(len(self.keys)):
            for node in np.flatnonzero(np.isin(self.columns[length], columns)).tolist():
                named[int(self.columns[length][node])] = self._text(length, node)
        return named

    def _text(self, length: int, node: int) -> str:
        parts = []
        for keys in reversed(self.keys[: length + 1]):
            node, word = divmod(int(keys[node]), len(self.words))
            parts.append(self.words[word])
        return " ".join(reversed(parts))

    def renumbered(self, turn: NDArray[np.int32]) -> Vocabulary:
        """The vocabulary with other columns. turn: what `renumbering` made."""
        columns = tuple(turn[old] for old in self.columns)
        return Vocabulary(self.words, self.keys, columns, int(turn.max(initial=NOWHERE)) + 1)


def renumbering(kept: NDArray[np.bool_]) -> NDArray[np.int32]:
    """New columns where some are left out and the others keep their order.

    Args:
        kept: (size,) bool, which columns stay.

    Returns:
        (size + 1,) int32, the new number of each column. One that is left out becomes -1; so does -1 itself, by the
        last entry.

    Example:
        >>> turn = renumbering(np.array([True, False, True]))
        >>> turn.tolist(), turn[np.array([2, -1, 0])].tolist()
        ([0, -1, 1, -1], [1, -1, 0])
    """
    return np.append(np.where(kept, np.cumsum(kept) - 1, NOWHERE), NOWHERE).astype(np.int32)


def grow_vocabulary(
    words: list[str],
    stream: NDArray[np.int32],
    cut: NDArray[np.bool_],
    ngram_range: tuple[int, int],
    threads: int = 1,
) -> tuple[Vocabulary, NDArray[np.int32]]:
    """The vocabulary of texts, and where its n-grams begin.

    Args:
        words: Sorted.
        stream: (m,) int32 words of all texts by number, one text after the other.
        cut: (m,) bool, true at the last word of each text.
        ngram_range: Fewest and most words of an n-gram.
        threads: Threads to sort with; the result is the same for any.

    Returns:
        The vocabulary, and the column of the n-gram of each length that begins at each position, (lengths, m) int32, -1
        where the text ends before, or the length is below the range.

    Example:
        >>> stream, cut = np.array([0, 1, 1], np.int32), np.array([False, True, True])
        >>> vocabulary, found = grow_vocabulary(["deep", "maps"], stream, cut, (1, 2))
        >>> vocabulary.strings(), found.tolist()
        (['deep', 'deep maps', 'maps'], [[0, 2, 2], [1, -1, -1]])
    """
    shortest, longest = ngram_range
    keys, found = grow_tree(stream, cut, len(words), longest, threads)
    columns, size = alphabetical_columns(keys, len(words), shortest)
    for level, of_node in zip(found, columns, strict=True):
        there = level >= 0
        level[there] = of_node[level[there]]
    return Vocabulary(words, keys, columns, size), found


def grow_tree(
    stream: NDArray[np.int32], cut: NDArray[np.bool_], width: int, longest: int, threads: int = 1
) -> tuple[tuple[NDArray[np.int64], ...], NDArray[np.int32]]:
    """The n-grams of texts as nodes of a tree, and which begins where.

    Args:
        stream: (m,) int32 words of all texts by number, one text after the other.
        cut: (m,) bool, true at the last word of each text.
        width: Words that there are.
        longest: Most words of an n-gram.
        threads: Threads to sort with; the result is the same for any.

    Returns:
        The keys of the nodes by length, as in `Vocabulary`, and the node of the n-gram of each length that begins at
        each position, (longest, m) int32, -1 where the text ends before.

    Example:
        >>> keys, nodes = grow_tree(np.array([0, 1, 1], np.int32), np.array([False, True, True]), 2, 2)
        >>> [level.tolist() for level in keys], nodes.tolist()
        ([[0, 1], [1]], [[0, 1, 1], [0, -1, -1]])
    """
    keys: list[NDArray[np.int64]] = []
    nodes = np.full((longest, len(stream)), NOWHERE, dtype=np.int32)
    fits = np.ones(len(stream), dtype=bool)
    for length, node in enumerate(nodes):
        if length:
            reach = max(len(stream) - length, 0)
            fits[reach:] = False
            fits[:reach] &= ~cut[length - 1 : length - 1 + reach]
            at = np.flatnonzero(fits)
            key = nodes[length - 1][at].astype(np.int64) * width + stream[at + length]
        else:
            at, key = np.arange(len(stream)), stream.astype(np.int64)
        unique, node[at] = _numbered(key, threads)
        keys.append(unique)
    return tuple(keys), nodes


def vocabulary_of(ngrams: dict[str, int]) -> Vocabulary:
    """The tree of a fitted CountVectorizer's vocabulary_.

    Args:
        ngrams: Column of each n-gram, whose words are joined by a space.

    Returns:
        The same columns as a tree.

    Example:
        >>> vocabulary_of({"maps": 1, "deep maps": 0}).strings()
        ['deep maps', 'maps']
    """
    lengths = np.fromiter(map(str.count, ngrams, repeat(" ")), dtype=np.int64, count=len(ngrams)) + 1
    stream = Stream()
    stream.append(" ".join(ngrams).split(" "))  # one list of words: one for each n-gram would take four times as long
    words, flat = in_order(*stream.arrays()[:2])
    table = np.full((len(ngrams), int(lengths.max(initial=1))), NOWHERE, dtype=np.int64)
    table[np.arange(table.shape[1]) < lengths[:, None]] = flat
    column_of = np.fromiter(ngrams.values(), dtype=np.int32, count=len(ngrams))
    keys, columns, node = [], [], np.zeros(len(ngrams), dtype=np.int64)
    for length in range(table.shape[1]):
        rows = np.flatnonzero(lengths > length)
        unique, node[rows] = _numbered(
            node[rows] * len(words) * (length > 0) + table[rows, length], available_threads()
        )
        column = np.full(len(unique), NOWHERE, dtype=np.int32)
        whole = np.flatnonzero(lengths == length + 1)
        column[node[whole]] = column_of[whole]
        keys.append(unique)
        columns.append(column)
    return Vocabulary(words, tuple(keys), tuple(columns), len(ngrams))


def write_vocabulary(path: Path, vocabulary: Vocabulary) -> None:
    """Write a vocabulary as an .npz file.

    Args:
        path: The file, whose folder exists.
        vocabulary: Of any size.

    Raises:
        OSError: The file cannot be written.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_vocabulary(Path(folder, "vocabulary.npz"), vocabulary_of({"deep": 0, "maps": 1}))
        ...     read_vocabulary(Path(folder, "vocabulary.npz")).size
        2
    """
    levels: dict[str, Any] = {f"keys_{length}": keys for length, keys in enumerate(vocabulary.keys)}
    levels |= {f"columns_{length}": columns for length, columns in enumerate(vocabulary.columns)}
    np.savez(path, words=packed(vocabulary.words), size=np.int64(vocabulary.size), **levels)


def read_vocabulary(path: Path) -> Vocabulary:
    """Read what `write_vocabulary` wrote.

    Args:
        path: The .npz file.

    Returns:
        The vocabulary.

    Raises:
        OSError: The file cannot be read.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_vocabulary(Path(folder, "vocabulary.npz"), vocabulary_of({"deep": 0, "deep maps": 1}))
        ...     read_vocabulary(Path(folder, "vocabulary.npz")).strings()
        ['deep', 'deep maps']
    """
    with np.load(path) as held:
        lengths = range(sum(name.startswith("keys_") for name in held.files))
        keys = tuple(held[f"keys_{length}"] for length in lengths)
        columns = tuple(held[f"columns_{length}"] for length in lengths)
        return Vocabulary(unpacked(held["words"]), keys, columns, int(held["size"]))


def _numbered(keys: NDArray[np.int64], threads: int) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Distinct keys, sorted, and the number of each key among them."""
    ordered, order = sort_keys(keys, threads)
    first = np.ones(len(keys), dtype=bool)
    first[1:] = ordered[1:] != ordered[:-1]
    number = np.empty(len(keys), dtype=np.int32)
    number[order] = np.cumsum(first, dtype=np.int32) - 1
    return ordered[first], number


def alphabetical_columns(
    keys: Sequence[NDArray[np.int64]], width: int, shortest: int
) -> tuple[tuple[NDArray[np.int32], ...], int]:
    """The column of each node where the n-grams stand in the order of the alphabet: the tree in pre-order.

    Args:
        keys: Of the nodes by length, as in `Vocabulary`.
        width: Words that there are.
        shortest: Fewest words of an n-gram that is a column.

    Returns:
        By length, int32 column of each node, -1 where it is none; and the number of columns.

    Example:
        >>> columns, size = alphabetical_columns([np.array([0, 1]), np.array([1])], 2, 1)
        >>> [level.tolist() for level in columns], size
        ([[0, 2], [1]], 3)
    """
    # After its parent, and after whatever hangs on its earlier siblings.
    parents = [level // width for level in keys]
    kept = [int(length + 1 >= shortest) for length in range(len(keys))]
    weight = [np.full(len(level), own, dtype=np.int64) for level, own in zip(keys, kept, strict=True)]
    for length in reversed(range(1, len(keys))):
        weight[length - 1] += np.bincount(parents[length], weight[length], len(keys[length - 1])).astype(np.int64)
    columns, place = [], np.zeros(0, dtype=np.int64)
    for length in range(len(keys)):
        before = np.cumsum(weight[length]) - weight[length]
        if length:
            first = np.searchsorted(parents[length], np.arange(len(keys[length - 1])))
            of_first = before[np.minimum(first, max(len(before) - 1, 0))] if len(before) else before
            parent = parents[length]
            before = place[parent] + kept[length - 1] + before - of_first[parent]
        place = before
        columns.append((place if kept[length] else np.full(len(place), NOWHERE)).astype(np.int32))
    return tuple(columns), int(weight[0].sum()) if len(keys) else 0


def count_by_text(found: NDArray[np.int32], ends: NDArray[np.int64], size: int, threads: int = 1) -> csr_matrix:
    """How often each n-gram stands in each text.

    Counted by sorting, in blocks of texts and in parallel.

    Args:
        found: (lengths, m) int32 columns, -1 for none, the texts one after the other.
        ends: (texts,) int64, where each text ends among the m.
        size: Number of columns.
        threads: Threads to count with; the numbers are the same for any.

    Returns:
        Sparse (texts, size) int64 with sorted indices.

    Example:
        >>> count_by_text(np.array([[0, 1, 1, -1]], np.int32), np.array([3, 4]), 2).toarray().tolist()
        [[1, 2], [0, 0]]
    """
    from concurrent.futures import ThreadPoolExecutor

    starts = np.concatenate([[0], ends[:-1]]).astype(np.int64)
    most = max(_CHUNK // max(len(found), 1), 1)
    most = min(most, max(int(found.shape[1]) // max(threads, 1) + 1, 1))
    blocks, first = [], 0
    while first < len(ends):
        last = max(int(np.searchsorted(ends, starts[first] + most, side="right")), first + 1)
        blocks.append((first, last))
        first = last

    def count(block: tuple[int, int]) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int64]]:
        first, last = block
        lengths = ends[first:last] - starts[first:last]
        text = np.repeat(np.arange(last - first, dtype=np.int64), lengths)
        part = found[:, starts[first] : ends[last - 1]]
        keys = np.concatenate([(text * size + level)[level >= 0] for level in part])
        keys.sort()
        new = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]])) if len(keys) else np.zeros(0, np.int64)
        distinct = keys[new]
        data = np.diff(np.append(new, len(keys))).astype(np.int64)
        per_text = np.bincount(distinct // size, minlength=last - first) if size else np.zeros(last - first, np.int64)
        return (distinct % size if size else distinct).astype(np.int32), data, per_text

    with ThreadPoolExecutor(max_workers=max(threads, 1)) as pool:
        counted = list(pool.map(count, blocks))
    indices, data, per_text = (np.concatenate(parts) for parts in zip(*counted, strict=True))
    indptr = np.concatenate([[0], np.cumsum(per_text)]).astype(np.int64)
    if indptr[-1] < np.iinfo(np.int32).max:
        indptr = indptr.astype(np.int32)
    return csr_matrix((data, indices, indptr), shape=(len(ends), size))


def runs(starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """All positions of runs, one run after the other.

    Args:
        starts: (r,) int64, the first position of each run.
        lengths: (r,) int64, 0 or more.

    Returns:
        (sum of lengths,) int64.

    Example:
        >>> runs(np.array([5, 0]), np.array([2, 3])).tolist()
        [5, 6, 0, 1, 2]
    """
    before = np.cumsum(lengths) - lengths
    return np.repeat(starts - before, lengths) + np.arange(int(lengths.sum()))


@dataclass(frozen=True)
class DocumentNgrams:
    """The n-grams of n documents as columns of a vocabulary, each document for itself.

    Args:
        found: (lengths, m) int32, the column of the n-gram of each length that begins at each word, -1 for none.
        tokens: (n + 1,) int64, where each document's tokens begin.
        bounds: (tokens + 1,) int64, where each token's words begin among the m, since stop words are none; empty where
            every token is one word.
    """

    found: NDArray[np.int32]
    tokens: NDArray[np.int64]
    bounds: NDArray[np.int64]

    @property
    def offsets(self) -> NDArray[np.int64]:
        """(n + 1,) where each document's words begin among the m."""
        return self.bounds[self.tokens] if len(self.bounds) else self.tokens


def write_document_ngrams(folder: Path, ngrams: DocumentNgrams) -> None:
    """Write ngrams.npy, ngram_tokens.npy and ngram_bounds.npy.

    Args:
        folder: It exists.
        ngrams: Of all documents.

    Raises:
        OSError: A file cannot be written.

    Example:
        >>> import tempfile
        >>> one = DocumentNgrams(np.array([[0, 1]], np.int32), np.array([0, 2]), np.zeros(0, np.int64))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_document_ngrams(Path(folder), one)
        ...     sorted(path.name for path in Path(folder).iterdir())
        ['ngram_bounds.npy', 'ngram_tokens.npy', 'ngrams.npy']
    """
    np.save(folder / "ngrams.npy", ngrams.found)
    np.save(folder / "ngram_tokens.npy", ngrams.tokens)
    np.save(folder / "ngram_bounds.npy", ngrams.bounds)


def read_document_ngrams(folder: Path) -> DocumentNgrams:
    """Read what `write_document_ngrams` wrote; the n-grams themselves stay on disk until they are used.

    Args:
        folder: That holds ngrams.npy, ngram_tokens.npy and ngram_bounds.npy.

    Returns:
        The n-grams of all documents, `found` as a memory map.

    Raises:
        OSError: A file cannot be read.

    Example:
        >>> import tempfile
        >>> one = DocumentNgrams(np.array([[0, 1]], np.int32), np.array([0, 2]), np.zeros(0, np.int64))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_document_ngrams(Path(folder), one)
        ...     read_document_ngrams(Path(folder)).found.tolist()
        [[0, 1]]
    """
    found = np.load(folder / "ngrams.npy", mmap_mode="r")
    return DocumentNgrams(found, np.load(folder / "ngram_tokens.npy"), np.load(folder / "ngram_bounds.npy"))
