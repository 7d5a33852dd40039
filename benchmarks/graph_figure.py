"""The picture of docs/graph-topics.md, drawn from what `python -m benchmarks.graph` has measured.

python -m benchmarks.graph_figure MEASURED.json OUT.svg
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

DEFAULT_INERTIA = 0.5
_CHANGES = ("split", "merged", "born", "gone")
_STYLES = (("#0072b2", "o"), ("#d55e00", "s"))


def by_inertia(rows: Sequence[Mapping[str, Any]]) -> dict[float, list[Mapping[str, Any]]]:
    """Rows of a benchmark by their inertia, in its order."""
    return {
        inertia: [row for row in rows if row["inertia"] == inertia] for inertia in sorted({r["inertia"] for r in rows})
    }


def kept(rows: Sequence[Mapping[str, Any]]) -> dict[float, float]:
    """Mean share of all papers that keep their topic, by inertia."""
    return {inertia: float(np.mean([row["kept"] for row in some])) for inertia, some in by_inertia(rows).items()}


def recall(rows: Sequence[Mapping[str, Any]]) -> dict[float, float]:
    """Share of the planted changes that the history could name and names, by inertia."""
    return {inertia: _sum(some, "named") / max(_sum(some, "evident"), 1) for inertia, some in by_inertia(rows).items()}


def precision(rows: Sequence[Mapping[str, Any]]) -> dict[float, float]:
    """Share of the changes that are said and are planted or right, by inertia."""
    return {
        inertia: 1 - _sum(some, "invented") / max(_sum(some, "said"), 1) for inertia, some in by_inertia(rows).items()
    }


def _sum(rows: Sequence[Mapping[str, Any]], what: str) -> int:
    return sum(row[change][what] for row in rows for change in _CHANGES)


def draw(measured: Mapping[str, Any], out: Path) -> None:
    """Draw two panels of the last corpus: papers that keep their topic, and recall and precision of planted changes."""
    from matplotlib import pyplot as plt

    corpus = measured["growth"][-1]["corpus"]
    growing, planted = ([row for row in measured[part] if row["corpus"] == corpus] for part in ("growth", "planted"))
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4))
    growths = (("2 %", "2 % more papers a step"), ("by year", "a year, about 20 %"))
    for (growth, label), (colour, marker) in zip(growths, _STYLES, strict=True):
        share = kept([row for row in growing if row["growth"] == growth])
        left.plot(list(share), list(share.values()), color=colour, marker=marker, label=label)
    for more, (colour, marker) in zip((0.02, 0.1), _STYLES, strict=True):
        rows = [row for row in planted if row["growth"] == more]
        for name, of, dashes in (("recall", recall, "-"), ("precision", precision, ":")):
            share, said = of(rows), f"{name}, {more * 100:.0f} % growth"
            right.plot(list(share), list(share.values()), dashes, color=colour, marker=marker, label=said)
    for axes, title in ((left, "Papers that keep their topic"), (right, "Planted changes")):
        axes.axvline(DEFAULT_INERTIA, color="#bbbbbb", zorder=0)
        axes.set(title=title, xlabel="inertia")
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False, loc="lower right", fontsize=9)
    figure.tight_layout()
    figure.savefig(out, metadata={"Date": None})


if __name__ == "__main__":
    draw(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")), Path(sys.argv[2]))
