"""What became of topics between two runs, as events with their figures and a sentence each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from topicloom.lineage.records import Event
from topicloom.phrasing import number_of

if TYPE_CHECKING:
    from topicloom.lineage.matching import Overlap, Transitions

OUTLIERS, NEW_PAPERS = "outliers", "new papers"


def describe(found: Transitions, overlap: Overlap, before: Sequence[str], after: Sequence[str]) -> list[Event]:
    """What became of the topics, as events with their figures. before, after: lasting ids by topic number."""
    return [
        *(_split(overlap, before, after, topic, parts) for topic, parts in found.splits.items()),
        *(_merge(overlap, before, after, topic, parts) for topic, parts in found.merges.items()),
        *(_born(overlap, before, after, topic) for topic in found.born),
        *(_gone(overlap, before, after, topic) for topic in found.gone),
        *(_resized(overlap, after, topic, earlier) for topic, earlier in found.resized.items()),
    ]


def _split(overlap: Overlap, before: Sequence[str], after: Sequence[str], topic: int, parts: list[int]) -> Event:
    shared = {after[part]: int(overlap.between[topic, part]) for part in parts}
    sizes = ", ".join(f"{count} to {uid}" for uid, count in _largest(shared))
    return Event(
        kind="split",
        before=[before[topic]],
        after=[after[part] for part in parts],
        figures={"papers": shared, "of": int(overlap.between[topic].sum())},
        text=f"{before[topic]} split: of its papers that have a topic still, {sizes}.",
    )


def _merge(overlap: Overlap, before: Sequence[str], after: Sequence[str], topic: int, parts: list[int]) -> Event:
    shared = {before[part]: int(overlap.between[part, topic]) for part in parts}
    sizes = ", ".join(f"{count} of {uid}" for uid, count in _largest(shared))
    return Event(
        kind="merged",
        before=[before[part] for part in parts],
        after=[after[topic]],
        figures={"papers": shared, "of": int(overlap.between[:, topic].sum())},
        text=f"{after[topic]} is a merger: it holds {sizes}.",
    )


def _born(overlap: Overlap, before: Sequence[str], after: Sequence[str], topic: int) -> Event:
    origin = {
        NEW_PAPERS: int(overlap.new[topic]),
        OUTLIERS: int(overlap.shared[-1, topic]),
        **{uid: int(count) for uid, count in zip(before, overlap.between[:, topic], strict=True) if count},
    }
    origin = {name: count for name, count in origin.items() if count}
    return Event(
        kind="born",
        before=[],
        after=[after[topic]],
        figures={"from": origin},
        text=f"{after[topic]} is new: {_composition(origin)}.",
    )


def _gone(overlap: Overlap, before: Sequence[str], after: Sequence[str], topic: int) -> Event:
    left = {
        "withdrawn": int(overlap.gone[topic]),
        OUTLIERS: int(overlap.shared[topic, -1]),
        **{uid: int(count) for uid, count in zip(after, overlap.between[topic], strict=True) if count},
    }
    left = {name: count for name, count in left.items() if count}
    return Event(
        kind="gone",
        before=[before[topic]],
        after=[],
        figures={"to": left},
        text=f"{before[topic]} is gone; its papers: {_composition(left)}.",
    )


def _resized(overlap: Overlap, after: Sequence[str], topic: int, earlier: int) -> Event:
    old = int(overlap.shared[earlier].sum() + overlap.gone[earlier])
    new = int(overlap.shared[:, topic].sum() + overlap.new[topic])
    figures = {
        "before": old,
        "after": new,
        "new_papers": int(overlap.new[topic]),
        "withdrawn": int(overlap.gone[earlier]),
        "from_outliers": int(overlap.shared[-1, topic]),
        "to_outliers": int(overlap.shared[earlier, -1]),
    }
    return Event(
        kind="grown" if new > old else "shrunk",
        before=[after[topic]],
        after=[after[topic]],
        figures=figures,
        text=(
            f"{after[topic]} has {'grown' if new > old else 'shrunk'} from {old} to {number_of(new, 'paper')}: "
            f"{figures['new_papers']} new and {figures['from_outliers']} from outliers, "
            f"{figures['withdrawn']} withdrawn and {figures['to_outliers']} to outliers."
        ),
    )


def _largest(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def _composition(counts: Mapping[str, int]) -> str:
    """Such as "12 new papers, 3 outliers, 2 from T-ABC"."""
    named = _largest(counts)
    said = [f"{count} {name}" if not name.startswith("T-") else f"{count} of {name}" for name, count in named[:4]]
    rest = sum(count for _, count in named[4:])
    return ", ".join(said + ([f"{rest} of others"] if rest else [])) or "none"
