"""The engine that the environment asks for.

Not a setting: a settings file may come from anybody, and an address in it would send texts to whoever it names.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Final, Literal

from topicloom.errors import TopicloomError

VARIABLE: Final = "TOPICLOOM_ENGINE"
TRIES: Final = 3  # of a piece of work whose worker dies, where the cluster is started here or is one of Ray
Kind = Literal["local", "dask", "ray"]
_LOCAL_WORKERS: Final = re.compile(r"(dask|ray):0*([1-9][0-9]{0,3})")
_DASK_ADDRESS: Final = re.compile(r"dask://([\w.\-]+|\[[0-9a-fA-F:]+\]):([0-9]{1,5})")
_RAY_ADDRESS: Final = re.compile(r"ray://([\w.\-]+|\[[0-9a-fA-F:]+\]):([0-9]{1,5})")
_IMPORTED: Final = {"dask": "distributed", "ray": "ray"}


class EngineError(TopicloomError):
    """The engine that $TOPICLOOM_ENGINE asks for cannot do the work."""


@dataclass(frozen=True)
class Stated:
    """An engine that is asked for.

    Args:
        kind: local, dask or ray.
        workers: Processes that are started on this machine; 0 where the cluster is there already.
        address: Of the cluster, as its library wants it; empty where it is started here.
    """

    kind: Kind = "local"
    workers: int = 0
    address: str = ""


def stated_engine() -> Stated:
    """What $TOPICLOOM_ENGINE says; local where it says nothing.

    Raises:
        EngineError: It says something else than is allowed, or its library is not installed.

    Example:
        >>> os.environ.pop("TOPICLOOM_ENGINE", None) and None
        >>> stated_engine().kind
        'local'
    """
    said = os.environ.get(VARIABLE, "").strip()
    found, shown = _parsed(said), re.sub(r"//.*@", "//...@", said)[:80]  # nobody's password
    if found is None:
        raise EngineError(
            f"The environment variable {VARIABLE} is {shown!r}. It must be one of: dask:4 or ray:4 for four processes "
            "of this machine, dask://HOST:PORT for a scheduler of Dask, ray://HOST:PORT for a cluster of Ray.\n"
            "  Change it, or unset it to compute in this process."
        )
    if found.kind != "local" and find_spec(_IMPORTED[found.kind]) is None:
        raise EngineError(
            f"The environment variable {VARIABLE} is {shown!r}, which needs {_IMPORTED[found.kind]}.\n"
            f"  Install it: pip install 'topicloom[{found.kind}]', or unset the variable to compute in this process."
        )
    return found


def _parsed(said: str) -> Stated | None:
    if said in ("", "local"):
        return Stated()
    if here := _LOCAL_WORKERS.fullmatch(said):
        return Stated(here[1], int(here[2]))  # type: ignore[arg-type]
    if dask := _DASK_ADDRESS.fullmatch(said):
        return Stated("dask", 0, f"tcp://{dask[1]}:{dask[2]}")
    return Stated("ray", 0, said) if _RAY_ADDRESS.fullmatch(said) else None


def does_not_answer(stated: Stated, error: Exception) -> EngineError:
    """What to raise where no cluster, or no worker of it, answers. stated: what is asked for. error: what was found."""
    where = stated.address.replace("tcp://", "dask://") or f"{stated.workers} processes of this machine"
    return EngineError(
        f"The environment variable {VARIABLE} names a {stated.kind.title()} cluster ({where}) that does not answer: "
        f"{str(error) or type(error).__name__}\n"
        "  Start it and its workers, correct the address, or unset the variable to compute in this process."
    )


def workers_have_died(library: str, error: Exception) -> EngineError:
    """What to raise where each worker that took a piece of work has died. library: Dask or Ray. error: what it says."""
    return EngineError(
        f"Workers of the {library} cluster have died, one after the other, over one piece of work: {error}\n"
        "  Look whether they have memory enough, or have fewer of them on a machine."
    )


def cluster_is_lost(library: str, error: Exception) -> EngineError:
    """What to raise where the cluster itself answers no more. library: Dask or Ray. error: what it says."""
    return EngineError(
        f"The {library} cluster does not answer any more: {str(error) or type(error).__name__}\n"
        "  See to it, and run again: what is ready is kept."
    )


def worker_lacks(error: ModuleNotFoundError) -> EngineError:
    """What to raise where a worker cannot import what the work needs. error: its own."""
    return EngineError(
        f"A worker has no library {error.name}.\n"
        "  Install on all workers what requirements.lock lists, and topicloom itself."
    )
