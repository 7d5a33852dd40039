"""Whether what a report says is true: python -m benchmarks.shown FOLDER [...]; a table for each analysis.

FOLDER: the stored result of the stage describe, ROOT/PROJECT/.topicloom/describe/KEY.

Trends: how many topics turn from growing to declining or back when one year is left out, by the least-squares slope of
shares that topicloom showed first, and by the model that it shows now; of those, topics that are called growing or
declining.
"""

from __future__ import annotations

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
    """Print what was measured."""
    for folder in folders:
        papers = pd.read_parquet(folder / "papers.parquet")
        topics = pd.read_parquet(folder / "topics.parquet")
        print(f"\n{folder}: {len(papers):,} papers, {len(topics)} topics")
        for what, value in sign_flips(papers):
            print(f"  {what:<78} {value}")


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
