"""The ground that the maps of an analysis share: where papers lie on the sheet, which names stand at the rim."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from topicloom.atlas.atlas import Atlas
from topicloom.figures.boxes import Box
from topicloom.figures.metrics import rounded
from topicloom.figures.rim import Label, Placed, above_and_below, at_sides, band_height, draw_labels
from topicloom.figures.sheet import MARGIN, Page, Sheet, notes_height
from topicloom.store.csv_tables import records

_COLUMN = 104.0  # points: a column of labels beside a map
_AWAY = 8.0  # between labels and map
_SHAPES = (0.75, 1.25)  # height of a map over its width
MOST_LABELS = {"single": 8, "double": 30}


@dataclass
class Ground:
    """A sheet with a map on it.

    Args:
        sheet: The figure.
        box: Where the papers are.
        left: x of the papers that lies at the box's left edge.
        bottom: y at its lower edge.
        scale: Points of the sheet to a unit of x and y.
        foot: Where a legend begins, in points of the sheet, above the notes.
        notes: Sentences for the foot of the sheet.
        placed: The labels at the rim.
    """

    sheet: Sheet
    box: Box
    left: float
    bottom: float
    scale: float
    foot: float
    notes: Sequence[str] = ()
    placed: list[Placed] = field(default_factory=list)

    def at(self, x: ArrayLike, y: ArrayLike) -> NDArray[np.float64]:
        """Places of the sheet, (n, 2), of places of the map."""
        across = self.box.left + (np.asarray(x, dtype=float) - self.left) * self.scale
        return np.column_stack([across, self.box.bottom + (np.asarray(y, dtype=float) - self.bottom) * self.scale])

    def name(self, names: Names) -> None:
        """Set labels at the rim and draw them, and write the notes; x and y of the labels are those of the map."""
        sheet, box, page, labels = self.sheet, self.box, self.sheet.page, names.labels
        moved = [
            Label(float(x), float(y), label.text, label.colour)
            for label, (x, y) in zip(labels, self.at([one.x for one in labels], [one.y for one in labels]), strict=True)
        ]
        if page.narrow:
            high = band_height(moved, sheet.width - 2 * MARGIN)
            self.placed = above_and_below(
                moved,
                Box(MARGIN, box.top + _AWAY, sheet.width - 2 * MARGIN, high),
                Box(MARGIN, box.bottom - _AWAY - high, sheet.width - 2 * MARGIN, high),
            )
        else:
            self.placed = at_sides(
                moved,
                Box(MARGIN, box.bottom, _COLUMN, box.height),
                Box(box.right + _AWAY, box.bottom, _COLUMN, box.height),
            )
        draw_labels(sheet, self.placed)
        sheet.notes([*self.notes, *names.noted(len(self.placed))])

    def under_labels(self, x: ArrayLike, y: ArrayLike) -> int:
        """How many places of the map lie inside the box of a label."""
        places = self.at(x, y)
        inside = np.zeros(len(places), dtype=bool)
        for box in (placed.box for placed in self.placed):
            across, up = places[:, 0], places[:, 1]
            inside |= (across > box.left) & (across < box.right) & (up > box.bottom) & (up < box.top)
        return int(inside.sum())


def new_ground(
    page: Page,
    x: ArrayLike,
    y: ArrayLike,
    names: Names,
    notes: Sequence[str],
    foot: float = 0.0,
    pad: float = 2.0,
) -> Ground:
    """A sheet with room for a map, for labels at its rim and for what stands below.

    Args:
        page: Where it goes.
        x: Of all that is to be on the map.
        y: Of the same.
        names: What `Ground.name` will write.
        notes: Sentences at the foot.
        foot: Further points below the map, for a legend.
        pad: Points around what is outermost.
    """
    low, high = (np.array([edge(np.asarray(values, dtype=float)) for values in (x, y)]) for edge in (_least, _most))
    reach = np.maximum(high - low, 1e-9)
    width = rounded(page.width - 2 * (MARGIN if page.narrow else MARGIN + _COLUMN + _AWAY))
    height = rounded(width * float(np.clip(reach[1] / reach[0], *_SHAPES)))
    band = band_height(names.labels, page.width - 2 * MARGIN) + _AWAY if page.narrow and names.labels else 0.0
    noted = notes_height([*notes, *names.noted()], page)
    below = noted + foot + band
    sheet = Sheet(page, below + height + band + 2 * MARGIN)
    box = Box(rounded((page.width - width) / 2), rounded(below + MARGIN), width, height)
    scale = float(min((np.array([width, height]) - 2 * pad) / reach))
    left, bottom = (low + high) / 2 - np.array([width, height]) / 2 / scale
    return Ground(sheet, box, float(left), float(bottom), scale, noted, notes)


def _least(values: NDArray[np.float64]) -> float:
    return float(values.min()) if len(values) else 0.0


def _most(values: NDArray[np.float64]) -> float:
    return float(values.max()) if len(values) else 1.0


@dataclass(frozen=True)
class Names:
    """What a map names, and a sentence that says what: its {} is how many had room, of so many that there are."""

    labels: list[Label]
    sentence: str = ""
    of: int = 0

    def noted(self, count: int | None = None) -> list[str]:
        """The sentence, unless all is named; count: of the labels, all where none is given."""
        shown = len(self.labels) if count is None else count
        return [self.sentence.format(shown)] if 0 < shown < self.of else []


def rim_names(atlas: Atlas, page: Page) -> Names:
    """What a map of papers names: the groups of one level, or topics where there are few."""
    most = MOST_LABELS[page.column]
    coarse = atlas.levels.shape[1] - 1
    sizes = [int(atlas.levels[:, level].max()) for level in range(coarse)]
    fitting = [level for level, size in enumerate(sizes) if size <= most]
    # Of not many topics the largest say more than a handful of groups.
    if not fitting or (len(atlas.topics) <= 2 * most and not page.narrow):
        return topic_names(atlas, page)
    colours = group_colours(atlas, fitting[-1])
    groups = atlas.groups[atlas.groups["Level"] == fitting[-1]].sort_values(["Papers", "Code"], ascending=[False, True])
    labels = [Label(row.x, row.y, row.Label, colours[row.Code]) for row in records(groups)]
    return Names(labels, "names: {} groups of topics", len(atlas.topics))


def topic_names(atlas: Atlas, page: Page) -> Names:
    """The largest topics."""
    topics = atlas.topics.sort_values(["Count", "Topic"], ascending=[False, True]).head(MOST_LABELS[page.column])
    labels = [Label(row.x, row.y, short(str(row.Label)), row.Colour) for row in records(topics)]
    return Names(labels, "names: the {} largest topics", len(atlas.topics))


def short(label: str) -> str:
    """The first two parts of a label of several."""
    return ", ".join(label.split(", ")[:2])


def group_colours(atlas: Atlas, level: int) -> dict[int, str]:
    """The colour of each group of a level by its code."""
    groups = atlas.groups[atlas.groups["Level"] == level]
    return {int(code): str(colour) for code, colour in zip(groups["Code"], groups["Colour"], strict=True)}
