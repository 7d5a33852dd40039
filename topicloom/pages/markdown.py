"""Texts of other people in Markdown: shown as they are, never as a link, an image or a tag."""

from __future__ import annotations

import re

# What Markdown gives a meaning, and what makes a link of a bare address of a page or of mail in GitHub's Markdown.
_MEANT = re.compile(r"[\\\[\]<>`|]|:(?=//)|(?<=www)\.|(?<=[\w.+-])@", re.IGNORECASE)


def literal(text: str) -> str:
    """A text of one line that Markdown shows as it is: no link, image, tag, code or end of a cell begins in it."""
    one_line = "".join(letter if letter.isprintable() else " " for letter in text)
    return _MEANT.sub(lambda found: f"\\{found.group()}", one_line)


def code(text: str) -> str:
    """A text of one line as code."""
    one_line = "".join(letter if letter.isprintable() else " " for letter in text)
    return f"`{one_line.replace('`', chr(39)).replace('|', '/')}`"
