"""A static model for a first look: one vector a word, distilled from the settings' own model by model2vec, and kept.

Distilling takes half a minute once a machine and model; embedding then takes seconds for what the model itself needs
minutes for. docs/embedding.md has the figures.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from topicloom.errors import EmbeddingsError, Problem
from topicloom.progress import tell
from topicloom.store.files import digest_file, digest_json

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PACKAGE: Final = "model2vec"
DIMENSIONS: Final = 256
_WEIGHTS = ("*.safetensors", "*.bin", "*.json")


def require_model2vec(source: Path) -> str:
    """The version of model2vec. Raises EmbeddingsError where it is not installed. source: the settings file."""
    try:
        return version(PACKAGE)
    except PackageNotFoundError:
        raise EmbeddingsError(
            source,
            Problem(
                f"A quick look is asked for, and the package {PACKAGE} is not installed.",
                'Install it (pip install "topicloom[quick]"), or run without --quick.',
            ),
        ) from None


def static_vectors(model: Any, texts: Sequence[str]) -> NDArray[np.float32]:
    """The (n, DIMENSIONS) vectors of texts by a static model."""
    import numpy as np

    return np.asarray(model.encode(list(texts), use_multiprocessing=False), dtype=np.float32)


def static_model(name: str, folder: Path | None, load: Callable[[], Any]) -> Any:
    """The static model of a sentence-transformers model.

    Args:
        name: Of the model.
        folder: Where it lies; None where the hub has it.
        load: Loads it as a SentenceTransformer, called where none is kept.

    Returns:
        A model2vec StaticModel, kept in the user's cache where that can be written to.
    """
    from model2vec import StaticModel

    kept = _kept(name, folder)
    if (kept / "model.safetensors").is_file():
        return StaticModel.from_pretrained(str(kept))
    from model2vec.distill import distill_from_model

    full = load()
    with _progress_told():
        made = distill_from_model(full[0].auto_model, full.tokenizer, pca_dims=DIMENSIONS, device="cpu")
    _keep(made, kept)
    return made


class _Bar:
    """What model2vec shows as a bar of its own, told to whoever listens; of tqdm it has what is used there."""

    def __init__(self, total: int, **_: object) -> None:
        self._done, self._total = 0, total

    def update(self, count: int) -> None:
        self._done += count
        tell("distilling a quick model", self._done, self._total)

    def close(self) -> None:
        """All is told already."""


@contextlib.contextmanager
def _progress_told() -> Iterator[None]:
    inference: Any = import_module("model2vec.distill.inference")
    shown, inference.tqdm = inference.tqdm, _Bar
    try:
        yield
    finally:
        inference.tqdm = shown


def _kept(name: str, folder: Path | None) -> Path:
    """Where the static model of a model is kept: under a digest of its files, or of its name where the hub has it."""
    files = sorted({file for pattern in _WEIGHTS for file in folder.glob(pattern)}) if folder else []
    content = [f"{file.name} {digest_file(file)}" for file in files] or [name]
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "topicloom" / "static" / digest_json([PACKAGE, version(PACKAGE), DIMENSIONS, content])[:16]


def _keep(model: Any, target: Path) -> None:
    """Keep a model under its name, whole; where the cache cannot be written to, the next run distils it again."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}."))
    except OSError:
        return
    try:
        model.save_pretrained(str(work))
        work.rename(target)
    except OSError:  # another run was first, or the disk is full
        shutil.rmtree(work, ignore_errors=True)
