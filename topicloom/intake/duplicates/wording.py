"""Titles in a form in which two spellings of one title are the same, and what kind of notice it is."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from html import unescape

from rapidfuzz.distance import DamerauLevenshtein

_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,80}>")
_NOT_WORD = re.compile(r"[^\w]+|_+")
_ORIGINAL = re.compile(r"<original>|\boriginal title\b:?", re.IGNORECASE)
_LANGUAGE_NOTE = re.compile(r"\.?\s*\bLA: [A-Z][a-z]{2}\s*$")
_BRACKETS = re.compile(r"[\[\u3010]([^\[\]\u3010\u3011]*)[\]\u3011]")
_WS_CORRECTION = re.compile(r"\(\s*vol\.? .*(?:pg|p|art(?:icle)?)\.?\s.*\)\s*$", re.IGNORECASE)
_RETRACTED = re.compile(r"^\W*(?:retracted|withdrawn)(?: article| paper)?\s*[:\-\]]\s*", re.IGNORECASE)
_NOTICES = (
    (
        "correction",
        r"(?:(?:publisher|author)s? )?(?:erratum|errata|corrigend(?:um|a)|addendum|correction (?:to|notice))\b",
    ),
    ("retraction", r"(?:retraction|notice of retraction|withdrawal|expression of concern)\b"),
    ("reply", r"(?:the )?(?:authors? )?(?:s )?(?:reply|replies|response|rejoinder)(?: to| from| by|$)"),
    ("comment", r"(?:a |invited |editorial )?(?:comments?|commentary|discussion|re)(?: on| to| of|$)"),
)
_NOTICE_START = [(name, re.compile(pattern)) for name, pattern in _NOTICES]
_NOTICE_END = re.compile(r"\b(?:a |an |the )?(erratum|corrigendum|correction|retraction|reply|rejoinder|comment)$")
_END_KIND = {"erratum": "correction", "corrigendum": "correction", "rejoinder": "reply"}
_CARDINALS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_NUMBER_WORDS = {word: str(number) for words in (_CARDINALS, _ORDINALS) for number, word in enumerate(words, 1)}
_ROMAN_NUMERALS = (
    *("", "", "ii", "iii", "iv", "", "vi", "vii", "viii", "ix"),  # i, v and x are words and letters too
    *("", "xi", "xii", "xiii", "xiv", "xv", "xvi"),
)
_ROMAN = {numeral: str(number) for number, numeral in enumerate(_ROMAN_NUMERALS) if numeral}
_ROMAN_ALONE = {"i": "1", "v": "5", "x": "10"}
_COUNTED = frozenset(
    (
        *("part", "parts", "teil", "partie", "parte", "phase", "study", "paper", "volume", "vol", "chapter"),
        *("section", "series", "experiment", "report", "edition", "ed", "no", "number", "book", "stage"),
        *("type", "class", "grade", "case", "step", "trial", "year", "day", "week"),
    )
)
_LABELS = frozenset(
    (
        *("part", "teil", "partie", "parte", "volume", "vol", "chapter", "paper", "section", "edition", "ed"),
        *("series", "report", "book"),
    )
)
_LETTERS = frozenset("abcdef")
_ORDINAL = re.compile(r"(\d+)(?:st|nd|rd|th)")
_GENERIC = frozenset(
    (
        *("editorial", "editorials", "introduction", "preface", "foreword", "erratum", "corrigendum"),
        *("correction", "errata", "retraction", "reply", "response", "comment", "comments", "commentary"),
        *("discussion", "letter", "letters", "editor", "editors", "note", "notes", "guest", "special", "issue"),
        *("section", "the", "from", "to", "in", "of", "and", "a", "an", "s", "book", "review", "reviews"),
        *("news", "abstracts", "abstract", "index", "contents", "table", "obituary", "conclusion"),
        *("conclusions", "overview", "summary", "remarks", "perspectives", "perspective", "message", "welcome"),
        *("announcement", "announcements", "acknowledgment", "acknowledgments", "reviewers", "reviewer"),
        *("front", "matter", "back", "cover", "author", "authors", "general", "information", "this"),
        *("correspondence", "untitled", "no", "title"),
    )
)

# Columns that name their issue's subject, if at all: "Special section: pricing", "Remarks - editor's comments".
_COLUMN = re.compile(
    r"^(?:guest )?(?:editorial )?special (?:section|issue)\b|\b(?:editors? (?:comments?|notes?)|from the editors?)$"
)
_FEW_WORDS, _LONG_WORD = 4, 5  # a title of few words, all generic but for a slip; a word in which a slip can be told
_LONG_GENERIC = tuple(word for word in _GENERIC if len(word) >= _LONG_WORD)


@dataclass(frozen=True)
class Title:
    """words: the title's words, folded, numbers as digits. key: these without blanks. others: further titles of it
    (a translation), as keys. notice: "correction", "retraction", "reply", "comment" or blank. labels: numbers of parts
    and editions. numbers: all other numbers. generic: it names no one paper ("Editorial")."""

    words: str
    key: str
    others: frozenset[str]
    notice: str
    labels: frozenset[str]
    numbers: tuple[str, ...]
    generic: bool


class _WithoutMarks(dict[int, int | None]):
    """For str.translate: each letter itself, accents nothing; filled as letters are met."""

    def __missing__(self, code: int) -> int | None:
        self[code] = kept = None if unicodedata.combining(chr(code)) else code
        return kept


_WITHOUT_MARKS = _WithoutMarks()


def folded(text: str) -> str:
    """Lower case letters and digits without accents, words apart by one blank; entities and tags are gone."""
    if "&" in text:
        text = unescape(unescape(text)).replace("&", " and ")
    if "<" in text:
        text = _TAG.sub("", text)
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text).translate(_WITHOUT_MARKS)
    return _NOT_WORD.sub(" ", text.casefold().replace("'", "").replace("\u2019", "")).strip()


def title_of(text: str) -> Title:
    """A title as it is compared."""
    text = _RETRACTED.sub("", unescape(text))
    by_journal = bool(_WS_CORRECTION.search(text))
    main, *others = _titles_within(_WS_CORRECTION.sub("", text)) or [""]
    notice, plain = _notice(folded(main))
    words = tuple(_numbered(plain.split()))
    labels, numbers = _labels(words), tuple(sorted(word for word in words if word.isdigit()))
    joined = " ".join(words)
    further = frozenset(folded(one).replace(" ", "") for one in others) - {""}
    return Title(
        joined,
        joined.replace(" ", ""),
        further,
        "correction" if by_journal else notice,
        labels,
        numbers,
        _generic(words),
    )


def _titles_within(text: str) -> list[str]:
    """The title, and what stands in brackets behind it where that is a title too and no remark."""
    text = _LANGUAGE_NOTE.sub("", text)
    main, *originals = [one.strip() for one in _ORIGINAL.split(text)]
    within = [one.strip() for one in _BRACKETS.findall(main)]
    outside = _BRACKETS.sub(" ", main).strip(" .\"'")
    if len(folded(outside)) < 8 and within:
        outside, within = " ".join([outside, within[0]]).strip(), within[1:]
    further = [
        one
        for one in within
        if len(one.split()) > 3 and not re.match(r"(?i)erratum|corrigendum|see comment|comment", one)
    ]
    return [outside, *further, *originals]


def _notice(plain: str) -> tuple[str, str]:
    """The kind of notice, and the title without the words that say so."""
    for name, pattern in _NOTICE_START:
        found = pattern.match(plain)
        if found:
            rest = plain[found.end() :].strip()
            return name, rest.removeprefix("to ").removeprefix("on ") if len(rest) > 15 else plain
    found = _NOTICE_END.search(plain)
    if found and found.start() > 15:
        return _END_KIND.get(found[1], found[1]), plain[: found.start()].strip()
    return "", plain


def _numbered(words: list[str]) -> Iterator[str]:
    """The words with number words, ordinals and Roman numerals as digits."""
    for place, word in enumerate(words):
        before = words[place - 1] if place else ""
        ordinal = _ORDINAL.fullmatch(word)
        if ordinal:
            yield ordinal[1]
        elif word in _NUMBER_WORDS or word in _ROMAN:
            yield _NUMBER_WORDS.get(word) or _ROMAN[word]
        elif word in _ROMAN_ALONE and (before in _COUNTED or (place and place == len(words) - 1)):
            yield _ROMAN_ALONE[word]
        else:
            yield word.lstrip("0") or "0" if word.isdigit() else word


def _labels(words: tuple[str, ...]) -> frozenset[str]:
    """Numbers and letters of parts, volumes and editions; a number that ends the title is one too."""
    pairs = list(itertools.pairwise(words))
    after = {two for one, two in pairs if one in _LABELS and (two.isdigit() or two in _LETTERS)}
    before = {one for one, two in pairs if two in ("edition", "ed", "part") and one.isdigit()}
    last = {words[-1]} if len(words) > 1 and words[-1].isdigit() and len(words[-1]) < 3 else set()
    lettered = {words[-1]} if len(words) > 1 and words[-1] in _LETTERS and words[-2] in _COUNTED else set()
    return frozenset(after | before | last | lettered)


def _generic(words: tuple[str, ...]) -> bool:
    """Whether a title names no one paper, also with a slip: "Edtiorial", "Editoria lIntroduction"."""
    if len("".join(words)) < 12 or all(word in _GENERIC or word.isdigit() for word in words):
        return True
    if _COLUMN.search(" ".join(words)):
        return True
    return len(words) <= _FEW_WORDS and all(_is_generic(word) for word in words)


@lru_cache(maxsize=1 << 16)
def _is_generic(word: str) -> bool:
    if word in _GENERIC or word.isdigit():
        return True
    return len(word) >= _LONG_WORD and any(
        DamerauLevenshtein.distance(word, known, score_cutoff=1) <= 1 for known in _LONG_GENERIC
    )


@lru_cache(maxsize=1 << 16)
def journal_of(text: str) -> tuple[str, ...]:
    """The words of a journal's name that count."""
    plain = folded(_BRACKETS.sub(" ", text.split("=")[0].split(" : ")[0]))
    return tuple(
        word
        for word in plain.split()
        if not word.isdigit()
        and word not in {"the", "of", "and", "for", "in", "de", "la", "on", "a", "und", "fur", "der"}
    )


