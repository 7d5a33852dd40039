"""Words are cut from texts that are made ready: composed letters, notices out, words of any script found."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest

from topicloom.settings.words import RepresentSettings
from topicloom.words.counting import count_ngrams
from topicloom.words.notices import notice_facts, without_notices
from topicloom.words.splitting import prepared, split_text, split_words
from topicloom.words.stop_words import common_words, stop_list, stop_words
from topicloom.words.tokens import tokenise

ABSTRACT = "We measure the growth of wheat. It grows."


@pytest.mark.parametrize(
    "notice",
    [
        *(
            " © 2001 The Authors. Published by Example House Ltd. All rights reserved.",
            " (C) 1999 Elsevier Science B.V.",
        ),
        *(" © The Author(s), under exclusive licence to Springer Nature Limited 2020.", " All rights reserved"),
        " Copyright © 2010 John Wiley & Sons, Inc.",
        *(" Crown Copyright (c) 2015 Published by Elsevier Inc. All rights reserved.", " Copyright 2003 IEEE"),
        " © 2021 by the authors. Licensee MDPI, Basel, Switzerland.",
        " © 2019 The Authors. This is an open access article under the CC BY license (http://creativecommons.org/x/4.0/).",
        *(" [No abstract available]", " No abstract available.", " [No author abstract]", " Abstract not available"),
        " [Not Available].",
    ],
)
def test_notices_are_cut_from_the_end(notice):
    assert without_notices(ABSTRACT + notice) == ABSTRACT
    assert sum(notice_facts([ABSTRACT + notice]).values()) == 1


@pytest.mark.parametrize(
    "text",
    [
        *(
            ABSTRACT,
            "",
            "Copyright law and the right to read.",
            "A survey of abstracts that are not available to readers",
        ),
        *("Guidelines published by the Centers for Disease Control suggest it", "© 2019 Elsevier. " + ABSTRACT * 5),
        "No abstract is available for many records, which we count.",
        "All rights reserved for women are studied.",
    ],
)
def test_other_texts_stay(text):
    assert without_notices(text) == text
    assert notice_facts([text]) == {"placeholders": 0, "rights_notices": 0}


def test_a_text_that_is_nothing_else_becomes_empty():
    assert without_notices("[No abstract available]") == ""


def words_of(texts, language="english", tokenizer=None, **preparation):
    tokens = tokenise(prepared(texts, **preparation), language, tokenizer)
    return [
        [tokens.words[number] for number in tokens.ids[start:end]]
        for start, end in zip(tokens.offsets[:-1], tokens.offsets[1:], strict=True)
    ]


@pytest.mark.parametrize("language", ["english", "spanish"])
def test_composed_and_decomposed_letters_are_one(language):
    text = "método de enseñanza en español"
    one, other = words_of([text, unicodedata.normalize("NFD", text)], language)
    assert one == other
    assert ("método" in one) == (language == "spanish")


def test_words_on_both_sides_of_a_bare_carriage_return_are_two():
    assert words_of(["growth\rof\r\nwheat\nfields"]) == [["growth", "of", "wheat", "fields"]]


def test_plain_texts_are_as_they_were():
    texts = ["The growth of wheat\n(2019) naïve", "", "Ünïcode ☃", "two\r\nlines"]
    assert prepared(texts) == texts
    assert prepared([ABSTRACT + " All rights reserved."], cut_notices=True) == [ABSTRACT]


def test_words_of_scripts_without_spaces_are_found():
    assert split_words("機械学習を用いた細胞生物の画像解析。") == ["機械", "学習", "細胞", "生物", "画像", "解析"]
    assert split_words("การเรียนรู้ของเครื่อง") == ["การ", "เรียน", "รู้", "ของ", "เครื่อง"]
    assert split_words("The state-of-the-art, naïve! -- 2019") == ["The", "state", "of", "the", "art", "naïve", "2019"]
    assert split_text("我们提出了方法。") == "我们 提出 方法"


def test_they_are_counted_as_words_of_topics():
    texts = ["การเรียนรู้ของเครื่อง", "機械学習の画像", "ΣΑΣ เรียนรู้", ""]
    assert words_of(texts, "thai", "icu")[:2] == [["การ", "เรียน", "รู้", "ของ", "เครื่อง"], ["機械", "学習", "画像"]]
    counted = count_ngrams(
        tokenise(texts, "thai", "icu"), np.array([0, 1, 0, 1]), RepresentSettings(language="thai", tokenizer="icu"), 1
    )
    strings = counted.vocabulary.strings()
    assert {"เรียน รู้", "機械 学習 画像", "σας"} <= set(strings)
    offsets = counted.documents.offsets
    own = counted.documents.found[0, offsets[0] : offsets[1]]
    assert [strings[column] for column in own] == ["การ", "เรียน", "รู้", "ของ", "เครื่อง"]


def test_lists_of_stop_words_by_language():
    assert stop_list(None) is None
    assert stop_list("english") == "english"
    assert stop_list(["a", "b"]) == ["a", "b"]
    assert {"de", "la", "según"} <= set(stop_words("spanish"))
    assert "the" in common_words("multilingual")
    assert "und" in common_words("german")


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"stop_words": "klingon"}, "a language that has a list: arabic"),
        ({"tokenizer": "icu"}, "set language to that of the texts"),
        ({"tokenizer": "jieba", "language": "chinese"}, "icu"),
    ],
)
def test_settings_that_cannot_be(settings, says):
    with pytest.raises(ValueError, match=says):
        RepresentSettings(**settings)
