"""The words of every document as integers, found once and used by words, representative documents and distribution.

BERTopic reads the same documents twice: cleaned, for the words of the topics, and as they are, for the windows of
the approximate distribution. Most documents of a cleaned corpus have the same words both ways and are held once.
"""

from __future__ import annotations

import re
from array import array
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from topicloom.engine.engines import Engine
from topicloom.progress import tell
from topicloom.words.splitting import ICU, split_words

WORD = re.compile(r"(?u)\b\w\w+\b")  # what CountVectorizer takes for a word
NOTHING_LEFT = "emptydoc"  # what BERTopic puts in place of a text that cleaning has emptied
_NOT_ENGLISH = re.compile(r"[^A-Za-z0-9 ]+")
_TOLD_EVERY = 20_000
BLOCK = 5_000  # documents whose words are found at a time, where an engine does it


@dataclass(frozen=True)
class Tokens:
    """Words of n documents.

    Args:
        words: All words, lower case, sorted.
        ids: (m,) int32 into words, the cleaned documents one after the other.
        offsets: (n + 1,) int64, where each document begins in ids.
        emptied: int64 rows of which cleaning leaves nothing.
        own_rows: (r,) int64 sorted rows whose words differ when they are not cleaned first.
        own_words: The words of those rows, not lowered, in order of first use.
        own_ids: int32 into own_words.
        own_offsets: (r + 1,) int64, where each of those rows begins in own_ids.
    """

    words: list[str]
    ids: NDArray[np.int32]
    offsets: NDArray[np.int64]
    emptied: NDArray[np.int64]
    own_rows: NDArray[np.int64]
    own_words: list[str]
    own_ids: NDArray[np.int32]
    own_offsets: NDArray[np.int64]


def as_words(text: str, language: str, tokenizer: str | None = None) -> str:
    """The words of a text as those of documents are read, in small letters, with spaces between.

    Args:
        text: Any text.
        language: As BERTopic takes it.
        tokenizer: None for BERTopic's own.

    Returns:
        The words.

    Example:
        >>> as_words("Cross-lingual BERT", "english")
        'crosslingual bert'
    """
    find = split_words if tokenizer == ICU else WORD.findall
    clean = _NOT_ENGLISH.sub("", text) if language == "english" else text
    return " ".join(find(clean.lower()))


class Stream:
    """Words of documents one after the other, numbered by first use.

    Example:
        >>> stream = Stream()
        >>> stream.append(["deep", "maps"])
        >>> stream.append(["maps"])
        >>> words, ids, offsets = stream.arrays()
        >>> words, ids.tolist(), offsets.tolist()
        (['deep', 'maps'], [0, 1, 1], [0, 2, 3])
    """

    def __init__(self) -> None:
        self.number: defaultdict[str, int] = defaultdict()
        self.number.default_factory = self.number.__len__
        self.ids = array("i")
        self.offsets = array("q", [0])

    def append(self, words: Iterable[str]) -> None:
        """Add a document's words."""
        self.ids.extend(map(self.number.__getitem__, words))
        self.offsets.append(len(self.ids))

    def arrays(self) -> tuple[list[str], NDArray[np.int32], NDArray[np.int64]]:
        """The words in order of first use, (m,) int32 numbers, and (n + 1,) int64 offsets of the documents."""
        return list(self.number), np.array(self.ids, dtype=np.int32), np.array(self.offsets, dtype=np.int64)


def tokenise(documents: Sequence[str], language: str, tokenizer: str | None = None) -> Tokens:
    """Find the words of documents as BERTopic and CountVectorizer find them.

    Args:
        documents: n texts.
        language: BERTopic's; with "english" all but ASCII letters, digits and spaces is cut out first.
        tokenizer: "icu" where a word is what ICU takes for one (Chinese, Japanese, Thai); None: CountVectorizer's.

    Returns:
        The words as integers.

    Raises:
        ImportError: The tokenizer is "icu", and the package icu4py is not installed.

    Example:
        >>> tokens = tokenise(["Deep maps.", "maps of topics"], "english")
        >>> tokens.words, tokens.ids.tolist(), tokens.offsets.tolist()
        (['deep', 'maps', 'of', 'topics'], [0, 1, 1, 2, 3], [0, 2, 5])
    """
    find = split_words if tokenizer == ICU else WORD.findall
    cleaned, own = Stream(), Stream()
    emptied, own_rows = array("q"), array("q")
    for row, document in enumerate(documents):
        text = document.replace("\n", " ").replace("\t", " ")
        clean = _NOT_ENGLISH.sub("", text) if language == "english" else text
        cleaned.append(find(clean.lower()))
        if not clean:
            emptied.append(row)
        # A capital sigma is lowered by what follows it, so its word must be lowered alone.
        if clean != text or not clean or ("Σ" in clean and not tokenizer):
            own_rows.append(row)
            own.append(find(document))
        if (row + 1) % _TOLD_EVERY == 0 or row + 1 == len(documents):
            tell("words of the documents", row + 1, len(documents))
    words, ids, offsets = cleaned.arrays()
    words, ids = in_order(words, ids)
    own_words, own_ids, own_offsets = own.arrays()
    return Tokens(
        *(words, ids, offsets, np.array(emptied, dtype=np.int64)),
        *(np.array(own_rows, dtype=np.int64), own_words, own_ids, own_offsets),
    )


