"""One run by several engines: python -m benchmarks.engines OUT.json SCRATCH PROJECT [--engines local dask:2 ...].

The same project, run afresh by each engine in turn: seconds, seconds of processor, and the most memory of each process.
Its seeds are fitted, words and n-grams counted and windows compared by the engine's processes; with --embed MODEL its
embeddings are made by them too, of the first --papers papers. `--page docs/scale.md` writes the table between the marks
of a page. Measure on a machine that does nothing else.
"""

from __future__ import annotations

import argparse
import json
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.measure import Measured, Process, measure
from benchmarks.projects import change_settings, copied
from benchmarks.versions import environment
from topicloom.inputs.kept_vectors import set_vectors_aside
from topicloom.settings.reading import read_settings
from topicloom.stages.load_embeddings import check_inputs
from topicloom.store.files import digest_json, read_json, write_json
from topicloom.store.manifest import MANIFEST

ENGINES = ("local", "dask:1", "dask:2", "dask:4", "ray:1", "ray:2", "ray:4")
_LIBRARY = {"dask": "distributed", "ray": "ray"}
_BEGIN, _END = "<!-- engines -->", "<!-- /engines -->"
_COMPARED = ("load-embeddings", "reduce", "cluster", "consensus", "represent", "distribution")
_NO_PICTURES = {"quality": False, "figures": False, "report": False}


def installed(engine: str) -> bool:
    """Whether the library of an engine is there."""
    kind = engine.partition(":")[0]
    return kind not in _LIBRARY or find_spec(_LIBRARY[kind]) is not None


def prepared(source: Path, scratch: Path, papers: int, seeds: int, model: str) -> Path:
    """A fresh copy of a project with a consensus and without pictures; its analysis.

    papers: the first of them; 0 for all. model: makes the embeddings anew; empty where those of the project are taken.
    """
    analysis = copied(source, scratch)
    change_settings(analysis, pictures=_NO_PICTURES, consensus={"seeds": seeds})
    settings = read_settings(analysis)
    if model:
        dataset = pd.read_csv(settings.dataset_path, dtype=str, encoding_errors="replace")
        dataset.head(papers or len(dataset)).to_csv(settings.dataset_path, index=False)
        set_vectors_aside(settings.embeds_path)
        change_settings(analysis, transformer_model=model)
    elif papers:
        inputs = check_inputs(settings)
        for path in settings.embeds_path.glob("embeddings*"):
            path.unlink()
        inputs.corpus.head(papers).to_csv(settings.embeds_path / "corpus.csv", index=False)
        np.save(settings.embeds_path / "embeddings.npy", inputs.vectors[:papers])
        write_json(settings.embeds_path / "embeddings_ids.json", inputs.corpus["UT"].head(papers).tolist())
    return analysis


def results(analysis: Path) -> str:
    """The digest of what a run has found: facts and files of the stages that an engine has a part in.

    Without the saved clusterer, which has other bytes after each fit, and keys, some of which rest on it.
    """
    store = analysis.parent / ".topicloom"
    manifests = [read_json(path) for stage in _COMPARED for path in sorted(store.glob(f"{stage}/[!.]*/{MANIFEST}"))]
    if not manifests:
        raise SystemExit(f"{store} holds no results.")
    found = [[one["stage"], one["facts"], {**one["outputs"], "clusterer.joblib": None}] for one in manifests]
    return digest_json(found)


def papers_of(analysis: Path) -> int:
    """How many papers a run had."""
    manifest = next((analysis.parent / ".topicloom" / "load-embeddings").glob(f"[!.]*/{MANIFEST}"))
    return int(read_json(manifest)["facts"]["documents"])


def role(process: Process) -> str:
    """What a process is: a worker, the layout of a map, or another, such as the daemons of Ray."""
    if "spawn_main" in process.command or process.command.startswith("ray::"):
        return "worker"
    return "map" if "topicloom.space.map_process" in process.command else "other"


def figures(found: Measured) -> dict[str, Any]:
    """What is kept of a measured run. Workers that die with Ray leave no account of their seconds but what was seen."""
    run, *others = found.each
    workers = sorted((one.own for one in others if role(one) == "worker"), reverse=True)
    return {
        "seconds": found.seconds,
        "processor": max(found.processor, sum(one.processor for one in found.each)),
        "run": run.own,
        "workers": workers,
        "map": max((one.own for one in others if role(one) == "map"), default=0),
        "others": sum(one.own for one in others if role(one) == "other"),
        "together": found.own,
    }


def page(measured: dict[str, Any]) -> str:
    """The table as Markdown."""
    machine, rows = measured["environment"], measured["engines"]
    of = measured["of"]
    lines = [
        f"{of['project']}: {of['papers']:,} papers, {of['seeds']} seeds"
        f"{', embeddings by ' + of['embedded_by'] if of['embedded_by'] else ''}. Machine: {machine['processor']}, "
        f"{machine['cores']} cores, {machine['memory']}. Memory is the most without pages of files.",
        "",
        "| engine | seconds | seconds of processor | the run's process | the largest worker | all processes together "
        "| same results |",
        "|---|---|---|---|---|---|---|",
    ]
    for engine, one in rows.items():
        largest = _mib(one["workers"][0]) if one["workers"] else "none"
        same = "yes" if one["results"] == next(iter(rows.values()))["results"] else "no"
        lines.append(
            f"| {engine} | {one['seconds']:,.0f} | {one['processor']:,.0f} | {_mib(one['run'])} | {largest} | "
            f"{_mib(one['together'])} | {same} |"
        )
    return "\n".join(lines)


def _mib(amount: float) -> str:
    return f"{amount / 2**20:,.0f} MiB"


def fill(path: Path, text: str) -> None:
    """Put the table between the marks of a page."""
    before, _, rest = path.read_text(encoding="utf-8").partition(_BEGIN)
    after = rest.partition(_END)[2]
    path.write_text(f"{before}{_BEGIN}\n\n{text}\n\n{_END}{after}", encoding="utf-8")


def main() -> None:
    """Measure each engine and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("scratch", type=Path)
    parser.add_argument("project", type=Path)
    parser.add_argument("--engines", nargs="+", default=ENGINES)
    parser.add_argument("--papers", type=int, default=0, help="the first of the project; all by default")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--embed", default="", metavar="MODEL")
    parser.add_argument("--page", type=Path)
    given = parser.parse_intermixed_args()
    measured: dict[str, Any] = {"environment": environment(), "of": {}, "engines": {}}
    for engine in filter(installed, given.engines):
        analysis = prepared(given.project, given.scratch / "engines", given.papers, given.seeds, given.embed)
        command: list[str | Path] = [Path(sys.executable).with_name("topicloom"), "run", analysis]
        found = measure(command, {"TOPICLOOM_ENGINE": engine})
        if found.code:
            raise SystemExit(f"The run by {engine} ended with code {found.code}:\n{found.output[-3000:]}")
        measured["engines"][engine] = {**figures(found), "results": results(analysis)}
        measured["of"] = {
            "project": given.project.name,
            "papers": papers_of(analysis),
            "seeds": given.seeds,
            "embedded_by": given.embed,
        }
        write_json(given.out, measured)
        print(engine, json.dumps(measured["engines"][engine]), flush=True)
    text = page(measured)
    print(text)
    if given.page:
        fill(given.page, text)


if __name__ == "__main__":
    main()
