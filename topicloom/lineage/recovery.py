"""The last run of an analysis from its exported files: what is left of a history that is gone altogether."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from topicloom.lineage.records import LastingTopic, RunRecord
from topicloom.output_files import COORDINATES, TOPIC_INFO
from topicloom.settings.schema import Settings
from topicloom.store.csv_tables import read_back
from topicloom.store.files import digest_file, digest_json
from topicloom.words.topic_table import without_outliers

if TYPE_CHECKING:
    import pandas as pd

_SINCE = re.compile(r"since run (\d+)")


def recovered_run(settings: Settings, record: dict[str, Any]) -> RunRecord | None:
    """The run that the exported tables show, under the lasting ids that stand in them; None where they are not whole.

    record: run.json, with its entry identity. Mean embeddings are not among the files: the next run is matched by
    papers alone.
    """
    import pandas as pd

    folder = settings.analysis_path
    try:
        number = int(record["identity"]["run"])
        papers = pd.read_csv(folder / COORDINATES, dtype={"UT": str}, usecols=["UT", "Topic"], keep_default_na=False)
        papers = read_back(papers, record)
        info = read_back(pd.read_csv(folder / TOPIC_INFO, keep_default_na=False), record)
        topics = [_topic(row, number) for _, row in without_outliers(info, int(info["Topic"].max()) + 1).iterrows()]
        return _run(settings, record, papers.sort_values("UT", kind="stable"), topics)
    except (OSError, ValueError, KeyError, SyntaxError, RecursionError):
        return None


def _run(
    settings: Settings, record: Mapping[str, Any], papers: pd.DataFrame, topics: Sequence[LastingTopic]
) -> RunRecord:
    identity, number = record["identity"], int(record["identity"]["run"])
    return RunRecord(
        history=identity["history"],
        lineage=identity["lineage"],
        project=settings.metadata.project_folder,
        analysis=settings.metadata.analysis_id,
        number=number,
        finished=str(record.get("finished", "")),
        result=digest_json(["recovered", *_digests(settings.analysis_path)]),
        parent=None,
        prefect_run_id=record.get("prefect_run_id"),
        settings={name: record.get("settings", {}).get(name, {}) for name in ("tmo", "params")},
        versions={},
        keys={stage: str(note["key"]) for stage, note in record.get("stages", {}).items()},
        base=number,
        topics=sorted(topics, key=lambda topic: topic.topic),
        events=[],
        papers=[str(ut) for ut in papers["UT"]],
        numbers=[int(topic) for topic in papers["Topic"]],
        vectors="",
        dimensions=0,
    )


def _digests(folder: Path) -> list[str]:
    return [digest_file(folder / name) for name in (COORDINATES, TOPIC_INFO)]


def _topic(row: pd.Series[Any], number: int) -> LastingTopic:
    since = _SINCE.search(str(row["topic_history"]))
    return LastingTopic(
        topic=int(row["Topic"]),
        uid=str(row["topic_uid"]),
        count=int(row["Count"]),
        since=int(since.group(1)) if since else number,
        history=str(row["topic_history"]),
        words=list(ast.literal_eval(str(row["Representation"]))),
    )
