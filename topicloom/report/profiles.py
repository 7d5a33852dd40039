"""The profiles of topics as the page's script reads them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from topicloom.atlas.atlas import Atlas

_OF_PAPERS = ("type", "country")  # a value a paper; beside them the names that codes stand for


def papers_told(profiles: Mapping[str, Any], rows: pd.Index[int]) -> dict[str, Any]:
    """What the papers of the page have: the codes of a kind of document and a country, with their names.

    profiles: what `shown_profiles` gives. rows: of the papers that are on the page.
    """
    told = profiles["papers"]
    return {name: [values[row] for row in rows] if name in _OF_PAPERS else values for name, values in told.items()}


def topic_profiles(profiles: Mapping[str, Any], atlas: Atlas, rows: Mapping[int, int]) -> list[dict[str, Any]]:
    """The profile of each topic.

    rows: the place on the page of each paper that is there; of the most cited papers others are left out.
    """
    found = _by_set(profiles)
    last = atlas.levels.shape[1] - 1
    shown = []
    for code in atlas.levels[:, last] if len(atlas.topics) else []:
        profile = dict(found.get((last, int(code)), {}))
        if "cited" in profile:
            profile["cited"] = [[rows[row], cited] for row, cited in profile["cited"] if row in rows]
        shown.append(profile)
    return shown


def comparison(profiles: Mapping[str, Any], atlas: Atlas) -> dict[str, Any]:
    """The fields, the profiles of the groups in the order of the page, and topics by country and by source."""
    found, last = _by_set(profiles), atlas.levels.shape[1] - 1
    groups = largest_first(atlas.groups)
    return {
        "fields": profiles["fields"],
        "groups": [
            found.get((int(level), int(code)), {}) if level < last else None
            for level, code in zip(groups["Level"], groups["Code"], strict=True)
        ],
        "crossings": profiles["crossings"],
    }


def largest_first(groups: pd.DataFrame) -> pd.DataFrame:
    """The groups in the order of the page: the coarsest level first, and of a level the largest."""
    return groups.sort_values(["Level", "Papers"], ascending=[True, False])


def _by_set(profiles: Mapping[str, Any]) -> dict[tuple[int, int], dict[str, Any]]:
    return {(level, code): profile for level, code, profile in profiles["sets"]}
