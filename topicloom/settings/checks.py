"""Whether the settings fit the corpus they are to be used on, asked at every run before any stage computes."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from topicloom.atlas.language_model import require_key
from topicloom.errors import InputError, Problem, SettingsError, quoted_list
from topicloom.machine.threads import available_threads
from topicloom.settings.schema import RepresentSettings, Settings
from topicloom.settings.stop_lists import ENGLISH


def require_fitting_settings(settings: Settings, facts: Mapping[str, Any]) -> None:
    """Raise SettingsError unless the settings can be used on a corpus.

    facts: those that load-embeddings states, of which documents must be there.
    """
    require_key(settings)
    available_threads()  # a wrong number of threads is said before any stage computes
    _require_tokenizer(settings)
    problems = [
        *_problems(settings, int(facts["documents"]), facts.get("zero_rows", [])),
        *_language_problems(settings.tmo.represent, facts),
    ]
    if problems:
        raise SettingsError(settings.source, problems)


def _language_problems(represent: RepresentSettings, facts: Mapping[str, Any]) -> Iterator[Problem]:
    if represent.language == ENGLISH and not facts.get("has_english_words", True):
        found = next(iter(facts["languages"]), "multilingual")
        spaceless = ', "tokenizer": "icu"' if facts["without_spaces"] else ""
        yield Problem(
            'tmo.represent.language is "english", for which letters other than A to Z are cut out, and no text keeps a '
            "word.",
            f'Set "represent": {{"language": "{found}"{spaceless}}} in section tmo.',
        )


def _require_tokenizer(settings: Settings) -> None:
    if settings.tmo.represent.tokenizer == "icu" and importlib.util.find_spec("icu4py") is None:
        raise SettingsError(
            settings.source,
            Problem(
                'tmo.represent.tokenizer is "icu", and the package icu4py, which it needs, is not installed.',
                "Install topicloom with its extra icu (pip install icu4py), or leave the setting out.",
            ),
        )


def _problems(settings: Settings, documents: int, zero_rows: list[str]) -> Iterator[Problem]:
    tmo = settings.tmo
    corpus = f"the corpus has {documents} papers"
    if documents <= tmo.umap.n_neighbors:
        yield Problem(
            f"tmo.umap.n_neighbors is {tmo.umap.n_neighbors} and {corpus}; it must be below that.",
            "Lower tmo.umap.n_neighbors, or use a larger corpus.",
        )
    if documents <= tmo.umap.n_components + 1:
        yield Problem(
            f"tmo.umap.n_components is {tmo.umap.n_components} and {corpus}; it must be at least two below that.",
            "Lower tmo.umap.n_components, or use a larger corpus.",
        )
    if tmo.n_topics > documents:
        yield Problem(
            f"tmo.n_topics is {tmo.n_topics} and {corpus}; it must be at most that.",
            "Lower tmo.n_topics, or set it to 0 to let HDBSCAN find the number.",
        )
    if tmo.n_topics == 0 and not tmo.chooses_size and tmo.min_cluster_size > documents:
        name = "tmo.min_topic_size" if tmo.hdbscan.min_cluster_size is None else "tmo.hdbscan.min_cluster_size"
        yield Problem(f"{name} is {tmo.min_cluster_size} and {corpus}; it must be at most that.", f"Lower {name}.")
    if tmo.n_topics == 0 and (tmo.hdbscan.min_samples or 1) > documents:
        yield Problem(
            f"tmo.hdbscan.min_samples is {tmo.hdbscan.min_samples} and {corpus}; it must be at most that.",
            "Lower tmo.hdbscan.min_samples.",
        )
    if zero_rows and tmo.umap.metric in ("cosine", "correlation"):
        yield Problem(
            f"{len(zero_rows)} embeddings are all zeros ({quoted_list(zero_rows)}), which have no direction under "
            f'tmo.umap.metric "{tmo.umap.metric}".',
            "Make these embeddings again, remove the papers from corpus and embeddings, or use another metric.",
        )


def require_writable(settings: Settings) -> None:
    """Raise InputError unless files can be made in the project folder and in the analysis folder."""
    for folder in dict.fromkeys((settings.project_path, settings.analysis_path)):
        existing = next(path for path in (folder, *folder.parents) if path.is_dir())
        reason = _why_not_writable(existing)
        if reason:
            raise InputError(
                existing,
                Problem(
                    f"Nothing can be written into this folder ({reason}); outputs and the stage store go there.",
                    "Give yourself the right to write there, or copy the project to a place where you have it.",
                ),
            )


def _why_not_writable(folder: Path) -> str:
    try:
        descriptor, name = tempfile.mkstemp(prefix=".topicloom-", dir=folder)
    except OSError as error:
        return error.strerror or str(error)
    os.close(descriptor)
    with contextlib.suppress(OSError):
        Path(name).unlink()
    return ""
