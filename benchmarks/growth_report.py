"""The part of docs/benchmarks.md about growth, and its plot, from what `benchmarks.growth` measured."""

from __future__ import annotations

import math
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.growth import SIZES, WAYS
from topicloom.stage_names import STAGE_NAMES

CALLED = {"hdbscan": "Topics by UMAP and HDBSCAN", "graph": "Topics from the graph, at resolution 20"}
GROWTH = "## Growth"
_FROM = 100_000  # papers; where exponents begin
_LEAST = 1.0  # seconds: below them an exponent is noise


def growth_part(grown: dict[str, Any]) -> str:
    """Seconds by stage and size, and how they grow, for each way.

    Args:
        grown: What `benchmarks.growth` wrote; `remark`, if there, is what whoever measured has to say.
    """
    book = "; ".join(
        f"{int(size):,} papers: {one['whole']:.0f} s, {one['peak'] / 2**30:.2f} GiB"
        for size, one in grown["notebook"].items()
    )
    notebook = f"The notebook's code on the same papers: {book}. It was not run on more." if book else ""
    tables = "\n\n".join(_table(grown, way) for way in WAYS if _by_size(grown, way))
    return f"""{GROWTH}

Generated papers with known topics (`benchmarks/generator.py`), seconds by stage, every picture and the report
included; medians of the rounds. The exponent is that of seconds from {_FROM:,} papers to the largest size, where a
stage takes {_LEAST:g} s there and more; n log n would be about 1.1. Some stages have results that grow with the topics
too, and more of these are found in more papers: a membership vector weighs every topic, and a distribution may hold
any. So the last column gives the exponent in papers times topics. Pictures are drawn beside each other, so the seconds
of theirs do not add up.

{tables}

{" ".join(part for part in (notebook, grown.get("remark", "")) if part)}

![Seconds and memory as the corpus grows](images/growth.svg)
"""


def _by_size(grown: dict[str, Any], way: str) -> dict[int, dict[str, Any]]:
    """Medians of a way's rounds that did not fail, by papers: seconds of `stages`, `whole`, `peak`, `topics`."""
    runs = [run for run in grown["runs"] if run["way"] == way and "code" not in run["ours"]]
    found = {}
    for size in sorted({run["documents"] for run in runs}):
        rounds = [run["ours"] for run in runs if run["documents"] == size]
        stages = [stage for stage in STAGE_NAMES if all(stage in one["stages"] for one in rounds)]
        found[size] = {
            "rounds": len(rounds),
            "stages": {stage: median(one["stages"][stage] for one in rounds) for stage in stages},
            **{name: median(one[name] for one in rounds) for name in ("whole", "processor", "peak", "topics")},
        }
    return found


def _table(grown: dict[str, Any], way: str) -> str:
    sizes = _by_size(grown, way)
    stages = [stage for stage in STAGE_NAMES if any(one["stages"].get(stage) for one in sizes.values())]
    rows = [_row(stage, {n: one["stages"].get(stage) for n, one in sizes.items()}, sizes) for stage in stages]
    rows += [_row(f"**{what}**", {n: one[name] for n, one in sizes.items()}, sizes) for what, name in _WHOLES.items()]
    missing = [f"{size:,}" for size in SIZES if size not in sizes]
    lines = [
        f"{CALLED[way]}:\n",
        "| stage | " + " | ".join(f"{size:,}" for size in sizes) + " | exponent | in papers times topics |",
        "|---" * (len(sizes) + 3) + "|",
        *rows,
        "| peak memory, GiB | " + " | ".join(f"{one['peak'] / 2**30:.2f}" for one in sizes.values()) + " | | |",
        "| topics | " + " | ".join(f"{one['topics']:g}" for one in sizes.values()) + " | | |",
        "| rounds | " + " | ".join(str(one["rounds"]) for one in sizes.values()) + " | | |",
        *([f"\nNot measured yet: {'; '.join(missing)} papers."] if missing else []),
    ]
    return "\n".join(lines)


_WHOLES = {"whole run": "whole", "processor": "processor"}


def _row(what: str, seconds: dict[int, float | None], sizes: dict[int, dict[str, Any]]) -> str:
    cells = ["" if one is None else f"{one:.1f}" for one in seconds.values()]
    exponents = [
        _exponent([(scale(n), one) for n, one in seconds.items() if n >= _FROM and one is not None])
        for scale in (float, lambda n: float(n * sizes[n]["topics"]))
    ]
    return f"| {what} | " + " | ".join([*cells, *exponents]) + " |"


def _exponent(points: list[tuple[float, float]]) -> str:
    points = [(n, seconds) for n, seconds in points if seconds >= _LEAST]
    if len(points) < 2:
        return ""
    (n, first), (m, last) = points[0], points[-1]
    return f"{math.log(last / first) / math.log(m / n):.2f}"


def plot_growth(grown: dict[str, Any], path: Path) -> None:
    """Draw seconds by stage, and memory, over papers; the graph's way as its whole run alone."""
    import matplotlib as mpl

    mpl.use("Agg")
    mpl.rcParams["svg.hashsalt"] = "topicloom"  # the same figures make the same file
    from matplotlib import pyplot as plt

    sizes, graph = _by_size(grown, "hdbscan"), _by_size(grown, "graph")
    longest: dict[str, float] = max(
        (one["stages"] for one in sizes.values()), key=lambda stages: sum(stages.values()), default={}
    )
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.8), layout="constrained")
    for stage in (stage for stage, seconds in longest.items() if seconds >= _LEAST):
        left.plot(
            list(sizes),
            [one["stages"].get(stage, math.nan) for one in sizes.values()],
            marker="o",
            markersize=3,
            label=stage,
        )
    books = {int(size): one for size, one in grown["notebook"].items()}
    for label, style, of in (
        ("whole run", "ko-", sizes),
        ("whole run, graph", "k^:", graph),
        ("notebook's code", "ks--", books),
    ):
        left.plot(list(of), [one["whole"] for one in of.values()], style, label=label)
        right.plot(list(of), [one["peak"] / 2**30 for one in of.values()], style, label=label)
    for axes, label in ((left, "seconds"), (right, "peak memory, GiB")):
        axes.set(xscale="log", yscale="log", xlabel="papers", ylabel=label)
        axes.grid(visible=True, which="major", alpha=0.3)
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_formatter("")
    right.set_yticks([1, 2, 4, 8, 16])
    right.legend(fontsize=7, loc="upper left")
    left.legend(fontsize=7, loc="center left", bbox_to_anchor=(1.0, 0.5))
    figure.savefig(path, metadata={"Date": None})
