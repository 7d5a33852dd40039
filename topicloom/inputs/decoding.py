"""Bytes of a table as text: UTF-8 where they are that, else what they most likely are, and what was met on the way."""

from __future__ import annotations

import codecs
import functools
import io
import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, TextIO

from topicloom.store.digests import Stamp

UTF_8 = "utf-8-sig"
_WESTERN = "cp1252"
# The encodings that are recognised where a file is not UTF-8: the code pages of Windows, and those of East Asia.
_CANDIDATES = (
    *(_WESTERN, "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "iso8859_2", "koi8_r", "mac_roman"),
    *("cp932", "euc_jp", "gb18030", "big5", "cp949"),
)
_NAMES = {
    **{f"cp{number}": f"Windows-{number}" for number in range(1250, 1257)},
    **{"iso8859_2": "ISO 8859-2", "koi8_r": "KOI8-R", "mac_roman": "MacRoman", "cp932": "Shift-JIS (cp932)"},
    **{"euc_jp": "EUC-JP", "gb18030": "GB18030", "big5": "Big5", "cp949": "EUC-KR (cp949)", UTF_8: "UTF-8"},
    **{"utf-16": "UTF-16", "utf-16-le": "UTF-16", "utf-16-be": "UTF-16", "utf-32": "UTF-32"},
}
_MARKS = ((codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"))
_MARKS_OF_16 = ((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_BLOCK = 1 << 20
_SAMPLE = 1 << 16  # bytes of lines with letters beyond ASCII
_HEAD = 4096
_TELLING = 8  # bytes of the first line, which is ASCII, that tell UTF-16 without a mark
_AS_GOOD = 0.03  # of coherence: below that Windows-1252, by far the commonest, is taken
_STRAY = re.compile("[\udc80-\udcff]")
_BYTE_BY_BYTE = "topicloom-windows-1252"


@dataclass(frozen=True)
class TextForm:
    """How the bytes of a file are read.

    encoding: by Python's name. stray_bytes: of a UTF-8 file, those that are none and are read as Windows-1252;
    stray_line: the first line with one. nuls: NUL characters, which are left out; nul_line: the first line with one.
    line_end: what ends a line, a carriage return where the file has no line feed at all (Excel for Mac). Where it has
    them, with or without a carriage return before, a bare carriage return is part of a text.
    """

    encoding: str = UTF_8
    stray_bytes: int = 0
    stray_line: int = 0
    nuls: int = 0
    nul_line: int = 0
    line_end: str = "\n"

    @property
    def is_plain(self) -> bool:
        """Whether it is UTF-8 without anything odd."""
        return replace(self, line_end="\n") == TextForm()

    @property
    def errors(self) -> str:
        """What becomes of bytes that the encoding does not have, as Python's codecs name it."""
        return _BYTE_BY_BYTE if self.encoding in (UTF_8, _WESTERN) else "replace"


def text_form(path: Path) -> TextForm:
    """How a file is to be read as text; found once for as long as the file stays as it is. Raises OSError."""
    return _form_of(path, Stamp(path).text)


@functools.lru_cache(maxsize=64)
def _form_of(path: Path, _stamp: str) -> TextForm:
    with path.open("rb") as file:
        wide = _wide_encoding(file.read(_HEAD))
    if wide:
        return TextForm(wide)
    is_utf_8, nuls, line_end = _first_look(path)
    nul_line = _first_line(path, b"\0") if nuls else 0
    encoding = UTF_8 if is_utf_8 else _encoding_of(_sample(path))
    strays = (0, 0) if is_utf_8 or encoding != UTF_8 else _strays(path)
    return TextForm(encoding, *strays, nuls, nul_line, line_end)


def open_text(path: Path, form: TextForm | None = None) -> TextIO:
    """Open a file as text, NUL characters left out; line ends stay in it, and lines are ended by its own alone.

    Raises OSError.
    """
    form = form or text_form(path)
    kind = _WithoutNul if form.nuls else io.TextIOWrapper
    return kind(path.open("rb"), encoding=form.encoding, errors=form.errors, newline=form.line_end)


def open_head(path: Path) -> TextIO:
    """Open a file whose first line alone is wanted, in ASCII letters: the rest of it is not looked at.

    Raises OSError.
    """
    with path.open("rb") as file:
        wide = _wide_encoding(file.read(_HEAD))
    return path.open(encoding=wide or UTF_8, errors="replace", newline="")


def form_facts(form: TextForm) -> dict[str, Any]:
    """What `form_notes` tells, as JSON values; empty for plain UTF-8."""
    return {} if form.is_plain else asdict(form)


def form_notes(name: str, facts: Mapping[str, Any]) -> Iterator[str]:
    """Remarks on how a file was read. name: of the file. facts: what `form_facts` gave."""
    form = TextForm(**facts)
    if form.encoding != UTF_8:
        found = _NAMES.get(form.encoding, form.encoding)
        yield f"{name} is not UTF-8; it is read as {found}. Save it as UTF-8 if letters look wrong."
    if form.stray_bytes:
        yield (
            f"Bytes of {name} that are not UTF-8: {form.stray_bytes}, the first in line {form.stray_line}. These are "
            "read as Windows-1252, all else as UTF-8. Look at that line, and save the file as UTF-8."
        )
    if form.nuls:
        yield (
            f"NUL characters left out of {name}: {form.nuls}, the first in line {form.nul_line}. The text around them "
            "is kept."
        )


class _WithoutNul(io.TextIOWrapper):
    """Text without NUL characters, at which pandas ends a field."""

    def read(self, size: int | None = -1) -> str:
        """Read some characters; fewer than asked for, but none only at the end."""
        while text := super().read(size):
            if kept := text.replace("\0", ""):
                return kept
        return ""

    def readline(self, size: int = -1) -> str:  # type: ignore[override]
        """Read a line."""
        return super().readline(size).replace("\0", "")

    def __next__(self) -> str:  # type: ignore[override]
        return super().__next__().replace("\0", "")


def _wide_encoding(head: bytes) -> str:
    """UTF-16 or UTF-32 by their marks, or UTF-16 without one by its zero bytes; "" for all else."""
    for mark, encoding in (*_MARKS, *_MARKS_OF_16):  # the mark of UTF-32 begins like that of UTF-16
        if head.startswith(mark):
            return encoding
    for first, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        if head[first:_TELLING:2].count(0) == _TELLING // 2 and not head[1 - first : _TELLING : 2].count(0):
            return encoding
    return ""


def _first_look(path: Path) -> tuple[bool, int, str]:
    """Whether a file is UTF-8 throughout, how many NUL characters it holds, and what ends its lines."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    is_utf_8, nuls, feeds, returns = True, 0, False, False
    for block in itertools.chain(_blocks(path), (b"",)):
        nuls += block.count(0)
        feeds, returns = feeds or b"\n" in block, returns or b"\r" in block
        try:
            if is_utf_8:
                decoder.decode(block, final=not block)
        except UnicodeDecodeError:
            is_utf_8 = False
    return is_utf_8, nuls, "\r" if returns and not feeds else "\n"


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            yield block


def _first_line(path: Path, wanted: bytes) -> int:
    with path.open("rb") as file:
        return next((number for number, line in enumerate(file, 1) if wanted in line), 0)


def _sample(path: Path) -> bytes:
    """Lines with bytes beyond ASCII, from the whole file, so that what tells encodings apart is not thinned out."""
    lines: list[bytes] = []
    size = 0
    with path.open("rb") as file:
        for line in file:
            if not line.isascii():
                lines.append(line)
                size += len(line)
                if size > _SAMPLE:
                    break
    return b"".join(lines).replace(b"\0", b"")


def _encoding_of(sample: bytes) -> str:
    """UTF-8 where most letters beyond ASCII are that; else what charset-normalizer finds likeliest."""
    text = sample.decode("utf-8", "surrogateescape")
    strays = len(_STRAY.findall(text))
    if sum(character > "\x7f" for character in text) - strays > strays:
        return UTF_8
    from charset_normalizer import from_bytes

    found = list(from_bytes(sample, cp_isolation=list(_CANDIDATES), enable_fallback=False))
    if not found:
        return _WESTERN
    best = found[0]
    rivals = [one for one in found if one.chaos <= best.chaos and one.coherence >= best.coherence - _AS_GOOD]
    return _WESTERN if any(_WESTERN in one.could_be_from_charset for one in rivals) else best.encoding


def _strays(path: Path) -> tuple[int, int]:
    """How many bytes of a file are not UTF-8, and the line of the first."""
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    count, line, first = 0, 1, 0
    for block in itertools.chain(_blocks(path), (b"",)):
        text = decoder.decode(block, final=not block)
        found = _STRAY.search(text)
        if found and not first:
            first = line + text.count("\n", 0, found.start())
        count += len(_STRAY.findall(text))
        line += text.count("\n")
    return count, first


def _as_windows_1252(error: UnicodeError) -> tuple[str, int]:
    """Bytes that an encoding does not have as Windows-1252 has them, or by their number where it has none either."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    wrong = error.object[error.start : error.end]
    return "".join(bytes([byte]).decode(_WESTERN, "ignore") or chr(byte) for byte in wrong), error.end


codecs.register_error(_BYTE_BY_BYTE, _as_windows_1252)
