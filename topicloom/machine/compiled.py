"""Compiled code of numba libraries, kept on disk: compiled once per machine, not once per run.

umap and pynndescent leave numba's cache off. The kept code lies in a folder of its own for each set of versions, so
an upgrade never meets code of another version; numba writes it to a temporary file and renames it, so that
concurrent first runs cannot meet half of it.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import hashlib
import importlib
import os
import stat
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any

from topicloom.machine.declared import compiled_when_called
from topicloom.machine.guards import holds, takes, tell_slower

# Functions that state types of variables, and compute the same in a loop of one thread: numbers that are of these types
# anyway, and whole numbers that fit both.
_STATE_WHAT_IS = (
    "pynndescent.kernels.generate_graph_update_array_batched",
    "pynndescent.utils.build_candidates_owner",
    "umap.umap_.compute_membership_strengths",  # its loop is one of one thread in any case
)
LIBRARIES = ("numba", "llvmlite", "umap-learn", "pynndescent")


def cache_folder() -> Path:
    """Where compiled code is kept: $NUMBA_CACHE_DIR, else a folder for these versions in the user's cache.

    Where the user's cache cannot be written to it is a folder of the user's in the system's temporary folder. numba's
    index files are pickles, so a folder that another user owns or can write to is not used; a new one is made then,
    the same for as long as the process lives.
    """
    stated = os.environ.get("NUMBA_CACHE_DIR")
    if stated:
        return Path(stated)
    versions = ",".join(f"{name} {version(name)}" for name in LIBRARIES) + sys.version
    name = hashlib.sha256(versions.encode()).hexdigest()[:16]
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    for base in (home / "topicloom", Path(tempfile.gettempdir()) / f"topicloom-{os.getuid()}"):
        folder = base / "numba" / name
        try:
            for part in (base, folder.parent, folder):
                part.mkdir(mode=0o755, parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                pass
        except OSError:
            continue
        # In the home, links and a group's rights are the user's own choice; in the temporary folder they are an attack.
        found = [part.stat() if base.parent == home else part.lstat() for part in (base, folder.parent, folder)]
        if all(_is_ours(part, 0o002 if base.parent == home else 0o022) for part in found):
            return folder
    return _folder_of_this_process()


def _is_ours(found: os.stat_result, closed: int) -> bool:
    """Whether a folder is this user's, no link, and without the rights in `closed`."""
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & closed


@functools.cache
def _folder_of_this_process() -> Path:
    return Path(tempfile.mkdtemp(prefix="topicloom-numba-"))


def keep_compiled_code() -> None:
    """Tell numba where to keep compiled code, before the first function is declared."""
    os.environ.setdefault("NUMBA_CACHE_DIR", str(cache_folder()))
    import numba

    numba.config.CACHE_DIR = os.environ["NUMBA_CACHE_DIR"]  # type: ignore[attr-defined]
    if numba_is_as_known():
        _write_one_after_another()


# What is called of numba's Dispatcher, beside what numba documents.
_OF_DISPATCHER = (
    *("_set_uuid", "enable_caching", "get_call_template", "_compile_for_args", "disable_compile"),
    *("compile", "typeof_pyval", "nopython_signatures", "_explain_matching_error"),
)


def numba_is_as_known() -> bool:
    """Whether numba has the insides by which compiled code of other libraries is kept; one line says if not.

    They are used together or not at all: code that is kept by half of them might be another form of a function.
    """
    known = holds(_has_insides)
    if not known:
        tell_slower(
            "numba", "keeps compiled code in another way", "Each process compiles anew: half a minute and more."
        )
    return known


def _has_insides() -> bool:
    from numba.core import caching, sigutils
    from numba.core.compiler_lock import global_compiler_lock
    from numba.core.dispatcher import Dispatcher
    from numba.core.typeinfer import register_dispatcher

    return (
        all(hasattr(Dispatcher, name) for name in _OF_DISPATCHER)
        and takes(caching.IndexDataCacheFile.save, "self", "key", "data")
        and all(map(callable, (caching.NullCache, sigutils.is_signature, register_dispatcher)))
        and hasattr(global_compiler_lock, "__enter__")
    )


