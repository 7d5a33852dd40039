"""What a run asks of a project that may lie in an object store; one that lies in a folder imports nothing more."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from topicloom.remote.address import address_of, is_address, mirrored, mirrors_folder
from topicloom.settings.schema import Settings


def local(path: Path | str, *, writing: bool = False) -> Path:
    """The folder on this machine that stands for a path: itself, or the mirror of an address, brought up to date.

    Args:
        path: Of an analysis folder or a settings file; or its address in an object store.
        writing: Whether a run is to follow: then it is seen first that the store can be written to.

    Raises:
        AddressError: There is no such analysis, or the store cannot be used so.
        SettingsError: The settings file is wrong.
        RemoteUnavailableError: The store does not answer.

    Example:
        >>> local("projects/wos/a01").as_posix()
        'projects/wos/a01'
    """
    if not is_address(path):
        return Path(path)
    from topicloom.store.mirror import brought

    return brought(address_of(path), writing=writing)


def outputs_here(path: Path) -> Path:
    """The folder on this machine with the outputs of an analysis: itself, or the mirror, to which they are brought.

    Raises AddressError and RemoteUnavailableError as `local` does.
    """
    if not is_address(path):
        return path
    from topicloom.store.mirror import brought_outputs

    return brought_outputs(address_of(path))


def is_shared(settings: Settings) -> bool:
    """Whether a project lies in an object store."""
    return mirrored(settings.project_path) is not None


def shown_place(path: Path) -> str:
    """A path as a person knows it: its address, where it is in a mirror."""
    address = mirrored(path)
    return str(path) if address is None else str(address)


def with_addresses(text: str) -> str:
    """A text in which each path of a mirror is the address that it stands for."""
    return re.sub(rf"{re.escape(str(mirrors_folder()))}/(\w+)-\w+/", r"\1://", text)


def shared_turn(settings: Settings) -> AbstractContextManager[None]:
    """Within the block one worker alone ends a run; nothing for a project in a folder, whose locks see to it."""
    if not is_shared(settings):
        return nullcontext()
    from topicloom.store import mirror

    return mirror.shared_turn(settings)


def shared_run(settings: Settings) -> AbstractContextManager[None]:
    """Within the block a run goes on; what it has drawn is made current then. Nothing for a project in a folder."""
    if not is_shared(settings):
        return nullcontext()
    from topicloom.store import mirror

    return mirror.shared_run(settings)


def tidy(settings: Settings) -> None:
    """When a run is over: have no more on this machine, and in the store, than is to be there. Not for folders."""
    if is_shared(settings):
        from topicloom.store import mirror

        mirror.tidy(settings)


def make_inputs(settings: Settings, lacks: Callable[[Settings], str], make: Callable[[], None]) -> None:
    """Make inputs, such as embeddings; of a project in an object store on one machine alone, for all of them.

    Args:
        settings: Of the run.
        lacks: What is lacking, in words; empty where another machine has made it meanwhile.
        make: Makes it.
    """
    if not is_shared(settings):
        make()
        return
    from topicloom.store import mirror

    mirror.make_inputs(settings, lacks, make)
