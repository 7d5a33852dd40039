"""The languages that texts are in, and what of them the settings for English would lose."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from typing import Any

# Languages that papers are written in, by the names that tmo.represent.language and stop_words know them by.
_NAMES = {
    **{"ar": "arabic", "bg": "bulgarian", "ca": "catalan", "cs": "czech", "da": "danish", "de": "german"},
    **{"el": "greek", "en": "english", "es": "spanish", "et": "estonian", "fa": "persian", "fi": "finnish"},
    **{"fr": "french", "he": "hebrew", "hi": "hindi", "hr": "croatian", "hu": "hungarian", "id": "indonesian"},
    **{"it": "italian", "ja": "japanese", "ko": "korean", "lt": "lithuanian", "lv": "latvian", "nl": "dutch"},
    **{"no": "norwegian", "pl": "polish", "pt": "portuguese", "ro": "romanian", "ru": "russian", "sk": "slovak"},
    **{"sl": "slovenian", "sr": "serbian", "sv": "swedish", "th": "thai", "tr": "turkish", "uk": "ukrainian"},
    **{"vi": "vietnamese", "zh": "chinese"},
}
ENGLISH = "english"
_SAMPLE = 200  # texts that are looked at, spread over the corpus
_BEGINNING = 2000  # characters of each
_LEAST = 40  # characters of a text that tells its language
_SURE = 0.5  # probability below which a text counts for none
_BEYOND_ENGLISH = re.compile(r"[^\W\d_a-zA-Z]")
_KEPT = re.compile(r"[^A-Za-z0-9 ]+")
_WORD = re.compile(r"\w\w+")
# Chinese, Japanese, Thai, Lao, Burmese, Khmer: words stand without spaces between them.
_WITHOUT_SPACES = re.compile(
    "[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]"
)


def language_facts(texts: Sequence[str]) -> dict[str, Any]:
    """What language texts are in, in counts.

    looked_at: texts whose language was asked for. languages: how many of them are in each, by name, the commonest
    first. characters: of all texts. beyond_english: letters among them other than A to Z; without_spaces: those of
    scripts that set no spaces between words. example: a word and what the settings for English leave of it, None where
    they take nothing. has_english_words: whether any text keeps a word under those settings.
    """
    composed = [text if text.isascii() else unicodedata.normalize("NFC", text) for text in texts]
    other = [text for text in composed if not text.isascii()]
    beyond = sum(len(_BEYOND_ENGLISH.findall(text)) for text in other)
    sample = composed[:: max(len(composed) // _SAMPLE, 1)][:_SAMPLE]
    found = Counter(filter(None, map(_language, sample)))
    return {
        "looked_at": len(sample),
        "languages": dict(found.most_common()),
        "characters": sum(map(len, composed)),
        "beyond_english": beyond,
        "without_spaces": sum(len(_WITHOUT_SPACES.findall(text)) for text in other),
        "example": _example(other) if beyond else None,
        "has_english_words": any(_WORD.search(_KEPT.sub("", text)) for text in composed),
    }


def _language(text: str) -> str:
    """The language of a text by its name; "" where it is too short to tell, or none is likely."""
    text = text[:_BEGINNING]
    wide = len(_WITHOUT_SPACES.findall(text))
    if len(text) + 2 * wide < _LEAST:
        return ""
    code, probability = _identifier().classify(text)
    return _NAMES[code] if probability >= _SURE else ""


@functools.cache
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(list(_NAMES))
    return identifier


def _example(texts: Sequence[str]) -> list[str] | None:
    """The commonest long word that loses letters, and what is left of it."""
    counted = Counter(
        word for text in texts[:_SAMPLE] for word in _WORD.findall(text.lower()) if _BEYOND_ENGLISH.search(word)
    )
    if not counted:
        return None
    word = max(counted, key=lambda word: (counted[word], len(word)))
    return [word[:_LEAST], _KEPT.sub("", word[:_LEAST])]
