"""Which years of a corpus can be compared: the incomplete ones at both ends, and those with very few papers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

FEW = 20  # papers; a share of fewer says little
_HALF = 0.5


@dataclass(frozen=True)
class YearQuality:
    """What can be made of each year.

    Args:
        totals: Papers of each year, from the first to the last, by year; 0 where a year has none.
        today: The current year.
        first: The first year that is complete.
        last: The last year that is complete; before `first` where none is.
    """

    totals: pd.Series[int]
    today: int
    first: int
    last: int

    @property
    def incomplete(self) -> list[int]:
        """Years with papers that are not complete, before `first` and after `last`."""
        return [year for year in _with_papers(self.totals) if not self.first <= year <= self.last]

    @property
    def thin(self) -> list[int]:
        """Complete years with fewer than 20 papers, but at least one."""
        inside = self.totals.loc[self.first : self.last]
        return [year for year in _with_papers(inside) if inside[year] < FEW]

    @property
    def empty(self) -> list[int]:
        """Complete years without a paper."""
        inside = self.totals.loc[self.first : self.last]
        return [int(year) for year in inside.index[inside == 0]]

    @property
    def unfinished(self) -> list[int]:
        """Years with papers that are the current one, or later."""
        return [year for year in self.incomplete if year >= self.today]


def _with_papers(totals: pd.Series[int]) -> list[int]:
    return [int(year) for year in totals.index[totals > 0]]


def judge_years(totals: pd.Series[int], today: int) -> YearQuality:
    """Find the years at both ends that are not complete.

    A year is not complete
    - where it is the current one, or a later one;
    - where it is the first or the last year with 20 papers or more, and has less than half of the papers of its
      neighbour, as an export made in spring has; and so are the years beyond it.

    Args:
        totals: Papers by year, in the order of the years, without a gap.
        today: The current year.

    Returns:
        What can be made of each year.

    Example:
        >>> judge_years(pd.Series({2019: 40, 2020: 100, 2021: 110, 2022: 30}), today=2026).incomplete
        [2019, 2022]
    """
    years = totals.index.to_numpy()
    over = totals[years < today]
    solid = [int(year) for year in over.index[over >= FEW]]
    first, last = int(years[0]), int(min(years[-1], today - 1))
    if len(solid) > 1:
        start, end = solid[0], solid[-1]
        if over[end] < _HALF * over[end - 1]:
            last = end - 1
        if start < last and over[start] < _HALF * over[start + 1]:
            first = start + 1
    return YearQuality(totals, today, first, last)


def years_of(over_time: pd.DataFrame, today: int) -> YearQuality | None:
    """Judge the years of a table of topics over time, as `topicloom.atlas.trends.topics_over_time` makes it.

    Args:
        over_time: Its columns Year and Count decide, since each paper with a year is in one topic, or an outlier.
        today: The current year.

    Returns:
        What can be made of each year; None where no paper has one.

    Example:
        >>> over_time = pd.DataFrame({"Year": [2019, 2020, 2019, 2020], "Count": [30, 50, 10, 50]})
        >>> found = years_of(over_time, today=2026)
        >>> found.totals.tolist(), found.incomplete
        ([40, 100], [2019])
    """
    if over_time.empty:
        return None
    return judge_years(over_time.groupby("Year")["Count"].sum(), today)


@dataclass(frozen=True)
class Period:
    """One year, or several years that have too few papers alone.

    Args:
        first: Its first year.
        last: Its last year.
        papers: Papers of all its years.
        complete: Whether its years are.
    """

    first: int
    last: int
    papers: int
    complete: bool

    @property
    def middle(self) -> float:
        """Where it stands on an axis of years."""
        return (self.first + self.last) / 2


def periods(quality: YearQuality) -> list[Period]:
    """The years as periods of 20 papers or more, whose shares can be compared.

    A year with 20 papers stands alone. Others join the years after them until they are 20 papers together; what is left
    at the beginning joins the first period. Incomplete years stand alone, and are left out with fewer than 20 papers.

    Args:
        quality: Of the years.

    Returns:
        The periods in the order of the years; complete years with fewer than 20 papers in all are one period.

    Example:
        >>> found = periods(judge_years(pd.Series({2019: 90, 2020: 3, 2021: 80}), today=2026))
        >>> [(period.first, period.last, period.papers) for period in found]
        [(2019, 2020, 93), (2021, 2021, 80)]
    """
    totals = quality.totals
    found: list[Period] = []
    end, papers = quality.last, 0
    for year in range(quality.last, quality.first - 1, -1):
        papers += int(totals[year])
        if papers >= FEW or (year == quality.first and papers and not found):
            found.append(Period(year, end, papers, complete=True))
            end, papers = year - 1, 0
    if papers:
        earliest = found.pop()
        found.append(Period(quality.first, earliest.last, earliest.papers + papers, complete=True))
    lone = [Period(year, year, int(totals[year]), False) for year in quality.incomplete if totals[year] >= FEW]
    return sorted([*found, *lone], key=lambda period: period.first)


def period_shares(counts: pd.DataFrame, of_periods: list[Period]) -> pd.DataFrame:
    """Share of each topic in the papers of each period.

    Args:
        counts: Papers, a row a topic and a column a year.
        of_periods: The periods.

    Returns:
        Shares from 0 to 1, a row a topic and a column a period, numbered from 0.

    Example:
        >>> counts = pd.DataFrame({2020: [10, 30], 2021: [5, 5]})
        >>> period_shares(counts, [Period(2020, 2021, 50, True)])[0].tolist()
        [0.3, 0.7]
    """
    return pd.DataFrame(
        {
            number: counts.loc[:, period.first : period.last].sum(axis=1) / period.papers
            for number, period in enumerate(of_periods)
        },
        index=counts.index,
    )


def year_notes(quality: YearQuality) -> list[str]:
    """Sentences on the years that a reader of trends must know: which are incomplete, which have few papers.

    Args:
        quality: Of the years.

    Returns:
        One sentence for each thing found; where nothing is found, one that states what was looked at.

    Example:
        >>> year_notes(judge_years(pd.Series({2019: 90, 2020: 3, 2021: 80}), today=2026))
        ['2020 has fewer than 20 papers; its share is pooled.']
    """
    notes = [*_beginning(quality), *_end(quality)]
    if quality.thin:
        alone = len(quality.thin) == 1
        have, each, their = ("has", "", "its share is") if alone else ("have", " each", "their shares are")
        notes.append(f"{listed_years(quality.thin)} {have} fewer than {FEW} papers{each}; {their} pooled.")
    if quality.empty:
        have = "has" if len(quality.empty) == 1 else "have"
        notes.append(f"{listed_years(quality.empty)} {have} no paper.")
    if notes or quality.last <= quality.first:
        return notes
    return [
        f"Each year from {quality.first} to {quality.last} has {FEW} papers or more, and the first and the last have "
        "at least half as many as the year beside them."
    ]


def _beginning(quality: YearQuality) -> list[str]:
    before = [year for year in quality.incomplete if year < quality.first]
    if not before:
        return []
    year, totals = before[-1], quality.totals
    rest = f", and {listed_years(before[:-1])} before it," if before[:-1] else ""
    return [
        f"{year} has {totals[year]:,} papers, less than half of the {totals[year + 1]:,} of {year + 1}: it{rest} "
        f"{'are' if rest else 'is'} taken as incomplete, dotted, and left out of trends."
    ]


def _end(quality: YearQuality) -> list[str]:
    notes = []
    after = [year for year in quality.incomplete if quality.last < year < quality.today]
    if after:
        year, totals = after[0], quality.totals
        rest = f", and {listed_years(after[1:])} after it," if after[1:] else ""
        notes.append(
            f"{year} has {totals[year]:,} papers, less than half of the {totals[year - 1]:,} of {year - 1}: it{rest} "
            f"{'are' if rest else 'is'} taken as incomplete, dotted, and left out of trends."
        )
    if quality.unfinished:
        over = "was" if len(quality.unfinished) == 1 else "were"
        notes.append(
            f"{listed_years(quality.unfinished)} {over} not over when this was computed: dotted, and left out of "
            "trends."
        )
    return notes


def listed_years(years: list[int]) -> str:
    """Years in words, consecutive ones as a range.

    Args:
        years: In their order.

    Returns:
        The words; "" for no year.

    Example:
        >>> listed_years([1991, 1993, 1994, 1995, 2001])
        '1991, 1993–1995 and 2001'
    """
    runs = np.split(np.array(years), np.flatnonzero(np.diff(years) > 1) + 1) if years else []
    words = [str(run[0]) if len(run) == 1 else f"{run[0]}–{run[-1]}" for run in runs]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else ""
