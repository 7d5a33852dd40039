"""Letters that a reader would want: one form of each, without those that nobody sees."""

from __future__ import annotations

import re
import unicodedata

_LIGATURES = {
    **{"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"},
}
_UNSEEN = dict.fromkeys([0xAD, 0x200B, 0x2060, 0xFEFF, 0xFFFE, 0x200E, 0x200F, *range(0x202A, 0x202F)])
_CONTROLS = dict.fromkeys((*range(32), 127, *range(128, 160), 8232, 8233), " ")
_TABLE = str.maketrans({**{ord(one): many for one, many in _LIGATURES.items()}, **_UNSEEN, **_CONTROLS})
_SURROGATE = re.compile("[\ud800-\udfff]")


def plain_letters(text: str) -> str:
    """A text in Unicode's form NFC, on one line, without soft hyphens, marks of width and direction, and ligatures."""
    if text.isascii():
        if text.isprintable():  # nothing of it is in the table
            return " ".join(text.split())
    else:
        text = unicodedata.normalize("NFC", _SURROGATE.sub("", text))
    return " ".join(text.translate(_TABLE).split())


def writable(text: str) -> str:
    """A text as it came, on one line, without what no file of text can hold: NUL and halves of letters."""
    return " ".join(_SURROGATE.sub("", text).replace("\0", "").split())
