"""What a sweep says: which combinations no other beats, and which one to take, in plain words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from topicloom.phrasing import number_of
from topicloom.sweep.grid import told

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

# What is wanted, and in which direction: larger is better for 1, smaller for -1.
AIMS = {"npmi": 1, "diversity": 1, "outlier_share": -1, "stability": 1}
_WORDS = {
    "npmi": "coherence (NPMI)",
    "diversity": "diversity of words",
    "outlier_share": "outlier share",
    "stability": "stability over seeds (adjusted Rand index)",
}
_LEAST_TOPICS = 2


@dataclass(frozen=True)
class Verdict:
    """front: (n,) bool, the combinations that no other beats in every aim. best: row of the one to take, or None where
    none has two topics. score: (n,) 0 to 1, NaN where it has not. why: sentences for a person.
    """

    front: NDArray[np.bool_]
    best: int | None
    score: NDArray[np.float64]
    why: list[str]


def judge(trials: pd.DataFrame, settings: list[str], present: dict[str, Any]) -> Verdict:
    """Weigh the trials of a sweep.

    trials: one row a combination with the columns of `settings` and topics, npmi, diversity, outlier_share and
    stability (NaN where not known). present: the values that the settings have now, by name.
    Each aim is scaled from its worst to its best trial and counts alike; the best of the front is taken.
    """
    import numpy as np

    if not len(trials):
        nothing = np.zeros(0)
        return Verdict(nothing.astype(bool), None, nothing, ["Nothing was tried: see below why, or raise the budget."])
    aims = {name: sign for name, sign in AIMS.items() if trials[name].notna().any()}
    values = np.column_stack([sign * trials[name].to_numpy(dtype=float) for name, sign in aims.items()])
    usable = (trials["topics"].to_numpy() >= _LEAST_TOPICS) & np.isfinite(values).all(axis=1)
    front = usable & ~_beaten(values, usable)
    score = np.full(len(trials), np.nan)
    if not usable.any():
        return Verdict(front, None, score, ["No combination found two topics; vary min_topic_size downwards."])
    low, high = values[usable].min(axis=0), values[usable].max(axis=0)
    score[usable] = ((values[usable] - low) / np.where(high > low, high - low, 1.0)).mean(axis=1)
    best = int(np.flatnonzero(front)[score[front].argmax()])
    return Verdict(front, best, score, list(_why(trials, settings, present, best, list(aims), front)))


def _beaten(values: NDArray[np.float64], usable: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Rows that another usable row equals or betters in everything and betters in something."""
    import numpy as np

    beaten = np.zeros(len(values), dtype=bool)
    for row in np.flatnonzero(usable):
        others = values[usable]
        beaten[row] = bool(((others >= values[row]).all(axis=1) & (others > values[row]).any(axis=1)).any())
    return beaten


def _why(
    trials: pd.DataFrame, settings: list[str], present: dict[str, Any], best: int, aims: list[str], front: Any
) -> list[str]:
    chosen = trials.iloc[best]
    now = trials[_is_present(trials, settings, present)]
    weighed, unbeaten = ", ".join(_WORDS[name] for name in aims), int(front.sum())
    said = [
        f"Take {told({name: trials[name].iloc[best] for name in settings})}: "
        f"{number_of(int(chosen['topics']), 'topic')}.",
        f"{unbeaten} of {number_of(len(trials), 'combination')} {'is' if unbeaten == 1 else 'are'} beaten by no "
        f"other in all of {weighed}. Of these it has the best mean of all of them, each scaled from the worst to the "
        "best of the sweep.",
    ]
    for name in aims:
        span = f"from {trials[name].min():.3f} to {trials[name].max():.3f} in the sweep"
        before = f"; {now.iloc[0][name]:.3f} with the present settings" if len(now) else ""
        said.append(f"{_WORDS[name][0].upper()}{_WORDS[name][1:]}: {chosen[name]:.3f}, {span}{before}.")
    if len(now) and now.index[0] == trials.index[best]:
        said.append("These are the present settings: there is nothing to change.")
    return said


def _is_present(trials: pd.DataFrame, settings: list[str], present: dict[str, Any]) -> Any:
    same = trials["topics"] >= 0
    for name in settings:
        same &= trials[name].map(lambda value, name=name: value == present[name])
    return same
