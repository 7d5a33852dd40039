"""Lists of words that say nothing of a topic, by language."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sklearn.feature_extraction.text import CountVectorizer

from topicloom.settings.stop_lists import ENGLISH, languages_with_list


def stop_list(wanted: str | Sequence[str] | None) -> str | list[str] | None:
    """What CountVectorizer takes as stop_words.

    Args:
        wanted: The name of a language, or the words themselves. "english" stays as it is: that list is scikit-learn's.
            The others are those of the package stop-words.

    Returns:
        "english", a list of words, or None for none.

    Raises:
        stop_words.StopWordError: The language has no list.

    Example:
        >>> "der" in stop_list("german"), stop_list(["and", "or"]), stop_list(None)
        (True, ['and', 'or'], None)
    """
    if wanted is None or wanted == ENGLISH:
        return wanted
    if not isinstance(wanted, str):
        return list(wanted)
    from stop_words import get_stop_words

    return [str(word) for word in get_stop_words(wanted)]


def stop_words(wanted: str | Sequence[str] | None) -> Collection[str]:
    """The words of a list.

    Args:
        wanted: As `stop_list` takes it.

    Returns:
        The words, lower case; none where nothing is wanted.

    Raises:
        stop_words.StopWordError: The language has no list.

    Example:
        >>> "der" in stop_words("german"), "the" in stop_words("english"), len(stop_words(None))
        (True, True, 0)
    """
    return CountVectorizer(stop_words=stop_list(wanted)).get_stop_words() or frozenset()


def common_words(language: str) -> Collection[str]:
    """Words of a language that name no topic.

    Args:
        language: BERTopic's; of one without a list English words are taken.

    Returns:
        The words, lower case.

    Example:
        >>> "the" in common_words("english"), "der" in common_words("german")
        (True, True)
    """
    return stop_words(language if language in languages_with_list() else ENGLISH)
