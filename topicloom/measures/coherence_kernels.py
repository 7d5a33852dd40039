"""The loop that numba compiles for coherence."""

from __future__ import annotations

from typing import Any

import numpy as np

from topicloom.machine.jit import njit

Array = Any  # numba compiles for the dtypes that callers state


@njit(cache=True, nogil=True)
def count_windows(
    ids: Array,
    offsets: Array,
    number: Array,
    window: int,
    partner_bounds: Array,
    partners: Array,
    alone: Array,
    together: Array,
) -> int:
    """Count the windows that hold a word, and those that hold two; returns the number of all windows.

    ids: int32 words of documents one after the other, offsets: int64 where each begins and ends. number: int32 by
    word, its number among the w words that are counted, or -1. partners from partner_bounds[i] to
    partner_bounds[i + 1]: the words, of higher number, that word i is counted with. alone: (w,) int64 and
    together: (p,) int64, one for each partner, are added to.
    A document shorter than a window is one window.
    """
    windows = 0
    at = np.full(len(alone), -1, dtype=np.int64)  # place of a word among those of the document
    for document in range(len(offsets) - 1):
        begin, length = offsets[document], offsets[document + 1] - offsets[document]
        if length == 0:
            continue
        last = max(length - window, 0)  # the last window's number
        windows += last + 1
        words, bounds, starts, ends = _spans(ids[begin : begin + length], number, window, last)
        for place in range(len(words)):
            at[words[place]] = place
        for place in range(len(words)):
            word = words[place]
            for span in range(bounds[place], bounds[place + 1]):
                alone[word] += ends[span] - starts[span] + 1
            for pair in range(partner_bounds[word], partner_bounds[word + 1]):
                other = at[partners[pair]]
                if other >= 0:
                    together[pair] += _overlap(
                        starts, ends, bounds[place], bounds[place + 1], bounds[other], bounds[other + 1]
                    )
        for place in range(len(words)):
            at[words[place]] = -1
    return windows


@njit(cache=True, nogil=True)
def _spans(document: Array, number: Array, window: int, last: int) -> tuple[Array, Array, Array, Array]:
    """The counted words of a document, and for each the spans of windows that hold it, without overlap.

    Spans of word i run from bounds[i] to bounds[i + 1]; a span holds the windows from start to end, both included.
    """
    found = np.empty(len(document), dtype=np.int64)
    places = np.empty(len(document), dtype=np.int64)
    size = 0
    for place in range(len(document)):
        if number[document[place]] >= 0:
            found[size], places[size] = number[document[place]], place
            size += 1
    order = np.argsort(found[:size], kind="mergesort")
    words = np.empty(size, dtype=np.int64)
    bounds = np.zeros(size + 1, dtype=np.int64)
    starts, ends = np.empty(size, dtype=np.int64), np.empty(size, dtype=np.int64)
    distinct, spans = 0, 0
    for step in order:
        word, place = found[step], places[step]
        start, end = min(max(place - window + 1, 0), last), min(place, last)
        if distinct == 0 or words[distinct - 1] != word:
            words[distinct] = word
            distinct += 1
        elif ends[spans - 1] + 1 >= start:
            ends[spans - 1] = end
            continue
        starts[spans], ends[spans] = start, end
        spans += 1
        bounds[distinct] = spans
    return words[:distinct], bounds[: distinct + 1], starts[:spans], ends[:spans]


@njit(cache=True, nogil=True)
def _overlap(starts: Array, ends: Array, one: int, one_end: int, other: int, other_end: int) -> int:
    """Windows that two lists of spans have in common."""
    common = 0
    while one < one_end and other < other_end:
        start, end = max(starts[one], starts[other]), min(ends[one], ends[other])
        if start <= end:
            common += end - start + 1
        if ends[one] < ends[other]:
            one += 1
        else:
            other += 1
    return common
