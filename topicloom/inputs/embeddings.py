"""The embeddings of a corpus: reading every generation of file, and holding them against the corpus."""

from __future__ import annotations

import json
import re
import tokenize
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from topicloom.errors import EmbeddingsError, Problem, shown
from topicloom.inputs.pickles import not_a_table, read_pickle
from topicloom.machine.regular_files import file_is_there, read_whole
from topicloom.phrasing import number_of
from topicloom.store.files import read_json

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

NPY, IDS, PICKLE = "embeddings.npy", "embeddings_ids.json", "embeddings.pck"
EMBEDS_SETTINGS = "embeds_settings.json"  # what vectors that topicloom made were made with
_LEAST_BYTES, _BYTES_OF_ID = 1 << 20, 4096  # that embeddings_ids.json may have, and for each row of the embeddings
_NPY_MAGIC = b"\x93NUMPY"
# What numpy raises for a header that is none, or that claims what cannot be.
_NO_HEADER = (ValueError, SyntaxError, tokenize.TokenError, TypeError, LookupError, ArithmeticError, MemoryError)
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def are_quick(folder: Path) -> bool:
    """Whether the embeddings of a profile folder were made for a quick look."""
    made = read_json(folder / EMBEDS_SETTINGS)
    return isinstance(made, dict) and bool(made.get("quick")) and (folder / NPY).is_file()


@dataclass(frozen=True)
class Embeddings:
    """vectors: (n, d) float, one row a paper. ids: n identifiers in row order, or None where the file has none."""

    path: Path
    vectors: NDArray[np.floating[Any]]
    ids: Sequence[str] | None


def embeddings_file(folder: Path) -> Path | None:
    """The embeddings of a profile folder: the .npy if there is one, else the .pck, else None.

    Raises EmbeddingsError for what has that name and is no file.
    """
    return next((folder / name for name in (NPY, PICKLE) if file_is_there(folder / name, EmbeddingsError)), None)


def input_files(folder: Path) -> list[Path]:
    """The files that `read_embeddings` reads in a profile folder."""
    file = embeddings_file(folder)
    if file is None:
        return []
    ids = folder / IDS
    return [file, ids] if file.name == NPY and file_is_there(ids, EmbeddingsError) else [file]


def read_embeddings(folder: Path) -> Embeddings:
    """Read embeddings.npy with its ids, or embeddings.pck in any of its generations.

    Raises EmbeddingsError when there is no such file, or it holds something else than a table of floats.
    """
    path = embeddings_file(folder)
    if path is None:
        raise EmbeddingsError(
            folder,
            Problem(
                f"It holds no embeddings: neither {NPY} nor {PICKLE}.",
                "Put them there, or let them be made: add tmo.transformer_model to the settings, such as "
                '"all-MiniLM-L6-v2" or the path of a local model folder.',
            ),
        )
    vectors, ids = _read_npy(path) if path.name == NPY else read_pickle(path)
    _require_table(path, vectors)
    return Embeddings(path, vectors, ids)


def _read_npy(path: Path) -> tuple[Any, Sequence[str] | None]:
    import numpy as np

    try:
        with path.open("rb") as file:
            if file.read(len(_NPY_MAGIC)) != _NPY_MAGIC:
                raise EmbeddingsError(
                    path,
                    Problem("It holds no array: it is not in numpy's format.", "Save the vectors with numpy.save."),
                )
        vectors = np.load(path, mmap_mode="r", allow_pickle=False)
    except _NO_HEADER as error:
        found = "an array of objects" if "object" in str(error).lower() else f"no array ({error})"
        raise EmbeddingsError(
            path, Problem(f"It holds {found}; it must hold floats.", "Save the vectors again as a float array.")
        ) from error
    except OSError as error:
        raise EmbeddingsError(path, Problem(f"It cannot be read: {error}.", "Copy the file again.")) from error
    ids_path = path.with_name(IDS)
    return vectors, _read_ids(ids_path, len(vectors)) if file_is_there(ids_path, EmbeddingsError) else None


