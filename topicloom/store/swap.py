"""Several files put in place together: all of them or none, also when the process is killed in between.

The new files are staged in a hidden folder beside the old ones. Then a journal is written that says which of
them take the place of what; from that moment the change is decided. The renames that follow take less than a
millisecond, and whoever finds a journal, because a kill fell between them, carries it out to the end
(`finish_swap`, which run, status and clean call before they look at the folder).
"""

from __future__ import annotations

import contextlib
import shutil
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path

from topicloom.store.files import read_json, remove_tree, sync, sync_tree, write_json

JOURNAL = ".topicloom-swap.json"
_STAGING = ".topicloom-staging-"


@contextlib.contextmanager
def swapped_in(folder: Path, *, gone: Sequence[str] = ()) -> Iterator[Path]:
    """Yield a staging folder; what the block writes there takes its place in `folder`, all or nothing.

    gone: names of files that are removed at the same moment, if they are there and not written again.
    After an error in the block `folder` is as it was. The caller holds the lock of the folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    finish_swap(folder)
    for left in (*folder.glob(f"{_STAGING}*"), *folder.glob(f".{JOURNAL}.*.tmp")):
        remove_tree(left)  # of a killed run: no journal names it
    staging = folder / f"{_STAGING}{uuid.uuid4().hex[:8]}"
    staging.mkdir()
    try:
        yield staging
        sync_tree(staging)
        names = sorted(path.name for path in staging.iterdir())
        journal = {"staging": staging.name, "put": names, "remove": [name for name in gone if name not in names]}
        write_json(folder / JOURNAL, journal)
    except BaseException:
        if not (folder / JOURNAL).exists():
            shutil.rmtree(staging, ignore_errors=True)
        raise
    finally:
        finish_swap(folder)


def finish_swap(folder: Path) -> bool:
    """Carry a decided change out to the end, if a journal is there. Returns whether there was one.

    Safe to repeat: a file that has already been moved is no longer in the staging folder.
    """
    journal = read_json(folder / JOURNAL)
    if journal is None:
        return False
    staging = folder / journal["staging"]
    for name in journal["put"]:
        new, old = staging / name, folder / name
        if new.exists():
            if new.is_dir() or old.is_dir():
                remove_tree(old)
            new.replace(old)
    for name in journal["remove"]:
        remove_tree(folder / name)
    sync(folder)
    (folder / JOURNAL).unlink()
    shutil.rmtree(staging, ignore_errors=True)
    return True
