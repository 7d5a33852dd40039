"""The table of topics: what reports show of each, as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

IN_NAME = 4  # words of a topic that its name holds


@dataclass(frozen=True)
class Topic:
    """One topic as reports show it: get_topic_info's row, and the rows of its representative documents."""

    topic: int
    count: int
    name: str
    words: list[str]
    weights: list[float]
    representative_rows: list[int]


def write_topics(path: Path, topics: Sequence[Topic]) -> None:
    """Write topics as JSON."""
    path.write_text(json.dumps([asdict(topic) for topic in topics], ensure_ascii=False), encoding="utf-8")


def read_topics(path: Path) -> list[Topic]:
    """Read what `write_topics` wrote."""
    return [Topic(**topic) for topic in json.loads(path.read_text(encoding="utf-8"))]
