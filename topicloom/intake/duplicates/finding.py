"""Records of a table that are one paper: candidates, verdicts on them, and groups without contradictions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from rapidfuzz import fuzz, process

from topicloom.intake.duplicates import groups, rules
from topicloom.intake.duplicates.blocking import Blocks
from topicloom.intake.duplicates.decisions import Decisions
from topicloom.intake.duplicates.groups import Groups, Pair
from topicloom.intake.duplicates.listing import Merges, listed
from topicloom.intake.duplicates.merging import merged_fields
from topicloom.intake.duplicates.records import Compared, as_column, compared, compared_record, texts_of, with_columns
from topicloom.intake.duplicates.rules import Verdict, Word

_WORTH_A_LOOK = 68.0  # likeness of titles below which only an identifier, a page or a translation can join a pair
_CHECKED = 80  # records in a chain of pairs up to which all are compared with all
_ROUNDS = 4


def find(table: pd.DataFrame, decisions: Decisions | None = None, papers: int = 0) -> Merges:
    """Which rows are records of one paper.

    Args:
        table: A row a record; texts in the columns of Web of Science (file, record, UT, DI, PM, TI, AU, PY, SO, VL, IS,
            BP, EP, AB); those that are blank or absent say nothing.
        decisions: What a person has decided, which is obeyed whatever the records say.
        papers: How many rows, the first ones, are papers that have been told apart before: only a person joins them.

    Returns:
        The groups of rows and a reason for each merge. The first row of a group, in the table's order, is kept. Which
        rows are a group does not depend on the order.
    """
    decided = (decisions or Decisions()).places(table, papers)
    records = with_columns(compared(table))
    search = _Search(records, table, papers)
    search.obey(decided.together, decided.apart)
    search.round(search.blocks.candidates(records))
    for _ in range(_ROUNDS):
        if not search.again():
            break
    return listed(table, search.groups.listed(), search.verdicts, decisions or Decisions())


class _Search:
    def __init__(self, records: list[Compared], table: pd.DataFrame, papers: int) -> None:
        self.records, self.texts = records, texts_of(table)
        self.verdicts = dict[Pair, Verdict]()
        self.groups = Groups(set(), papers=papers)
        self.decided = dict[Pair, bool]()
        self.sizes = dict[int, int]()
        self.blocks = Blocks(records)
        self.ranks = [record.content for record in records]

    def obey(self, together: Iterable[Pair], apart: Iterable[Pair]) -> None:
        """Take a person's decisions first; no rule overrules them."""
        self.decided |= dict.fromkeys(together, True) | dict.fromkeys(apart, False)
        self.groups.apart.update(apart)
        for pair in sorted(together):
            self.verdicts[pair] = Verdict(Word.SAME, "decided", 1.0)
            self.groups.join(*pair, decided=True)

    def round(self, pairs: Iterable[Pair]) -> None:
        """Compare the pairs and join those that are one paper, the surest first."""
        found = self._compare(pairs)
        within = [group for group in groups.connected(found) if 2 < len(group) <= _CHECKED]
        rest = {(one, other) for group in within for at, one in enumerate(group) for other in group[at + 1 :]}
        found |= self._compare(rest - set(self.verdicts))
        contents = [record.content for record in self.records]
        for pair in groups.by_strength(found, contents):
            self.groups.join(*pair)

    def again(self) -> bool:
        """Look once more at papers whose merged record says more than each did; False: there are none."""
        grown = [group for group in self.groups.listed() if self.sizes.get(group[0]) != len(group)]
        if not grown:
            return False
        for group in grown:
            self.sizes[group[0]] = len(group)
        for group in grown:
            ranked = sorted(group, key=self.ranks.__getitem__)
            self.records[group[0]] = self._whole(ranked)
        head = {place: group[0] for group in self.groups.listed() for place in group}
        heads = {(group[0], head.get(place, place)) for group in grown for place in self._beside(group[0])}
        self.round({(min(pair), max(pair)) for pair in heads if pair[0] != pair[1]})
        return True

    def _whole(self, ranked: Sequence[int]) -> Compared:
        """The record that a group becomes; one of a column that returns stays one."""
        whole = compared_record(merged_fields(self.texts, ranked))
        return as_column(whole) if self.records[ranked[0]].title.generic else whole

    def _beside(self, place: int) -> set[int]:
        return self.blocks.beside(self.records[place])

    def _compare(self, pairs: Iterable[Pair]) -> dict[Pair, float]:
        """Scores of the pairs that are one paper; those that never are stand in groups.apart."""
        looked = [pair for pair in pairs if pair not in self.decided]
        found = dict[Pair, float]()
        for pair, alike in _likenesses(self.records, looked):
            verdict = rules.compare(self.records[pair[0]], self.records[pair[1]], alike)
            if verdict.word is Word.SAME:
                self.verdicts[pair], found[pair] = verdict, verdict.score
            elif verdict.word is Word.DIFFERENT:
                self.groups.apart.add(pair)
        return found


def _likenesses(records: Sequence[Compared], pairs: list[Pair]) -> list[tuple[Pair, float]]:
    """Pairs that are worth a verdict, with the likeness of their titles; computed at once for all."""
    if not pairs:
        return []
    left, right = ([records[pair[side]].title.words for pair in pairs] for side in (0, 1))
    by_letters = process.cpdist(left, right, scorer=fuzz.ratio, dtype=np.float32)
    by_words = 0.98 * process.cpdist(left, right, scorer=fuzz.token_sort_ratio, dtype=np.float32)
    alike = np.maximum(by_letters, by_words).tolist()
    return [
        (pair, max(value, 100.0 if rules.one_title(records[pair[0]].title, records[pair[1]].title) else 0.0))
        for pair, value in zip(pairs, alike, strict=True)
        if value >= _WORTH_A_LOOK or _else_worth(records[pair[0]], records[pair[1]])
    ]


def _else_worth(one: Compared, other: Compared) -> bool:
    if one.first_page and one.first_page == other.first_page:
        return True
    named = ((one.doi, other.doi), (one.pmid, other.pmid), (one.accession, other.accession))
    begins = one.title.words[:20] == other.title.words[:20] or one.title.words[-20:] == other.title.words[-20:]
    return begins or any(a and a == b for a, b in named) or rules.one_title(one.title, other.title)
