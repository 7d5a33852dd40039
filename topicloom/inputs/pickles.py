"""Opening the group's embeddings.pck: the file is read as a description, and nothing that it names is called."""

from __future__ import annotations

from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from topicloom.errors import EmbeddingsError, Problem, quoted_list
from topicloom.inputs.pickled.arrays import array_of
from topicloom.inputs.pickled.ids import UnfitError, ids_of, kind_of
from topicloom.inputs.pickled.machine import BrokenError, Machine, Pairs, RefusedError
from topicloom.inputs.pickled.names import ADMITTED

if TYPE_CHECKING:
    from numpy.typing import NDArray

VECTORS, IDS = "embeddings", "embeddings_ids"
_LONGEST = 200  # characters of a message that the file decides
_AS_A_LIST = "Save the ids as a plain list: list(map(str, ids))."


class _Bounded:
    """A file of which no more is asked for than is left, whatever length a pickle claims."""

    def __init__(self, file: IO[bytes], length: int) -> None:
        self._file, self._length = file, length
        self.readline, self.tell = file.readline, file.tell

    def read(self, size: int) -> bytes:
        left = self._length - self._file.tell()
        if size > left:
            raise BrokenError(f"it ends where {size} more bytes belong")
        return self._file.read(size)


def read_pickle(path: Path) -> tuple[NDArray[Any], list[str] | None]:
    """The vectors of a pickle, an array of numbers of any shape, and its ids or None where it has none.

    Admitted are an array, and a dict with one under `embeddings` and perhaps a list, array, Series or Index under
    `embeddings_ids`, as numpy 1 and 2, pandas 1 to 3 and protocols 0 to 5 write them. Time and memory grow with the
    length of the file alone.
    Raises EmbeddingsError when it asks for anything else, is no whole pickle or cannot be read.
    """
    try:
        with path.open("rb") as file:
            length = path.stat().st_size
            return _content(path, Machine(ADMITTED).run(_Bounded(file, length)), length)
    except RefusedError as error:
        raise _refused(path, str(error)) from error
    except OSError as error:
        raise EmbeddingsError(
            path, Problem(f"It cannot be read: {error.strerror}.", "Give yourself the right to read it.")
        ) from error
    except MemoryError as error:
        raise EmbeddingsError(
            path, Problem("It does not fit into the memory.", "Save the vectors again as embeddings.npy.")
        ) from error
    except (BrokenError, ValueError) as error:
        raise EmbeddingsError(
            path,
            Problem(
                f"It is no whole pickle of embeddings: {_shown(error)}.",
                "Copy it again, or save the vectors again as embeddings.npy.",
            ),
        ) from error


def _refused(path: Path, asked: str) -> EmbeddingsError:
    of_pandas = asked.startswith(("pandas.", "pyarrow."))
    mend = "Ask where the file comes from; save the vectors again with numpy.save as embeddings.npy."
    return EmbeddingsError(
        path,
        Problem(
            f"It was refused and not run: it asks for {_shown(asked)}, and only arrays and pandas Series are admitted.",
            _AS_A_LIST if of_pandas else mend,
        ),
    )


def _content(path: Path, found: Any, length: int) -> tuple[NDArray[Any], list[str] | None]:
    if not isinstance(found, Pairs):
        return _vectors(path, found), None
    if VECTORS not in [key for key in found.keys if isinstance(key, str)]:
        named = quoted_list([_shown(key) if isinstance(key, str | int) else kind_of(key) for key in found.keys])
        raise EmbeddingsError(
            path,
            Problem(
                f"It holds a dict with {named or 'nothing'}, without the entry {VECTORS}.",
                f"Save the vectors under the name {VECTORS}.",
            ),
        )
    vectors, ids = _vectors(path, found.get(VECTORS)), found.get(IDS)
    return vectors, None if ids is None else _ids(path, ids, length)


def _vectors(path: Path, found: Any) -> NDArray[Any]:
    array = array_of(found)
    if array is not None and array.element.is_number:
        return array.numbers()
    held = f"a {kind_of(found)}" if array is None else f"an array of {array.element.told}"
    raise EmbeddingsError(path, not_a_table(held))


def _ids(path: Path, found: Any, length: int) -> list[str]:
    try:
        return ids_of(found, length)
    except UnfitError as error:
        raise EmbeddingsError(
            path,
            Problem(
                f"Its {IDS} hold {_shown(error)}; they must be a list of texts or numbers, one a row.",
                _AS_A_LIST,
            ),
        ) from error


def not_a_table(held: str) -> Problem:
    """What to say of embeddings that are something else than a table. held: what they are."""
    return Problem(f"It holds {held}; it must be a table of floats, one row a paper.", "Save the vectors again so.")


def _shown(found: object) -> str:
    """A part of a message that the file decides: short, and without what would steer a terminal."""
    text = str(found)
    return "".join(letter if letter.isprintable() else "?" for letter in text[:_LONGEST])