def _read_ids(path: Path, rows: int) -> list[str]:
    """The identifiers of a JSON list; with a byte order mark too, as PowerShell and spreadsheets write it."""
    content = read_whole(path, _LEAST_BYTES + rows * _BYTES_OF_ID, EmbeddingsError)
    try:
        ids = json.loads(content.decode("utf-8-sig"), parse_int=str)  # 0042 is no JSON, and 42 a name
    except ValueError as error:
        raise EmbeddingsError(path, Problem(f"It is not JSON: {error}.", "Write it as a JSON list of UT.")) from error
    except RecursionError as error:
        raise EmbeddingsError(
            path, Problem("It is nested too deeply to be a list of UT.", "Write it as a JSON list of UT.")
        ) from error
    if not isinstance(ids, list):
        raise EmbeddingsError(
            path, Problem(f"It holds a {type(ids).__name__}, not a list.", "Write it as a JSON list of UT.")
        )
    _require_plain(path, ids)
    return [str(item) for item in ids]


def _require_plain(path: Path, ids: Sequence[object]) -> None:
    at = next((row for row, item in enumerate(ids) if not isinstance(item, (str, float))), None)
    if at is not None:
        raise EmbeddingsError(
            path,
            Problem(f"Its entry {at + 1} is {shown(ids[at])}; it must be a UT.", "Write it as a JSON list of UT."),
        )


def _require_table(path: Path, vectors: Any) -> None:
    import numpy as np

    if not isinstance(vectors, np.ndarray):
        found = f"a {type(vectors).__name__}"
    elif vectors.dtype.kind != "f":
        found = f"an array of {vectors.dtype}"
    elif vectors.ndim != 2:
        found = f"an array of shape {vectors.shape}"
    elif vectors.shape[1] == 0:
        found = "vectors of length 0"
    else:
        return
    raise EmbeddingsError(path, not_a_table(found))


def require_fit(embeddings: Embeddings, corpus: pd.DataFrame) -> None:
    """Raise EmbeddingsError unless row i of the embeddings is a measurable vector, that of paper i of the corpus."""
    from topicloom.inputs.vectors import unsound_vectors

    problems = _row_problems(embeddings, corpus) or unsound_vectors(embeddings.vectors, list(corpus["UT"]))
    if problems:
        raise EmbeddingsError(embeddings.path, problems)


def _row_problems(embeddings: Embeddings, corpus: pd.DataFrame) -> list[Problem]:
    rows, papers = len(embeddings.vectors), len(corpus)
    if rows != papers:
        return [
            Problem(
                f"It has {number_of(rows, 'row')} and corpus.csv has {number_of(papers, 'paper')}; row i must "
                "belong to paper i.",
                "Make the embeddings again from this corpus, or put the corpus back that they were made from.",
            )
        ]
    if embeddings.ids is None:
        return []
    ids = list(embeddings.ids)
    known = [list(corpus[column]) for column in ("UT", "uuid", "UT.1") if column in corpus.columns]
    if ids in known or ("uuid" not in corpus.columns and all(_UUID.fullmatch(item) for item in ids)):
        return []  # uuid of a corpus that no longer has them: there is nothing to hold them against
    if len(ids) != papers:
        finding = f"Its ids are {len(ids)} and corpus.csv has {papers} papers; there must be one id a row."
    else:
        best = max(known, key=lambda column: sum(map(str.__eq__, ids, column)))
        at = next(row for row, (found, wanted) in enumerate(zip(ids, best, strict=True)) if found != wanted)
        same = "the same ids in another order" if sorted(ids) == sorted(best) else "other ids"
        finding = (
            f"Its ids are not those of corpus.csv in the same order ({same}): "
            f"row {at} is {ids[at]!r} and paper {at} is {best[at]!r}."
        )
    return [Problem(finding, "Bring corpus.csv and the embeddings into the same order, or make the embeddings again.")]
