"""The map's layout on a core of its own, beside the reduction: a layout under a seed uses one core only.

python -m topicloom.space.map_process VECTORS.npy NEIGHBOURS_FOLDER OUT.npy SETTINGS SEED
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType

import numpy as np

from topicloom.errors import TopicloomError
from topicloom.machine.threads import available_threads
from topicloom.settings.clusters import UmapSettings


class MapLayoutError(TopicloomError):
    """The process that lays out the map has failed."""


class MapKilledError(MapLayoutError):
    """The process that lays out the map was killed, as the system does where memory runs out."""


class MapLayout:
    """Lays out the map in another process, which loads its libraries from the start of a block, and begins when told.

    The process ends with the block, and with this process however it ends.

    Args:
        vectors: embeddings.npy, (n, d).
        neighbours: Folder of `topicloom.space.neighbours.write_neighbours`.
        out: The .npy file to write, (n, 2) float32; it is there when the block ends.
        umap: Of the layout.
        seed: Of the layout.

    Raises:
        MapLayoutError: At the end of the block, with the process's words: it has failed.
        MapKilledError: At the end of the block: it was killed.
    """

    def __init__(self, vectors: Path, neighbours: Path, out: Path, umap: UmapSettings, seed: int) -> None:
        self._command = [sys.executable, "-P", "-m", __name__]  # -P: not what lies in the working folder
        self._begun = False
        self._command += [str(vectors), str(neighbours), str(out), umap.model_dump_json(), str(seed)]

    def __enter__(self) -> MapLayout:
        paths = (os.environ.get("PYTHONPATH", ""), str(Path(__file__).resolve().parents[2]))
        env = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(path for path in paths if path),
            "TOPICLOOM_THREADS": str(max(available_threads() - 1, 1)),  # one is for the layout beside
        }
        self._process = subprocess.Popen(  # our own module
            self._command, env=env, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        return self

    def begin(self) -> None:
        """The neighbours are there: lay out."""
        self._begun = True
        with contextlib.suppress(BrokenPipeError):  # it has ended already; __exit__ says why
            self._process.stdin.write(b"begin\n")  # type: ignore[union-attr]
            self._process.stdin.flush()  # type: ignore[union-attr]

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        wanted = kind is None and self._begun
        if not wanted:  # it waits to be told to begin, or for nothing any more
            self._process.kill()
        # Not communicate(): it closes standard input, by which the process would take this one for dead.
        said = self._process.stderr.read() if self._process.stderr else b""
        code = self._process.wait()
        for pipe in (self._process.stdin, self._process.stderr):
            if pipe:
                pipe.close()
        if wanted and code == -9:
            raise MapKilledError("the process that lays out the map was killed; the system may have run out of memory")
        if wanted and code:
            words = said.decode(errors="replace").strip().splitlines()[-1:] or [f"exit code {code}"]
            raise MapLayoutError(f"the map could not be laid out: {words[0]}")


def _end_with_parent() -> None:
    """End at once when standard input closes: whoever started this process is no more."""

    def watch() -> None:
        os.read(0, 1)  # not sys.stdin, whose lock Python cannot take when it ends
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _main(arguments: list[str]) -> None:
    from topicloom.machine.compiled import import_umap
    from topicloom.space.neighbours import read_neighbours
    from topicloom.space.umap_fit import map_coordinates

    import_umap()
    if not sys.stdin.buffer.readline():
        return  # whoever started this process wants no map any more
    _end_with_parent()
    vectors, neighbours, out, umap, seed = arguments
    settings = UmapSettings.model_validate_json(umap)
    np.save(out, map_coordinates(np.load(vectors), settings, int(seed), read_neighbours(Path(neighbours))))


if __name__ == "__main__":
    _main(sys.argv[1:])
