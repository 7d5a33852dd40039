"""Bursts: years in which a topic has about twice its usual share of the papers, or more."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_TIMES = 2.0  # a burst's share of the papers, over the topic's share in all years
_MOST = 0.9999  # a share in a burst; all papers of a year are no chance
LEAST_PAPERS = 5  # in a burst; fewer are no news, however rare the topic is


@dataclass(frozen=True)
class Burst:
    """Years in which more is published on a topic than usual.

    Args:
        first: The first year.
        last: The last year.
        papers: The topic's papers in these years.
        weight: How much likelier the burst makes them than no burst, as a natural logarithm.
    """

    first: int
    last: int
    papers: int
    weight: float


def bursts(counts: NDArray[np.int64], totals: NDArray[np.int64], years: NDArray[np.int64]) -> list[list[Burst]]:
    """Find the bursts of each topic by a machine of two states, its usual share and twice that.

    In each year the topic is in one state; its papers of the year are then binomial with the share of that state. To
    enter the upper state costs ln(y), to leave it nothing. The likeliest course of states is found by dynamic
    programming; its years in the upper state are the bursts. A topic with more than half of all papers has none, since
    no year can have twice its share.

    Args:
        counts: (t, y) papers of each topic in each year.
        totals: (y,) papers of each year, no smaller than a topic's.
        years: (y,) the years, in order.

    Returns:
        For each topic its bursts of 5 papers and more, in the order of time.

    Example:
        >>> counts, totals = np.array([[2, 2, 2, 30, 30, 2]]), np.full(6, 500)
        >>> [(burst.first, burst.last) for burst in bursts(counts, totals, np.arange(2015, 2021))[0]]
        [(2018, 2019)]

    Source: Kleinberg (2003), Bursty and Hierarchical Structure in Streams, for batches; s = 2, gamma = 1.
    """
    if not counts.size:
        return [[] for _ in range(len(counts))]
    gain = _gains(counts, totals)
    gain[_TIMES * counts.sum(axis=1) > totals.sum()] = -np.inf  # no year can have twice as much
    up = _likeliest_states(gain, float(np.log(max(len(years), 1))))
    return [_runs(up[topic], counts[topic], gain[topic], years) for topic in range(len(counts))]


def _gains(counts: NDArray[np.int64], totals: NDArray[np.int64]) -> NDArray[np.float64]:
    """How much likelier the upper state makes the papers of each year than the lower one, as a logarithm, (t, y)."""
    usual = counts.sum(axis=1, keepdims=True) / max(int(totals.sum()), 1)
    usual = np.clip(usual, 1e-12, _MOST / _TIMES)
    much = _TIMES * usual
    gain: NDArray[np.float64] = counts * np.log(much / usual) + (totals - counts) * np.log((1 - much) / (1 - usual))
    return gain


def _likeliest_states(gain: NDArray[np.float64], entry: float) -> NDArray[np.bool_]:
    """The years of each topic in the upper state, (t, y); before the first year it is in the lower one."""
    topics, years = gain.shape
    low, high = np.zeros(topics), np.full(topics, np.inf)  # what it costs to be in a state now
    left, stayed = np.zeros((topics, years), dtype=bool), np.zeros((topics, years), dtype=bool)
    for year in range(years):
        left[:, year] = high < low  # the lower state was come to from the upper one
        stayed[:, year] = high <= low + entry  # the upper one from itself
        low, high = np.minimum(low, high), np.minimum(low + entry, high) - gain[:, year]
    up = np.zeros((topics, years), dtype=bool)
    now = high < low
    for year in range(years - 1, -1, -1):
        up[:, year] = now
        now = np.where(now, stayed[:, year], left[:, year])
    return up


def _runs(
    up: NDArray[np.bool_], counts: NDArray[np.int64], gain: NDArray[np.float64], years: NDArray[np.int64]
) -> list[Burst]:
    edges = np.diff(np.concatenate([[0], up.astype(np.int8), [0]]))
    found = [
        Burst(
            int(years[start]), int(years[end - 1]), int(counts[start:end].sum()), round(float(gain[start:end].sum()), 2)
        )
        for start, end in zip(np.flatnonzero(edges == 1), np.flatnonzero(edges == -1), strict=True)
    ]
    return [burst for burst in found if burst.papers >= LEAST_PAPERS]
