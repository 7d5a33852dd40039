"""Weak and strong signals: which topics the papers of later runs went to, by the project's own history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from topicloom.atlas.contrast import contrast
from topicloom.atlas.fields import NO_ABSTRACT

NO_RUN: Final = "needs an earlier run"
NO_PAPERS: Final = "no new papers since the earlier run"
STRONG: Final = "strong signal"
WEAK: Final = "weak signal"
FADING: Final = "fading"
STEADY: Final = "no signal"
_CHANCE = 1.96  # a standard normal number beyond which chance alone brings one in forty
COLUMNS: Final = ("FirstRun", "RunPapers", "NewPapers", "NewLogOdds", "NewZ", "Signal")


def signals(
    topics: NDArray[np.int64],
    papers: NDArray[np.object_],
    uids: Sequence[str],
    runs: Mapping[int, Mapping[str, int]],
    earlier: set[str],
    since: Sequence[int],
    fields: NDArray[np.bool_] | None = None,
) -> pd.DataFrame:
    """Hold the papers that came since an earlier run against those that it had, by the topics of the last run.

    Both are counted in the topics as they are now: what a fit anew has moved is no signal.

    Args:
        topics: (n,) topic of each paper of the last run, -1 for outliers.
        papers: (n,) their UT.
        uids: Lasting id of each of the t topics.
        runs: Papers of each lasting id in the runs that are looked at, by number of the run, the earliest first; with
            the last run alone there is nothing to hold it against.
        earlier: UT of the papers of the earliest of these runs.
        since: The run in which each topic got its id.
        fields: (t,) whether each topic is a field; papers without abstract are no signal. None: all are.

    Returns:
        A row a topic: FirstRun; RunPapers, its papers in each run, as "1: 20; 2: 25"; NewPapers, those that the
        earliest run did not have; NewLogOdds and NewZ, whether new papers go to it more often than the others do;
        Signal: "strong signal" (NewZ above 1.96, and more papers than half of the topics have), "weak signal" (the
        same with fewer papers), "fading" (NewZ below -1.96), "no signal", "papers without abstract", "no new
        papers since the earlier run", or "needs an earlier run".

    Example:
        >>> topics, papers = np.array([0] * 60 + [1] * 60), np.array([str(row) for row in range(120)], dtype=object)
        >>> runs = {1: {"T-A": 55, "T-B": 5}, 2: {"T-A": 60, "T-B": 60}}
        >>> earlier = {str(row) for row in [*range(55), *range(60, 65)]}
        >>> signals(topics, papers, ["T-A", "T-B"], runs, earlier, [1, 1])["Signal"].tolist()
        ['fading', 'weak signal']
    """
    wanted = len(uids)
    found = pd.DataFrame({"FirstRun": np.array(since, dtype=np.int64)})
    found["RunPapers"] = ["; ".join(f"{run}: {counts.get(uid, 0)}" for run, counts in runs.items()) for uid in uids]
    if len(runs) < 2:
        return _without(found, NO_RUN)
    is_new = ~pd.Series(papers).isin(earlier).to_numpy()
    old, new = (np.bincount(topics[part & (topics >= 0)], minlength=wanted) for part in (~is_new, is_new))
    if not new.sum():
        return _without(found, NO_PAPERS)
    against = contrast(old, new)
    sizes = old + new
    found["NewPapers"] = pd.array(new, dtype="Int64")
    found["NewLogOdds"], found["NewZ"] = against.log_odds.round(3), against.z.round(3)
    large = sizes > np.median(sizes)
    found["Signal"] = [_signal(float(z), bool(is_large)) for z, is_large in zip(against.z, large, strict=True)]
    if fields is not None:
        found.loc[~fields, "Signal"] = NO_ABSTRACT
    return found


def _signal(z: float, large: bool) -> str:
    if z > _CHANCE:
        return STRONG if large else WEAK
    return FADING if z < -_CHANCE else STEADY


def _without(found: pd.DataFrame, why: str) -> pd.DataFrame:
    empty: Any = pd.array([None] * len(found), dtype="Float64")
    return found.assign(
        NewPapers=pd.array([None] * len(found), dtype="Int64"), NewLogOdds=empty, NewZ=empty, Signal=why
    )
