"""LaTeX in titles, names and abstracts: accents, Greek letters and formulas as letters."""

from __future__ import annotations

import functools
import re
from typing import Any

# What Springer puts around each formula: a whole document.
_DOCUMENT = re.compile(
    r"\\documentclass(?:\[[^\]]*\])?\{[^}]*\}.*?\\begin\{document\}(.*?)\\end\{document\}", re.DOTALL
)
_PERCENT = re.compile(r"(?<!\\)%")
_SPACE = re.compile(r"(?<!\\)~")
_LATEX = re.compile(r"\\[A-Za-z&%$#_{}\"'`^~=.]")
_FORMULA = re.compile(r"(?<!\\)\$[^$\s](?:[^$]{0,200}[^$\s\\])?\$(?!\d)")


def without_latex(text: str) -> str:
    """The text that LaTeX source stands for; braces that only protect case fall away."""
    if "\\" not in text and "$" not in text:
        return " ".join(_SPACE.sub(" ", text).replace("{", "").replace("}", "").split())
    source = _PERCENT.sub(r"\\%", _DOCUMENT.sub(r"\1", text))
    try:
        return " ".join(str(_decoder().latex_to_text(source)).split())
    except Exception:  # noqa: BLE001  # a text is never lost because it is no LaTeX
        return " ".join(text.split())


def without_formulas(text: str) -> str:
    """A text of any database with its few commands of LaTeX decoded: accents, and formulas between dollar signs."""
    if "\\" not in text or not _LATEX.search(text):
        return text
    text = _DOCUMENT.sub(lambda found: without_latex(found.group(1).replace("$$", "$")), text)
    text = _FORMULA.sub(
        lambda found: without_latex(found.group()) if _LATEX.search(found.group()) else found.group(), text
    )
    return _ACCENT.sub(lambda found: without_latex(found.group()), text)


_ACCENT = re.compile(r"\{?\\(?:[\"'`^~=.]|[Hcvubdkr](?=[\{ ]))\s*(?:\{\\?[A-Za-z]{1,2}\}|\\?[A-Za-z])\}?")


@functools.cache
def _decoder() -> Any:
    from pylatexenc.latex2text import LatexNodes2Text

    return LatexNodes2Text(math_mode="text", keep_comments=True, strict_latex_spaces=True)
