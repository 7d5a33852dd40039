"""Names of people in one field, in the forms that tables have: told apart, with "; " between them."""

from __future__ import annotations

import ast
import re
import warnings

from topicloom.intake.record import joined

_AND = re.compile(r",?\s+(?:and|&)\s+")
_INITIALS = re.compile(r"(?<=\.),\s+(?=\S)")  # Smith, J., Doe, J.
_SHORT = re.compile(r"[^\W\d_][\w.'\u2019-]*(?: [\w.'\u2019-]+)* [A-Z]{1,3}")  # Smith JA
_INITIALS_FIRST = re.compile(r"(?:[A-Z]{1,3} |(?:[A-Z]\.[ -]?){1,3})[^\W\d_][\w'\u2019 -]+")  # JA Smith, J. A. Smith
_LEAST_NAMES = 3  # of first and last name with commas between: fewer may be one person's last and first names
_LONGEST_LIST = 100_000


def told_apart(text: str) -> str:
    """The names of a field with "; " between them.

    Example:
        >>> told_apart("Smith, J., Doe, J. & Roe, R."), told_apart("Smith J, Doe AB"), told_apart("de la Cruz, Ana")
        ('Smith, J.; Doe, J.; Roe, R.', 'Smith J; Doe AB', 'de la Cruz, Ana')
    """
    if ";" in text:
        return text
    if names := _written_list(text):
        return joined(names)
    if "|" in text:
        return joined(text.split("|"))
    return joined(name for part in _AND.split(text) for name in _by_commas(part))


def _written_list(text: str) -> list[str]:
    """The names in a list as Python or JSON writes one; none where it is no such list."""
    if not (text.startswith("[") and text.endswith("]")) or len(text) > _LONGEST_LIST:
        return []
    try:
        with warnings.catch_warnings():  # of escapes that are none
            warnings.simplefilter("ignore")
            found = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return []
    return [name for name in found if isinstance(name, str)] if isinstance(found, list) else []


def _by_commas(text: str) -> list[str]:
    parts = [part.strip() for part in text.split(",")]
    if len(parts) > 1 and any(all(map(form.fullmatch, parts)) for form in (_SHORT, _INITIALS_FIRST)):
        return parts
    if len(parts) >= _LEAST_NAMES and all(" " in part for part in parts):
        return parts
    return _INITIALS.split(text)
