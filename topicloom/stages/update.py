"""A grown corpus and the model fitted before: whether to use it again, and the stages reduce and cluster by it."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from topicloom.clusters.members import Members
from topicloom.errors import StoreError
from topicloom.lineage.following import FittedRun, fitted_run
from topicloom.machine.compiled import import_umap
from topicloom.settings.schema import Settings
from topicloom.space.neighbours import read_index
from topicloom.space.new_papers import (
    Drift,
    Surroundings,
    place_in_clusters,
    place_on_map,
    placed_probability,
    surroundings,
)
from topicloom.stages.load_embeddings import mapped_vectors, stored_identifiers
from topicloom.stages.parts import NEIGHBOURS, found_neighbours
from topicloom.stages.registry import (
    CLUSTER,
    DECISION,
    FIT,
    LOAD_EMBEDDINGS,
    NEAR,
    PLACED,
    POSITIONS,
    REDUCE,
    STAGES,
    UPDATE,
    is_placed,
    library_versions,
    why_lost,
)
from topicloom.store.files import read_json, write_json
from topicloom.store.store import StagePlan, StageRef, Store, Workspace, ref_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Refs = Mapping[str, StageRef]

_BLOCK = 8192  # papers whose embeddings are compared at once
_MOST_CHANGED = 0.5  # share of the papers in common whose embeddings may have changed; more are another model's


def is_due(settings: Settings, loaded: StageRef) -> bool:
    """Whether a run has to decide: the settings want it, and another corpus was fitted before."""
    return settings.tmo.update.mode != "refit" and fitted_run(settings, loaded.key) is not None


def decide(settings: Settings, refs: Refs, out: Workspace) -> None:
    """Decide whether new papers are placed in the fitted model, or all papers fitted anew.

    refs: load-embeddings. Artifacts: decision.json; positions.npy (n,) int64, row of each paper in the fitted corpus,
    -1 for one that is new or whose embedding has changed; near.npz, rows and distances of the fitted papers nearest to
    each new one. Facts: mode (assign or refit), why, run (of the fit), new, withdrawn, far_share, drift.
    """
    import numpy as np

    store, wanted = Store(settings.store_path), settings.tmo.update
    base = fitted_run(settings, refs[LOAD_EMBEDDINGS].key)
    fault = (why_lost(store, base) or _why_unlike(settings, store, base)) if base else "there is no earlier run"
    if base is None or fault:
        _fit_anew(out, fault)
        return
    kept, now = _refs(store, base.keys), refs[LOAD_EMBEDDINGS]
    positions, changed = _positions(store, kept[LOAD_EMBEDDINGS], now)
    fault = _why_other_vectors(base, kept[LOAD_EMBEDDINGS], now, positions, changed)
    if fault:
        _fit_anew(out, fault)
        return
    fitted, vectors = (mapped_vectors(store, ref) for ref in (kept[LOAD_EMBEDDINGS], now))
    near = surroundings(fitted, vectors[positions < 0], settings.tmo.umap.n_neighbors, settings.tmo.umap.metric)
    new = int((positions < 0).sum())
    drift = Drift(len(fitted), new, len(fitted) - (len(positions) - new), float(near.far.mean()) if new else 0.0)
    assigns = wanted.mode == "assign" or drift.value <= wanted.most_drift
    out.facts = {
        "mode": "assign" if assigns else "refit",
        "why": "" if assigns else f"the drift of {drift.value:.2f} is above {wanted.most_drift}",
        "run": base.number,
        "new": drift.new,
        "withdrawn": drift.withdrawn,
        "far_share": round(drift.far_share, 4),
        "drift": round(drift.value, 4),
    }
    write_json(out.path(DECISION), {**out.facts, "keys": {stage: ref.key for stage, ref in kept.items()}})
    np.save(out.path(POSITIONS), positions)
    np.savez(out.path(NEAR), rows=near.rows, distances=near.distances)
    if assigns:
        out.parts |= {f"base-{stage}": ref.key for stage, ref in kept.items()}
        out.parts |= {f"base-{name}": key for name, key in store.manifest(kept[REDUCE]).get("parts", {}).items()}


def _fit_anew(out: Workspace, why: str) -> None:
    out.facts = {"mode": "refit", "why": why}
    write_json(out.path(DECISION), out.facts)


def _why_other_vectors(
    base: FittedRun, fitted: StageRef, now: StageRef, positions: NDArray[np.int64], changed: int
) -> str:
    """What says that the embeddings are of another model than the fitted ones; empty if nothing does.

    changed: papers of both corpora whose embeddings differ, which have no position.
    """
    dimensions = fitted.facts["dimensions"], now.facts["dimensions"]
    if dimensions[0] != dimensions[1]:
        return f"the embeddings have {dimensions[1]} dimensions, those of run {base.number} have {dimensions[0]}"
    shared = int((positions >= 0).sum()) + changed
    if not shared:
        return f"no paper of run {base.number} is in the corpus"
    if changed > _MOST_CHANGED * shared:
        return (
            f"{changed} of the {shared} papers that run {base.number} has in common with the corpus have other "
            "embeddings now, as another model makes them"
        )
    return ""


def _why_unlike(settings: Settings, store: Store, base: FittedRun) -> str:
    """What is other in the settings than at the fit, so that papers cannot be placed by it; empty if nothing is."""
    for stage in (REDUCE, CLUSTER):
        definition = STAGES[stage]
        made_from = StagePlan(**store.manifest(_ref(store, stage, base.keys))["made_from"])
        if made_from.parameters != definition.parameters(settings):
            return f"the settings of {stage} are other than in run {base.number}"
        if made_from.version != definition.version or made_from.libraries != library_versions(*definition.libraries):
            return f"the libraries of {stage} are other than in run {base.number}"
    return _why_too_few(settings, store, base)


def _why_too_few(settings: Settings, store: Store, base: FittedRun) -> str:
    """HDBSCAN's prediction asks for twice min_samples neighbours among the fitted papers."""
    tmo, fitted = settings.tmo, int(_ref(store, CLUSTER, base.keys).facts["documents"])
    needed = 2 * (tmo.hdbscan.min_samples or tmo.min_cluster_size)
    if tmo.n_topics or needed <= fitted:
        return ""
    return (
        f"prediction asks for {needed} fitted papers, twice HDBSCAN's min_samples, and run {base.number} has {fitted}"
    )


