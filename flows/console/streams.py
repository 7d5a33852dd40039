"""The console's streams: what their encoding lacks is shown by a stand-in, and ends no run."""

from __future__ import annotations

import codecs
import io
import sys

_HANDLER = "topicloom-stand-in"
_STAND_INS = {
    "✓": "+",
    "✗": "x",
    "→": "->",
    "…": "...",
    "–": "-",
    "—": "-",
    "’": "'",
    "‘": "'",
    "“": '"',
    "”": '"',
    "•": "*",
    "─": "-",
    "━": "=",
}


def make_lenient() -> None:
    """Let standard output and error print any text, in whatever encoding the console has (cp932, latin-1, ASCII)."""
    codecs.register_error(_HANDLER, _stand_in)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_HANDLER)


def _stand_in(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    return "".join(_STAND_INS.get(character, "?") for character in lacking), error.end


def has_all_letters(encoding: str) -> bool:
    """Whether a console of this encoding can show every character."""
    return encoding.lower().startswith("utf")
