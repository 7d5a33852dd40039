"""Whether what a report says is true: python -m benchmarks.shown FOLDER CORPUS [FOLDER CORPUS ...]; a table for each.

FOLDER: the stored result of the stage describe, ROOT/PROJECT/.topicloom/describe/KEY. CORPUS: the project's corpus.csv.

Trends: how many topics turn from growing to declining or back when one year is left out, by the least-squares slope of
shares that topicloom showed first, and by the model that it shows now; of those, topics that are called growing or
declining. Labels: phrases that one paper of the topic holds at most; labels in which one phrase begins as another ends.
Groups: the share of a group's papers that hold a phrase of its label, weighted by papers, on each level.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from topicloom.atlas.trends import DECLINING, GROWING, topics_over_time, trends
from topicloom.atlas.years import judge_years

TODAY = 2030  # later than all years, so that none is the current one


def main(folders: list[Path]) -> None:
    """Print what was measured. folders: of results and corpora, one after the other."""
    for folder, corpus in zip(folders[::2], folders[1::2], strict=True):
        papers, topics, groups = (
            pd.read_parquet(folder / f"{name}.parquet") for name in ("papers", "topics", "groups")
        )
        with np.load(folder / "relations.npz") as relations:
            levels = relations["levels"]
        print(f"\n{folder}: {len(papers):,} papers, {len(topics)} topics")
        texts = texts_of(papers, corpus)
        for what, value in [
            *sign_flips(papers),
            *labels(papers, topics, texts),
            *coverage(papers, groups, levels, texts),
        ]:
            print(f"  {what:<78} {value}")


def texts_of(papers: pd.DataFrame, corpus: Path) -> list[str]:
    """The text of each paper as words between spaces, in small letters, without signs."""
    table = pd.read_csv(corpus, dtype=str, encoding="latin-1", keep_default_na=False).drop_duplicates("UT")
    return [f" {_bare(text)} " for text in table.set_index("UT")["text"].reindex(papers["UT"]).fillna("")]


def _bare(text: str) -> str:
    return " ".join(re.sub(r"[^0-9a-z ]+", "", text.lower()).split())


def _phrases(label: str) -> list[str]:
    """The phrases of a label, without abbreviations and numbers behind them."""
    return [_bare(phrase) for phrase in re.sub(r"\([^)]*\)", "", label).rstrip("…").split(",")]


def labels(papers: pd.DataFrame, topics: pd.DataFrame, texts: list[str]) -> Iterator[tuple[str, str]]:
    """Labels of topics: what one paper alone holds, and chains."""
    rows = papers.groupby("Topic").indices
    held = []
    for topic, label in zip(topics["Topic"], topics["Label"], strict=True):
        own = [texts[row] for row in rows[topic]]
        held += [sum(f" {phrase} " in text for text in own) for phrase in _phrases(label)]
    chained = sum(
        any(one.split()[-1:] == other.split()[:1] for one in of_label for other in of_label if one != other)
        for of_label in map(_phrases, topics["Label"])
    )
    once = sum(count <= 1 for count in held)
    yield "phrases of labels that at most one paper of the topic holds", f"{once} of {len(held)}"
    yield "labels in which a phrase begins as another ends", f"{chained} of {len(topics)}"
    yield "labels with a number behind them", str(topics["Label"].str.contains(r"\(\d+\)$").sum())
    yield "labels with a hyphen or a capital letter", str(topics["Label"].str.contains("[-A-Z]").sum())


def coverage(
    papers: pd.DataFrame, groups: pd.DataFrame, levels: NDArray[np.int64], texts: list[str]
) -> Iterator[tuple[str, str]]:
    """How many papers of groups hold a phrase of the group's label."""
    topics = papers["Topic"].to_numpy()
    for level in range(levels.shape[1]):
        label_of = groups[groups["Level"] == level].set_index("Code")["Label"]
        wanted = {code: _phrases(label) for code, label in label_of.items()}
        of_papers = [(int(levels[topic, level]), text) for topic, text in zip(topics, texts, strict=True) if topic >= 0]
        held = [any(f" {phrase} " in text for phrase in wanted[code]) for code, text in of_papers]
        what = "of topics" if level == levels.shape[1] - 1 else f"of {len(label_of)} groups"
        yield f"papers that hold a phrase of the label {what}, %", f"{100 * np.mean(held):.1f}"


def sign_flips(papers: pd.DataFrame) -> Iterator[tuple[str, str]]:
    """How steady trends are: topics that change their sign when a year is left out."""
    years = papers["year"]
    totals = years.value_counts().sort_index()
    totals = totals.reindex(range(int(totals.index.min()), int(totals.index.max()) + 1), fill_value=0)
    quality = judge_years(totals, TODAY)
    yield "years taken as incomplete", ", ".join(map(str, quality.incomplete)) or "none"
    yield "years with few papers", ", ".join(map(str, quality.thin)) or "none"
    topics = np.unique(papers.loc[papers["Topic"] >= 0, "Topic"].to_numpy(dtype=np.int64))
    everything, slopes = _trends(papers, topics), _slopes(papers, topics)
    said = everything["TrendReading"].isin((GROWING, DECLINING)).to_numpy()
    yield "topics with a trend", f"{everything['Trend'].notna().sum()} (before {np.isfinite(slopes).sum()})"
    yield "topics called growing or declining", str(said.sum())
    first = int(totals[totals > 0].index[0])
    for year in [first, *[year for year in totals.index[totals > 0] if year != first]]:
        left = papers[years != year]
        before = _flips(slopes, _slopes(left, topics))
        without = _trends(left, topics)
        now = _flips(_numbers(everything), _numbers(without))
        called = np.where(said, _numbers(everything), np.nan)
        yield (
            f"sign flips without {year}, {totals[year]:,} papers (before, now, now of those called so)",
            f"{before:>5} {now:>5} {_flips(called, _numbers(without)):>5}",
        )


def _trends(papers: pd.DataFrame, topics: NDArray[np.int64]) -> pd.DataFrame:
    return trends(topics_over_time(papers["Topic"].to_numpy(), papers["year"], TODAY), topics)


def _numbers(found: pd.DataFrame) -> NDArray[np.float64]:
    numbers: NDArray[np.float64] = found["Trend"].to_numpy(dtype=float, na_value=np.nan)
    return numbers


def _slopes(papers: pd.DataFrame, topics: NDArray[np.int64]) -> NDArray[np.float64]:
    """The trend as it was: the slope of a line through the shares of the last ten years, over their mean."""
    counts = pd.crosstab(papers["Topic"], papers["year"])
    if counts.shape[1] > 1 and counts.iloc[:, -1].sum() < 0.5 * counts.iloc[:, -2].sum():
        counts = counts.iloc[:, :-1]
    counts = counts.iloc[:, -10:]
    shares = (counts / counts.sum()).reindex(topics).to_numpy()
    centred = counts.columns.to_numpy(dtype=float) - counts.columns.to_numpy(dtype=float).mean()
    mean = shares.mean(axis=1)
    slopes: NDArray[np.float64] = shares @ centred / (centred @ centred) / np.where(mean > 0, mean, np.nan)
    return slopes


def _flips(one: NDArray[np.float64], other: NDArray[np.float64]) -> int:
    return int(np.nansum(np.sign(one) * np.sign(other) < 0))


if __name__ == "__main__":
    main([Path(argument) for argument in sys.argv[1:]])
