"""Words as papers write them: "crosslingual" is "cross-lingual", "bert" is "BERT"."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping

_INSIDE = re.compile(r"[^0-9a-z]+")
_EDGES = "\"'`.,;:!?()[]{}<>«»“”‘’*…/\\"
_MOST_TEXTS = 50_000  # that are looked through; more would not change which form is the most frequent
_LEAST = 2  # times that a form must stand there


def written_forms(words: Collection[str], texts: Iterable[str]) -> dict[str, str]:
    """The most frequent form of each word in texts.

    Args:
        words: As texts are cut into words: in small letters, without hyphens, apostrophes and accents.
        texts: Abstracts; titles are written large.

    Returns:
        By word, where a form stands there twice or more and differs.

    Example:
        >>> written_forms({"crosslingual"}, ["A cross-lingual model", "Cross-lingual or cross-lingual transfer"])
        {'crosslingual': 'cross-lingual'}
    """
    forms: Counter[str] = Counter()
    for _, text in zip(range(_MOST_TEXTS), texts, strict=False):
        forms.update(text.split())
    found: dict[str, Counter[str]] = defaultdict(Counter)
    wanted = set(words)
    for form, times in forms.items():
        bare = form.strip(_EDGES)
        word = bare.lower()
        if not (word.isascii() and word.isalnum()):  # of most words nothing goes, and the pattern takes its time
            word = _INSIDE.sub("", word)
        if word in wanted:
            found[word][bare] += times
    best = {word: max(of_word.items(), key=lambda pair: (pair[1], pair[0])) for word, of_word in found.items()}
    return {word: form for word, (form, times) in best.items() if times >= _LEAST and form != word}


def as_written(phrase: str, forms: Mapping[str, str]) -> str:
    """A phrase, each of its words as papers write it.

    Args:
        phrase: Words with a space between.
        forms: By word, as `written_forms` finds them; other words stay.

    Returns:
        The phrase.

    Example:
        >>> as_written("crosslingual maps", {"crosslingual": "cross-lingual"})
        'cross-lingual maps'
    """
    return " ".join(forms.get(word, word) for word in phrase.split())


def initials(phrase: str) -> str:
    """The first letters of a phrase's words, in small letters.

    Args:
        phrase: Words with spaces or hyphens between.

    Returns:
        The letters.

    Example:
        >>> initials("Word-sense disambiguation")
        'wsd'
    """
    return "".join(word[0] for word in re.split(r"[\s-]+", phrase.lower()) if word)
