"""docs/benchmarks.md and the growth plot from measured figures: python -m benchmarks.report SIDE.json GROWTH.json."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.growth import SIZES
from benchmarks.waited import WAITED
from topicloom.stage_names import STAGE_NAMES

DOCS = Path(__file__).resolve().parents[1] / "docs"
STAGES = ("load-embeddings", "reduce", "cluster", "represent", "distribution", "orphan-split", "export")
_SHOWN_BY_STAGE = ("first", "other_size", "graph", "cold")
_LEAST = 1.0  # seconds: below them an exponent is noise

_INTRODUCTION = """# Benchmarks

Written by `python -m benchmarks.report` from what `make bench` and `make bench-growth` measured; no test asserts a
time. Both sides run in fresh processes on the same files, one after the other, on a machine that does nothing else.
The notebook's side is its plain code (`benchmarks/notebook.py`). Ours is `topicloom run` as a person types it, with
compiled code kept on disk (`topicloom warmup`), without a Prefect server where none is named. Memory is that of all
processes together, shared pages counted once; processor seconds are those of all cores, a server's own left out.
"""


def main(side: Path, growth: Path) -> None:
    """Write the page and the plot."""
    measured, grown = json.loads(side.read_text()), json.loads(growth.read_text())
    parts = [_INTRODUCTION, _machine(measured)]
    parts += [
        _project(name, entry) for name, entry in measured.items() if isinstance(entry, dict) and "notebook" in entry
    ]
    remark = grown.pop("remark", "")  # what whoever measured has to say
    entries = [grown[size] for size in sorted(grown, key=int)]
    parts.append(_growth(entries, remark))
    (DOCS / "benchmarks.md").write_text("\n".join(parts))
    _plot(entries, DOCS / "images" / "growth.svg")


def _machine(measured: dict[str, Any]) -> str:
    stated = measured["environment"]
    versions = ", ".join(f"{name} {value}" for name, value in stated.items())
    rounds = measured["repeats"]
    return f"Machine and versions: {versions}. {'One round' if rounds == 1 else f'Medians of {rounds} rounds'}.\n"


def _project(name: str, entry: dict[str, Any]) -> str:
    book, first, pieces = entry["notebook"], entry["first"], entry["pieces"]
    other, unchanged, seconds = entry["other_size"], entry["unchanged"], entry["notebook"]["seconds"]
    stages = first["stages"]
    startup = entry["empty_flow"]
    served, still = entry["other_size_served"], entry["unchanged_served"]
    empty = entry["empty_flow_served"]
    rerun = still["whole"] - empty
    drawn = ", ".join(
        f"{stage} {entry['pictures']['stages'][stage]:.1f} s" for stage in ("describe", "quality", "figures", "report")
    )
    vectors, shares = (pieces[name]["largest_difference"] for name in ("membership", "distribution"))
    rows = [
        ("whole first run", book["whole"], first["whole"]),
        ("the same, less an empty flow", book["whole"], first["whole"] - startup),
        ("reduce (ours: and the map)", seconds["reduce"], stages["reduce"]),
        ("cluster, with prediction data and membership", seconds["cluster"], stages["cluster"]),
        (
            "represent: c-TF-IDF, words, representative documents",
            seconds["ctfidf"] + seconds["representative"],
            stages["represent"],
        ),
        ("approximate distribution (ours: the stage)", seconds["distribution"], stages["distribution"]),
        ("writing model and tables", seconds["export"], stages["export"]),
        ("membership vectors alone", pieces["membership"]["theirs"], pieces["membership"]["ours"]),
        (
            "approximate distribution alone, from texts",
            pieces["distribution"]["theirs"],
            pieces["distribution"]["ours"],
        ),
        ("another min_topic_size, reduction reused", book["whole"], other["whole"]),
        ("the same, a server running", book["whole"], served["whole"]),
        ("nothing changed", book["whole"], unchanged["whole"]),
        ("the same, a server running", book["whole"], still["whole"]),
    ]
    table = "\n".join(
        f"| {what} | {theirs:.1f} s | {ours:.2f} s | {theirs / ours:.1f}x |" for what, theirs, ours in rows
    )
    peak = f"{book['peak'] / 2**30:.2f} GiB | {first['peak'] / 2**30:.2f} GiB | {book['peak'] / first['peak']:.1f}x"
    return f"""## {name}: {first["documents"]:,} papers, {first["topics"]} topics

| work | notebook | topicloom | ratio |
|---|---|---|---|
{table}
| peak memory of the whole run | {peak} |

An empty Prefect flow takes {startup:.1f} s here, and {empty:.1f} s where a server is running; there a rerun with
nothing changed takes {rerun:.1f} s beyond it.
The notebook draws nothing, so these runs do not either; drawing takes {drawn} more.
Largest differences: membership vectors {vectors:.1e}, approximate distribution {shares:.1e}.
Topics {book["topics"]} and {first["topics"]}, outliers {book["outliers"]} and {first["outliers"]}.
{_waited(entry["waited"], book["whole"]) if "waited" in entry else ""}"""


def _waited(waited: dict[str, dict[str, Any]], book: float) -> str:
    """What a person waits for, and the seconds of each stage of it."""
    rows = "\n".join(
        f"| {WAITED[name]} | {one['whole']:.1f} s | {one['processor']:.1f} s | {one['peak'] / 2**30:.2f} GiB "
        f"| {book / one['whole']:.1f}x |"
        for name, one in waited.items()
    )
    stages = "\n".join(
        f"| {stage} | " + " | ".join(_seconds(waited[name]["stages"].get(stage)) for name in _SHOWN_BY_STAGE) + " |"
        for stage in STAGE_NAMES
        if any(waited[name]["stages"].get(stage) for name in _SHOWN_BY_STAGE)
    )
    return f"""
