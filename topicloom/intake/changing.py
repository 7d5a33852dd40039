"""The files of a project that an import changes, all of them or none, also when it is killed."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from topicloom.intake.file_names import ACCOUNT, DATASET, DUPLICATES, ORIGINS, PROFILE, REFUSED, SOURCES
from topicloom.store.swap import JOURNAL, Names, finish_swap, folder_lock, swapped_in

logger = logging.getLogger(__name__)

IMPORTED: Final = Names(frozenset((DATASET, ACCOUNT, DUPLICATES, ORIGINS, REFUSED)), frozenset((SOURCES, PROFILE)))


@contextlib.contextmanager
def one_import(filtered: Path) -> Iterator[None]:
    """Hold the turn of imports into a project; what a killed one has decided is carried out first."""
    with folder_lock(filtered):
        finish_swap(filtered, IMPORTED)
        yield


@contextlib.contextmanager
def changed_together(filtered: Path) -> Iterator[Path]:
    """Yield a folder with the profile and the kept exports as they are; what the block makes of it, and puts beside,
    takes the place of the project's files.

    Files there may be replaced and removed; they are links to the project's, so none may be written into.
    """
    with swapped_in(filtered, IMPORTED) as staging:
        for name in sorted(IMPORTED.folders):
            if (filtered / name).is_dir():
                left = shutil.ignore_patterns(".*.tmp")
                shutil.copytree(filtered / name, staging / name, copy_function=_linked, ignore=left, symlinks=True)
        yield staging


def settle_import(filtered: Path) -> None:
    """Carry out an import that a kill has cut short, for whoever reads the project next."""
    if not os.path.lexists(filtered / JOURNAL):
        return
    if not os.access(filtered, os.W_OK):
        logger.warning("%s: an import was cut short; the next command of who may write there ends it.", filtered)
        return
    with one_import(filtered):
        pass


def _linked(source: str, target: str) -> None:
    try:
        os.link(source, target, follow_symlinks=False)
    except (OSError, NotImplementedError):  # a file system without links, or a file of a colleague
        shutil.copy2(source, target, follow_symlinks=False)