def _refs(store: Store, keys: Mapping[str, str]) -> dict[str, StageRef]:
    return {stage: _ref(store, stage, keys) for stage in FIT}


def _ref(store: Store, stage: str, keys: Mapping[str, str]) -> StageRef:
    manifest = store.manifest_of(stage, keys[stage])
    if not manifest:
        raise StoreError(
            f"The result of {stage} that papers were placed by is no longer kept ({store.folder(stage, keys[stage])}). "
            "Run again: all papers are then fitted anew."
        )
    return ref_of(manifest)


def base_refs(store: Store, update: StageRef) -> dict[str, StageRef]:
    """The results of the run that was fitted: load-embeddings, reduce and cluster. update: a decision to assign.

    Raises StoreError where one of them is no longer kept.
    """
    return _refs(store, read_json(store.artifact(update, DECISION))["keys"])


def _positions(store: Store, base: StageRef, now: StageRef) -> tuple[NDArray[np.int64], int]:
    """Row of each paper in the fitted corpus, (n,), -1 for one that is new or has another embedding; how many have one.

    The vectors are compared in blocks, so that neither matrix is ever held whole.
    """
    import numpy as np
    import pandas as pd

    fitted = pd.Index(stored_identifiers(store, base)["UT"].astype(str))
    papers = pd.Index(stored_identifiers(store, now)["UT"].astype(str))
    positions: NDArray[np.int64] = fitted.get_indexer(papers).astype(np.int64)
    known = np.flatnonzero(positions >= 0)
    before, vectors = mapped_vectors(store, base), mapped_vectors(store, now)
    if before.shape[1] != vectors.shape[1]:
        return np.full(len(positions), -1, dtype=np.int64), len(known)
    changed = np.zeros(len(known), dtype=bool)
    for start in range(0, len(known), _BLOCK):
        rows = known[start : start + _BLOCK]
        changed[start : start + _BLOCK] = (before[positions[rows]] != vectors[rows]).any(axis=1)
    positions[known[changed]] = -1
    return positions, int(changed.sum())


def reduce_placed(settings: Settings, refs: Refs, out: Workspace) -> None:
    """The stage reduce by the fitted UMAP: fitted papers stay where they were, new ones are placed.

    refs: load-embeddings and update. Artifacts: those of reduce, umap.joblib being the fitted one; placed.npy (n,)
    bool, the papers that are new.
    """
    import numpy as np

    store = Store(settings.store_path)
    base, positions = base_refs(store, refs[UPDATE]), np.load(store.artifact(refs[UPDATE], POSITIONS))
    new = positions < 0
    vectors = mapped_vectors(store, refs[LOAD_EMBEDDINGS])[new]
    model = fitted_umap(settings, store, refs, base[REDUCE])
    fitted, coordinates = (np.load(store.artifact(base[REDUCE], name)) for name in ("reduced.npy", "coordinates.npy"))
    placed = np.nan_to_num(_transformed(model, vectors)) if new.any() else fitted[:0]
    np.save(out.path("reduced.npy"), _joined(fitted, placed, positions))
    on_map = place_on_map(_near(store, refs[UPDATE]), coordinates)
    np.save(out.path("coordinates.npy"), _joined(coordinates, on_map, positions))
    shutil.copyfile(store.artifact(base[REDUCE], "umap.joblib"), out.path("umap.joblib"))
    np.save(out.path(PLACED), new)
    out.facts = {"placed": int(new.sum())}


