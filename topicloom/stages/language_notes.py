"""What a person should know about the language of texts and the words of topics, and which setting helps."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from topicloom.phrasing import number_of
from topicloom.settings.stop_lists import ENGLISH, languages_with_list
from topicloom.settings.words import RepresentSettings

_FOREIGN = 0.1  # share of the texts looked at from which on another language is worth a remark
_BEYOND = 0.02  # share of the characters that are letters other than A to Z; in English papers it is a tenth of that
_SPACELESS = 0.1  # share of the characters that are of scripts without spaces
_MOST_OF = 0.8


def language_notes(facts: Mapping[str, Any], represent: RepresentSettings) -> Iterator[str]:
    """A remark where the settings do not fit the language of the texts. facts: what `language_facts` counted."""
    if "languages" not in facts:
        return  # read before these were counted
    foreign = {name: count for name, count in facts["languages"].items() if name != ENGLISH}
    share = sum(foreign.values()) / max(facts["looked_at"], 1)
    characters = max(facts["characters"], 1)
    loses = represent.language == ENGLISH and facts["beyond_english"] > _BEYOND * characters
    splits = represent.tokenizer is None and facts["without_spaces"] > _SPACELESS * characters
    if (represent.language == ENGLISH and share >= _FOREIGN) or loses or splits:
        found = [_languages(foreign, facts["looked_at"])] if share >= _FOREIGN else []
        found += [_lost(facts)] if loses else []
        found += ["Words of scripts without spaces are not found apart."] if splits else []
        yield " ".join([*found, _advice(facts, represent, foreign, splits=splits)])


def _languages(foreign: Mapping[str, int], looked_at: int) -> str:
    named = ", ".join(f"{name.capitalize()} ({count})" for name, count in list(foreign.items())[:3])
    return (
        f"Of {number_of(looked_at, 'text')} that were looked at "
        f"{number_of(sum(foreign.values()), 'seems', 'seem')} to be in another language: {named}."
    )


def _lost(facts: Mapping[str, Any]) -> str:
    example = facts["example"]
    such = f": {example[0]!r} becomes {example[1]!r}" if example else ""
    return (
        f"{100 * facts['beyond_english'] / facts['characters']:.1f}% of the characters are letters outside A to Z, "
        f'which tmo.represent.language "english" cuts out of words{such}.'
    )


def _advice(facts: Mapping[str, Any], represent: RepresentSettings, foreign: Mapping[str, int], *, splits: bool) -> str:
    main = next(iter(foreign), "")
    is_main = main and foreign[main] >= _MOST_OF * facts["looked_at"]
    language = (main if is_main else "multilingual") if represent.language == ENGLISH else represent.language
    wanted: dict[str, str] = {"language": language}
    if represent.stop_words is None and language in languages_with_list():
        wanted["stop_words"] = language
    if splits:
        wanted["tokenizer"] = "icu"
    install = ' (and install topicloom with the extra "icu")' if splits else ""
    return f'In section tmo set "represent": {json.dumps(wanted)}{install}.'


def stop_word_advice(represent: RepresentSettings) -> str:
    """The line of settings that leaves stop words out of topics; "" where the settings have one."""
    if represent.stop_words is not None:
        return ""
    language = represent.language if represent.language in languages_with_list() else ENGLISH
    return f'In section tmo set "represent": {{"stop_words": "{language}"}} to leave such words out of all topics.'


def stop_word_note(facts: Mapping[str, Any], represent: RepresentSettings) -> Iterator[str]:
    """A remark, before anything is computed, where words such as "the" will stand in the names of topics.

    facts: what `language_facts` counted. Texts in a language that the settings do not fit have a remark of their own.
    """
    advice = stop_word_advice(represent)
    if advice and not any("stop_words" in note for note in language_notes(facts, represent)):
        yield (
            'tmo.represent.stop_words is not set, as in the notebook: topics get names such as "0_the_and_of_in". '
            f"{advice}"
        )


def word_notes(facts: Mapping[str, Any], represent: RepresentSettings) -> Iterator[str]:
    """Remarks on the words of topics. facts: those of represent."""
    named, advice = facts.get("stop_words_in_names"), stop_word_advice(represent)
    if named and named["topics"] and advice:
        yield (
            f"{named['topics']} of {number_of(facts['topics'], 'topic')} "
            f"{'has' if named['topics'] == 1 else 'have'} stop words in the name, such as "
            f"{named['example']!r}. {advice}"
        )
    wordless = facts.get("topics_without_words")
    if wordless:
        yield (
            f"{wordless} of {number_of(facts['topics'], 'topic')} {'has' if wordless == 1 else 'have'} no words: "
            "nothing of the texts is left once letters that tmo.represent.language does not keep, stop words and words "
            "below min_df are out."
        )