# Shared words that say nothing.
_EVERY_JOURNAL = frozenset(
    ["journal", "jour", "journ", "j", "international", "int", "conference", "conf", "proceedings", "proc"]
)


@lru_cache(maxsize=1 << 16)
def same_journal(one: tuple[str, ...], other: tuple[str, ...]) -> bool | None:
    """Whether two names can be of one journal, abbreviated or not; None where one is not known,
    or they share most words."""
    if not one or not other:
        return None
    if one == other:
        return True
    short, long = sorted((one, other), key=lambda words: (len(words), len("".join(words))))
    if len(short) == 1 and len(long) > 1:
        initials = "".join(word[0] for word in long)
        return short[0] in (initials, "".join(long)) or (len(short[0]) > 3 and short[0] == long[0])
    rest = iter(long)
    if all(any(_abbreviates(word, full) for full in rest) for word in short):
        return True
    telling = [word for word in short if word not in _EVERY_JOURNAL]
    shared = sum(any(_abbreviates(word, full) for full in long if full not in _EVERY_JOURNAL) for word in telling)
    return None if shared >= 0.6 * len(telling) else False


def _abbreviates(word: str, full: str) -> bool:
    return (
        full.startswith(word)
        or word.startswith(full)
        or (word[0] == full[0] and word[-1] == full[-1] and len(word) > 4)
    )