@functools.cache
def _write_one_after_another() -> None:
    """Let processes that keep code of the same function at the same time wait for each other.

    numba reads a function's index, adds an entry under the next free number, and writes both. Of two processes that do
    so at once one loses its entry, or both take one number, and the index then leads to code for other types.
    """
    from numba.core import caching

    files: Any = caching.IndexDataCacheFile
    save = files.save

    def save_alone(self: Any, key: Any, data: Any) -> None:
        with (Path(self._cache_path) / ".lock").open("ab") as lock:
            with contextlib.suppress(OSError):  # a file system without locks
                fcntl.flock(lock, fcntl.LOCK_EX)
            save(self, key, data)

    files.save = save_alone


def import_umap() -> ModuleType:
    """Import umap with its compiled code, and that of pynndescent, kept on disk."""
    keep_compiled_code()
    if not numba_is_as_known():
        return importlib.import_module("umap")
    with compiled_when_called():
        import umap

    from topicloom.machine.by_numpy import do_by_numpy

    for name, dispatcher in dispatchers():
        # What has been compiled in this process already is left as it is.
        if not dispatcher.signatures:
            _compile_for_one_thread(name, dispatcher)
            _keep(name, dispatcher)
    _keep_no_second_form()
    _drive_from_python()
    do_by_numpy()
    module: ModuleType = umap
    return module


def _compile_for_one_thread(name: str, dispatcher: Any) -> None:
    """Compile a loop of the neighbour search as one of one thread, which it is: under a seed one thread runs it.

    numba compiles a loop that threads could share three times as long. Where a function states types of its variables,
    numba heeds them in a loop of one thread alone, so that it would compute in other types; such a function is left as
    it is, but for those where that is the same.
    """
    if name in _STATE_WHAT_IS or (name.startswith("pynndescent.") and not dispatcher.locals):
        dispatcher.targetoptions["parallel"] = False


def _keep(name: str, dispatcher: Any) -> None:
    """Keep a function's compiled code on disk, findable also where the function is an argument of another.

    numba finds code that was compiled for functions as arguments (a distance, say) by an identity that it draws at
    random in each process; a lasting one makes the next process find it.
    """
    try:
        with contextlib.suppress(AssertionError):  # it has an identity already
            dispatcher._set_uuid(f"topicloom:{name}")
        dispatcher.enable_caching()
    except Exception as error:  # noqa: BLE001  # an inside of numba; whatever it raises, numba compiles without it
        finding = f"does not let compiled code be kept ({type(error).__name__}: {error})"
        tell_slower("numba", finding, "Each process compiles it anew.")


def _keep_no_second_form() -> None:
    """Keep of a function that is declared twice, for one thread and for many, the form for one thread alone.

    numba keeps code by function and types, whatever the threads: a layout under a seed would be given the code of the
    form for many, whose result differs each time. No run asks for that form.
    """
    from numba.core.caching import NullCache

    kept: dict[Any, Any] = {}
    for _, dispatcher in dispatchers():
        other = kept.setdefault(dispatcher.py_func, dispatcher)
        if other is not dispatcher:
            parallel = dispatcher if dispatcher.targetoptions.get("parallel") else other
            parallel._cache = NullCache()


def _drive_from_python() -> None:
    """Run the outer loops of the neighbour search uncompiled.

    They ask numba for the number of threads, which keeps numba from caching them and all that is inlined into them, or
    name ways that a run does not go, which numba compiles too. They only call compiled functions, each for thousands of
    papers at once, so it costs nothing to run them as they are written, and the neighbours are the same.
    """
    inside = sys.modules.get("pynndescent.pynndescent_")
    for name in ("nn_descent", "nn_descent_internal", "init_rp_tree", "process_candidates"):
        function = getattr(inside, name, None)
        if function is None:
            tell_slower(
                "pynndescent", f"has no pynndescent_.{name}", "Each process compiles the search for neighbours anew."
            )
        else:
            setattr(inside, name, getattr(function, "py_func", function))


def dispatchers() -> Iterator[tuple[str, Any]]:
    """Every function of umap and pynndescent that numba compiles, by module and name; of modules that are imported."""
    from numba.core.dispatcher import Dispatcher

    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] in ("umap", "pynndescent") and module is not None:
            for attribute, value in vars(module).items():
                if isinstance(value, Dispatcher) and value.py_func.__module__ == name:
                    yield f"{name}.{attribute}", value
