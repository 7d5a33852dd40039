"""How messages and labels put names and values: shortened, listed, side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

LONGEST_LABEL = 80
BETWEEN: Final = " | "  # what several values in one field of a table have between them


def shortened(label: str, longest: int = LONGEST_LABEL) -> str:
    """A label of at most `longest` characters."""
    return label if len(label) <= longest else label[: longest - 1].rstrip() + "…"


def changed_values(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """Each value that differs, nested ones by their dotted names, such as "tmo.min_topic_size 10 → 15"."""
    old, new = flat(before), flat(after)
    for name in sorted(old.keys() | new.keys()):
        if old.get(name) != new.get(name):
            yield f"{name} {_shown(old.get(name))} → {_shown(new.get(name))}"


def flat(values: Mapping[str, Any]) -> dict[str, Any]:
    """Nested values by their dotted names."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            found |= {f"{name}.{inner}": of_inner for inner, of_inner in flat(value).items()}
        else:
            found[name] = value
    return found


def _shown(value: Any) -> str:
    return "none" if value is None else str(value)


def number_of(count: float, one: str, many: str = "", form: str = "") -> str:
    """A count with what is counted, in its number.

    Args:
        count: How many.
        one: What is counted, where it is one: a noun, with the verb that follows it where there is one.
        many: The same where it is none or several; by default `one` with an s.
        form: How the count is written, such as "," for thousands apart.

    Example:
        >>> number_of(1, "paper"), number_of(1234, "paper", form=","), number_of(0, "text repeats", "texts repeat")
        ('1 paper', '1,234 papers', '0 texts repeat')
    """
    return f"{count:{form}} {one if count == 1 else many or one + 's'}"


def signed(value: float, digits: int = 0) -> str:
    """A number with its sign and as few decimals as tell it from 0, two at most.

    Args:
        value: The number.
        digits: Decimals at least.

    Example:
        >>> signed(-11.6), signed(0.31), signed(-0.04, 1), signed(0.0), signed(-0.001)
        ('-12', '+0.3', '-0.04', '0', '0')
    """
    for decimals in range(digits, 3):
        told = f"{value:+.{decimals}f}"
        if float(told):
            return told
    return f"{0:.{digits}f}"
