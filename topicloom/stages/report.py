"""The stage report: report.html, the analysis as one page, and where what it shows comes from."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from topicloom import __version__
from topicloom.lineage.history import History, lineage_of
from topicloom.lineage.labels import read_labels
from topicloom.lineage.telling import latest_differences
from topicloom.phrasing import flat
from topicloom.settings.schema import Settings
from topicloom.settings.stated import stated
from topicloom.stage_names import (
    CLUSTER,
    DESCRIBE,
    EXPORT,
    FIGURES,
    METHODS,
    MOVES,
    PROFILES,
    QUALITY,
    REPORT,
    STAGE_NAMES,
)
from topicloom.stages.describe import ATLAS
from topicloom.stages.graph_topics import path_read, stored_path
from topicloom.stages.methods import TEXTS as METHODS_TEXTS
from topicloom.stages.moves import BRIDGES_TABLE, EVOLUTION_TABLE, MOVES_TABLE
from topicloom.stages.profiles import SHOWN
from topicloom.stages.quality import MEASURES
from topicloom.stages.record import notes_of
from topicloom.stages.stage import Artifact, Refs, Stage, Work
from topicloom.store.files import digest_json, read_json

if TYPE_CHECKING:
    from topicloom.atlas.atlas import Atlas

PAGE = Artifact(REPORT, "report.html")
# The table of stages on the page; what lies in the analysis folder speaks for itself.
_SHOWN = tuple(name for name in STAGE_NAMES if name not in (EXPORT, FIGURES, REPORT))
_SEEN = (*_SHOWN, EXPORT)  # whose facts the page remarks on, as run.json does


def write_report(work: Work) -> None:
    """Write report.html. What this run has computed itself is told from what was cached. Facts: bytes of the page."""
    from topicloom.atlas.kept import read_atlas
    from topicloom.report.page import changes_shown, report_page

    settings, refs, store = work.settings, work.refs, work.store
    manifests = {stage: store.manifest(ref) for stage, ref in refs.items() if stage in _SHOWN}
    libraries = {name: number for note in manifests.values() for name, number in note["made_from"]["libraries"].items()}
    atlas = dataclasses.replace(read_atlas(work.folder(DESCRIBE)), by_edges=settings.tmo.method == "graph")
    notes = _notes(settings, refs)
    page = report_page(
        atlas,
        label=settings.label,
        settings=list(_settings_rows(settings)),
        stages=[_stage_row(stage, note, work.run_id) for stage, note in manifests.items()],
        versions={"topicloom": __version__, **dict(sorted(libraries.items()))},
        notes=notes,
        changes=changes_shown(latest_differences(settings)),
        quality=read_json(work.path(MEASURES)) if QUALITY in refs else None,
        score=settings.tmo.score,
        by_hand=read_labels(settings),
        resolutions=stored_path(store, refs[CLUSTER]) if CLUSTER in refs else None,
        profiles=read_json(work.path(SHOWN)) if PROFILES in refs else None,
        moves=_moves(work, atlas) if MOVES in refs else None,
        methods=read_json(work.path(METHODS_TEXTS)) if METHODS in refs else None,
        evolution=_evolution(work) if MOVES in refs else None,
    )
    path = work.out.path(PAGE.name)
    path.write_text(page, encoding="utf-8")
    work.out.facts = {"bytes": path.stat().st_size}


def _moves(work: Work, atlas: Atlas) -> dict[str, Any]:
    import pandas as pd

    from topicloom.report.moves import moves_shown

    read = (pd.read_parquet(work.path(table)) for table in (MOVES_TABLE, BRIDGES_TABLE))
    return moves_shown(atlas, *read)


def _evolution(work: Work) -> dict[str, Any] | None:
    import pandas as pd

    from topicloom.report.moves import evolution_shown

    return evolution_shown(pd.read_parquet(work.path(EVOLUTION_TABLE)))


def _notes(settings: Settings, refs: Refs) -> list[str]:
    """The notes of run.json, but for those on pictures that are drawn beside the page."""
    return notes_of(settings, {stage: refs[stage].facts for stage in _SEEN if stage in refs})


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


def _parameters(settings: Settings) -> dict[str, Any]:
    """The page states the settings, all of them, and the notes on them."""
    notes = {"notes": list(settings.notes)} if settings.notes else {}
    return {"label": settings.label, **stated(settings.model_dump(mode="json", include={"tmo", "params"})), **notes}


def _reads(settings: Settings, refs: Refs) -> tuple[Artifact, ...]:
    """The page does without profiles, moves and methods where they could not be made."""
    wanted = settings.tmo.take_away
    profiles = (SHOWN,) if wanted.profiles and PROFILES in refs else ()
    moves = (MOVES_TABLE, BRIDGES_TABLE, EVOLUTION_TABLE) if MOVES in refs else ()
    methods = (METHODS_TEXTS,) if wanted.methods and METHODS in refs else ()
    measured = (MEASURES,) if settings.tmo.pictures.quality else ()
    return (*ATLAS, *path_read(refs), *profiles, *moves, *methods, *measured)


def _shown_on_the_page(settings: Settings, refs: Refs) -> dict[str, str]:
    """The last two runs, between which the page says what changed, the remarks that it shows, and labels.csv."""
    heads = History(settings).heads(lineage_of(settings))[-2:]
    remarks = _notes(settings, refs)
    shown = {"remarks": digest_json(remarks)} if remarks else {}
    if labels := read_labels(settings):
        shown["labels"] = digest_json(labels)
    return {**{f"run {head.number}": head.sha256 for head in heads}, **shown}


STAGE = Stage(
    REPORT,
    version=15,
    parameters=_parameters,
    reads=_reads,
    sees=_SEEN,
    also=_shown_on_the_page,
    writes=(PAGE.name,),
    libraries=("Jinja2",),
    wanted=lambda settings: settings.tmo.pictures.report,
    compute=write_report,
)