def _joined(
    fitted: NDArray[np.float32], placed: NDArray[np.float32], positions: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Rows of the fitted papers where a paper is one of them, of the placed ones, in order, where it is not."""
    import numpy as np

    joined = np.empty((len(positions), fitted.shape[1]), dtype=np.float32)
    joined[positions >= 0] = fitted[positions[positions >= 0]]
    joined[positions < 0] = placed
    return joined


def _transformed(model: Any, vectors: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    import warnings

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="n_jobs value .* overridden", category=UserWarning)
        transformed: NDArray[np.float32] = model.transform(vectors)
    return transformed


def _near(store: Store, update: StageRef) -> Surroundings:
    import numpy as np

    with np.load(store.artifact(update, NEAR)) as held:
        return Surroundings(held["rows"], held["distances"], np.zeros(len(held["rows"]), dtype=bool))


def fitted_umap(settings: Settings, store: Store, refs: Refs, reduced: StageRef) -> Any:
    """The fitted UMAP of a result of reduce, with the index that finds the neighbours of new documents."""
    import joblib

    import_umap()
    umap = joblib.load(store.artifact(reduced, "umap.joblib"))
    loaded = base_refs(store, refs[UPDATE])[LOAD_EMBEDDINGS] if is_placed(refs) else refs[LOAD_EMBEDDINGS]
    neighbours = found_neighbours(settings, loaded)
    if neighbours is not None:
        umap._knn_search_index = read_index(store.folder(NEIGHBOURS, neighbours.key))
    return umap


def members_of(settings: Settings, refs: Refs) -> Members:
    """The papers of a run as its HDBSCAN knows them. refs: cluster, and reduce and update where papers were placed."""
    import joblib
    import numpy as np

    store = Store(settings.store_path)
    model = joblib.load(store.artifact(refs[CLUSTER], "clusterer.joblib"))
    if not is_placed(refs):
        return Members.all_fitted(model)
    positions = np.load(store.artifact(refs[UPDATE], POSITIONS))
    return Members(model, positions, np.load(store.artifact(refs[REDUCE], "reduced.npy"), mmap_mode="r"))


def cluster_placed(settings: Settings, refs: Refs, out: Workspace) -> None:
    """The stage cluster by the fitted model: fitted papers stay in their clusters, new ones are placed.

    refs: reduce and update. Artifacts: those of cluster, the model and its tree being the fitted ones. Probability of
    a new paper is its membership where probabilities are calculated, else the strength that HDBSCAN predicts, NaN where
    the neighbours have decided.
    """
    import joblib
    import numpy as np

    store = Store(settings.store_path)
    base, positions = base_refs(store, refs[UPDATE]), np.load(store.artifact(refs[UPDATE], POSITIONS))
    new = positions < 0
    reduced = np.load(store.artifact(refs[REDUCE], "reduced.npy"), mmap_mode="r")[new]
    model = joblib.load(store.artifact(base[CLUSTER], "clusterer.joblib"))
    before = np.load(store.artifact(base[CLUSTER], "clusters.npy"))
    clusters = np.empty(len(positions), dtype=np.int64)
    clusters[~new] = before[positions[~new]]
    placed = place_in_clusters(model, reduced, _near(store, refs[UPDATE]), before)
    clusters[new] = placed.clusters
    np.save(out.path("clusters.npy"), clusters)
    if "probability.npy" in base[CLUSTER].outputs:
        probability = np.empty(len(positions))
        probability[~new] = np.load(store.artifact(base[CLUSTER], "probability.npy"))[positions[~new]]
        by_vectors = settings.tmo.represent.calculate_probabilities
        probability[new] = placed_probability(model, reduced, placed.clusters) if by_vectors else placed.strength
        np.save(out.path("probability.npy"), probability)
    for name in ("clusterer.joblib", "condensed_tree.npy"):
        if name in base[CLUSTER].outputs:
            shutil.copyfile(store.artifact(base[CLUSTER], name), out.path(name))
    out.facts = {
        "method": type(model).__name__,
        "documents": len(positions),
        "clusters": int(before.max(initial=-1)) + 1,
        "outliers": int((clusters == -1).sum()),
        "placed": int(new.sum()),
    }
