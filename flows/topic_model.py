"""The main job: one analysis folder becomes topics, and the files that reports read."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from prefect import flow
from prefect.runtime import flow_run

from flows.report import RunReport, finish_run
from flows.runner import StageRunner
from tasks.cluster import cluster
from tasks.distribution import distribution
from tasks.export import export
from tasks.load_embeddings import load_embeddings
from tasks.load_settings import load_settings
from tasks.orphan_split import orphan_split
from tasks.reduce import reduce
from tasks.represent import represent
from topicloom.fitness import require_fitting_settings
from topicloom.store import Store

StageName = Literal["load-embeddings", "reduce", "cluster", "represent", "distribution", "orphan-split", "export"]


def _run_name() -> str:
    path = Path(str(flow_run.get_parameters().get("analysis", "")))
    folder = path if path.suffix not in (".json", ".yml", ".yaml") else path.parent
    return "/".join(folder.parts[-2:])


@flow(name="topic-model", flow_run_name=_run_name)
def topic_model(analysis: Path, refresh: StageName | None = None) -> RunReport:
    """Turn an analysis folder (settings, corpus, embeddings) into topics.

    analysis: the analysis folder, or a settings file.
    refresh: compute this stage and those after it again, even if their results are kept.
    """
    settings = load_settings(analysis)
    with Store(settings.store_path).run():
        run = StageRunner(settings, refresh)
        embeddings = run(load_embeddings)
        require_fitting_settings(settings, embeddings.facts)
        reduced = run(reduce, embeddings)
        clusters = run(cluster, reduced)
        topics = run(represent, embeddings, clusters)
        scores = run(distribution, embeddings, topics)
        split = run(orphan_split, topics)
        run(export, embeddings, reduced, clusters, topics, scores, split)
        return finish_run(settings, run.outcomes)
