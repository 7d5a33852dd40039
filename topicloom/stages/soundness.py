"""Whether a run can begin: what `check` and `run` ask of folders, corpus, dataset, embeddings and settings."""

from __future__ import annotations

import functools
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from topicloom.engine.answering import require_answer
from topicloom.engine.stated import stated_engine
from topicloom.errors import CorpusError, EmbeddingsError, InputError
from topicloom.inputs.decoding import form_facts, text_form
from topicloom.inputs.encoder import embeddings_missing, texts_to_embed
from topicloom.inputs.papers import dataset_facts, read_papers
from topicloom.intake.changing import settle_import
from topicloom.machine.regular_files import file_is_there, unreadable
from topicloom.machine.threads import wanted_threads
from topicloom.settings.checks import require_fitting_settings, require_writable
from topicloom.settings.memory import memory_notes, memory_problems
from topicloom.settings.schema import Settings
from topicloom.stage_names import CONSENSUS, DESCRIBE, DISTRIBUTION, REDUCE, REPRESENT
from topicloom.stages.load_embeddings import DATASET, STAGE, check_inputs, counted
from topicloom.stages.status import CACHED, analysis_status
from topicloom.store.files import read_json
from topicloom.store.manifest import MANIFEST
from topicloom.store.store import Store

logger = logging.getLogger(__name__)

IN_PIECES: Final = (CONSENSUS, REPRESENT, DISTRIBUTION)  # stages of whose work an engine does pieces, beside embeddings


@dataclass(frozen=True)
class Sound:
    """What was found of a project that a run can begin with.

    facts: those of load-embeddings; of texts whose embeddings are still to be made, what can be counted.
    dataset: how the dataset and the corpus go together, as `dataset_facts` states it; of embeddings that are to be
    made, only dataset_form.
    """

    facts: Mapping[str, Any]
    dataset: Mapping[str, Any]


def check_project(settings: Settings) -> Sound:
    """Read and check all that a run reads; nothing is computed or written.

    Raises InputError for what a run could not use: a folder that cannot be written to, a corpus, dataset or embeddings
    that cannot be read or do not fit each other, settings that do not fit them.
    """
    _require_folders(settings)
    if embeddings_missing(settings):
        return _texts_alone(settings)
    inputs = check_inputs(settings)
    require_fitting_settings(settings, inputs.facts)
    require_memory(settings, inputs.facts)
    together = dataset_facts(read_papers(settings), list(inputs.corpus["UT"]), settings.tmo.year_column)
    return Sound(inputs.facts, together)


def require_sound(settings: Settings) -> None:
    """Raise InputError for a project that `check_project` refuses; what an earlier run has read is not read again.

    Called at the beginning of a run, before its first file is written. An import that a kill has cut short is carried
    out first. Raises ThreadsError too, and EngineError for a cluster that does not answer and is needed.
    """
    _require_sound_inputs(settings)
    if stated_engine().address and _has_pieces(settings):
        require_answer()


def _has_pieces(settings: Settings) -> bool:
    """Whether anything is to be computed of which an engine does pieces."""
    if embeddings_missing(settings):
        return True
    return any(status.stage in IN_PIECES and status.state != CACHED for status in analysis_status(settings))


def _require_sound_inputs(settings: Settings) -> None:
    wanted_threads()  # before a digest is kept: whatever else is wrong, it costs nothing to say
    settle_import(settings.dataset_path.parent)
    _require_folders(settings)
    if embeddings_missing(settings):
        _texts_alone(settings)
        return
    store = Store(settings.store_path)
    kept = _kept_facts(settings, store)
    if kept is None:
        check_project(settings)
        return
    require_fitting_settings(settings, kept)
    require_memory(settings, kept)
    if not _dataset_was_read(settings, store, kept):
        read_papers(settings)


def require_memory(settings: Settings, facts: Mapping[str, Any]) -> None:
    """See that there is memory for what is to be computed; where that is uncertain, say so once in a process.

    Args:
        settings: Of the analysis.
        facts: Of load-embeddings: documents, and dimensions where they are known.

    Raises:
        InputError: There is certainly too little. Not where the reduction, which takes most, is kept.
    """
    problems, notes = list(memory_problems(settings, facts)), list(memory_notes(settings, facts))
    if not (problems or notes) or _reduction_is_kept(settings):
        return
    if problems:
        raise InputError(settings.source, problems)
    for note in notes:
        _warn_once(note)


@functools.cache
def _warn_once(note: str) -> None:
    logger.warning(note)


def _reduction_is_kept(settings: Settings) -> bool:
    return any(status.stage == REDUCE and status.state == CACHED for status in analysis_status(settings))


def _kept_facts(settings: Settings, store: Store) -> Mapping[str, Any] | None:
    """The facts of the corpus and embeddings as they are now, if an earlier run has kept them."""
    if store.shared is None and not (store.root / STAGE.name).is_dir():
        return None  # gigabytes need no digest to know it
    try:
        ref = STAGE.find(settings, {}).ref
    except OSError as found:  # a file that the system does not let be read
        path = Path(found.filename or settings.embeds_path)
        kind = CorpusError if path.suffix == ".csv" else EmbeddingsError
        raise kind(path, unreadable(found)) from found
    return None if ref is None else ref.facts


def _require_folders(settings: Settings) -> None:
    making = [settings.embeds_path] if embeddings_missing(settings) else []
    require_writable(settings, *making)


def _texts_alone(settings: Settings) -> Sound:
    import pandas as pd

    texts = texts_to_embed(settings)
    facts = {"documents": len(texts), **counted(pd.Series(texts))}
    require_fitting_settings(settings, facts)
    require_memory(settings, facts)
    return Sound(facts, {"dataset_form": form_facts(text_form(settings.dataset_path))})


def _dataset_was_read(settings: Settings, store: Store, facts: Mapping[str, Any]) -> bool:
    """Whether an earlier run has read the dataset as it is now, or there is none. facts: of load-embeddings."""
    path = settings.dataset_path
    if not file_is_there(path, CorpusError):
        return True
    try:
        digest = store.digests.digest(path)
    except OSError as found:
        raise CorpusError(path, unreadable(found)) from found
    if facts.get(DATASET) == digest:
        return True
    kept = store.root.glob(f"{DESCRIBE}/*/{MANIFEST}")
    return any(_names(read_json(manifest), path.name, digest) for manifest in kept)


def _names(manifest: Any, name: str, digest: str) -> bool:
    """Whether a manifest says that a result was made from a file of this content."""
    plan = manifest.get("made_from") if isinstance(manifest, dict) else None
    inputs = plan.get("inputs") if isinstance(plan, dict) else None
    return isinstance(inputs, dict) and inputs.get(name) == digest
