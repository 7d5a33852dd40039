"""Per stage of an analysis: whether its result is kept, stale and why, or missing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from topicloom.phrasing import changed_values
from topicloom.settings.schema import Settings
from topicloom.stage_names import PICTURES
from topicloom.stages.registry import stages_due
from topicloom.stages.stage import INNER, Stage
from topicloom.store.files import tree_size
from topicloom.store.run_record import read_record
from topicloom.store.store import StageRef, Store

CACHED, STALE, MISSING = "cached", "stale", "missing"
_NOT_PUBLISHED = "it is kept, but not yet put into the analysis folder"


@dataclass(frozen=True)
class StageStatus:
    """The state of one stage, and of the result that the last run used.

    why: what makes the next run compute it. ended: ISO time, seconds: how long it took, bytes: its size. host: the
    name of the machine that computed it.
    """

    stage: str
    state: str
    why: str = ""
    ended: str = ""
    seconds: float | None = None
    bytes: int | None = None
    host: str = ""


def analysis_status(settings: Settings) -> list[StageStatus]:
    """The status of every stage, in order. Computes nothing and changes nothing."""
    store = Store(settings.store_path)
    record = read_record(settings)
    refs: dict[str, StageRef] = {}
    gates: list[str] = []
    statuses = []
    for stage in stages_due(settings, refs):
        last = stage.last_manifest(store, record)
        state, why = STALE if last else MISSING, ""
        awaited = [name for name in (*gates, *stage.needs(settings, refs)) if name not in refs]
        if awaited:
            why = stage.awaits(settings, refs) or f"{awaited[0]} is to be computed first"
        elif stage.lacks(settings):
            state, why = MISSING, stage.lacks(settings)
        else:
            found = stage.find(settings, refs)
            if found.ref:
                refs[stage.name] = found.ref
                settings = stage.settle(settings, found.ref)
                last = stage.manifest(store, record, found.ref)
                state, why = (CACHED, "") if _in_folder(record, found.ref) else (STALE, _NOT_PUBLISHED)
            else:
                why = found.fault or stage.awaits(settings, refs) or _why_stale(stage, settings, refs, last)
        if stage.gates:
            gates.append(stage.name)
        statuses.append(_status(store, stage.name, state, why, last, record))
    return statuses


def unfinished(settings: Settings) -> list[str]:
    """Whether the run that exported the files in the analysis folder has not ended, in a sentence; empty if it has."""
    if read_record(settings).get("over", True):
        return []
    return [
        "The run that exported these files has not ended: it still draws, or it was stopped. The tables and run.json "
        f"are whole; what is not drawn yet comes with: topicloom run {settings.analysis_path}"
    ]


def _in_folder(record: Mapping[str, Any], ref: StageRef) -> bool:
    """Whether a picture is the one that the analysis folder holds; true of every other stage."""
    entry = record.get("pictures")
    keys = entry.get("keys") if isinstance(entry, dict) else None
    return ref.stage not in PICTURES or (isinstance(keys, dict) and keys.get(ref.stage) == ref.key)


def _why_stale(stage: Stage, settings: Settings, refs: Mapping[str, StageRef], last: Mapping[str, Any]) -> str:
    if not last:
        return ""
    plan = stage.plan(settings, refs).model_dump(mode="json")
    return "; ".join(_changes(last.get("made_from", {}), plan)) or "its result is gone"


def _status(
    store: Store, stage: str, state: str, why: str, manifest: Mapping[str, Any], record: Mapping[str, Any]
) -> StageStatus:
    if not manifest:
        return StageStatus(stage, state, why)
    host = str(manifest.get("host", record.get("host", "")))
    if "files" in manifest:  # the export, whose files lie in the analysis folder
        size = sum(int(note["bytes"]) for note in manifest["files"].values())
    elif store.shared is not None:  # what is here is only what was asked for here
        size = sum(int(note["bytes"]) for note in manifest["outputs"].values())
    else:
        size = tree_size(store.folder(stage, manifest["key"]))
    return StageStatus(stage, state, why, str(manifest["ended"]), float(manifest["seconds"]), size, host)


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """What differs between two plans, in words."""
    if before.get("version") != after["version"]:
        yield "topicloom computes it in a new way"
    within = before.get("parameters", {}).get(INNER, {}), after["parameters"].get(INNER, {})
    yield from (
        f"topicloom computes {name} in a new way" for name in within[1] if within[0].get(name) != within[1][name]
    )
    yield from changed_values(*(_without_inner(plan.get("parameters", {})) for plan in (before, after)))
    old, new = before.get("inputs", {}), after["inputs"]
    for name in sorted(old.keys() | new.keys()):
        if old.get(name) != new.get(name):
            yield f"{name} has changed" if name in old and name in new else f"{name} is {_come_or_gone(name, new)}"
    yield from changed_values(before.get("libraries", {}), after["libraries"])


def _without_inner(parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in parameters.items() if name != INNER}


def _come_or_gone(name: str, new: Mapping[str, Any]) -> str:
    return "new" if name in new else "gone"
