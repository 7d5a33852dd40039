"""The stage quality: how good the topics are, measured."""

from __future__ import annotations

from typing import Any

from topicloom.output_files import QUALITY_FILE
from topicloom.settings.schema import Settings
from topicloom.stage_names import CLUSTER, LOAD_EMBEDDINGS, QUALITY, REPRESENT
from topicloom.stages.graph_topics import CLUSTERS, LINKS
from topicloom.stages.load_embeddings import TEXTS
from topicloom.stages.parts import TOKENS, stored_tokens
from topicloom.stages.reduce import REDUCED
from topicloom.stages.represent import (
    MEANS,
    TOPICS,
    VOCABULARY,
    WEIGHTS,
    named_candidates,
    prepared_texts,
    stored_topic_vectors,
)
from topicloom.stages.stage import Artifact, Refs, Stage, Work
from topicloom.store.files import write_json

MEASURES = Artifact(QUALITY, QUALITY_FILE)


def measure_quality(work: Work) -> dict[str, Any]:
    """Measure the topics of an analysis: what `topicloom.measures.quality.topic_quality` finds."""
    import numpy as np

    from topicloom.measures.quality import topic_quality

    represent, of_graph = work.refs[REPRESENT], work.settings.tmo.method == "graph"
    tokens = stored_tokens(work.settings, work.refs[LOAD_EMBEDDINGS], work.out, work.run_id)
    of_topics = named_candidates(work.settings, work.store, represent)
    return topic_quality(
        topics=np.load(work.path(TOPICS)),
        words=[[name for name, _ in of_topic if " " not in name] for of_topic in of_topics],
        tokens=tokens,
        vectors=stored_topic_vectors(work.store, represent),
        reduced=None if of_graph else np.load(work.path(REDUCED)),
        seed=work.settings.params.seed,
        more=graph_measures(work) if of_graph else None,
    )


def graph_measures(work: Work) -> dict[str, float | None]:
    """Measures of topics that were found in the neighbour graph."""
    import numpy as np
    from scipy.sparse import load_npz

    from topicloom.clusters.graph.partition import conductance

    facts, links = work.refs[CLUSTER].facts, load_npz(work.path(LINKS)).tocsr()
    leaving = conductance(links, np.arange(links.shape[0]))
    given_up = facts["given_up"]
    return {
        "modularity": round(facts["modularity"], 4),
        "conductance": round(float(leaving.mean()), 4) if len(leaving) else None,
        "seed_agreement": facts["stability"],
        "given_up": None if given_up is None else round(given_up, 4),
    }


def _reads(settings: Settings, _: Refs) -> tuple[Artifact, ...]:
    if settings.tmo.method == "graph":
        return (TEXTS, CLUSTERS, LINKS, TOPICS, MEANS, VOCABULARY, WEIGHTS)
    return (TEXTS, REDUCED, TOPICS, MEANS, VOCABULARY, WEIGHTS)


def write_quality(work: Work) -> None:
    """Measure the topics and write topic_quality.json. Facts: the value of each measure."""
    found = measure_quality(work)
    write_json(work.out.path(MEASURES.name), found)
    work.out.facts = {name: measure["value"] for name, measure in found["measures"].items()}


STAGE = Stage(
    QUALITY,
    version=1,
    parameters=lambda settings: {
        "language": settings.tmo.represent.language,
        "seed": settings.params.seed,
    },
    reads=_reads,
    also=prepared_texts,
    parts=(TOKENS,),
    writes=(MEASURES.name,),
    libraries=("scikit-learn", "numpy"),
    wanted=lambda settings: settings.tmo.pictures.quality,
    compute=write_quality,
)
