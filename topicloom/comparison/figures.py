"""Figures of a comparison: heatmaps of two analyses, and the flow of papers from one to the next."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from topicloom.comparison.pairs import Flows, Pair, heat_columns
from topicloom.figures.style import INK, TYPE, WIDTH, keep, new_figure
from topicloom.phrasing import shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_NAMED = 45
_LABEL = 29
_BAR, _ROOM = 0.03, 0.012  # width of a node, and the room between two, in shares of the figure


def comparison_heatmap(pair: Pair, folder: Path, name: str) -> list[str]:
    """Jaccard index of the topics of two analyses; the similarity of embeddings where they share no paper."""
    by_papers = bool(pair.shared.any()) or pair.similarity is None
    matrix = pair.overlap if by_papers else pair.similarity
    if matrix is None or not matrix.size:
        return []
    columns = heat_columns(matrix)
    figure, axes = new_figure(WIDTH)
    image = axes.imshow(matrix[:, columns], cmap="cividis", aspect="auto", interpolation="nearest", rasterized=True)
    axes.set_xticks([])
    axes.set_yticks([])
    if len(matrix) <= _NAMED:
        axes.set_yticks(range(len(matrix)))
        axes.set_yticklabels(
            [shortened(str(label), _LABEL) for label in pair.one.topics["Label"]], fontsize=TYPE, parse_math=False
        )
    if len(columns) <= _NAMED:
        axes.set_xticks(range(len(columns)))
        labels = [shortened(str(pair.other.topics["Label"].iloc[column]), _LABEL) for column in columns]
        axes.set_xticklabels(labels, fontsize=TYPE, rotation=90, parse_math=False)
    axes.tick_params(length=0, colors=INK)
    axes.set_ylabel(pair.one.name, parse_math=False)
    axes.set_xlabel(pair.other.name, parse_math=False)
    what = "share of their papers that two topics have in common (Jaccard)" if by_papers else "cosine similarity"
    bar = figure.colorbar(image, ax=axes, shrink=0.5, pad=0.01, label=what)
    bar.outline.set_visible(False)
    return keep(figure, folder, name)


def sankey(flows: Flows, names: list[str], folder: Path, name: str) -> list[str]:
    """Columns of topics, one an analysis, with bands between neighbours as wide as what they share."""
    figure, axes = new_figure(max(4.0, 0.24 * max(len(nodes) for nodes in flows.nodes) + 1), WIDTH * 1.15)
    axes.set_axis_off()
    axes.set_xlim(0, 1)
    axes.set_ylim(1.0, -0.03)
    columns = range(len(flows.nodes))
    scale = min(_filling_scale(flows, column) for column in columns)
    tops = [_stacked(flows, column, scale) for column in columns]
    last = len(flows.nodes) - 1
    # The first and last column keep room for their labels.
    across = [0.24 + 0.52 * column / last for column in range(last + 1)]
    leaving, arriving = [list(of_column) for of_column in tops], [list(of_column) for of_column in tops]
    for column, left, right, width in flows.links:
        thick = width * scale
        start = (across[column] + _BAR / 2, leaving[column][left])
        end = (across[column + 1] - _BAR / 2, arriving[column + 1][right])
        leaving[column][left] += thick
        arriving[column + 1][right] += thick
        _band(axes, start, end, thick, flows.nodes[column][left][1])
    for column, nodes in enumerate(flows.nodes):
        heights = _heights(flows, column, scale)
        for (label, colour, _), top, height in zip(nodes, tops[column], heights, strict=True):
            axes.bar(across[column], height, _BAR, bottom=top, color=colour, linewidth=0)
            side = -1 if column == 0 else 1
            axes.text(
                across[column] + side * (_BAR / 2 + 0.006),
                top + height / 2,
                shortened(label, _LABEL),
                ha="right" if side < 0 else "left",
                va="center",
                fontsize=TYPE,
                parse_math=False,
            )
        heading = {"ha": "center", "va": "bottom", "fontsize": TYPE, "fontweight": "bold", "parse_math": False}
        axes.text(across[column], -0.015, names[column], **heading)  # type: ignore[arg-type]
    return keep(figure, folder, name)


def _heights(flows: Flows, column: int, scale: float) -> list[float]:
    """Height of each node: the larger of what comes in and what goes out."""
    inside, outside = [0.0] * len(flows.nodes[column]), [0.0] * len(flows.nodes[column])
    for at, left, right, width in flows.links:
        if at == column:
            outside[left] += width
        if at + 1 == column:
            inside[right] += width
    return [max(one, other) * scale for one, other in zip(inside, outside, strict=True)]


def _filling_scale(flows: Flows, column: int) -> float:
    """The scale at which a column fills the figure."""
    total = sum(_heights(flows, column, 1.0))
    return (1.0 - _ROOM * len(flows.nodes[column])) / (total or 1.0)


def _stacked(flows: Flows, column: int, scale: float) -> list[float]:
    top, tops = 0.0, []
    for height in _heights(flows, column, scale):
        tops.append(top)
        top += height + _ROOM
    return tops


def _band(axes: Axes, start: tuple[float, float], end: tuple[float, float], thick: float, colour: str) -> None:
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path as Outline

    (left, top), (right, other) = start, end
    middle = (left + right) / 2
    points = [
        (left, top),
        *((middle, top), (middle, other), (right, other)),
        (right, other + thick),
        *((middle, other + thick), (middle, top + thick), (left, top + thick)),
        (left, top),
    ]
    curve = Outline.CURVE4
    codes = [Outline.MOVETO, curve, curve, curve, Outline.LINETO, curve, curve, curve, Outline.CLOSEPOLY]
    axes.add_patch(PathPatch(Outline(points, codes), facecolor=colour, alpha=0.4, linewidth=0))
