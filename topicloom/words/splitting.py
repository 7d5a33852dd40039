"""Texts as words are cut from them, and words of scripts that set no spaces between them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from topicloom.words.notices import without_notices

ICU = "icu"
SPLIT_WORD = r"(?u)\S\S+"  # what a vectorizer takes for a word of a text that `split_text` has split
_BARE_RETURN = re.compile(r"\r(?!\n)")
_LEAST = 2  # characters of a word, as for CountVectorizer


def prepared(texts: Sequence[str], *, cut_notices: bool = False) -> list[str]:
    r"""Texts as words are cut from them.

    A letter and its accent become one letter (Unicode's form NFC), so that both ways to write a word are one word. A
    bare carriage return becomes a space, as BERTopic makes one of a line feed: the words beside it stay two.

    Args:
        texts: n texts.
        cut_notices: Whether placeholders for missing abstracts and rights notices are left out.

    Returns:
        n texts.

    Example:
        >>> prepared(["cafe\u0301", "We map. All rights reserved."], cut_notices=True)
        ['café', 'We map.']
    """
    return [ready(without_notices(text) if cut_notices else text) for text in texts]


def ready(text: str) -> str:
    r"""A text as words are cut from it; most are so as they stand.

    Args:
        text: Any text.

    Returns:
        It in Unicode's form NFC, with a space for each bare carriage return.

    Example:
        >>> ready("deep\rmaps")
        'deep maps'
    """
    return _BARE_RETURN.sub(" ", _composed(text)) if "\r" in text else _composed(text)


def _composed(text: str) -> str:
    """A text in Unicode's form NFC."""
    return text if text.isascii() or unicodedata.is_normalized("NFC", text) else unicodedata.normalize("NFC", text)


def split_words(text: str) -> list[str]:
    """The words of a text, of two characters or more, as ICU finds them; Chinese, Japanese and Thai by dictionaries.

    Args:
        text: Any text.

    Returns:
        The words in their order.

    Raises:
        ImportError: The package icu4py is not installed.

    Example:
        >>> split_words("我们提出了方法。")
        ['我们', '提出', '方法']
    """
    from icu4py.breakers import WordBreaker

    found = WordBreaker(text, "en")
    return [word for word in found if len(word) >= _LEAST and any(map(str.isalnum, word))]


def split_text(text: str) -> str:
    """A text as its words with spaces between them: what a saved model with this tokenizer is to be given.

    Args:
        text: Any text.

    Returns:
        The words of two characters or more.

    Raises:
        ImportError: The package icu4py is not installed.

    Example:
        >>> split_text("我们提出了方法。")
        '我们 提出 方法'
    """
    return " ".join(split_words(ready(text)))
