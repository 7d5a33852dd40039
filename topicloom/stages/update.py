"""The stage update: whether new papers are placed in the model fitted before, or all papers fitted anew."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from topicloom.lineage.following import FittedRun, fitted_run
from topicloom.phrasing import number_of
from topicloom.settings.schema import Settings, with_size
from topicloom.stage_names import CHOOSE_SIZE, CLUSTER, GRAPH, LOAD_EMBEDDINGS, REDUCE, UPDATE
from topicloom.stages import cluster, graph, load_embeddings, reduce
from topicloom.stages.earlier_fit import DECISION, FIT, NEAR, POSITIONS, refs_under
from topicloom.stages.load_embeddings import IDENTIFIERS, VECTORS, mapped_vectors, stored_identifiers
from topicloom.stages.stage import INNER, Refs, Stage, Work, library_versions
from topicloom.store.files import digest_json, write_json
from topicloom.store.store import StagePlan, StageRef, Store, Workspace

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_BLOCK = 8192  # papers whose embeddings are compared at once
_LEIDEN = "graspologic-native"  # among the inputs of cluster, so that the results of other clusterers do not hang on it
_MOST_CHANGED = 0.5  # share of the papers in common whose embeddings may have changed; more are another model's


def _is_due(settings: Settings, refs: Refs) -> bool:
    """Whether a run has to decide: another corpus was fitted before."""
    return _base(settings, refs) is not None


def _base(settings: Settings, refs: Refs) -> FittedRun | None:
    """The run whose model papers may be placed in, also before the corpus as it is now has been loaded."""
    if LOAD_EMBEDDINGS in refs:
        return fitted_run(settings, refs[LOAD_EMBEDDINGS].key)
    made_first = load_embeddings.STAGE.lacks(settings)
    return fitted_run(settings, "" if made_first else load_embeddings.STAGE.plan(settings, refs).key)


def decide(work: Work) -> None:
    """Decide whether new papers are placed in the fitted model, or all papers fitted anew.

    Artifacts: decision.json; positions.npy (n,) int64, row of each paper in the fitted corpus,
    -1 for one that is new or whose embedding has changed; near.npz, rows and distances of the fitted papers nearest to
    each new one. Facts: mode (assign or refit), why, run (of the fit), new, withdrawn, far_share, drift; where
    min_topic_size is auto and papers are placed the min_topic_size of that run.
    """
    import numpy as np

    from topicloom.space.new_papers import Drift, surroundings

    settings, refs, out = work.settings, work.refs, work.out
    store, wanted = work.store, settings.tmo.update
    base = fitted_run(settings, refs[LOAD_EMBEDDINGS].key)
    fault = (_why_lost(store, base) or _why_unlike(settings, store, base)) if base else "there is no earlier run"
    if base is None or fault:
        _fit_anew(out, fault)
        return
    kept, now = refs_under(store, base.keys), refs[LOAD_EMBEDDINGS]
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
    write_json(out.path(DECISION.name), {**out.facts, "keys": {stage: ref.key for stage, ref in kept.items()}})
    np.save(out.path(POSITIONS.name), positions)
    np.savez(out.path(NEAR.name), rows=near.rows, distances=near.distances)
    if assigns:
        if settings.tmo.chooses_size:
            out.facts["min_topic_size"] = _chosen_size(store, base)
        out.parts |= {f"base-{stage}": ref.key for stage, ref in kept.items()}
        out.parts |= {f"base-{name}": key for name, key in store.manifest(kept[REDUCE]).get("parts", {}).items()}
        if settings.tmo.method == "graph" and GRAPH in base.keys:
            out.parts[f"base-{GRAPH}"] = base.keys[GRAPH]  # its manifest says how the fit was computed


def _fit_anew(out: Workspace, why: str) -> None:
    out.facts = {"mode": "refit", "why": why}
    write_json(out.path(DECISION.name), out.facts)


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
    if settings.tmo.chooses_size:
        size = _chosen_size(store, base)
        if size is None:
            return f"min_topic_size is auto, and was not in run {base.number}"
        settings = with_size(settings, size)
    for stage in _stages_of_fit(settings):
        manifest = store.manifest_of(stage.name, base.keys.get(stage.name, ""))
        if stage.name == GRAPH and not manifest:
            continue  # papers are placed without it, and an earlier topicloom did not keep it
        made_from = StagePlan(**manifest["made_from"])
        if _without_versions(made_from.parameters) != stage.parameters(settings):
            return f"the settings of {stage.name} differ from those of run {base.number}"
        if made_from.parameters != stage.decided_by(settings) or made_from.version != stage.version:
            return f"topicloom computes {stage.name} in another way than for run {base.number}"
        if made_from.libraries != library_versions(*stage.libraries) or _is_of_other_leiden(made_from):
            return f"the libraries of {stage.name} differ from those of run {base.number}"
    return _why_too_few(settings, store, base)


def _stages_of_fit(settings: Settings) -> tuple[Stage, ...]:
    return (reduce.STAGE, *((graph.STAGE,) if settings.tmo.method == "graph" else ()), cluster.STAGE)


def _is_of_other_leiden(made_from: StagePlan) -> bool:
    stated = made_from.inputs.get(_LEIDEN)
    return stated is not None and stated != library_versions(_LEIDEN)[_LEIDEN]


def _without_versions(parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in parameters.items() if name != INNER}


def _chosen_size(store: Store, base: FittedRun) -> int | None:
    """The min_topic_size that was chosen for a fit; None where it was stated, or KMeans asked for none."""
    if CHOOSE_SIZE not in base.keys:
        return None
    made_from = StagePlan(**store.manifest_of(CLUSTER, base.keys[CLUSTER])["made_from"])
    return int(made_from.parameters["hdbscan"]["min_cluster_size"])


def _why_too_few(settings: Settings, store: Store, base: FittedRun) -> str:
    """HDBSCAN's prediction asks for twice min_samples neighbours among the fitted papers."""
    tmo, fitted = settings.tmo, int(refs_under(store, base.keys)[CLUSTER].facts["documents"])
    needed = 2 * (tmo.hdbscan.min_samples or tmo.min_cluster_size)
    if tmo.method != "hdbscan" or needed <= fitted:
        return ""
    return (
        f"prediction asks for {needed} fitted papers, twice HDBSCAN's min_samples, and run {base.number} has {fitted}"
    )


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


