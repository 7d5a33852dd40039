"""Whether two records are one paper: what speaks for it, what against it. docs/duplicates.md has an example of each."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import cached_property

from rapidfuzz import fuzz

from topicloom.intake.duplicates import locations, people
from topicloom.intake.duplicates.records import Compared
from topicloom.intake.duplicates.wording import Title, same_journal

_SAME_ABSTRACT = 95.0
_LONG_ABSTRACT = 150  # letters; two shorter ones may be a formula ("No abstract", "Editorial.")
_CLOSE = 90.0  # titles that differ by spelling
_RELATED = 70.0  # titles that differ by a subtitle or several words
_OPENING = 20  # pages on which each issue's own count may begin anew


class Word(Enum):
    """SAME: one paper. DIFFERENT: never one, whatever joins them. OPEN: nothing says so."""

    SAME = 1
    DIFFERENT = 2
    OPEN = 3


@dataclass(frozen=True, slots=True)
class Verdict:
    """What two records are to each other. score: 0 to 1. two_dois: one paper that has two DOIs of the same kind."""

    word: Word
    reason: str = ""
    score: float = 0.0
    two_dois: bool = False


_OPEN = Verdict(Word.OPEN)


def compare(one: Compared, other: Compared, alike: float) -> Verdict:
    """The verdict on a pair; the same in either order. alike: how alike the titles are, 0 to 100."""
    return _Pair(one, other, alike).verdict()


def one_title(one: Title, other: Title) -> bool:
    """Whether two titles are the same, or one of them has the other as its translation."""
    if one.key and one.key == other.key:
        return True
    if not one.others and not other.others:  # nearly all pairs
        return False
    return bool(({one.key} | one.others) & ({other.key} | other.others) - {""})


def _differ(one: object, other: object) -> bool:
    return bool(one and other and one != other)


def _share(one: Compared, other: Compared) -> float | None:
    """The share of authors, by surname; where first names stand in their place, by all words of the names."""
    by_surname = people.share(one.authors, other.authors)
    if by_surname is None or by_surname >= 0.5 or not one.author_words or not other.author_words:
        return by_surname
    fewer = min(len(one.authors), len(other.authors))
    shared = one.author_words & other.author_words
    return max(by_surname, min(1.0, len(shared) / fewer)) if len(shared) > 1 or fewer == 1 else by_surname


class _Pair:
    def __init__(self, one: Compared, other: Compared, alike: float) -> None:
        self.one, self.other, self.alike = one, other, alike
        self.exact = one_title(one.title, other.title)
        self.generic = one.title.generic or other.title.generic
        self.volume = bool(one.volume) and one.volume == other.volume
        self.page = bool(one.first_page) and one.first_page == other.first_page
        self.years = abs(one.year - other.year) if one.year and other.year else 0

    @cached_property
    def share(self) -> float | None:
        return _share(self.one, self.other)

    @cached_property
    def journal(self) -> bool | None:
        return same_journal(self.one.journal, self.other.journal)

    def verdict(self) -> Verdict:
        refused = self._contradiction()
        if refused:
            return Verdict(Word.DIFFERENT, refused) if not self._same_text() else self._as_one_text()
        return self._by_identifier() or self._by_description() or _OPEN

    # What speaks against it ---------------------------------------------------------------------------------------

    def _contradiction(self) -> str:
        one, other = self.one, self.other
        if one.title.notice != other.title.notice:
            return "a notice and its article"
        if one.preprint != other.preprint and not (self.page and self.journal):
            return "a preprint and an article"
        if _differ(one.doi, other.doi):
            return "other DOIs"
        if _differ(one.pmid, other.pmid):
            return "other PubMed ids"
        return self._other_numbers()

    def _other_numbers(self) -> str:
        """Part I and Part II, a report of 2019 and of 2020: also where one title has no number and is else the same."""
        one, other = self.one.title, self.other.title
        if self.exact or self.alike < _RELATED or self._surely_printed_there():
            return ""
        if one.labels != other.labels and (not self._truncated() or (one.labels and other.labels)):
            return "other parts or editions"
        if one.numbers != other.numbers and not self._truncated():
            return "other numbers in the titles"
        return ""

    def _same_text(self) -> bool:
        """The same words under two DOIs, or repeated in a correction: title, authors, journal and a long abstract."""
        same_title = self.one.title.key == self.other.title.key and not self.generic
        kinds = {self.one.title.notice, self.other.title.notice}
        return bool(
            same_title
            and kinds <= {"", "correction"}
            and self.one.preprint == self.other.preprint
            and self.journal
            and (self.share or 0) == 1
            and self.years <= 1
            and self._same_abstract()
        )

    def _as_one_text(self) -> Verdict:
        return Verdict(Word.SAME, "title, authors, journal and the abstract word for word", 0.9, two_dois=True)

    # What speaks for it -------------------------------------------------------------------------------------------

    def _by_identifier(self) -> Verdict | None:
        """An identifier counts where nothing says that it is another paper's, or a whole volume's."""
        one, other = self.one, self.other
        named = [("DOI", one.doi, other.doi), ("PMID", one.pmid, other.pmid), ("UT", one.accession, other.accession)]
        for name, left, right in named:
            if left and left == right and self._fits_identifier():
                return Verdict(Word.SAME, name, 1.0)
        return None

    def _fits_identifier(self) -> bool:
        if not self.one.title.key or not self.other.title.key:
            return True
        authors = self.share is None or self.share >= 0.5
        contained = float(fuzz.token_set_ratio(self.one.title.words, self.other.title.words)) >= 90
        place = self.page and authors
        nowhere_else = authors and self.share is not None and not _differ(self.one.first_page, self.other.first_page)
        return (self.exact and authors) or self.alike >= 80 or (contained and authors) or place or nowhere_else

    def _by_description(self) -> Verdict | None:
        if self.years > 2 or self._unlike() or (self.share is not None and self.share < 0.5):
            return None
        at_one_place = self._at_one_place()
        if self._in_two_places(at_one_place):
            return Verdict(Word.DIFFERENT, "other places of publication") if self.alike >= _RELATED else None
        grade = self._title_grade()
        if self._enough(grade, at_one_place):
            told = ["title" if grade > 1 else "title in other words"]
            told += ["authors"] if self.share else []
            told += ["year"] if self.one.year and self.one.year == self.other.year else []
            told += ["volume and pages"] if at_one_place else []
            told += ["abstract"] if self._same_abstract() else []
            return Verdict(Word.SAME, ", ".join(told), self._score(grade, at_one_place))
        return None

    def _unlike(self) -> bool:
        """Titles that have little in common, and no one place: no more need be asked, which is most pairs."""
        return not self.exact and self.alike < _RELATED and not self._surely_there() and not self._truncated()

    def _title_grade(self) -> int:
        """3: the same title. 2: another spelling. 1: related, such as a title without its subtitle. 0: another."""
        if self.exact:
            return 3
        if self.alike >= _CLOSE and not self._words_exchanged():
            return 2
        if self._truncated() or (self.alike >= _RELATED):
            return 1
        return 0

    def _enough(self, grade: int, at_one_place: bool) -> bool:
        whole_place = at_one_place and self._same_range()
        abstract, issue = self._same_abstract(), _differ(self.one.issue, self.other.issue)
        known = self.share is not None
        if grade >= 2 and not self.generic:
            return at_one_place or abstract or (known and not self._other_abstract() and self._dated())
        if grade >= 2:
            return whole_place and self._in_a_known_issue()
        if grade == 1:
            truncated = self._truncated() and not self.generic and known and not self._other_abstract()
            lacking = truncated and self.years == 0 and self.journal is True and self.share == 1
            exchanged = self.alike >= _CLOSE and whole_place and self._wide() and self.one.first_page != "1" and known
            if lacking or (exchanged and self.journal is not False):
                return True
            inserted = self.alike >= _CLOSE and self._one_sided() and self.journal is True and known
            return (
                ((truncated or inserted) and at_one_place)
                or (self._surely_there() and known)
                or (abstract and known and not issue)
            )
        return self._surely_there() and bool(self.share and self.share >= 0.8) and self.journal is not False

    def _surely_printed_there(self) -> bool:
        """Volume and pages, or volume, first page and abstract, leave no room for a second part."""
        return self.volume and ((self._same_range() and self._wide()) or (self.page and self._same_abstract()))

    def _surely_there(self) -> bool:
        """All that says where it stands is known and the same: another title can then be a translation only."""
        numbers = self.volume and self.years == 0 and not _differ(self.one.issue, self.other.issue)
        return numbers and self._same_range() and self._wide() and self.one.first_page != "1"

    def _dated(self) -> bool:
        near = self.years == 0 or (self.years == 1 and self.journal is True)
        return near and (self.exact or bool(self.one.year and self.other.year))

    def _score(self, grade: int, at_one_place: bool) -> float:
        title = (0.5, 0.6, 0.8, 0.85)[grade]
        return round(
            min(0.99, title + 0.07 * at_one_place + 0.04 * (self.share or 0) + 0.03 * self._same_abstract()), 3
        )

    # Pieces of evidence -------------------------------------------------------------------------------------------

    def _at_one_place(self) -> bool:
        """Volume and first page are the same, or page, year and journal where a volume is not known."""
        if not self.page or self._other_end():
            return False
        unknown_volume = not self.one.volume or not self.other.volume
        range_and_journal = self._same_range() and self.journal is True and self.years <= 1
        return (
            self.volume
            or (unknown_volume and self.years == 0 and (self.journal is True or self._same_range()))
            or range_and_journal
        )

    def _in_two_places(self, at_one_place: bool) -> bool:
        """Two of year, journal, volume and pages differ; or only the issue does, and nothing else says where it is.

        A column that returns ("Editorial") often has the same pages: there any difference is another issue's.
        """
        if self.generic and self._in_other_issues():
            return True
        if at_one_place:
            return False
        one, other = self.one, self.other
        pages = _differ(one.first_page, other.first_page) and not self._overlap()
        printed_alike = self.page and not _differ(one.last_page, other.last_page)
        numbers = [_differ(one.volume, other.volume), _differ(one.issue, other.issue) and not printed_alike]
        others = [self.years > 0, self.journal is False, *numbers, pages]
        issues = _differ(one.issue, other.issue) and not one.first_page and not other.first_page
        alone = self.journal is False and not self.page and not self.volume
        return sum(others) >= 2 or issues or alone or (pages and not self._same_abstract() and not self._in_one_issue())

    def _in_other_issues(self) -> bool:
        """Year, volume or issue differs."""
        one, other = self.one, self.other
        ends = _differ(one.last_page, other.last_page) and not self.volume
        return self.years > 0 or _differ(one.volume, other.volume) or _differ(one.issue, other.issue) or ends

    def _in_a_known_issue(self) -> bool:
        """A column stands on the same first pages in many issues: only the volume and the issue tell which one it is.

        Pages from the middle of a volume are told by the volume alone.
        """
        first = self.one.first_page
        return self.volume and (
            bool(self.one.issue and self.other.issue) or not first.isdigit() or int(first) > _OPENING
        )

    def _in_one_issue(self) -> bool:
        """One title by the same people twice in one issue: one of the page numbers is wrong."""
        issue = self.volume and bool(self.one.issue) and self.one.issue == self.other.issue
        several = min(len(self.one.authors), len(self.other.authors)) > 1 and self.share == 1
        return issue and several and self.journal is True and self.exact and not self.generic

    def _overlap(self) -> bool:
        one, other = ((each.first_page, each.last_page) for each in (self.one, self.other))
        return bool(self.journal and self.volume and locations.overlap(one, other))

    def _same_range(self) -> bool:
        return self.page and bool(self.one.last_page) and self.one.last_page == self.other.last_page

    def _other_end(self) -> bool:
        return _differ(self.one.last_page, self.other.last_page) and self.alike < _CLOSE

    def _wide(self) -> bool:
        return self.one.last_page != self.one.first_page

    def _same_abstract(self) -> bool:
        short = min(len(self.one.abstract), len(self.other.abstract))
        if short < _LONG_ABSTRACT:
            return False
        return float(fuzz.ratio(self.one.abstract[:short], self.other.abstract[:short])) >= _SAME_ABSTRACT

    def _other_abstract(self) -> bool:
        """Two long abstracts of which neither is the other's beginning or close to it."""
        short = min(len(self.one.abstract), len(self.other.abstract))
        return short >= _LONG_ABSTRACT and float(fuzz.token_set_ratio(self.one.abstract, self.other.abstract)) < 60

    def _truncated(self) -> bool:
        """One title is the beginning, or the end, of the other: a subtitle or a heading is missing."""
        short, long = sorted((self.one.title.words, self.other.title.words), key=len)
        if len(short) < 20 or short == long:
            return False
        rest = long.removeprefix(short).strip() if long.startswith(short) else ""
        return (len(rest.split()) > 2) or long.endswith(" " + short)

    def _words_exchanged(self) -> bool:
        """A word of one title stands where the other has another: "in men", "in women"; no slip of letters."""
        return any(self._lonely_words())

    def _one_sided(self) -> bool:
        """Words are only added: one title has no word that the other lacks."""
        return not all(self._lonely_words())

    def _lonely_words(self) -> tuple[bool, bool]:
        """Whether each of the titles has a word that is not in the other, nor a slip of one there."""
        left, right = self.one.title.words.split(), self.other.title.words.split()
        only_left = [word for word in left if word not in set(right)]
        only_right = [word for word in right if word not in set(left)]
        if "".join(only_left) == "".join(only_right):
            return False, False
        lonely_left = any(_lonely(word, only_right, self.other.title.key) for word in only_left)
        return lonely_left, any(_lonely(word, only_left, self.one.title.key) for word in only_right)


def _lonely(word: str, others: list[str], key: str) -> bool:
    if len(word) < 3 or word in ("the", "and", "for", "with", "from") or (word in key and len(word) > 4):
        return False
    return not any(float(fuzz.ratio(word, other)) >= 80 for other in others)
