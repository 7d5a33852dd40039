"""docs/benchmarks.md and the growth plot from measured figures: python -m benchmarks.report SIDE.json [GROWTH.json].

Into the folder DOCS, if one is named (--docs); with --peers PEERS.json also the table of benchmarks.peers. Without
GROWTH.json the page keeps its part about growth as it stands.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from benchmarks.growth_report import GROWTH, growth_part, plot_growth
from benchmarks.peers_report import peers_part
from benchmarks.waited import WAITED
from topicloom.stage_names import STAGE_NAMES

DOCS = Path(__file__).resolve().parents[1] / "docs"
_SHOWN_BY_STAGE = ("first", "other_size", "graph", "cold")

_INTRODUCTION = """# Benchmarks

Written by `python -m benchmarks.report` from what `make bench`, `make bench-growth` and `make bench-peers` measured; no
test asserts a time. All sides run in fresh processes on the same files, one after the other, on a machine that does
nothing else. The notebook's side is its plain code (`benchmarks/notebook.py`). Ours is `topicloom run` as a person
types it, with compiled code kept on disk (`topicloom warmup`), without a Prefect server where none is named. Memory is
that of all processes together, shared pages counted once; processor seconds are those of all cores. What a server takes
that was running before is left out of both.
"""


def main() -> None:
    """Write the page and the plot."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("side", type=Path)
    parser.add_argument("growth", type=Path, nargs="?")
    parser.add_argument("--peers", type=Path)
    parser.add_argument("--docs", type=Path, default=DOCS)
    given = parser.parse_args()
    measured, page = json.loads(given.side.read_text()), given.docs / "benchmarks.md"
    parts = [_INTRODUCTION, _machine(measured)]
    parts += [_project(name, entry) for name, entry in measured.items() if "waited" in entry]
    if given.peers is not None:
        parts.append(peers_part(json.loads(given.peers.read_text())))
    if given.growth is None:
        parts.append(_growth_of(page))
    else:
        grown = json.loads(given.growth.read_text())
        parts.append(growth_part(grown))
        (given.docs / "images").mkdir(parents=True, exist_ok=True)
        plot_growth(grown, given.docs / "images" / "growth.svg")
    page.write_text("\n".join(parts), encoding="utf-8")


def _growth_of(page: Path) -> str:
    """The part about growth of a page that is there."""
    _, heading, rest = page.read_text(encoding="utf-8").partition(GROWTH)
    return heading + rest


def _machine(measured: dict[str, Any]) -> str:
    versions = ", ".join(f"{name} {value}" for name, value in measured["environment"].items())
    return f"Machine and versions: {versions}.\n"


def _rounds(rounds: dict[str, int]) -> str:
    """How many rounds the medians are of, row by row where that differs."""
    if len(set(rounds.values())) > 1:
        return "Medians of rounds: " + ", ".join(f"{row} {count}" for row, count in rounds.items()) + "."
    count = next(iter(rounds.values()))
    return "One round." if count == 1 else f"Medians of {count} rounds."


def _project(name: str, entry: dict[str, Any]) -> str:
    """All about a project; a part that was not measured is left out."""
    parts = [f"## {name}\n", _rounds(entry["rounds"]) + "\n"]
    if {"notebook", "first"} <= entry.keys():
        parts.append(_beside_the_notebook(entry))
    if entry["waited"]:
        parts.append(_waited(entry["waited"], entry.get("notebook")))
    return "\n".join(parts)


def _beside_the_notebook(entry: dict[str, Any]) -> str:
    book, first, pieces = entry["notebook"], entry["first"], entry["pieces"]
    other, unchanged, seconds = entry["other_size"], entry["unchanged"], entry["notebook"]["seconds"]
    stages = first["stages"]
    served, still = entry["other_size_served"], entry["unchanged_served"]
    drawn = ", ".join(
        f"{stage} {entry['pictures']['stages'][stage]:.1f} s" for stage in ("describe", "quality", "figures", "report")
    )
    vectors, shares = (pieces[name]["largest_difference"] for name in ("membership", "distribution"))
    rows = [
        ("whole first run", book["whole"], first["whole"]),
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
        ("processor, whole first run", book["processor"], first["processor"]),
    ]
    table = "\n".join(
        f"| {what} | {theirs:.1f} s | {ours:.2f} s | {theirs / ours:.1f}x |" for what, theirs, ours in rows
    )
    peak = f"{book['peak'] / 2**30:.2f} GiB | {first['peak'] / 2**30:.2f} GiB | {book['peak'] / first['peak']:.1f}x"
    return f"""{first["documents"]:,} papers, {first["topics"]} topics; no pictures, since the notebook has none:

| work | notebook | topicloom | ratio |
|---|---|---|---|
{table}
| peak memory of the whole run | {peak} |

The notebook draws nothing, so these runs do not either; drawing takes {drawn} more.
Largest differences: membership vectors {vectors:.1e}, approximate distribution {shares:.1e}.
Topics {book["topics"]} and {first["topics"]}, outliers {book["outliers"]} and {first["outliers"]}.
"""


def _waited(waited: dict[str, dict[str, Any]], book: dict[str, Any] | None) -> str:
    """What a person waits for, and the seconds of each stage of it."""
    rows = "\n".join(
        f"| {what} | {one['whole']:.1f} s | {one['processor']:.1f} s | {one['peak'] / 2**30:.2f} GiB "
        f"| {'' if book is None else format(book['whole'] / one['whole'], '.1f') + 'x'} |"
        for what, one in [
            *([] if book is None else [("the notebook, which draws nothing", book)]),
            *((WAITED[name], one) for name, one in waited.items()),
        ]
    )
    shown = [name for name in _SHOWN_BY_STAGE if name in waited]
    stages = "\n".join(
        f"| {stage} | " + " | ".join(_seconds(waited[name]["stages"].get(stage)) for name in shown) + " |"
        for stage in STAGE_NAMES
        if any(waited[name]["stages"].get(stage) for name in shown)
    )
    return f"""Every picture and the report included; the last column compares with the notebook's whole run:

| what a person waits for | wall clock | processor | peak memory | notebook / topicloom |
|---|---|---|---|---|
{rows}

Seconds by stage; pictures are drawn beside each other, so the seconds of theirs do not add up:

| stage | {" | ".join(WAITED[name] for name in shown)} |
|{"---|" * (len(shown) + 1)}
{stages}
"""


def _seconds(taken: float | None) -> str:
    return "" if taken is None else f"{taken:.1f}"


if __name__ == "__main__":
    main()
