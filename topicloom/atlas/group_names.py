"""Names and summaries of groups of topics by a language model."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from topicloom.atlas.atlas import Atlas
from topicloom.atlas.fields import NO_ABSTRACT
from topicloom.atlas.language_model import GroupQuestion
from topicloom.atlas.names import unique
from topicloom.phrasing import BETWEEN
from topicloom.store.csv_tables import records

_TOPICS, _TITLES = 12, 10  # of a group, that are sent


def group_questions(atlas: Atlas) -> dict[tuple[int, int], GroupQuestion]:
    """What is asked about each group of several topics that are fields.

    Args:
        atlas: Of the analysis.

    Returns:
        The questions by level and code, the coarsest level first; the topics themselves are no groups.

    Example:
        >>> import numpy as np
        >>> from topicloom.atlas.atlas import make_atlas
        >>> columns = ("UT", "title", "Topic", "year", "Typicality", "Abstract", "x", "y")
        >>> empty = pd.DataFrame({name: [] for name in columns}).astype({"Topic": int, "Abstract": bool})
        >>> group_questions(make_atlas(empty, [], np.zeros((0, 2)), [], [], "english", 0.9, 2026))
        {}
    """
    last = atlas.levels.shape[1] - 1
    titles = dict(zip(atlas.papers["UT"].astype(str), atlas.papers["title"], strict=True))
    found = {}
    for group in records(atlas.groups[(atlas.groups["Level"] < last) & (atlas.groups["Topics"] > 1)]):
        own = atlas.topics[(atlas.levels[:, int(group.Level)] == group.Code) & atlas.topics["Field"]]
        own = own.sort_values("Count", ascending=False, kind="stable").head(_TOPICS)
        if own.empty or group.Label == NO_ABSTRACT:
            continue
        typical = [str(uts).split(BETWEEN)[0] for uts in own["TypicalUT"]]
        said = [str(titles[ut]) for ut in typical if ut in titles][:_TITLES]
        found[(int(group.Level), int(group.Code))] = GroupQuestion(str(group.Label), list(own["Label"]), said)
    return found


def renamed_groups(
    groups: pd.DataFrame, names: Mapping[tuple[int, int], str], summaries: Mapping[tuple[int, int], str]
) -> pd.DataFrame:
    """The groups under the names that a language model gave, as far as it gave any.

    Args:
        groups: As `Atlas` holds them.
        names: By level and code.
        summaries: By level and code.

    Returns:
        The groups, with other labels and summaries; two of a level are never called the same.

    Example:
        >>> groups = pd.DataFrame({"Level": [0, 0], "Code": [1, 2], "Label": ["a", "b"], "Summary": ""})
        >>> renamed_groups(groups, {(0, 1): "Hearts"}, {(0, 1): "On hearts."}).values.tolist()
        [[0, 1, 'Hearts', 'On hearts.'], [0, 2, 'b', '']]
    """
    keys = [(int(level), int(code)) for level, code in zip(groups["Level"], groups["Code"], strict=True)]
    found = groups.assign(
        Label=[names.get(key, label) for key, label in zip(keys, groups["Label"], strict=True)],
        Summary=[summaries.get(key, "") for key in keys],
    )
    for level in sorted({level for level, _ in names}):
        on_level = found["Level"] == level
        found.loc[on_level, "Label"] = unique(list(found.loc[on_level, "Label"]))
    return found
