"""How wide and high a text is, by the advances that fonts state: no renderer is asked."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Iterator

DPI = 300
FONT = "DejaVu Sans"  # comes with matplotlib
LEADING = 1.16  # height of a line over the size of its letters
_WIDE = re.compile("[\u1100-\u11ff\u2e80-\ua4cf\uac00-\ud7ff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60]")
_CUT = "…"


def text_width(text: str, size: float) -> float:
    """How wide a line of text is.

    Args:
        text: One line.
        size: Of its letters, in points.

    Returns:
        Its width in points, without kerning, which would make it narrower by a hair.

    Example:
        >>> round(text_width("map", 10), 1)
        22.2
    """
    return size * sum(map(_advance, text))


@functools.lru_cache(maxsize=65536)
def _advance(letter: str) -> float:
    """Of a letter, in shares of its size; a letter that the font lacks is drawn by another, whose own is estimated."""
    font = _font()
    if not font.get_char_index(ord(letter)):
        return 1.15 if _WIDE.match(letter) else 0.7
    return float(font.load_char(ord(letter)).linearHoriAdvance) / 65536 / 100


@functools.lru_cache(maxsize=1)
def _font():  # type: ignore[no-untyped-def]
    from matplotlib.font_manager import findfont
    from matplotlib.ft2font import FT2Font

    font = FT2Font(findfont(FONT))  # one of its own: a renderer changes the size of those that it shares
    font.set_size(100, 72)
    return font


def text_height(lines: int, size: float) -> float:
    """How high a text of some lines is, in points; size: of its letters."""
    return LEADING * size * lines


def wrapped(text: str, width: float, size: float, most: int) -> str:
    """Break a text into lines.

    Args:
        text: What is to be written.
        width: Of the widest line, in points.
        size: Of the letters, in points.
        most: So many lines at most.

    Returns:
        The lines, with line ends between them. Only a text that needs more lines than there may be is cut: it ends
        in "…".

    Example:
        >>> wrapped("neural machine translation", 70, 7, 2)
        'neural machine\\ntranslation'
    """
    lines: list[str] = []
    line = ""
    for word in _pieces(text):
        if not line or text_width(line + word.rstrip(), size) <= width:
            line += word
            continue
        lines.append(line.rstrip())
        line = word.lstrip()
    lines.append(line.rstrip())
    if len(lines) <= most:
        return "\n".join(lines)
    return "\n".join([*lines[: most - 1], cut(" ".join(lines[most - 1 :]), width, size)])


def _pieces(text: str) -> Iterator[str]:
    """Where a text may be broken: after spaces, and after each letter of a script that sets none."""
    piece = ""
    for letter in " ".join(text.split()):
        piece += letter
        if letter == " " or _WIDE.match(letter) or len(piece) > _LONGEST:
            yield piece
            piece = ""
    if piece:
        yield piece


_LONGEST = 24  # letters of a word that is not broken


def cut(text: str, width: float, size: float) -> str:
    """A line that is no wider than `width` points; where it must be cut it ends in "…"."""
    if text_width(text, size) <= width:
        return text
    while text and text_width(text + _CUT, size) > width:
        text = text[:-1]
    return text.rstrip(" ,;") + _CUT


def block_width(text: str, size: float) -> float:
    """How wide a text of several lines is, in points."""
    return max(text_width(line, size) for line in text.split("\n"))


def rounded(value: float) -> float:
    """A length in points as a whole number of dots, so that images meet the dots."""
    return math.floor(value * DPI / 72) * 72 / DPI


def round_scale(highest: float) -> tuple[float, float]:
    """The end of a scale from 0, and its step.

    Args:
        highest: What is to be shown.

    Returns:
        The end, up to three steps from 0, and the step, which is 1, 2 or 5 times a power of ten.

    Example:
        >>> round_scale(4.2)
        (6.0, 2.0)
    """
    for power in range(-4, 7):
        for digit in (1, 2, 5):
            step = digit * 10.0**power
            if 3 * step >= highest:
                return step * max(math.ceil(highest / step - 1e-9), 1), step
    return highest, highest
