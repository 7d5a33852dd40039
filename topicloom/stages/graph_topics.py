"""Topics from the neighbour graph, within the stage cluster: fitted, tied to the run before, or placed."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from topicloom.lineage.following import anchoring_run
from topicloom.lineage.history import Head, History, lineage_of
from topicloom.settings.clusters import ONE_SEED_FROM
from topicloom.settings.schema import Settings
from topicloom.stage_names import CLUSTER, GRAPH, LOAD_EMBEDDINGS, UPDATE
from topicloom.stages.earlier_fit import POSITIONS, base_refs, is_placed, near_fitted
from topicloom.stages.graph import EDGES, NEAREST, SHARED
from topicloom.stages.load_embeddings import IDENTIFIERS, TEXTS, VECTORS, stored_identifiers
from topicloom.stages.parts import TOKENS, preparation, stored_tokens
from topicloom.stages.stage import Artifact, Refs, Work, library_versions
from topicloom.store.files import read_json, write_json
from topicloom.store.store import StageRef, Store

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    from topicloom.clusters.graph.anchors import Anchors
    from topicloom.clusters.graph.strength import Strength
    from topicloom.words.tokens import Tokens

CLUSTERS, PROBABILITY, SECOND, LINKS, EVIDENCE = (
    Artifact(CLUSTER, name)
    for name in ("clusters.npy", "probability.npy", "second.npz", "links.npz", "resolutions.json")
)

_TOPICS_VERSION = 3  # raised when other topics may be found, or papers placed otherwise
_ONE_SEED_VERSION = 1  # raised when one seed may find others
_SPLITS_VERSION = 4  # raised when anchored topics may be split otherwise
_EVIDENCE_VERSION = 3  # raised when another resolution may be chosen


def cluster_graph(work: Work) -> None:
    """Find topics in the neighbour graph, or place new papers in those of an earlier run.

    Artifacts: clusters.npy (n,) int64; probability.npy (n,) float64, share of a paper's edge weight in its topic;
    second.npz, topic (n,) int64 and strength (n,) float64 of the second-best topic; links.npz, sparse (t, t) edge
    weight between topics; nearest.npy, that of the graph; resolutions.json where the resolution was chosen. Facts:
    method, documents, clusters, outliers, resolution, modularity, stability, given_up, anchors, anchored_to, split,
    joined, too_small, why.
    """
    import numpy as np
    from scipy.sparse import load_npz, save_npz

    from topicloom.clusters.graph.partition import links_between
    from topicloom.clusters.graph.topics import find_topics
    from topicloom.space.shared_neighbours import weighed

    if is_placed(work.refs):
        _place(work)
        return
    settings, out = work.settings, work.out
    graph = weighed(load_npz(work.path(EDGES)).tocsr(), np.load(work.path(SHARED)))
    anchored_to, anchors = _anchors(work)
    resolution, why = _resolution(work, graph)
    found = find_topics(graph, _wanted(settings, resolution), settings.params.seed, anchors)
    _write(work, found.topics, found.strength)
    save_npz(out.path(LINKS.name), links_between(graph, found.topics))
    shutil.copyfile(work.path(NEAREST), out.path(NEAREST.name))  # so that papers can be placed by this result alone
    out.facts = {
        "method": "Leiden",
        "documents": len(found.topics),
        "clusters": int(found.topics.max(initial=-1)) + 1,
        "outliers": int((found.topics == -1).sum()),
        "resolution": float(found.resolution),
        "modularity": round(found.modularity, 6),
        "stability": None if found.stability is None else round(found.stability, 4),
        "given_up": None if found.given_up is None else round(found.given_up, 6),
        "anchors": found.anchors,
        "anchored_to": anchored_to if found.anchors else None,
        "split": found.split,
        "joined": found.joined,
        "too_small": found.too_small,
        "why": why,
    }


def _write(work: Work, topics: NDArray[np.int64], strength: Strength) -> None:
    import numpy as np

    np.save(work.out.path(CLUSTERS.name), topics)
    np.save(work.out.path(PROBABILITY.name), strength.own)
    np.savez(work.out.path(SECOND.name), topic=strength.second, strength=strength.second_strength)


def _wanted(settings: Settings, resolution: float) -> Any:
    from topicloom.clusters.graph.topics import GraphParameters

    wanted = settings.tmo.graph
    return GraphParameters(
        resolution=resolution,
        topics=settings.tmo.n_topics,
        least=settings.tmo.stated_size,
        small=wanted.small,
        least_strength=wanted.least_strength,
    )


def _anchors(work: Work) -> tuple[int | None, Anchors | None]:
    """The number of the run that topics are tied to, and the ties; None and None where there is none."""
    import numpy as np

    from topicloom.clusters.graph.anchors import anchors_of

    settings = work.settings
    head = _anchoring_run(settings, work.refs)
    if head is None:
        return None, None
    earlier = History(settings).read(lineage_of(settings), head.number)
    papers = stored_identifiers(work.store, work.refs[LOAD_EMBEDDINGS])["UT"].to_numpy(dtype=str)
    numbers = np.array(earlier.numbers, dtype=np.int64)
    return head.number, anchors_of(papers, np.array(earlier.papers, dtype=str), numbers, settings.tmo.graph.inertia)


def _anchoring_run(settings: Settings, refs: Refs) -> Head | None:
    """The run that topics are tied to; None where there is none, or they are to be tied to none.

    A corpus is the same where its texts, vectors and names are: with params.order: canonical, whatever the order of its
    rows. Where these are gone, the same graph speaks for the same vectors: what is cleaned away changes nothing.
    """
    if not settings.tmo.graph.inertia:
        return None
    loaded, store = refs[LOAD_EMBEDDINGS], Store(settings.store_path)
    names = [artifact.name for artifact in (TEXTS, VECTORS, IDENTIFIERS)]

    def is_same(keys: Mapping[str, str]) -> bool:
        key = keys.get(LOAD_EMBEDDINGS, "")
        if key == loaded.key:
            return True
        outputs = store.manifest_of(LOAD_EMBEDDINGS, key).get("outputs", {}) if key else {}
        if not outputs:
            return GRAPH in refs and keys.get(GRAPH) == refs[GRAPH].key
        return all(outputs.get(name, {}).get("sha256") == loaded.outputs[name] for name in names)

    return anchoring_run(settings, is_same)


def _resolution(work: Work, graph: csr_matrix) -> tuple[float, str]:
    """The resolution, and why where it was chosen."""
    from topicloom.clusters.graph.evidence import resolution_by_evidence
    from topicloom.clusters.graph.topics import DEFAULT_RESOLUTION

    settings, stated = work.settings, work.settings.tmo.graph.resolution
    if settings.tmo.n_topics:
        return DEFAULT_RESOLUTION, ""
    if stated != "auto":
        return stated, ""
    tokens = stored_tokens(settings, work.refs[LOAD_EMBEDDINGS], work.out, work.run_id)

    def coherence_of(partitions: Sequence[NDArray[np.int64]]) -> list[NDArray[np.float64]]:
        return _coherence(tokens, partitions)

    seed, least, small = settings.params.seed, settings.tmo.stated_size, settings.tmo.graph.small
    chosen = resolution_by_evidence(graph, coherence_of, seed, least, small, _resolution_before(work))
    write_json(work.out.path(EVIDENCE.name), [step.as_dict() for step in chosen.steps])
    return chosen.resolution, chosen.why


def _coherence(tokens: Tokens, partitions: Sequence[NDArray[np.int64]]) -> list[NDArray[np.float64]]:
    """NPMI of the topics of several partitions, (t,) each, by their ten heaviest single words."""
    from topicloom.measures.partitions import npmi_of_partitions

    return npmi_of_partitions(tokens, partitions)


def _resolution_before(work: Work) -> float | None:
    """The resolution of the run that topics are tied to, if it is known still."""
    settings = work.settings
    head = _anchoring_run(settings, work.refs)
    if head is None:
        return None
    key = History(settings).keys(lineage_of(settings), head.number).get(CLUSTER)
    manifest = work.store.manifest_of(CLUSTER, key) if key else None
    found = (manifest or {}).get("facts", {}).get("resolution")
    return None if found is None else float(found)


def _place(work: Work) -> None:
    """Fitted papers stay in their topics, new ones are placed by the topics of their neighbours."""
    import numpy as np

    from topicloom.clusters.graph.placing import place_by_neighbours
    from topicloom.clusters.graph.strength import Strength

    store, refs, out = work.store, work.refs, work.out
    base, positions = base_refs(store, refs[UPDATE])[CLUSTER], np.load(work.path(POSITIONS))
    new, near = positions < 0, near_fitted(store, refs[UPDATE])
    before = np.load(store.artifact(base, CLUSTERS.name))
    placed = place_by_neighbours(near.rows, np.load(store.artifact(base, NEAREST.name)), before)
    with np.load(store.artifact(base, SECOND.name)) as held:
        second, second_strength = held["topic"], held["strength"]

    def whole(fitted: NDArray[Any], of_new: NDArray[Any]) -> NDArray[Any]:
        joined = np.empty(len(positions), dtype=fitted.dtype)
        joined[~new], joined[new] = fitted[positions[~new]], of_new
        return joined

    strength = whole(np.load(store.artifact(base, PROBABILITY.name)), placed.strength)
    weak = placed.strength < work.settings.tmo.graph.least_strength
    topics = whole(before, np.where(weak, -1, placed.topics))
    found = Strength(
        np.where(topics < 0, 0.0, strength),
        whole(second, placed.second),
        whole(second_strength, placed.second_strength),
    )
    _write(work, topics, found)
    for name in (LINKS.name, NEAREST.name, EVIDENCE.name):
        if name in base.outputs:
            shutil.copyfile(store.artifact(base, name), out.path(name))
    out.facts = {
        **base.facts,
        "documents": len(positions),
        "outliers": int((topics == -1).sum()),
        "placed": int(new.sum()),
    }


def path_read(refs: Refs) -> tuple[Artifact, ...]:
    """The path of resolutions, where one was tried."""
    return (EVIDENCE,) if CLUSTER in refs and EVIDENCE.name in refs[CLUSTER].outputs else ()


def stored_path(store: Store, clustered: StageRef) -> dict[str, Any] | None:
    """The resolutions that were tried (steps), the one that was taken (chosen) and why; None where none was tried."""
    if EVIDENCE.name not in clustered.outputs:
        return None
    steps = read_json(store.artifact(clustered, EVIDENCE.name))
    return {"steps": steps, "chosen": clustered.facts["resolution"], "why": clustered.facts["why"]}


def parameters(settings: Settings) -> dict[str, Any]:
    """The settings that decide topics of a graph."""
    tmo = settings.tmo
    chooses = not tmo.n_topics and tmo.graph.resolution == "auto"
    wanted = tmo.graph.model_dump(mode="json", exclude={"resolution"} if tmo.n_topics else set())
    return {
        "graph": {**wanted, "n_topics": tmo.n_topics, "min_topic_size": tmo.stated_size},
        "topics": _TOPICS_VERSION,
        "seed": settings.params.seed,
        **({"splits": _SPLITS_VERSION} if tmo.graph.inertia else {}),
        **({"english": tmo.represent.language == "english", TOKENS.name: TOKENS.version} if chooses else {}),
        **({"evidence": _EVIDENCE_VERSION} if chooses else {}),
    }


def reads(settings: Settings, refs: Refs) -> tuple[Artifact, ...]:
    """The artifacts that decide topics of a graph, where papers are not placed."""
    words = (TEXTS,) if "english" in parameters(settings) else ()
    return () if is_placed(refs) else (EDGES, SHARED, NEAREST, IDENTIFIERS, *words)


def run_before(settings: Settings, refs: Refs) -> dict[str, str]:
    """The run that topics are tied to, and how texts are made ready where words have a say."""
    if is_placed(refs):
        return {}
    head = _anchoring_run(settings, refs)
    # Not among the stage's libraries, so that the results of other clusterers do not hang on it.
    library = library_versions("graspologic-native")
    words = preparation(settings, refs[LOAD_EMBEDDINGS]) if "english" in parameters(settings) else {}
    alone = refs[LOAD_EMBEDDINGS].facts["documents"] >= ONE_SEED_FROM
    return {
        **library,
        **words,
        **({"one seed": str(_ONE_SEED_VERSION)} if alone else {}),
        **({"the topics of the run before": head.result} if head else {}),
    }
