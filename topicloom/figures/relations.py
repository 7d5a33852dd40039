"""How topics relate: the heatmap of their similarity, ordered by their tree, and the tree itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import dendrogram as draw

from topicloom.atlas.atlas import Atlas
from topicloom.figures.style import INK, MUTED, WIDTH, keep, new_figure
from topicloom.phrasing import shortened

_NAMED = 60  # topics whose labels can be read beside a heatmap
_LEAVES = 60
_LABEL = 38  # characters


def heatmap(atlas: Atlas, folder: Path, title: str) -> list[str]:
    """Cosine similarity of all topics, neighbours of the tree side by side; nothing below two topics."""
    order = atlas.order
    if len(order) < 2:
        return []
    figure, axes = new_figure(WIDTH if len(order) > _NAMED else WIDTH * 0.9)
    shown = atlas.similarity[np.ix_(order, order)]
    others = shown[~np.eye(len(order), dtype=bool)]
    image = axes.imshow(
        shown,
        cmap="cividis",
        vmin=float(np.quantile(others, 0.02)),
        vmax=float(others.max()),
        interpolation="nearest",
        rasterized=True,
    )
    labels = atlas.topics["Label"].to_numpy()
    if len(order) <= _NAMED:
        size = min(7.0, 260 / len(order))
        axes.set_xticks([])
        axes.set_yticks(range(len(order)))
        axes.set_yticklabels([shortened(labels[topic], _LABEL) for topic in order], fontsize=size, parse_math=False)
    else:
        _name_groups(axes, atlas, order)
    axes.set_title(title, parse_math=False)
    axes.tick_params(length=0, colors=INK)
    bar = figure.colorbar(image, ax=axes, shrink=0.5, pad=0.01, label="cosine similarity of mean embeddings")
    bar.outline.set_visible(False)
    return keep(figure, folder, "heatmap")


def _name_groups(axes: object, atlas: Atlas, order: NDArray[np.int64]) -> None:
    """Mark where the groups of a level begin, and name them beside the rows."""
    level = max((level for level in range(atlas.levels.shape[1]) if atlas.levels[:, level].max() <= 32), default=0)
    codes = atlas.levels[order, level]
    starts = np.flatnonzero(np.diff(codes, prepend=-1))
    ends = np.append(starts[1:], len(order))
    groups = atlas.groups[atlas.groups["Level"] == level].set_index("Code")["Label"]
    for start in starts[1:]:
        axes.axhline(start - 0.5, color="white", linewidth=0.4)  # type: ignore[attr-defined]
        axes.axvline(start - 0.5, color="white", linewidth=0.4)  # type: ignore[attr-defined]
    axes.set_xticks([])  # type: ignore[attr-defined]
    # A band too thin for a line of text stays without.
    wide = [place for place in range(len(starts)) if ends[place] - starts[place] >= len(order) / 60]
    axes.set_yticks([(starts[i] + ends[i] - 1) / 2 for i in wide])  # type: ignore[attr-defined]
    axes.set_yticklabels(  # type: ignore[attr-defined]
        [shortened(str(groups[codes[starts[i]]]), _LABEL) for i in wide], fontsize=6.5, parse_math=False
    )


def dendrogram(atlas: Atlas, folder: Path, title: str) -> list[str]:
    """The tree of topics; of many topics the upper part, its leaves the groups below. Nothing below two topics."""
    if not len(atlas.tree):
        return []
    leaves = min(len(atlas.topics), _LEAVES)
    figure, axes = new_figure(max(0.15 * leaves + 0.8, 2.0))
    labels = atlas.topics["Label"].tolist()
    cut = len(atlas.topics) > _LEAVES
    sizes = _sizes(atlas)
    largest = _largest(atlas)

    def name(node: int) -> str:
        if node < len(labels):
            return shortened(labels[node], _LABEL + 10)
        return f"{shortened(labels[largest[node]], _LABEL)} and {sizes[node] - 1} more"

    draw(
        atlas.tree,
        p=leaves,
        truncate_mode="lastp" if cut else None,
        orientation="left",
        leaf_label_func=name,
        link_color_func=lambda node: atlas.topics["Colour"].iloc[largest[node]],
        ax=axes,
        leaf_font_size=6.5,
        show_leaf_counts=False,
    )
    for text in axes.get_yticklabels():
        text.set_parse_math(False)
    for lines in axes.collections:
        lines.set_linewidth(0.9)
    axes.spines[["left", "right", "top"]].set_visible(False)
    axes.tick_params(axis="y", length=0, colors=INK)
    axes.tick_params(axis="x", colors=MUTED)
    axes.set_xlabel("distance (Ward's method on unit vectors)")
    axes.set_title(title, parse_math=False)
    return keep(figure, folder, "dendrogram")


def _sizes(atlas: Atlas) -> list[int]:
    """Topics below each node of the tree, leaves first."""
    return [1] * len(atlas.topics) + [int(size) for size in atlas.tree[:, 3]]


def _largest(atlas: Atlas) -> list[int]:
    """The largest topic below each node of the tree, leaves first."""
    counts = atlas.topics["Count"].tolist()
    largest = list(range(len(counts)))
    for left, right in atlas.tree[:, :2].astype(int).tolist():
        one, other = largest[left], largest[right]
        largest.append(one if counts[one] >= counts[other] else other)
    return largest
