"""Whether the settings fit the corpus they are to be used on, asked at every run before any stage computes."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from topicloom.engine.stated import stated_engine
from topicloom.errors import InputError, Problem, SettingsError, quoted_list
from topicloom.machine.threads import wanted_threads
from topicloom.phrasing import number_of
from topicloom.settings.clusters import UmapSettings
from topicloom.settings.keys import require_key
from topicloom.settings.schema import Settings
from topicloom.settings.stop_lists import ENGLISH
from topicloom.settings.words import RepresentSettings

_LEAST_OF_A_MAP = 4  # papers: two dimensions from a spectral start need two more than that
_PROVEN_SPREADS = (0.3, 3.0)


def require_fitting_settings(settings: Settings, facts: Mapping[str, Any]) -> None:
    """Raise SettingsError unless the settings can be used on a corpus.

    facts: those that load-embeddings states, of which documents must be there.
    """
    require_key(settings)
    wanted_threads()  # a wrong number of threads is said before any stage computes
    stated_engine()  # and so is an engine that there is not
    if settings.tmo.represent.tokenizer == "icu":
        _require_installed(settings, "tmo.represent.tokenizer", "icu", "icu4py", "icu4py", "icu")
    if settings.tmo.umap.neighbors == "faiss":
        _require_installed(settings, "tmo.umap.neighbors", "faiss", "faiss", "faiss-cpu", "faiss")
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
            'tmo.represent.language is "english", which cuts out all letters but A to Z, and no text keeps a word.',
            f'Set "represent": {{"language": "{found}"{spaceless}}} in section tmo.',
        )


def _require_installed(settings: Settings, setting: str, value: str, module: str, package: str, extra: str) -> None:
    """Raise SettingsError where a setting that has this value needs a package that is not installed."""
    if importlib.util.find_spec(module) is None:
        raise SettingsError(
            settings.source,
            Problem(
                f'{setting} is "{value}", and the package {package}, which it needs, is not installed.',
                f"Install topicloom with its extra {extra} (pip install {package}), or leave the setting out.",
            ),
        )


def _problems(settings: Settings, documents: int, zero_rows: list[str]) -> Iterator[Problem]:
    tmo = settings.tmo
    corpus = f"the corpus has {number_of(documents, 'paper')}"
    if documents <= tmo.umap.n_neighbors:
        yield Problem(
            f"tmo.umap.n_neighbors is {tmo.umap.n_neighbors} and {corpus}; it must be below that.",
            "Lower tmo.umap.n_neighbors, or use a larger corpus.",
        )
    if tmo.method == "graph" and documents < _LEAST_OF_A_MAP:
        yield Problem(f"A map needs at least {_LEAST_OF_A_MAP} papers, and {corpus}.", "Use a larger corpus.")
    elif tmo.method != "graph" and documents <= tmo.umap.n_components + 1:
        yield Problem(
            f"tmo.umap.n_components is {tmo.umap.n_components} and {corpus}; it must be at least two below that.",
            "Lower tmo.umap.n_components, or use a larger corpus.",
        )
    elif documents < _LEAST_OF_A_MAP:
        yield Problem(f"A map needs at least {_LEAST_OF_A_MAP} papers, and {corpus}.", "Use a larger corpus.")
    yield from _curve_problems(tmo.umap)
    yield from _frequency_problems(settings, documents)
    if tmo.n_topics > documents:
        yield Problem(
            f"tmo.n_topics is {tmo.n_topics} and {corpus}; it must be at most that.",
            "Lower tmo.n_topics, or set it to 0 to let the number be found.",
        )
    if tmo.method == "graph" and tmo.stated_size > documents:
        yield Problem(
            f"tmo.min_topic_size is {tmo.stated_size} and {corpus}; it must be at most that.",
            "Lower tmo.min_topic_size.",
        )
    if tmo.method == "hdbscan" and not tmo.chooses_size and tmo.min_cluster_size > documents:
        name = "tmo.min_topic_size" if tmo.hdbscan.min_cluster_size is None else "tmo.hdbscan.min_cluster_size"
        yield Problem(f"{name} is {tmo.min_cluster_size} and {corpus}; it must be at most that.", f"Lower {name}.")
    if tmo.method == "hdbscan" and (tmo.hdbscan.min_samples or 1) > documents:
        yield Problem(
            f"tmo.hdbscan.min_samples is {tmo.hdbscan.min_samples} and {corpus}; it must be at most that.",
            "Lower tmo.hdbscan.min_samples.",
        )
    if zero_rows and tmo.umap.metric in ("cosine", "correlation"):
        yield Problem(
            f"{number_of(len(zero_rows), 'embedding is', 'embeddings are')} all zeros ({quoted_list(zero_rows)}), "
            f'which have no direction under tmo.umap.metric "{tmo.umap.metric}".',
            "Make these embeddings again, remove the papers from corpus and embeddings, or use another metric.",
        )


def _frequency_problems(settings: Settings, documents: int) -> Iterator[Problem]:
    """A problem where no clustering could give as many topics as min_df asks a word to occur in."""
    tmo = settings.tmo
    smallest = 2 if tmo.chooses_size else tmo.min_cluster_size
    most = tmo.n_topics or documents // smallest + 1  # the outliers count like a topic
    if tmo.represent.min_df > most:
        yield Problem(
            f"tmo.represent.min_df is {tmo.represent.min_df} and {number_of(documents, 'paper has', 'papers have')} "
            f"at most {number_of(most, 'topic')}; no word could occur in so many.",
            "Lower tmo.represent.min_df.",
        )


def _curve_problems(umap: UmapSettings) -> Iterator[Problem]:
    """A problem where spread and min_dist give UMAP no layout.

    UMAP fits 1 / (1 + a x^2b) to the curve that they describe, and needs a and b above 0. Within the proven spreads
    every min_dist gives such a curve.
    """
    if _PROVEN_SPREADS[0] <= umap.spread <= _PROVEN_SPREADS[1] or _has_curve(umap.spread, umap.min_dist):
        return
    yield Problem(
        f"tmo.umap.spread is {umap.spread} and tmo.umap.min_dist {umap.min_dist}, for which UMAP finds no layout.",
        "Leave tmo.umap.spread out for the default of 1.0, or bring it nearer to that.",
    )


def _has_curve(spread: float, min_dist: float) -> bool:
    import warnings

    import numpy as np
    from scipy.optimize import curve_fit

    x = np.linspace(0, 3 * spread, 300)  # where UMAP fits it
    wanted = np.where(x < min_dist, 1.0, np.exp(-(x - min_dist) / spread))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            (a, b), _ = curve_fit(lambda x, a, b: 1 / (1 + a * x ** (2 * b)), x, wanted)
        except (RuntimeError, ValueError):
            return False
    return bool(a > 0 and b > 0)


def require_writable(settings: Settings, *more: Path) -> None:
    """Raise InputError unless files can be made in the folders of project, analysis and store.

    A folder that is not there yet must be one that can be made. more: of embeddings that are to be made.
    """
    for folder in dict.fromkeys((settings.project_path, settings.analysis_path, settings.store_path, *more)):
        existing = next(path for path in (folder, *folder.parents) if os.path.lexists(path))
        reason = _why_not_writable(existing) if existing.is_dir() else "it is no folder"
        if reason:
            raise InputError(
                existing,
                Problem(
                    f"Nothing can be written into this folder ({reason}); {_what_goes(folder, more)} there.",
                    "Give yourself the right to write there, or copy the project to a place where you have it.",
                ),
            )


def _what_goes(folder: Path, more: Sequence[Path]) -> str:
    return "the embeddings that are to be made go" if folder in more else "outputs and the stage store go"


def _why_not_writable(folder: Path) -> str:
    try:
        descriptor, name = tempfile.mkstemp(prefix=".topicloom-", dir=folder)
    except OSError as error:
        return error.strerror or str(error)
    os.close(descriptor)
    with contextlib.suppress(OSError):
        Path(name).unlink()
    return ""
