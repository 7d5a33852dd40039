"""Which run of the history a result follows, and whose fitted model it may use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from topicloom.lineage.history import Head, History, lineage_of
from topicloom.settings.schema import Settings
from topicloom.store.files import digest_json

_FITS = {"load-embeddings", "reduce", "cluster"}


def result_digest(papers: str, topics: str, vectors: str) -> str:
    """Digest of what lasting ids rest on, from the digests of the papers, their topics and the topics' embeddings."""
    return digest_json([papers, topics, vectors])


def matched_with(settings: Settings, result: str) -> Head | None:
    """The run of the analysis that a result is matched with: the last one before it that found something else.

    A run that found the same as the one before under other settings is passed over, so that a repeated result is
    matched with the same run, and gets the same ids, every time.
    """
    heads = History(settings).heads(lineage_of(settings))
    while heads and heads[-1].result == result:
        heads.pop()
    return heads[-1] if heads else None


def shown_labels(settings: Settings, result: str) -> dict[str, str]:
    """The labels, by lasting id, that people were shown in the run that a result is matched with, or before it."""
    head = matched_with(settings, result)
    return History(settings).labels(lineage_of(settings), head.number) if head else {}


def anchoring_run(settings: Settings, is_same_corpus: Callable[[Mapping[str, str]], bool]) -> Head | None:
    """The run whose topics those of a corpus are tied to: the last one that had another corpus.

    A run of the same corpus is passed over, so that a repeated run is tied to the same topics, and finds the same.

    Args:
        settings: Those of the analysis.
        is_same_corpus: Whether a run, given the keys of its stages, had the corpus as it is now.

    Returns:
        The run, or None where there was none.
    """
    history, lineage = History(settings), lineage_of(settings)
    for head in reversed(history.heads(lineage)):
        if not is_same_corpus(history.keys(lineage, head.number)):
            return head
    return None


class FittedRun(NamedTuple):
    """A run that fitted a model: its number, and the keys of its stages by name."""

    number: int
    keys: Mapping[str, str]


def fitted_run(settings: Settings, loaded: str) -> FittedRun | None:
    """The run whose fitted model new papers of an analysis can be placed in.

    loaded: key of the corpus as it is now. None where there was no run, or where that model was fitted to this corpus.
    """
    history, lineage = History(settings), lineage_of(settings)
    heads = history.heads(lineage)
    if not heads:
        return None
    keys = history.keys(lineage, heads[-1].base)
    if not keys.keys() >= _FITS or keys["load-embeddings"] == loaded:
        return None
    return FittedRun(heads[-1].base, keys)
