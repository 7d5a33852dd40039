"""Texts that are not English: their language is found, what would be lost is counted, and the setting that helps is named."""

from __future__ import annotations

import pytest

from topicloom.inputs.languages import language_facts
from topicloom.settings.words import RepresentSettings
from topicloom.stages.language_notes import language_notes, stop_word_note, word_notes

SPANISH = "El método de enseñanza y la evaluación de los niños en la educación primaria según los autores"
GERMAN = "Die Wirkung von Stickstoff auf Böden und die Größe der Flächen während der Düngung"
JAPANESE = "深層学習に基づく日本語文書の分類手法の提案。東京における大気汚染と健康影響に関する調査を行った。"
THAI = "การเรียนรู้ของเครื่องเป็นสาขาหนึ่งของปัญญาประดิษฐ์ที่ศึกษาวิธีการ"
ENGLISH = "The effect of nitrogen on soils and the size of the fields of naïve farmers during fertilisation"
DUTCH = "De studie van het onderwijs in Nederland laat zien dat de kinderen beter leren lezen"


def notes(texts, **represent):
    return list(language_notes(language_facts(texts), RepresentSettings(**represent)))


@pytest.mark.parametrize(
    "texts",
    [
        [ENGLISH] * 50,
        [ENGLISH] * 96 + [SPANISH] * 4,
        ["β-catenin in cells: a study of the protein in the brain of mice and men over all their lives"] * 5,
        ["short"] * 9,
        ["fomivir sokerur sosovir ruvisor negufor fotasor with in to tadamir to study result to"] * 9,
        [""],
    ],
)
def test_of_english_texts_nothing_is_said(texts):
    assert notes(texts) == []


@pytest.mark.parametrize(
    ("text", "name", "lost"),
    [(SPANISH, "spanish", "'evaluación' becomes 'evaluacin'"), (GERMAN, "german", "becomes"), (DUTCH, "dutch", "")],
)
def test_another_language_is_said_with_the_line_that_helps(text, name, lost):
    (note,) = notes([text] * 30)
    assert f"Of 30 texts that were looked at 30 seem to be in another language: {name.capitalize()} (30)." in note
    assert note.endswith(f'In section tmo set "represent": {{"language": "{name}", "stop_words": "{name}"}}.')
    assert lost in note
    assert ("cuts out of words" in note) == bool(lost)


def test_a_corpus_of_two_languages_is_to_be_read_as_multilingual():
    (note,) = notes([ENGLISH] * 20 + [SPANISH] * 10)
    assert "10 seem to be in another language: Spanish (10)" in note
    assert '"language": "multilingual"}' in note


@pytest.mark.parametrize(("text", "name"), [(JAPANESE, "japanese"), (THAI, "thai")])
def test_scripts_without_spaces_need_a_tokenizer(text, name):
    (note,) = notes([text] * 10)
    assert f'"language": "{name}"' in note
    assert '"tokenizer": "icu"' in note
    (half,) = notes([text] * 10, language=name, stop_words=["a", "b"])
    assert "Words of scripts without spaces are not found apart" in half
    assert half.count('"tokenizer": "icu"') == 1
    assert notes([text] * 10, language=name, tokenizer="icu") == []


def test_what_fits_the_settings_is_not_said():
    assert notes([SPANISH] * 30, language="spanish") == []


def test_letters_apart_from_their_accents_count_as_one():
    import unicodedata

    apart = language_facts([unicodedata.normalize("NFD", SPANISH)])
    assert apart["beyond_english"] == language_facts([SPANISH])["beyond_english"] == 6


def test_facts_of_an_earlier_version_are_no_obstacle():
    assert list(language_notes({}, RepresentSettings())) == []
    assert list(word_notes({"topics": 3}, RepresentSettings())) == []


def test_stop_words_are_offered_where_none_are_set():
    (note,) = stop_word_note(language_facts([ENGLISH] * 9), RepresentSettings())
    assert '"represent": {"stop_words": "english"}' in note
    assert list(stop_word_note({}, RepresentSettings(stop_words="english"))) == []
    assert list(stop_word_note({}, RepresentSettings(stop_words=["the", "of"]))) == []
    assert list(stop_word_note(language_facts([SPANISH] * 9), RepresentSettings())) == []
    facts = {
        "topics": 24,
        "stop_words_in_names": {"topics": 12, "example": "0_the_and_of_in"},
        "topics_without_words": 2,
    }
    named, wordless = word_notes(facts, RepresentSettings())
    assert named.startswith("12 of 24 topics have stop words in the name, such as '0_the_and_of_in'. ")
    assert '"stop_words": "english"' in named
    assert wordless.startswith("2 of 24 topics have no words: ")
    (only,) = word_notes(facts, RepresentSettings(stop_words=["xx", "yy"]))
    assert only == wordless