Every picture and the report included, which the notebook has none of; the last column compares with its whole run.

| what a person waits for | wall clock | processor | peak memory | notebook / topicloom |
|---|---|---|---|---|
{rows}

Seconds by stage:

| stage | {" | ".join(WAITED[name] for name in _SHOWN_BY_STAGE)} |
|{"---|" * (len(_SHOWN_BY_STAGE) + 1)}
{stages}
"""


def _seconds(taken: float | None) -> str:
    return "" if taken is None else f"{taken:.1f}"


def _growth(entries: list[dict[str, Any]], remark: str) -> str:
    head = "| papers | topics | " + " | ".join(STAGES) + " | whole | peak |"
    lines = [head, "|---" * (len(STAGES) + 4) + "|"]
    for entry in entries:
        ours = entry["ours"]
        stages = " | ".join(f"{ours['stages'][stage]:.1f}" for stage in STAGES)
        peak = f"{ours['peak'] / 2**30:.2f} GiB"
        lines.append(f"| {entry['documents']:,} | {ours['topics']} | {stages} | {ours['whole']:.0f} s | {peak} |")
    for name, size in (("exponent", _papers), ("in papers times topics", _papers_times_topics)):
        lines.append(f"| {name} | | " + " | ".join(_exponent(entries, stage, size) for stage in STAGES) + " | | |")
    books = [(entry["documents"], entry["notebook"]) for entry in entries if "notebook" in entry]
    notebook = [f"{size:,} papers: {book['whole']:.0f} s, {book['peak'] / 2**30:.2f} GiB" for size, book in books]
    missing = [f"{size:,}" for size in SIZES if size not in [entry["documents"] for entry in entries]]
    gap = f" Not measured yet: {' and '.join(missing)} papers." if missing else ""
    return f"""## Growth

Generated papers with known topics (`benchmarks/generator.py`), seconds by stage. The exponent is that of seconds
between the smallest size at which the stage takes a second and the largest; n log n would be about 1.1. Two stages have
results that grow with the topics too, and more of these are found in more papers: a membership vector weighs every
topic, and a distribution may hold any. So the row below gives the exponent in papers times topics.

{chr(10).join(lines)}

The notebook's code on the same papers: {"; ".join(notebook)}. It was not run on more.{gap} {remark}

![Seconds and memory as the corpus grows](images/growth.svg)
"""


def _papers(entry: dict[str, Any]) -> float:
    return float(entry["documents"])


def _papers_times_topics(entry: dict[str, Any]) -> float:
    return float(entry["documents"] * entry["ours"]["topics"])


def _exponent(entries: list[dict[str, Any]], stage: str, size: Callable[[dict[str, Any]], float]) -> str:
    points = [(size(entry), entry["ours"]["stages"][stage]) for entry in entries]
    points = [(n, seconds) for n, seconds in points if seconds >= _LEAST]
    if len(points) < 2:
        return ""
    (n, first), (m, last) = points[0], points[-1]
    return f"{math.log(last / first) / math.log(m / n):.2f}"


def _plot(entries: list[dict[str, Any]], path: Path) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    mpl.rcParams["svg.hashsalt"] = "topicloom"  # the same figures make the same file
    from matplotlib import pyplot as plt

    sizes = [entry["documents"] for entry in entries]
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.8), layout="constrained")
    for stage in (name for name in STAGES if name != "orphan-split"):
        left.plot(sizes, [entry["ours"]["stages"][stage] for entry in entries], marker="o", markersize=3, label=stage)
    left.plot(sizes, [entry["ours"]["whole"] for entry in entries], color="black", marker="o", label="whole run")
    books = [entry for entry in entries if "notebook" in entry]
    at = [entry["documents"] for entry in books]
    left.plot(at, [entry["notebook"]["whole"] for entry in books], "k--", marker="s", label="notebook's code")
    right.plot(
        sizes, [entry["ours"]["peak"] / 2**30 for entry in entries], color="black", marker="o", label="topicloom"
    )
    right.plot(at, [entry["notebook"]["peak"] / 2**30 for entry in books], "k--", marker="s", label="notebook's code")
    for axes, label in ((left, "seconds"), (right, "peak memory, GiB")):
        axes.set(xscale="log", yscale="log", xlabel="papers", ylabel=label)
        axes.grid(visible=True, which="major", alpha=0.3)
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_formatter("")
    right.set_yticks([1, 2, 4, 8, 16])
    right.legend(fontsize=7, loc="upper left")
    left.legend(fontsize=7, loc="center left", bbox_to_anchor=(1.0, 0.5))
    figure.savefig(path, metadata={"Date": None})


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
