"""Loops that numba compiles for the windows of a distribution.

Nothing here shares state, and all release the GIL, so callers run them on blocks of rows in parallel threads.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from topicloom.machine.jit import njit

Array = Any  # numba compiles for the dtypes that callers state


@njit(cache=True, nogil=True)
def window_similarities(
    found: Array,
    tokens: Array,
    bounds: Array,
    window: int,
    stride: int,
    padding: bool,
    idf: Array,
    take_root: bool,
    held: Array,
    least: float,
    total: Array,
) -> None:
    """Add up, for each document, the similarities of its windows to each topic that reach `least`.

    found, tokens, bounds: a block's `DocumentNgrams`; bounds empty where every token is one word. idf: (columns,).
    held: c-TF-IDF, a `topicloom.words.distribution.TopicColumns`. total: (documents, topics) float64, zeros, added to.
    """
    topics = total.shape[1]
    similarity = np.empty(topics)
    near, seen = np.empty(topics, dtype=np.int64), np.zeros(topics, dtype=np.int64)
    windows = 0
    for document in range(len(tokens) - 1):
        first, last = tokens[document], tokens[document + 1]
        begin, size = _bound(bounds, first), _bound(bounds, last) - _bound(bounds, first)
        columns = np.empty(found.shape[0] * size + 1, dtype=np.int64)
        values = np.empty(len(columns))
        reach = _reach(found, begin, size, held)
        length = last - first
        before = (window + stride - 1) // stride - 1 if padding and length >= window else 0
        for step in range(before + max((length + stride - 1) // stride, 1)):
            if step < before:
                start, end = first, first + window - (before - step) * stride
            else:
                start = first + (step - before) * stride
                end = min(start + window, last)
                if end - start < window and length >= window and not padding:
                    break
                if length < window:
                    if step > before:
                        break
                    end = last
            if not _may_reach(reach, _bound(bounds, start) - begin, _bound(bounds, end) - begin, least):
                continue
            n = _weigh(found, _bound(bounds, start), _bound(bounds, end), idf, take_root, columns, values)
            windows += 1
            m = _near_topics(columns[:n], values, held, least, near, seen, windows)
            if m < topics:
                _add_near(columns[:n], values, held, near[:m], seen, windows, similarity)
            else:
                _add_all(columns[:n], values, held, similarity)
            for at in range(m):
                t = near[at] if m < topics else at
                if similarity[t] >= least:
                    total[document, t] += similarity[t]


@njit(cache=True, nogil=True)
def _bound(bounds: Array, token: int) -> int:
    return bounds[token] if len(bounds) else token


@njit(cache=True, nogil=True)
def _reach(found: Array, begin: int, size: int, held: Array) -> Array:
    """What `TopicColumns.reach` says of a document's n-grams, (lengths, size, 2) float32; zeros where there is none.

    Read once, in a loop of its own, since each n-gram costs a place in memory that no cache holds.
    """
    reach = np.zeros((found.shape[0], size, 2), dtype=np.float32)
    for length in range(found.shape[0]):
        for at in range(size):
            column = found[length, begin + at]
            if column >= 0:
                reach[length, at, 0] = held.reach[column, 0]
                reach[length, at, 1] = held.reach[column, 1]
    return reach


@njit(cache=True, nogil=True)
def _may_reach(reach: Array, start: int, end: int, least: float) -> bool:
    """Whether the similarity of a window to some topic can be `least`; no where that is certain.

    A similarity is a sum of values times weights; the values are those of the n-grams over their length as a vector.
    Each n-gram adds no more than its idf times its largest weight. One that stands in the window several times is
    counted as so many: that makes the sum no smaller and the length no larger.
    """
    most, squares = 0.0, 0.0
    for length in range(reach.shape[0]):
        for at in range(start, end - length):
            most += reach[length, at, 0]
            squares += reach[length, at, 1]
    return most >= least * (1 - 1e-5) * math.sqrt(squares)  # single precision rounds


@njit(cache=True, nogil=True)
def _weigh(found: Array, start: int, end: int, idf: Array, take_root: bool, columns: Array, values: Array) -> int:
    """Distinct n-grams of one window, largest column first, with their weights scaled to length 1. Returns how many."""
    n = 0
    for length in range(found.shape[0]):
        for at in range(start, end - length):
            column = found[length, at]
            if column >= 0:
                place = n
                while place > 0 and columns[place - 1] < column:
                    columns[place] = columns[place - 1]
                    place -= 1
                columns[place] = column
                n += 1
    distinct, squares = 0, 0.0
    at = 0
    while at < n:
        column, count = columns[at], 0
        while at < n and columns[at] == column:
            count += 1
            at += 1
        share = count / n
        if take_root:
            share = math.sqrt(share)
        columns[distinct] = column
        values[distinct] = share * idf[column]
        squares += values[distinct] * values[distinct]
        distinct += 1
    if squares > 0.0:
        norm = math.sqrt(squares)
        for at in range(distinct):
            values[at] /= norm
    return distinct


@njit(cache=True, nogil=True)
def _near_topics(
    columns: Array, values: Array, held: Array, least: float, near: Array, seen: Array, window: int
) -> int:
    """Find the topics whose similarity to a window can reach `least`: put them into `near`; how many, or all.

    A topic that has only columns whose largest weights together stay below `least` cannot. Such columns are those that
    many topics have, so that a window costs what its rare words cost and not the number of topics.
    """
    order = np.empty(len(columns), dtype=np.int64)
    worth = np.empty(len(columns))
    for at in range(len(columns)):
        column = columns[at]
        bound = abs(values[at]) * held.peak[column] / max(held.indptr[column + 1] - held.indptr[column], 1)
        place = at
        while place > 0 and worth[place - 1] > bound:
            worth[place], order[place] = worth[place - 1], order[place - 1]
            place -= 1
        worth[place], order[place] = bound, at
    m, reach = 0, 0.0
    for lightest in order:
        column = columns[lightest]
        reach += abs(values[lightest]) * held.peak[column]
        if reach < least * (1 - 1e-9):  # sums are rounded
            continue
        if held.dense_row[column] >= 0:
            return len(near)
        for entry in range(held.indptr[column], held.indptr[column + 1]):
            t = held.topic[entry]
            if seen[t] != window:
                seen[t] = window
                near[m] = t
                m += 1
    return m


@njit(cache=True, nogil=True)
def _add_near(
    columns: Array, values: Array, held: Array, near: Array, seen: Array, window: int, similarity: Array
) -> None:
    """As `_add_all`, in the same order, of the topics `near` alone: those that `seen` has for this window."""
    similarity[near] = 0.0
    for at in range(len(columns)):
        column, value = columns[at], values[at]
        row, start, end = held.dense_row[column], held.indptr[column], held.indptr[column + 1]
        if row >= 0:
            for t in near:
                similarity[t] += value * held.dense[row, t]
        elif end - start < 8 * len(near):  # about what a search by halves costs
            for entry in range(start, end):
                if seen[held.topic[entry]] == window:
                    similarity[held.topic[entry]] += value * held.weight[entry]
        else:
            for t in near:
                entry = start + np.searchsorted(held.topic[start:end], t)
                if entry < end and held.topic[entry] == t:
                    similarity[t] += value * held.weight[entry]


@njit(cache=True, nogil=True)
def _add_all(columns: Array, values: Array, held: Array, similarity: Array) -> None:
    similarity[:] = 0.0
    for at in range(len(columns)):
        column, value = columns[at], values[at]
        row = held.dense_row[column]
        if row >= 0:
            for t in range(len(similarity)):
                similarity[t] += value * held.dense[row, t]
        else:
            for entry in range(held.indptr[column], held.indptr[column + 1]):
                similarity[held.topic[entry]] += value * held.weight[entry]
