"""scikit-learn's list of English stop words, read without importing scikit-learn, which takes half a second."""

from __future__ import annotations

import functools
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path

from topicloom.machine.guards import tell_slower

_FILE = Path("feature_extraction", "_stop_words.py")  # in the folder of scikit-learn: a list, which imports nothing
_NAME = "ENGLISH_STOP_WORDS"


@functools.cache
def english_stop_words() -> frozenset[str]:
    """The list itself, ENGLISH_STOP_WORDS of scikit-learn.

    Returns:
        The words, lower case.

    Example:
        >>> "the" in english_stop_words(), "maps" in english_stop_words()
        (True, False)
    """
    words = _read()
    if words is not None:
        return words
    tell_slower("scikit-learn", f"has no {_NAME} in {_FILE.as_posix()}", "All of it is imported.")
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    return frozenset(ENGLISH_STOP_WORDS)


def _read() -> frozenset[str] | None:
    """The list as its file has it; None where there is no such file, or no list in it."""
    package = find_spec("sklearn")
    for folder in package.submodule_search_locations or () if package else ():
        spec = spec_from_file_location("topicloom_english_stop_words", Path(folder, _FILE))
        if spec is None or spec.loader is None:
            continue
        module = module_from_spec(spec)
        try:
            spec.loader.exec_module(module)
        except (OSError, ImportError):
            continue
        words = getattr(module, _NAME, None)
        if isinstance(words, frozenset):
            return words
    return None
