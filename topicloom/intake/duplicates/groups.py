"""From pairs to groups: one paper may have many records, and no group holds two that contradict each other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

Pair = tuple[int, int]


@dataclass
class Groups:
    """Places that belong together.

    apart: pairs that are never in one group. members: a place's group. papers: how many places, the first ones, are
    papers that only a person puts together.
    """

    apart: set[Pair]
    members: dict[int, list[int]] = field(default_factory=dict)
    papers: int = 0

    def join(self, one: int, other: int, *, decided: bool = False) -> bool:
        """Put two groups together, unless two of their members are to stay apart. decided: a person says so."""
        left, right = self.members.get(one, [one]), self.members.get(other, [other])
        if left is right or any(pair in self.apart for pair in _across(left, right)):
            return left is right
        if self.papers and not decided and min(left) < self.papers and min(right) < self.papers:
            return False
        joined = left + right
        self.members.update(dict.fromkeys(joined, joined))
        return True

    def listed(self) -> list[list[int]]:
        """The groups of two and more, each sorted, in the order of their first members."""
        return sorted(sorted(group) for group in {id(one): one for one in self.members.values()}.values())


def _across(left: Sequence[int], right: Sequence[int]) -> Iterable[Pair]:
    return ((min(one, other), max(one, other)) for one in left for other in right)


def connected(pairs: Iterable[Pair]) -> list[list[int]]:
    """The groups that pairs make if nothing keeps them apart."""
    groups = Groups(set())
    for one, other in pairs:
        groups.join(one, other)
    return groups.listed()


def by_strength(scores: Mapping[Pair, float], contents: Sequence[str]) -> list[Pair]:
    """Pairs from the surest down; ties by content, so that the order of the rows decides nothing."""
    return sorted(scores, key=lambda pair: (-scores[pair], *sorted((contents[pair[0]], contents[pair[1]]))))
