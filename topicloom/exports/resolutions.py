"""topic_resolutions.csv: the path of resolutions that was tried where the settings leave the resolution open."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from topicloom.store.csv_tables import write_csv

_COLUMNS = {
    "resolution": "Resolution",
    "topics": "Topics",
    "rand": "SeedAgreement",
    "npmi": "NPMI",
    "good": "GoodTopics",
    "worth": "Worth",
}


def write_resolutions(path: Mapping[str, Any], file: Path) -> None:
    """Write a row for each resolution, the lowest first; Chosen is true for the one that was taken.

    Args:
        path: The path as `topicloom.stages.graph_topics.stored_path` gives it.
        file: Where to.
    """
    steps = pd.DataFrame(path["steps"])[list(_COLUMNS)].rename(columns=_COLUMNS)
    write_csv(steps.assign(Chosen=steps["Resolution"] == path["chosen"]), file)
