"""Phrases that name topics and groups: held by enough papers, said once, written as papers write them."""

from __future__ import annotations

import functools

import numpy as np
from scipy.sparse import csr_matrix

from topicloom.atlas import phrases as phrases_module
from topicloom.atlas.authors_words import with_keywords
from topicloom.atlas.names import TopicName, _without_repeats, label_of, says_more, shown_names
from topicloom.atlas.phrases import (
    Phrases,
    group_phrases,
    naming_phrases,
    papers_holding,
    read_phrases,
    write_phrases,
)
from topicloom.atlas.written import as_written, written_forms
from topicloom.settings.words import RepresentSettings
from topicloom.words.counting import count_ngrams
from topicloom.words.tokens import as_words, tokenise

FOLLOWS = functools.partial(says_more, language="english")


def phrases_of(held: dict[str, list[int]], of_topics: list[list[str]]) -> Phrases:
    """Phrases with 0 or 1 for each paper; each topic's, the heaviest first."""
    names = list(held)
    return Phrases(
        names,
        csr_matrix(np.array([held[name] for name in names]).T),
        [[(names.index(name), float(len(own) - at)) for at, name in enumerate(own)] for own in of_topics],
    )


def test_which_paper_holds_which_ngram():
    texts = ["word sense disambiguation of words", "word sense", "sense of word"]
    counted = count_ngrams(tokenise(texts, "english"), np.zeros(3, dtype=int), RepresentSettings(), 1)
    names = counted.vocabulary.names(np.arange(counted.vocabulary.size))
    columns = np.array(
        sorted(column for column, name in names.items() if name in ("word sense", "word", "sense of word"))
    )
    held = papers_holding(counted.documents, columns, counted.vocabulary.size).toarray()
    shown = {names[column]: held[:, at].tolist() for at, column in enumerate(columns)}
    assert shown == {"word sense": [1, 1, 0], "word": [1, 1, 1], "sense of word": [0, 0, 1]}


def test_a_phrase_of_one_paper_names_no_topic():
    phrases = phrases_of(
        {"jiangxi university": [1] + 29 * [0], "three": 3 * [1] + 27 * [0], "two": 2 * [1] + 28 * [0]},
        [["jiangxi university", "two", "three"]],
    )
    (found,) = naming_phrases(phrases, np.zeros(30, dtype=int))
    assert [name for name, _ in found] == ["three"]  # of 30 papers a tenth
    (found,) = naming_phrases(phrases, np.array([0] * 5 + [-1] * 25))
    assert [name for name, _ in found] == ["two", "three"]


def test_a_longer_phrase_stands_for_its_parts_and_tasks_come_last():
    half = [1, 1, 1, 0]
    phrases = phrases_of(
        {
            "word sense": [1] * 4,
            "sense disambiguation": half,
            "word sense disambiguation": half,
            "shared task": [1] * 4,
        },
        [["shared task", "word sense", "sense disambiguation", "word sense disambiguation"]],
    )
    (found,) = naming_phrases(phrases, np.zeros(4, dtype=int))
    assert [name for name, _ in found] == ["word sense disambiguation", "shared task"]
    rare = phrases_of(
        {
            "relation extraction": [1] * 6,
            "neural relation": [1, 1] + [0] * 4,
            "neural relation extraction": [1, 1] + [0] * 4,
        },
        [["relation extraction", "neural relation", "neural relation extraction"]],
    )
    (found,) = naming_phrases(rare, np.zeros(6, dtype=int))
    assert found[0][0] == "relation extraction"


def test_parts_fall_away_in_any_order_where_authors_keywords_bring_four_words():
    parts = ["incidence collimated", "collimated sputtering", "normal incidence", "tail"]
    threes = ["normal incidence collimated", "incidence collimated sputtering"]
    whole = "normal incidence collimated sputtering"
    for order in ([whole, *threes, *parts], [*parts, *threes, whole], [threes[1], whole, *parts, threes[0]]):
        phrases = phrases_of({name: [1, 1, 1] for name in order}, [order])
        (found,) = naming_phrases(phrases, np.zeros(3, dtype=int))
        weights = dict(found)
        assert set(weights) == {whole, "tail"}
        assert weights[whole] == max(len(order) - at for at, name in enumerate(order) if name != "tail")


def test_no_keyword_runs_into_another():
    group = [(name, 1.0) for name in ("dialogue state", "state tracking", "tracking", "dst")]
    assert _without_repeats(group, 5, "english") == ["dialogue state", "tracking", "dst"]


def test_an_abbreviation_stands_behind_what_it_is_short_for():
    assert label_of(["word sense disambiguation", "WSD", "senses"], 0) == "word sense disambiguation (WSD), senses"
    assert label_of(["aspect-based sentiment analysis", "ABSA"], 0) == "aspect-based sentiment analysis (ABSA)"
    assert label_of(["BERT", "teacher"], 0) == "BERT, teacher"
    assert label_of([], 7) == "topic 7"
    assert label_of(["x" * 50, "y" * 40], 0) == "x" * 50  # no phrase is cut in the middle


