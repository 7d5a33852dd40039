"""Whether there is memory for the reduction of a corpus, the part of a run that takes most of it.

Two numbers are worked out. What it takes at the least is certain: the libraries, the embeddings and one copy of them,
and the neighbours. What it is likely to take is measured (docs/benchmarks.md, growth).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from topicloom.errors import Problem
from topicloom.machine.room import rooms
from topicloom.phrasing import number_of
from topicloom.settings.schema import Settings

_GIB = 1 << 30
# Bytes of a process that has imported what it computes with, before any paper: in memory, and of addresses.
_LEAST_BASE, _LEAST_ADDRESSES = 0.5 * _GIB, 0.9 * _GIB
_LIKELY_BASE, _LIKELY_ADDRESSES = 0.9 * _GIB, 1.6 * _GIB
_NUMBER = 4  # bytes of a float32 or an int32
_LIKELY_COPIES, _LIKELY_OF_NEIGHBOUR = 4, 300  # of the embeddings; bytes for each neighbour of a paper


def least_memory(papers: int, dimensions: int, neighbours: int, *, in_shards: bool = False) -> float:
    """Bytes that papers take at the least: the embeddings, one copy, indices and distances of their neighbours.

    in_shards: the embeddings stay on disk while neighbours are searched.
    """
    return float(papers) * _NUMBER * ((0 if in_shards else 2 * dimensions) + 2 * neighbours)


def likely_memory(papers: int, dimensions: int, neighbours: int, *, in_shards: bool = False) -> float:
    """Bytes that papers have been seen to take, in all processes of a run together.

    in_shards: the embeddings stay on disk while neighbours are searched; other stages read them once.
    """
    copies = 1 if in_shards else _LIKELY_COPIES
    return float(papers) * (copies * _NUMBER * dimensions + _LIKELY_OF_NEIGHBOUR * neighbours)


def memory_problems(settings: Settings, facts: Mapping[str, Any]) -> Iterator[Problem]:
    """What cannot be: bounds within which the reduction can certainly not be computed.

    Args:
        settings: Of the analysis.
        facts: Of load-embeddings: documents, and dimensions where they are known.

    Yields:
        A problem for each bound that is too narrow.
    """
    sizes = _sizes(settings, facts)
    for room in rooms():
        needed = least_memory(*sizes, in_shards=_in_shards(settings)) + (
            _LEAST_ADDRESSES if room.addresses else _LEAST_BASE
        )
        if needed > room.limit:
            yield Problem(
                f"{_told(sizes)} take at least {_in_gb(needed)} of memory, and {room.bound} is {_in_gb(room.limit)}.",
                room.mend,
            )


def memory_notes(settings: Settings, facts: Mapping[str, Any]) -> Iterator[str]:
    """What may fail: bounds that leave less than the reduction is likely to take.

    Args:
        settings: Of the analysis.
        facts: Of load-embeddings: documents, and dimensions where they are known.

    Yields:
        A sentence for each bound that may be too narrow.
    """
    sizes = _sizes(settings, facts)
    for room in rooms():
        needed = likely_memory(*sizes, in_shards=_in_shards(settings)) + (
            _LIKELY_ADDRESSES if room.addresses else _LIKELY_BASE
        )
        if needed > room.free:
            yield (
                f"{_told(sizes)} are likely to take {_in_gb(needed)} of memory, and of {room.bound}, "
                f"{_in_gb(room.limit)}, {_in_gb(room.free)} are free: the run may be ended by the system. {room.mend}"
            )


def _sizes(settings: Settings, facts: Mapping[str, Any]) -> tuple[int, int, int]:
    return int(facts["documents"]), int(facts.get("dimensions", 0)), settings.tmo.umap.n_neighbors


def _in_shards(settings: Settings) -> bool:
    return settings.tmo.umap.neighbors == "faiss"


def _told(sizes: tuple[int, int, int]) -> str:
    papers, dimensions, _ = sizes
    return number_of(papers, "paper", form=",") + (
        f" with embeddings of {number_of(dimensions, 'dimension', form=',')}" if dimensions else ""
    )


def _in_gb(amount: float) -> str:
    return f"{amount / 1e9:,.1f} GB"
