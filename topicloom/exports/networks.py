"""The topics as a network of what is alike, for VOSviewer and Gephi."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final
from xml.sax.saxutils import quoteattr

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from topicloom.atlas.atlas import Atlas
from topicloom.atlas.values import plain
from topicloom.exports.papers import group_labels
from topicloom.measures.similarity import nearest_topics
from topicloom.store.csv_tables import records

VOSVIEWER_MAP: Final = "vosviewer_map.txt"
VOSVIEWER_NETWORK: Final = "vosviewer_network.txt"
GEXF: Final = "topics.gexf"
_NEAREST = 5  # topics that each is linked with
_SIZE = (8.0, 60.0)  # of the smallest and the largest node in Gephi
_WIDE = 1000.0  # of the map in Gephi


def links_of(similarity: NDArray[np.floating[Any]]) -> list[tuple[int, int, float]]:
    """Each topic with the five that are most alike to it, each pair once, the smaller number first.

    Args:
        similarity: (t, t) cosine.

    Returns:
        Pairs of topics and their similarity, which is above 0.

    Example:
        >>> links_of(np.array([[1.0, 0.8, -0.1], [0.8, 1.0, 0.4], [-0.1, 0.4, 1.0]]))
        [(0, 1, 0.8), (1, 2, 0.4)]
    """
    nearest = nearest_topics(similarity, _NEAREST)
    pairs = {(min(one, int(other)), max(one, int(other))) for one, row in enumerate(nearest) for other in row}
    return [(*pair, round(float(similarity[pair]), 4)) for pair in sorted(pairs) if similarity[pair] > 0]


def write_vosviewer(atlas: Atlas, folder: Path) -> None:
    """Write the topics as a map file and a network file of VOSviewer.

    The id of a topic is its X_C, its cluster the coarsest group; weight<Papers>, and where all topics have it
    score<Mean year>.
    """
    coarsest = atlas.levels[:, 0].tolist() if len(atlas.topics) else []
    dated = bool(atlas.topics["MeanYear"].notna().all())
    head = ["id", "label", "x", "y", "cluster", "weight<Papers>", *(["score<Mean year>"] if dated else [])]
    rows = [
        [
            str(topic.X_C),
            f'"{_unquoted(topic.Label)}"',
            f"{topic.x:.4f}",
            f"{topic.y:.4f}",
            str(cluster),
            str(topic.Count),
            *([f"{topic.MeanYear:.1f}"] if dated else []),
        ]
        for topic, cluster in zip(records(atlas.topics), coarsest, strict=True)
    ]
    _write_lines(folder / VOSVIEWER_MAP, ["\t".join(row) for row in [head, *rows]])
    links = links_of(atlas.similarity)
    _write_lines(folder / VOSVIEWER_NETWORK, [f"{one + 1}\t{other + 1}\t{alike}" for one, other, alike in links])


def write_gexf(atlas: Atlas, folder: Path) -> None:
    """Write the topics as a GEXF file: nodes with place, size and colour, and the links of VOSviewer."""
    groups = group_labels(atlas, 0) if len(atlas.topics) else []
    attributes = ("papers", "group", "mean_year", "topic_uid", "keywords")
    kinds = ("integer", "string", "double", "string", "string")
    stated = [
        f'      <attribute id="{number}" title="{name}" type="{kind}"/>'
        for number, (name, kind) in enumerate(zip(attributes, kinds, strict=True))
    ]
    scale, size = _scale(atlas), _sizes(atlas)
    nodes = []
    for place, (topic, group) in enumerate(zip(records(atlas.topics), groups, strict=True)):
        year = "" if pd.isna(topic.MeanYear) else f"{float(topic.MeanYear):.1f}"
        values = (str(topic.Count), group, year, str(topic.topic_uid), str(topic.Keywords))
        nodes += [
            f'      <node id="{topic.X_C}" label={_quoted(topic.Label)}>',
            "        <attvalues>",
            *(f'          <attvalue for="{n}" value={_quoted(value)}/>' for n, value in enumerate(values) if value),
            "        </attvalues>",
            f"        <viz:color {_rgb(topic.Colour)}/>",
            f'        <viz:position x="{topic.x * scale:.2f}" y="{topic.y * scale:.2f}" z="0"/>',
            f'        <viz:size value="{size[place]:.2f}"/>',
            "      </node>",
        ]
    edges = [
        f'      <edge id="{number}" source="{one + 1}" target="{other + 1}" weight="{alike}"/>'
        for number, (one, other, alike) in enumerate(links_of(atlas.similarity))
    ]
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<gexf xmlns="http://gexf.net/1.3" xmlns:viz="http://gexf.net/1.3/viz" version="1.3">',
        '  <graph mode="static" defaultedgetype="undirected">',
        *('    <attributes class="node">', *stated, "    </attributes>"),
        *("    <nodes>", *nodes, "    </nodes>", "    <edges>", *edges, "    </edges>"),
        *("  </graph>", "</gexf>"),
    ]
    _write_lines(folder / GEXF, lines)


def _write_lines(path: Path, lines: list[str]) -> None:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="\n")


def _unquoted(text: object) -> str:
    """A text for a field in quotes."""
    return plain(str(text)).replace('"', "'")


def _quoted(text: object) -> str:
    return quoteattr(plain(str(text)).replace("\ufffe", "").replace("\uffff", ""))


def _rgb(colour: str) -> str:
    return " ".join(f'{name}="{int(colour[at : at + 2], 16)}"' for name, at in (("r", 1), ("g", 3), ("b", 5)))


def _scale(atlas: Atlas) -> float:
    spans = (
        [float(atlas.papers[axis].max() - atlas.papers[axis].min()) for axis in ("x", "y")] if len(atlas.papers) else []
    )
    return _WIDE / (max(spans, default=0.0) or 1.0)


def _sizes(atlas: Atlas) -> NDArray[np.float64]:
    """Diameters whose areas are as the numbers of papers."""
    roots = np.sqrt(atlas.topics["Count"].to_numpy(dtype=np.float64))
    least, most = _SIZE
    sizes: NDArray[np.float64] = np.maximum(least, most * roots / roots.max(initial=1.0))
    return sizes
