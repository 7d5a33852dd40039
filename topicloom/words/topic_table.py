"""The table of topics: what reports show of each, as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

IN_NAME = 4  # words of a topic that its name holds

Rows = TypeVar("Rows")


@dataclass(frozen=True)
class Topic:
    """One topic as reports show it.

    Args:
        topic: Its number, -1 for the outliers.
        count: Papers.
        name: BERTopic's: number and first four words, as in "3_kidney_renal_dialysis_failure".
        words: The heaviest first, "" where there are too few.
        weights: c-TF-IDF of each word.
        representative_rows: Row numbers of its representative documents, the nearest first.
    """

    topic: int
    count: int
    name: str
    words: list[str]
    weights: list[float]
    representative_rows: list[int]


def without_outliers(rows: Rows, topics: int) -> Rows:
    """Leave the outliers' row out of a table of topics.

    Args:
        rows: One row a topic in the order of their numbers, so that the outliers' (-1) is the first, if there is one:
            a list, a data frame, a dense or a sparse matrix.
        topics: How many topics there are, the outliers not counted.

    Returns:
        The last `topics` rows, of the same type.

    Example:
        >>> without_outliers(["of -1", "of 0", "of 1"], 2), without_outliers(["of 0"], 1)
        (['of 0', 'of 1'], ['of 0'])
    """
    table: Any = rows
    size = table.shape[0] if hasattr(table, "shape") else len(table)
    without: Rows = table[size - topics :]
    return without


def write_topics(path: Path, topics: Sequence[Topic]) -> None:
    """Write topics as JSON.

    Args:
        path: The file, whose folder exists.
        topics: In the order of the table.

    Raises:
        OSError: The file cannot be written.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_topics(Path(folder, "topics.json"), [Topic(0, 2, "0_maps", ["maps"], [0.5], [1, 0])])
        ...     Path(folder, "topics.json").read_text(encoding="utf-8")[:25]
        '[{"topic": 0, "count": 2,'
    """
    path.write_text(json.dumps([asdict(topic) for topic in topics], ensure_ascii=False), encoding="utf-8")


def read_topics(path: Path) -> list[Topic]:
    """Read what `write_topics` wrote.

    Args:
        path: The JSON file.

    Returns:
        The topics, the outliers (-1) first where there are any.

    Raises:
        OSError: The file cannot be read.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_topics(Path(folder, "topics.json"), [Topic(0, 2, "0_maps", ["maps"], [0.5], [1, 0])])
        ...     read_topics(Path(folder, "topics.json"))[0].name
        '0_maps'
    """
    return [Topic(**topic) for topic in json.loads(path.read_text(encoding="utf-8"))]