def _base_run(settings: Settings, refs: Refs) -> dict[str, str]:
    """The fit that papers may be placed in, and what is amiss with it: a decision does not outlive its model."""
    base = fitted_run(settings, refs[LOAD_EMBEDDINGS].key)
    if base is None:
        return {}
    fault = _why_lost(Store(settings.store_path), base)
    return {"base": digest_json(base.keys), **({"a fault of the fitted model": digest_json(fault)} if fault else {})}


def _why_lost(store: Store, base: FittedRun) -> str:
    """Why the results of a fit are not at hand; empty if they are, whole."""
    for stage in FIT:
        manifest = store.manifest_of(stage, base.keys[stage])
        if not manifest:
            return f"the result of {stage} of run {base.number} is no longer kept"
        if store.find(StagePlan(**manifest["made_from"])).ref is None:
            return f"the result of {stage} of run {base.number} is damaged"
    return ""


def _parameters(settings: Settings) -> dict[str, Any]:
    """Where min_topic_size is auto it is not chosen yet: a run that places papers takes that of the fit."""
    clustering = cluster.parameters(settings)
    if settings.tmo.chooses_size:
        clustering["hdbscan"] = {**clustering["hdbscan"], "min_cluster_size": "auto"}
    return {
        **settings.tmo.update.model_dump(mode="json"),
        "reduce": reduce.parameters(settings),
        "cluster": clustering,
        **_of_graph(settings),
    }


def _of_graph(settings: Settings) -> dict[str, Any]:
    """What decides topics of a graph beside the stages that every fit has; the keys of other clusterers hold."""
    if settings.tmo.method != "graph":
        return {}
    return {"version_of_graph": graph.STAGE.version, **library_versions(_LEIDEN)}


def _settle(settings: Settings, decided: StageRef) -> Settings:
    size = decided.facts.get("min_topic_size")
    return settings if size is None else with_size(settings, int(size))


def _awaits(settings: Settings, refs: Refs) -> str:
    base = _base(settings, refs)
    said = f"the corpus differs from that of run {base.number}; " if base else ""
    return f"{said}the next run decides whether its new papers are placed or all papers are fitted anew"


def _tell(_: Settings, facts: Mapping[str, Any]) -> str:
    if facts["mode"] == "refit":
        return f"All papers are fitted anew: {facts['why']}"
    return (
        f"{number_of(facts['new'], 'new paper is', 'new papers are')} placed in the model of run "
        f"{facts['run']}; drift {facts['drift']:.2f}"
    )


STAGE = Stage(
    UPDATE,
    version=2,
    parameters=_parameters,
    reads=lambda *_: (IDENTIFIERS, VECTORS),
    also=_base_run,
    writes=(DECISION.name,),
    libraries=("scikit-learn", "numpy"),
    inner=(reduce.STAGE, cluster.STAGE),
    wanted=lambda settings: settings.tmo.update.mode != "refit",
    due=_is_due,
    gates=True,
    settle=_settle,
    awaits=_awaits,
    compute=decide,
    tell=_tell,
)
