"""Embeddings of a corpus that has changed: those of texts that stay are kept, so that only the others are made anew."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from topicloom.inputs.corpus import read_corpus
from topicloom.inputs.embeddings import EMBEDS_SETTINGS, IDS, NPY
from topicloom.store.files import read_json, replaced
from topicloom.words.notices import without_notices

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

KEPT = "embeddings_before.npz"
_MADE_BY = ("transformer_model", "cut_notices", "text_columns")
_LATER = ("precision",)  # said only where it is not the default


def set_vectors_aside(folder: Path) -> bool:
    """Put the embeddings of a profile folder aside, so that the next run makes those that a changed corpus lacks.

    Does nothing where there are none. Returns whether all is well: False where they were not made by topicloom, so that
    nothing says which model made them, or do not fit the corpus; they are then as they were.
    """
    import numpy as np

    if not (folder / NPY).is_file():
        return not any(folder.glob("embeddings*.pck"))
    made = read_json(folder / EMBEDS_SETTINGS)
    corpus = read_corpus(folder / "corpus.csv")
    if not isinstance(made, dict) or read_json(folder / IDS) != list(corpus["UT"]):
        return False
    vectors = np.load(folder / NPY, allow_pickle=False)
    if len(vectors) != len(corpus):
        return False
    if not made.get("quick"):  # those of a quick look say nothing in another corpus; the next one makes all anew
        _keep(folder, made, corpus["text"], vectors)
    (folder / NPY).unlink()
    (folder / IDS).unlink(missing_ok=True)
    return True


def _keep(folder: Path, made: Mapping[str, Any], corpus: Iterable[str], vectors: NDArray[np.float32]) -> None:
    import numpy as np

    texts = map(without_notices, corpus) if made.get("cut_notices") else corpus
    together = {**kept_vectors(folder, made), **dict(zip(map(_digest, texts), vectors, strict=True))}
    with replaced(folder / KEPT) as temporary, temporary.open("wb") as file:
        np.savez(file, digests=np.array(list(together), dtype="S64"), vectors=np.stack(list(together.values())),
                 made=np.array(_made(made)))  # fmt: skip


def kept_vectors(folder: Path, made: Mapping[str, Any]) -> dict[str, NDArray[np.float32]]:
    """The embeddings that were put aside, by a digest of their text; none where they were made otherwise.

    made: how the embeddings that are wanted are made, as embeds_settings.json says it.
    """
    import numpy as np

    path = folder / KEPT
    if not path.is_file():
        return {}
    try:
        with np.load(path, allow_pickle=False) as kept:
            if str(kept["made"]) != _made(made):
                return {}
            names = [digest.decode() for digest in kept["digests"]]
            return dict(zip(names, kept["vectors"], strict=True))
    except (OSError, ValueError, KeyError):  # damaged: all texts are embedded anew
        return {}


def forget_vectors(folder: Path) -> None:
    """Remove the embeddings that were put aside."""
    (folder / KEPT).unlink(missing_ok=True)


def vectors_of(texts: Sequence[str], kept: Mapping[str, NDArray[np.float32]]) -> list[NDArray[np.float32] | None]:
    """The kept embedding of each text, None where there is none."""
    return [kept.get(_digest(text)) for text in texts] if kept else [None] * len(texts)


def _made(made: Mapping[str, Any]) -> str:
    later = [f"{name} {made[name]}" for name in _LATER if name in made]
    return repr([*(made.get(name) or None for name in _MADE_BY), *later])


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
