"""Which run of the history a result follows, and whose fitted model it may use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from topicloom.lineage.history import Head, History, lineage_of
from topicloom.settings.schema import Settings
from topicloom.store.files import digest_json

_keys_of: dict[str, dict[str, str]] = {}  # by the digest of a record, which is never overwritten


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


class FittedRun(NamedTuple):
    """A run that fitted a model: its number, and the keys of its stages by name."""

    number: int
    keys: Mapping[str, str]


def fitted_run(settings: Settings, loaded: str) -> FittedRun | None:
    """The run whose fitted model new papers of an analysis can be placed in.

    loaded: key of the corpus as it is now. None where there was no run, or where that model was fitted to this corpus.
    """
    history, analysis = History(settings), lineage_of(settings)
    heads = history.heads(analysis)
    if not heads:
        return None
    number = heads[-1].base
    sha256 = next((head.sha256 for head in heads if head.number == number), "")
    if sha256 not in _keys_of:  # a record holds all papers, and several stages of a run ask for it
        _keys_of[sha256] = history.read(analysis, number).keys
    keys = _keys_of[sha256]
    return None if keys["load-embeddings"] == loaded else FittedRun(number, keys)
