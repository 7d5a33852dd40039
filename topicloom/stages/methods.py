"""The stage methods: how the topics were made, in the paragraphs that a paper needs."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from typing import Any

from topicloom import __version__
from topicloom.inputs.embeddings import EMBEDS_SETTINGS
from topicloom.intake.file_names import ACCOUNT
from topicloom.output_files import METHODS_FILE
from topicloom.settings.schema import Settings
from topicloom.settings.stated import stated
from topicloom.stage_names import (
    CHOOSE_SIZE,
    CLUSTER,
    CONSENSUS,
    DESCRIBE,
    DISTRIBUTION,
    GRAPH,
    LOAD_EMBEDDINGS,
    METHODS,
    MOVES,
    PROFILES,
    QUALITY,
    REASSIGN,
    REDUCE,
    REPRESENT,
    UPDATE,
)
from topicloom.stages.load_embeddings import VECTORS
from topicloom.stages.remember import library_versions_of
from topicloom.stages.stage import Artifact, Refs, Stage, Work
from topicloom.store.files import digest_json, read_json, write_json
from topicloom.store.store import StageRef, Store

PAGE, TEXTS = Artifact(METHODS, METHODS_FILE), Artifact(METHODS, "methods.json")
_PAPERS = Artifact(DESCRIBE, "papers.parquet")
# Whose facts and versions are told.
_SEEN = (
    *(LOAD_EMBEDDINGS, UPDATE, CHOOSE_SIZE, GRAPH, REDUCE, CLUSTER, CONSENSUS, REASSIGN, REPRESENT, DISTRIBUTION),
    *(DESCRIBE, PROFILES, MOVES, QUALITY),
)
_NOT_STATED = frozenset(("pictures", "take_away", "export", "columns", "names", "others_threshold"))  # nor in the text


def describe_methods(work: Work) -> None:
    """Describe how the topics were made. Artifacts: methods.md, and for the report methods.json. Facts: works."""
    import pandas as pd

    from topicloom.report.methods import Recorded, methods_of

    settings, refs = work.settings, work.refs
    years = pd.read_parquet(work.path(_PAPERS), columns=["year"])["year"].dropna()
    found = methods_of(
        Recorded(
            settings.tmo,
            settings.params,
            _facts(refs),
            _versions(work.store, refs),
            (int(years.min()), int(years.max()), len(years)) if len(years) else None,
            refs[LOAD_EMBEDDINGS].outputs[VECTORS.name],
            _object(read_json(settings.embeds_path / EMBEDS_SETTINGS)),
            _object(read_json(settings.filtered_path / ACCOUNT)),
        )
    )
    work.out.path(PAGE.name).write_text(found.page, encoding="utf-8", newline="\n")
    write_json(work.out.path(TEXTS.name), {"text": found.text, "bibtex": found.bibtex})
    work.out.facts = {"works": len(found.works)}


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _facts(refs: Refs) -> dict[str, Mapping[str, Any]]:
    facts: dict[str, Mapping[str, Any]] = {stage: refs[stage].facts for stage in _SEEN if stage in refs}
    if PROFILES in facts:
        facts[PROFILES] = {"fields": list(facts[PROFILES]["papers_with"])}
    if MOVES in facts:
        facts[MOVES] = {}  # that there are any
    return facts


def _versions(store: Store, refs: Refs) -> dict[str, str]:
    seen: dict[str, StageRef] = {stage: refs[stage] for stage in _SEEN if stage in refs}
    return {"topicloom": __version__, "python": platform.python_version(), **library_versions_of(store, seen)}


def _told(settings: Settings, refs: Refs) -> dict[str, str]:
    """What the stages say of their results, and the versions that made these."""
    facts = _facts(refs)
    by_model = facts.get(DESCRIBE, {}).get("names") == "keybert"
    return {
        "facts": digest_json(facts),
        "versions": digest_json(_versions(Store(settings.store_path), refs)),
        **({"diversity": str(settings.tmo.names.diversity)} if by_model else {}),
    }


def _parameters(settings: Settings) -> dict[str, Any]:
    told = stated(settings.model_dump(mode="json", include={"tmo", "params"}))
    tmo = {name: value for name, value in told["tmo"].items() if name not in _NOT_STATED}
    return {**told, "tmo": tmo, "language_model": settings.tmo.names.language_model.model}


STAGE = Stage(
    METHODS,
    version=3,
    parameters=_parameters,
    reads=lambda *_: (VECTORS, _PAPERS),
    sees=_SEEN,
    files=lambda settings: (settings.embeds_path / EMBEDS_SETTINGS, settings.filtered_path / ACCOUNT),
    also=_told,
    writes=(PAGE.name, TEXTS.name),
    libraries=("pandas",),
    wanted=lambda settings: settings.tmo.take_away.methods and settings.tmo.pictures.drawn,
    compute=describe_methods,
)
