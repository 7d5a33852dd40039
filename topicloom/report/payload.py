"""What the page's script draws, as one compressed value: papers by column, topics, groups, years, similarity, tree."""

from __future__ import annotations

import base64
import gzip
import json
import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from topicloom.atlas.atlas import Atlas
from topicloom.atlas.clear_colours import DARK, LIGHT, page_colours
from topicloom.atlas.tree import leaf_order
from topicloom.atlas.typicality import THIRDS, thirds
from topicloom.atlas.years import periods
from topicloom.measures.similarity import nearest_topics
from topicloom.phrasing import BETWEEN, signed
from topicloom.report.columns import other_columns
from topicloom.report.profiles import comparison, largest_first, papers_told, topic_profiles
from topicloom.store.csv_tables import records
from topicloom.words.english import english_stop_words

MOST_PAPERS = 500_000  # on the page's map; more would not open quickly
MOST_CELLS = 400  # topics on a side of the heatmap
_GRID = 65_535  # steps of a coordinate
_AUTHORS = 10  # of a paper on the page
_KEYWORDS = 10  # of the authors, of a paper
_NEAREST = 5  # topics on the card of a topic


def payload(
    atlas: Atlas,
    by_hand: Mapping[str, str] = MappingProxyType({}),
    seed: int = 0,
    profiles: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The value that the page's script reads; of more papers than `MOST_PAPERS` a seeded sample is on the map.

    by_hand: labels that a person gave, by lasting id; renaming on the page adds to them. profiles: what
    `topicloom.atlas.shown_profiles.shown_profiles` gives, None where the topics have none.
    """
    papers = _sampled(atlas.papers, seed)
    rows = {int(row): place for place, row in enumerate(papers.index)}
    x, y = _steps(papers["x"].to_numpy()), _steps(papers["y"].to_numpy())
    across, up = _range(atlas.papers["x"]), _range(atlas.papers["y"])
    return {
        "shown": len(papers),
        "all": len(atlas.papers),
        "aspect": round(across / up, 4) if up and across else 1,
        "papers": {
            "x": x.tolist(),
            "y": y.tolist(),
            "topic": papers["Topic"].tolist(),
            "year": papers["year"].fillna(0).astype(int).tolist(),
            "score": (100 * papers["Score"].fillna(0)).round().astype(int).tolist(),
            "typical": (10 * papers["Typicality"].fillna(0)).round().astype(int).tolist(),  # tenths of a percent
            "core": thirds(papers["Typicality"]).tolist(),
            "title": papers["title"].tolist(),
            "doi": papers["doi"].tolist(),
            "ut": papers["UT"].astype(str).tolist(),
            "authors": [_few(authors) for authors in papers["authors"]],
            "keywords": _keywords(papers["keywords"]),
            "cited": papers["cited"].fillna(-1).astype(int).tolist() if papers["cited"].notna().any() else None,
            **_sources(papers["source"]),
            "placed": [rows[int(row)] for row in papers.index[papers["placed"]]],
            **(papers_told(profiles, papers.index) if profiles else {}),
        },
        "thirds": list(THIRDS),
        "columns": other_columns(papers),
        "topics": _with_profiles(_topics(atlas, rows), topic_profiles(profiles, atlas, rows) if profiles else []),
        "groups": _groups(atlas),
        "levels": [atlas.levels[:, level].tolist() for level in range(max(atlas.levels.shape[1] - 1, 0))],
        "palette": {"light": LIGHT, "dark": DARK},
        "named": dict(by_hand),
        "years": _years(atlas),
        "similarity": _similarity(atlas),
        "tree": _tree(atlas),
        "threshold": atlas.others_threshold,
        **({"profiles": comparison(profiles, atlas)} if profiles else {}),
    }


def packed(value: Any) -> str:
    """A value as base64 of gzipped JSON: no character of it means anything to a browser's parser."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return base64.b64encode(gzip.compress(text.encode(), 6, mtime=0)).decode()


def _sampled(papers: pd.DataFrame, seed: int) -> pd.DataFrame:
    papers = papers.reset_index(drop=True)
    if len(papers) <= MOST_PAPERS:
        return papers
    return papers.sample(MOST_PAPERS, random_state=seed).sort_index()


def _few(authors: str) -> str:
    """The first ten authors, the others as "et al."; a consortium's thousand would be most of the page."""
    names = [name.strip() for name in authors.split(";")]
    return "; ".join(names if len(names) <= _AUTHORS else [*names[:_AUTHORS], "et al."])


def _keywords(keywords: pd.Series[str]) -> list[str] | None:
    """The first ten keywords of the authors of each paper; None where no paper has any."""
    few = ["; ".join(word for part in text.split(";")[:_KEYWORDS] if (word := part.strip())) for text in keywords]
    return few if any(few) else None


def _sources(sources: pd.Series[str]) -> dict[str, Any]:
    """Each source once, and the number of each paper's."""
    numbers, found = pd.factorize(sources.astype(str))
    return {"source": numbers.tolist(), "sources": [str(name) for name in found]}


def _range(values: pd.Series[float]) -> float:
    return float(values.max() - values.min()) if len(values) else 0.0


def _steps(values: NDArray[np.floating[Any]]) -> NDArray[np.int64]:
    """Coordinates as whole steps from 0 to 65,535."""
    low, high = float(values.min()), float(values.max())
    scaled = (values.astype(float) - low) / ((high - low) or 1.0) * _GRID
    return np.rint(scaled).astype(np.int64)


def _place(value: float, values: pd.Series[float]) -> int:
    return round((value - float(values.min())) / (_range(values) or 1.0) * _GRID)


def _topics(atlas: Atlas, rows: dict[int, int]) -> list[dict[str, Any]]:
    by_ut = {ut: row for row, ut in enumerate(atlas.papers["UT"])}
    colours, near = page_colours(list(atlas.topics["Colour"])), _nearest(atlas)
    return [
        {
            "label": topic.Label,
            "count": int(topic.Count),
            "share": float(topic.Share),
            **_words(topic.Words, topic.Weights),
            "colour": colours[place][0],
            "dark": colours[place][1],
            "keywords": [word for word in str(topic.Keywords).split(BETWEEN) if word],
            "uid": str(topic.topic_uid or ""),
            "history": str(topic.topic_history or ""),
            "meanYear": None if (year := _number(topic.MeanYear)) is None else round(year, 1),
            "trend": _trend(topic),
            "nearest": near[place],
            "main": bool(topic.Main),
            "field": bool(topic.Field),
            "typical": [
                rows[by_ut[ut]] for ut in str(topic.TypicalUT).split(BETWEEN) if ut in by_ut and by_ut[ut] in rows
            ],
        }
        for place, topic in enumerate(records(atlas.topics))
    ]


def _words(words: Sequence[str], weights: Sequence[float]) -> dict[str, Any]:
    """The words of a topic and their weights, without those that hold a stop word, unless nothing else is left."""
    pairs = [(word, round(float(weight), 5)) for word, weight in zip(words, weights, strict=True)]
    telling = [pair for pair in pairs if not english_stop_words().intersection(pair[0].split())] or pairs
    return {"words": [word for word, _ in telling], "weights": [weight for _, weight in telling]}


def _trend(topic: Any) -> str:
    """The trend as words and number; "" where there is none."""
    rate = _number(topic.Trend)
    return str(topic.TrendReading or "") if rate is None else f"{topic.TrendReading}, {signed(rate, 1)} % a year"


def _nearest(atlas: Atlas) -> list[list[list[float]]]:
    """For each topic the topics that are most similar to it, and how similar."""
    alike, nearest = atlas.similarity, nearest_topics(atlas.similarity, _NEAREST)
    return [
        [[int(other), round(float(row[other]), 2)] for other in near] for row, near in zip(alike, nearest, strict=True)
    ]


def _with_profiles(topics: list[dict[str, Any]], profiles: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The topics, each with its profile as far as there are any."""
    return (
        [{**topic, "profile": profile} for topic, profile in zip(topics, profiles, strict=True)] if profiles else topics
    )


def _groups(atlas: Atlas) -> list[list[Any]]:
    """Level, code, label, x, y, papers and summary of each group, the largest of a level first."""
    return [
        [
            int(group.Level),
            int(group.Code),
            group.Label,
            _place(group.x, atlas.papers["x"]),
            _place(group.y, atlas.papers["y"]),
            int(group.Papers),
            str(group.Summary),
        ]
        for group in records(largest_first(atlas.groups))
    ]


def _years(atlas: Atlas) -> dict[str, Any] | None:
    """Papers by topic and year, and the periods whose shares can be compared."""
    quality = atlas.years
    if quality is None:
        return None
    counts = atlas.over_time.pivot(index="Topic", columns="Year", values="Count").fillna(0).astype(int)
    return {
        "first": int(counts.columns[0]),
        "counts": {str(topic): row.tolist() for topic, row in counts.iterrows()},
        "complete": [quality.first, quality.last],
        "periods": [[period.first, period.last, period.papers] for period in periods(quality)],
    }


def _similarity(atlas: Atlas) -> dict[str, Any] | None:
    """The heatmap's cells, 0 to 255 from the least to the largest similarity, in the order of the tree.

    Of more than 400 topics the finest groups that are at most 400 stand in, with the mean similarity of their topics.
    """
    matrix, labels, colours, what = _cells(atlas)
    if len(matrix) < 2:
        return None
    others = matrix[~np.eye(len(matrix), dtype=bool)]
    low, high = float(np.quantile(others, 0.02)), float(others.max())
    scaled = np.clip((matrix - low) / ((high - low) or 1.0), 0, 1)
    return {
        "cells": base64.b64encode(np.rint(255 * scaled).astype(np.uint8).tobytes()).decode(),
        "low": round(low, 4),
        "high": round(high, 4),
        "labels": labels,
        "colours": colours,
        "what": what,
    }


def _cells(atlas: Atlas) -> tuple[NDArray[np.floating[Any]], list[str], list[str], str]:
    order = leaf_order(atlas.tree, len(atlas.topics))
    names, shades = atlas.topics["Label"].to_numpy(), atlas.topics["Colour"].to_numpy()
    if len(order) <= MOST_CELLS:
        return (
            atlas.similarity[np.ix_(order, order)],
            [str(names[topic]) for topic in order],
            [str(shades[topic]) for topic in order],
            "topics",
        )
    level = max(level for level in range(atlas.levels.shape[1]) if atlas.levels[:, level].max() <= MOST_CELLS)
    codes = atlas.levels[:, level]
    found = list(dict.fromkeys(codes[order].tolist()))
    member = (codes[None] == np.array(found)[:, None]).astype(float)
    member /= member.sum(axis=1, keepdims=True)
    labels = atlas.groups[atlas.groups["Level"] == level].set_index("Code")["Label"]
    first = [int(order[codes[order].tolist().index(code)]) for code in found]
    return (
        member @ atlas.similarity @ member.T,
        [str(labels[code]) for code in found],
        [str(shades[topic]) for topic in first],
        "groups of topics",
    )


def _tree(atlas: Atlas) -> dict[str, Any] | None:
    if not len(atlas.tree):
        return None
    links = [[int(left), int(right), round(float(height), 4)] for left, right, height, _ in atlas.tree]
    return {"links": links, "order": leaf_order(atlas.tree, len(atlas.topics)).tolist()}


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None
