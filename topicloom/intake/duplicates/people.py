"""Authors by surname, in whichever form a database writes them."""

from __future__ import annotations

import re

from rapidfuzz.distance import JaroWinkler

from topicloom.intake.duplicates.wording import folded

_APART = re.compile(r"\s*(?:;|\s+and\s+|\|)\s*")
_PARTICLES = frozenset(
    [
        "von",
        "van",
        "der",
        "den",
        "de",
        "del",
        "della",
        "di",
        "da",
        "dos",
        "du",
        "la",
        "le",
        "el",
        "al",
        "ter",
        "ten",
        "zu",
        "zur",
        "st",
        "jr",
        "sr",
        "ii",
        "iii",
    ]
)
_UNKNOWN = frozenset(["", "anonymous", "anon", "unknown", "noauthorlisted", "na"])
_ALIKE = 0.88  # Jaro-Winkler: one letter of a short name is another


def surnames(text: str) -> tuple[str, ...]:
    """Surnames in order, folded, without particles. text: "Last, First; Last, First", "Last F", "First Last", "and"."""
    found = (_surname(one) for one in _APART.split(text) if one.strip())
    return tuple(one for one in found if one not in _UNKNOWN)


def long_words(text: str) -> frozenset[str]:
    """All words of authors' names of three letters and more: the same whichever name stands first."""
    return frozenset(word for word in folded(text).split() if len(word) > 2 and word not in _PARTICLES) - {
        "and",
        "anonymous",
    }


def _surname(name: str) -> str:
    if "," in name:
        last = folded(name.split(",")[0]).split()
    else:
        words = [one.strip(".") for one in re.split(r"[\s.]+", name) if one.strip(".")]
        tail_is_initials = len(words) > 1 and words[-1].isupper() and len(words[-1]) <= 3
        kept = words[:-1] if tail_is_initials else words[-1:]
        last = folded(" ".join(one for one in kept if len(one) > 1 or len(kept) == 1)).split()
    return "".join(one for one in last if one not in _PARTICLES) or "".join(last)


def share(one: tuple[str, ...], other: tuple[str, ...]) -> float | None:
    """The part of the shorter list of surnames that the longer one has, 0 to 1; None where one is not known."""
    if not one or not other:
        return None
    short, long = sorted((one, other), key=len)
    known = set(long)
    return sum(name in known or any(alike(name, full) for full in long) for name in short) / len(short)


def alike(one: str, other: str) -> bool:
    """Whether two surnames can be one: equal, one within the other, or a letter apart."""
    if one == other:
        return True
    if len(one) < 3 or len(other) < 3:
        return False
    return one in other or other in one or float(JaroWinkler.similarity(one, other)) >= _ALIKE