def test_words_are_written_as_papers_write_them():
    texts = [
        "Cross-lingual BERT (BERT), cross-lingual.",
        "The cross-lingual word; Alzheimer's disease",
        "alzheimers Alzheimer's",
    ]
    forms = written_forms({"crosslingual", "bert", "word", "alzheimers", "once"}, [*texts, "On-ce"])
    assert forms == {"crosslingual": "cross-lingual", "bert": "BERT", "alzheimers": "Alzheimer's"}
    assert as_written("crosslingual bert model", forms) == "cross-lingual BERT model"


def test_topics_that_begin_alike_are_told_apart_by_a_further_word():
    names = [
        TopicName("", ["dialogue", "state", "dst", "belief"]),
        TopicName("", ["dialogue", "state", "dst", "multiwoz"]),
    ]
    found = [name.label for name in shown_names(names, {"dst": "DST"})]
    assert found == ["dialogue, state, DST", "dialogue, state, multiwoz"]
    assert [name.label for name in shown_names([names[0], names[0]], {})] == [
        "dialogue, state, dst",
        "dialogue, state, belief",
    ]


def test_groups_are_named_by_what_most_of_their_papers_hold():
    rng = np.random.default_rng(0)
    groups = np.repeat([0, 1], 100)
    first = groups == 0
    held = {
        "machine translation": (first & (np.arange(200) < 60)).astype(int),
        "speech": (first & (np.arange(200) >= 60)).astype(int),
        "rare term": (first & (np.arange(200) < 5)).astype(int),
        "model": (rng.random(200) < 0.8).astype(int),
        "parsing": (~first & (rng.random(200) < 0.5)).astype(int),
    }
    phrases = phrases_of({name: own.tolist() for name, own in held.items()}, [])
    pools = [set(held) - {"parsing"}, {"parsing", "model"}]
    one, other = group_phrases(phrases, groups, pools, 2, FOLLOWS)
    assert one == ["machine translation", "speech"]
    assert other[0] == "parsing"
    assert group_phrases(phrases, np.full(200, -1), [set()], 2, FOLLOWS) == [[]]


def test_keywords_of_the_authors_name_topics_where_half_of_the_papers_have_them():
    papers, topics = 8, np.repeat([0, 1], 4)
    phrases = phrases_of(
        {"word sense": [1, 1, 1, 1, 0, 0, 0, 0], "data sets": [0, 0, 0, 0, 1, 1, 0, 0], "our method": [1] * papers},
        [["our method", "word sense"], ["our method", "data sets"]],
    )
    keywords = [
        "Word-sense; Lexical Resources",
        "word sense",
        "lexical resources; NLP",
        "NLP",
        "NLP; one",
        "",
        "2020; NLP",
        "",
    ]
    found = with_keywords(phrases, keywords, topics, lambda text: as_words(text, "english"))
    assert found.held.shape[0] == papers
    assert {"lexical resources", "nlp"} <= set(found.names)
    assert not {"one", "2020"} & {
        found.names[column] for own in found.of_topics for column, _ in own
    }  # of one paper, a number
    weights = {found.names[column]: weight for column, weight in found.of_topics[0]}
    assert weights["lexical resources"] > weights["nlp"]  # what all papers have names none
    column = found.names.index("lexical resources")
    assert found.held[:, column].toarray().ravel().tolist() == [1, 0, 1, 0, 0, 0, 0, 0]
    few = ["word sense", "", "", "", "", "", "", ""]
    assert with_keywords(phrases, few, topics, str.lower) is phrases
    named = naming_phrases(found, topics)
    assert "lexical resources" in [name for name, _ in named[0]]


def test_phrases_come_back_from_their_file(tmp_path):
    for held, of_topics in (({"a b": [1, 0, 1], "c": [0, 1, 0]}, [["c"], [], ["a b", "c"]]), ({}, [])):
        phrases = phrases_of(held, of_topics) if held else Phrases([], csr_matrix((3, 0)), [])
        write_phrases(phrases, tmp_path / "phrases.npz")
        found = read_phrases(tmp_path / "phrases.npz")
        assert (found.names, found.of_topics) == (phrases.names, phrases.of_topics)
        assert (found.held != phrases.held).nnz == 0


def test_a_group_of_most_papers_is_named_by_what_many_of_them_hold(monkeypatch):
    groups = np.repeat([0, 1], [70, 30])
    held = {
        "common": [int(row < 42 or 70 <= row < 80) for row in range(100)],
        "peculiar": [int(row < 14) for row in range(100)],
        "other": [int(row >= 75) for row in range(100)],
    }
    phrases = phrases_of(held, [["common", "peculiar"], ["other"]])
    pools = [["common", "peculiar"], ["other"]]
    assert group_phrases(phrases, groups, pools, 1, FOLLOWS) == [["common"], ["other"]]
    monkeypatch.setattr(phrases_module, "_OF_MOST", 0.7)
    assert group_phrases(phrases, groups, pools, 1, FOLLOWS) == [["peculiar"], ["other"]]