def tokenise_in_blocks(
    documents: Sequence[str], language: str, tokenizer: str | None, engine: Engine, size: int = BLOCK
) -> Tokens:
    """Find the words of documents block by block, by an engine.

    Args:
        documents: n texts.
        language: As for `tokenise`.
        tokenizer: As for `tokenise`.
        engine: Does the blocks.
        size: Documents of a block.

    Returns:
        What `tokenise` returns for all of them.

    Raises:
        ImportError: As `tokenise`.

    Example:
        >>> from topicloom.engine.engines import Here
        >>> tokenise_in_blocks(["deep maps", "Maps"], "english", None, Here(), size=1).ids.tolist()
        [0, 1, 1]
    """
    blocks = (list(documents[start : start + size]) for start in range(0, len(documents), size))
    found = []
    for block in engine.map(_block_of_words, (language, tokenizer), blocks):
        found.append(block)
        tell("words of the documents", min(len(found) * size, len(documents)), len(documents))
    return _joined(found) if found else tokenise(documents, language, tokenizer)


def _block_of_words(how: tuple[str, str | None], documents: Sequence[str]) -> Tokens:
    return tokenise(documents, *how)


def _joined(blocks: Sequence[Tokens]) -> Tokens:
    """The words of documents whose blocks have words of their own."""
    words = sorted({word for block in blocks for word in block.words})
    own_words = list(dict.fromkeys(word for block in blocks for word in block.own_words))  # in order of first use
    number, own_number = ({word: place for place, word in enumerate(all_)} for all_ in (words, own_words))
    starts = np.cumsum([0, *(len(block.offsets) - 1 for block in blocks)])
    return Tokens(
        words=words,
        ids=np.concatenate([_numbered(number, block.words)[block.ids] for block in blocks]),
        offsets=_offsets([block.offsets for block in blocks]),
        emptied=np.concatenate([block.emptied + start for block, start in zip(blocks, starts[:-1], strict=True)]),
        own_rows=np.concatenate([block.own_rows + start for block, start in zip(blocks, starts[:-1], strict=True)]),
        own_words=own_words,
        own_ids=np.concatenate([_numbered(own_number, block.own_words)[block.own_ids] for block in blocks]),
        own_offsets=_offsets([block.own_offsets for block in blocks]),
    )


def _numbered(number: Mapping[str, int], words: Sequence[str]) -> NDArray[np.int32]:
    return np.array([number[word] for word in words], dtype=np.int32)


def _offsets(of_blocks: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    """Where each document begins, its blocks one after the other."""
    lengths = np.concatenate([np.diff(offsets) for offsets in of_blocks])
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)


def in_order(words: list[str], ids: NDArray[np.int32]) -> tuple[list[str], NDArray[np.int32]]:
    """Words in the order of the alphabet, and ids that number them so.

    Args:
        words: Each once.
        ids: (m,) int32 into words as they are.

    Returns:
        The words, sorted, and (m,) int32 into them.

    Example:
        >>> words, ids = in_order(["maps", "deep"], np.array([0, 1, 0], np.int32))
        >>> words, ids.tolist()
        (['deep', 'maps'], [1, 0, 1])
    """
    order = sorted(range(len(words)), key=words.__getitem__)
    rank = np.empty(len(words), dtype=np.int32)
    rank[order] = np.arange(len(words), dtype=np.int32)
    return [words[number] for number in order], rank[ids]


def write_tokens(path: Path, tokens: Tokens) -> None:
    """Write tokens as an .npz file.

    Args:
        path: The file, whose folder exists.
        tokens: What `tokenise` found.

    Raises:
        OSError: The file cannot be written.

    Example:
        >>> import tempfile
        >>> tokens = tokenise(["deep maps"], "english")
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_tokens(Path(folder, "tokens.npz"), tokens)
        ...     read_tokens(Path(folder, "tokens.npz")).words
        ['deep', 'maps']
    """
    values: dict[str, Any] = {**vars(tokens), "words": packed(tokens.words), "own_words": packed(tokens.own_words)}
    np.savez(path, **values)


def read_tokens(path: Path) -> Tokens:
    """Read what `write_tokens` wrote.

    Args:
        path: The .npz file.

    Returns:
        The tokens.

    Raises:
        OSError: The file cannot be read.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_tokens(Path(folder, "tokens.npz"), tokenise(["deep maps"], "english"))
        ...     read_tokens(Path(folder, "tokens.npz")).ids.tolist()
        [0, 1]
    """
    with np.load(path) as held:
        values = {name: held[name] for name in held.files}
    return Tokens(**{**values, "words": unpacked(values["words"]), "own_words": unpacked(values["own_words"])})


def packed(words: list[str]) -> NDArray[np.uint8]:
    r"""Words as bytes of one array.

    Args:
        words: None of them holds a line break.

    Returns:
        Their UTF-8 with a line break between, uint8.

    Example:
        >>> packed(["deep", "maps"]).tobytes()
        b'deep\nmaps'
    """
    return np.frombuffer("\n".join(words).encode("utf-8", "surrogatepass"), dtype=np.uint8)


def unpacked(held: NDArray[np.uint8]) -> list[str]:
    """The words that `packed` made bytes of.

    Args:
        held: uint8.

    Returns:
        The words; none of no byte.

    Example:
        >>> unpacked(packed(["deep", "maps"]))
        ['deep', 'maps']
    """
    return held.tobytes().decode("utf-8", "surrogatepass").split("\n") if held.size else []
