"""report.html of an analysis, from the stages: the page, and where what it shows comes from."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from topicloom import __version__
from topicloom.atlas.atlas import read_atlas
from topicloom.lineage.differences import flat
from topicloom.lineage.telling import latest_differences
from topicloom.report.page import changes_shown, report_page
from topicloom.settings.schema import Settings
from topicloom.settings.stated import stated
from topicloom.stages.notes import page_notes
from topicloom.stages.registry import DESCRIBE, QUALITY
from topicloom.store.files import read_json
from topicloom.store.store import StageRef, Store, Workspace


def write_report(settings: Settings, refs: Mapping[str, StageRef], out: Workspace, run_id: str | None) -> None:
    """Write report.html into a workspace.

    refs: the stages up to describe and quality, of which quality may be absent. run_id: of the run that draws; what it
    has computed itself is told from what was cached. Facts: bytes of the page.
    """
    store = Store(settings.store_path)
    manifests = {stage: store.manifest(ref) for stage, ref in refs.items()}
    libraries = {name: number for note in manifests.values() for name, number in note["made_from"]["libraries"].items()}
    atlas = read_atlas(store.folder(DESCRIBE, refs[DESCRIBE].key))
    notes = [*settings.notes, *page_notes({stage: ref.facts for stage, ref in refs.items()}, settings.tmo)]
    page = report_page(
        atlas,
        label=settings.label,
        settings=list(_settings_rows(settings)),
        stages=[_stage_row(stage, note, run_id) for stage, note in manifests.items()],
        versions={"topicloom": __version__, **dict(sorted(libraries.items()))},
        notes=notes,
        changes=changes_shown(latest_differences(settings)),
        quality=read_json(store.artifact(refs[QUALITY], "topic_quality.json")) if QUALITY in refs else None,
    )
    path = out.path("report.html")
    path.write_text(page, encoding="utf-8")
    out.facts = {"bytes": path.stat().st_size}


def _stage_row(stage: str, manifest: Mapping[str, Any], run_id: str | None) -> dict[str, Any]:
    own = run_id is not None and manifest.get("prefect_run_id") == run_id
    return {
        "name": stage,
        "status": "computed" if own else "cached",
        "computed_at": str(manifest["ended"]).replace("T", " ")[:16] + " UTC",
        "seconds": f"{manifest['seconds']:.1f}",
        "key": str(manifest["key"])[:12],
    }


def _settings_rows(settings: Settings) -> Iterator[tuple[str, str]]:
    for name, value in flat(stated(settings.model_dump(mode="json", include={"params", "tmo"}))).items():
        if value is not None:
            yield name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
