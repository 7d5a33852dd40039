"""What the trials of a sweep found, as a table; and the files that tell of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from topicloom.settings.reading import JSON_PATTERN, YAML_NAMES
from topicloom.settings.schema import Settings
from topicloom.stage_names import CLUSTER, GRAPH, QUALITY, REDUCE, REPRESENT
from topicloom.store.csv_tables import write_csv
from topicloom.store.files import write_json
from topicloom.store.store import StageRef, Store
from topicloom.store.swap import Names, folder_lock, swapped_in
from topicloom.sweep.grid import Combination, shared_search, told
from topicloom.sweep.page import sweep_page
from topicloom.sweep.verdict import Verdict, judge

PAGE, TABLE, RECORD = "sweep.html", "sweep.csv", "sweep.json"
_FILES = Names(frozenset((PAGE, TABLE, RECORD, *YAML_NAMES)), patterns=(JSON_PATTERN,))
_MEASURES = ("npmi", "c_v", "diversity", "outlier_share", "silhouette", "redundancy")
_STAGES = (GRAPH, REDUCE, CLUSTER, REPRESENT, QUALITY)


@dataclass(frozen=True)
class Trial:
    """One combination and what was computed for it.

    refs: results of its stages by name, empty where it was not computed. seeds: its clusters (results of cluster) under
    each seed, its own first. fault: why there is nothing, empty if all went well.
    """

    combination: Combination
    refs: Mapping[str, StageRef]
    seeds: Sequence[StageRef]
    fault: str = ""


def trials_table(trials: Sequence[Trial]) -> pd.DataFrame:
    """One row a trial that was computed.

    The values that vary, by full name; topics; the measures of topic_quality.json; stability (mean adjusted Rand index
    over seeds, or over the trials that differ from it in nothing but the seed), topic_stability (mean best Jaccard
    index of its topics), seconds (that all its stages took, shared or not).
    """
    done = [trial for trial in trials if trial.refs]
    columns = [*trials[0].combination.values, "topics", *_MEASURES, "stability", "topic_stability", "seconds"]
    return pd.DataFrame([_row(trial, _alike(trial, done)) for trial in done], columns=columns)


def _alike(trial: Trial, trials: Sequence[Trial]) -> list[StageRef]:
    """The clusterings that say whether a trial is stable: its own first."""
    if len(trial.seeds) > 1:
        return list(trial.seeds)
    mine = _without_seed(trial.combination.values)
    others = [other.refs[CLUSTER] for other in trials if _without_seed(other.combination.values) == mine]
    return [trial.refs[CLUSTER], *(ref for ref in others if ref.key != trial.refs[CLUSTER].key)]


def _without_seed(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name != "params.seed"}


def _row(trial: Trial, alike: Sequence[StageRef]) -> dict[str, Any]:
    from topicloom.measures.stability import stability

    store = Store(trial.combination.settings.store_path)
    found = stability([np.load(store.artifact(ref, "clusters.npy")) for ref in alike])
    facts = trial.refs[QUALITY].facts
    manifests = [store.manifest(trial.refs[stage]) for stage in _STAGES if stage in trial.refs]
    return {
        **trial.combination.values,
        "topics": trial.refs[REPRESENT].facts["topics"],
        **{name: np.nan if facts.get(name) is None else float(facts[name]) for name in _MEASURES},
        "stability": np.nan if found.rand is None else round(found.rand, 4),
        "topic_stability": np.nan if found.topics is None else round(found.topics, 4),
        "seconds": round(sum(float(manifest.get("seconds", 0.0)) for manifest in manifests), 1),
    }


def write_sweep(
    settings: Settings, trials: Sequence[Trial], left_out: Sequence[str], folder: Path
) -> tuple[Verdict, list[str]]:
    """Write the page, the table, the record and the settings file that would adopt the best, all or nothing.

    left_out: combinations that were not tried, and why. Returns the verdict and the names of the files.
    """
    table = trials_table(trials)
    names = list(trials[0].combination.values)
    present = {name: present_value(settings, name) for name in names}
    verdict = judge(table, names, present)
    done = [trial for trial in trials if trial.refs]
    faults = [*left_out, *(f"{told(trial.combination.values)}: {trial.fault}" for trial in trials if not trial.refs)]
    shown = table.assign(front=verdict.front, score=verdict.score.round(4))
    with folder_lock(folder), swapped_in(folder, _FILES, gone=_adopting_files(folder)) as staging:
        write_csv(shown, staging / TABLE, escape_formulas=settings.tmo.export.escape_formulas)
        page = sweep_page(settings.label, shown, names, verdict, faults)
        (staging / PAGE).write_text(page, encoding="utf-8")
        record = {
            "analysis": settings.label,
            "finished": datetime.now(UTC).isoformat(timespec="seconds"),
            "vary": names,
            "present": present,
            "best": None if verdict.best is None else dict(done[verdict.best].combination.values),
            "why": verdict.why,
            "not_tried": faults,
            "keys": [{stage: ref.key for stage, ref in trial.refs.items()} for trial in done],
        }
        write_json(staging / RECORD, record)
        if verdict.best is not None:
            adopting_file(settings, done[verdict.best].combination.values, staging)
        files = sorted(path.name for path in staging.iterdir())
    return verdict, files


def _adopting_files(folder: Path) -> list[str]:
    """Names of the settings files of an earlier sweep, which recommend what that one found."""
    return [path.name for path in (*folder.glob(JSON_PATTERN), *(folder / name for name in YAML_NAMES))]


def present_value(settings: Settings, name: str) -> Any:
    """The value that a setting has, by its full name."""
    value: Any = settings.model_dump(mode="json", include={"tmo", "params"})
    for part in name.split("."):
        value = value[part]
    return value


def adopting_file(settings: Settings, values: Mapping[str, Any], folder: Path) -> Path:
    """Write the settings file of an analysis with other values, in its own form, into a folder.

    Put into the analysis folder a JSON file counts, being the newest; a YAML file takes the place of the one there.
    """
    source = settings.source
    text = source.read_text(encoding="utf-8-sig")
    is_yaml = source.name in YAML_NAMES
    content = yaml.safe_load(text) if is_yaml else json.loads(text)
    for name, value in {**values, **shared_search(settings, values)}.items():
        section, *path = name.split(".")
        place = content.setdefault("topic_model" if section == "tmo" and "tmo" not in content else section, {})
        for part in path[:-1]:
            inner = place.get(part)
            place[part] = inner if isinstance(inner, dict) else {}
            place = place[part]
        place[path[-1]] = value
    if is_yaml:
        path_out = folder / source.name
        path_out.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True), encoding="utf-8")
    else:
        path_out = folder / f"settings_analysis_directive_{datetime.now():%Y-%m-%d-%H-%M}.json"
        path_out.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return path_out
