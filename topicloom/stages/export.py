"""The outputs of an analysis, gathered from the stages and written into its folder."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from topicloom.exports.bertopic_model import ModelParts, build_model, lean_bertopic, model_params, save_model
from topicloom.exports.tables import GivenOutliers, Results, write_tables
from topicloom.output_files import DISTRIBUTION as DISTRIBUTION_FILE
from topicloom.output_files import PARAMS
from topicloom.settings.schema import Settings
from topicloom.stages.identify import read_identity
from topicloom.stages.load_embeddings import stored_identifiers, stored_placed, stored_rows, stored_texts
from topicloom.stages.registry import (
    CLUSTER,
    CONSENSUS,
    DISTRIBUTION,
    IDENTIFY,
    LOAD_EMBEDDINGS,
    ORPHAN_SPLIT,
    REASSIGN,
    REDUCE,
    REPRESENT,
    agrees,
    clusters_from,
    reassigns,
)
from topicloom.stages.update import fitted_umap
from topicloom.store.files import write_json
from topicloom.store.store import StageRef, Store
from topicloom.words.ctfidf import read_topics
from topicloom.words.topics import read_representation

Refs = Mapping[str, StageRef]


def gather_results(settings: Settings, store: Store, refs: Refs) -> Results:
    """What the stages found, in the row order of the corpus file."""
    import numpy as np

    def load(stage: str, artifact: str) -> Any:
        return np.load(store.artifact(refs[stage], artifact))

    rows = stored_rows(store, refs[LOAD_EMBEDDINGS])
    texts = stored_texts(store, refs[LOAD_EMBEDDINGS])
    topics = load(REPRESENT, "topics.npy")[rows]
    level0 = np.zeros(len(rows), dtype=np.int64)
    level0[load(ORPHAN_SPLIT, "assigned.npy")] = load(ORPHAN_SPLIT, "level0.npy")
    assigned = np.flatnonzero(topics != -1)
    file_row = np.argsort(rows)
    table = [
        dataclasses.replace(topic, representative_rows=[int(file_row[row]) for row in topic.representative_rows])
        for topic in read_topics(store.artifact(refs[REPRESENT], "topics.json"))
    ]
    has_probability = "probability.npy" in refs[CLUSTER].outputs
    return Results(
        identifiers=stored_identifiers(store, refs[LOAD_EMBEDDINGS]).iloc[rows].reset_index(drop=True),
        texts=[texts[row] for row in rows],
        text_position=int(refs[LOAD_EMBEDDINGS].facts["text_position"]),
        topics=topics,
        probability=load(clusters_from(settings), "probability.npy")[rows] if has_probability else None,
        score=load(DISTRIBUTION, "score.npy")[rows],
        coordinates=load(REDUCE, "coordinates.npy")[rows],
        placed=stored_placed(store, refs[REDUCE])[rows],
        assigned=assigned,
        orphans=np.flatnonzero(topics == -1),
        level0=level0[rows][assigned],
        topic_table=table,
        lasting=read_identity(store, refs[IDENTIFY])[0],
        given=GivenOutliers(settings.tmo.orphans.strategy, load(REASSIGN, "score.npy")[rows])
        if reassigns(settings)
        else None,
        agreement=load(CONSENSUS, "agreement.npy")[rows] if agrees(settings) else None,
    )


def write_outputs(settings: Settings, store: Store, refs: Refs, folder: Path) -> Results:
    """Write every output file but run.json into a folder. Returns what the tables were made from."""
    results = gather_results(settings, store, refs)
    write_tables(results, folder, texts=settings.tmo.export.texts)
    _write_distribution(store, refs, folder)
    parts = _model_parts(store, refs, settings, results)
    with lean_bertopic() as bertopic:
        model = build_model(bertopic, parts, settings.tmo)
        write_json(folder / PARAMS, model_params(model))
        save_model(model, folder, settings.tmo.transformer_model)
    return results


def _write_distribution(store: Store, refs: Refs, folder: Path) -> None:
    from scipy.sparse import load_npz, save_npz

    kept = store.artifact(refs[DISTRIBUTION], DISTRIBUTION_FILE)
    if stored_in_file_order(store, refs):
        shutil.copyfile(kept, folder / DISTRIBUTION_FILE)
    else:
        save_npz(folder / DISTRIBUTION_FILE, load_npz(kept)[stored_rows(store, refs[LOAD_EMBEDDINGS])])


def stored_in_file_order(store: Store, refs: Refs) -> bool:
    """Whether the stages saw the rows in the order of the corpus file."""
    rows = stored_rows(store, refs[LOAD_EMBEDDINGS])
    return bool((rows[1:] > rows[:-1]).all())


def _model_parts(store: Store, refs: Refs, settings: Settings, results: Results) -> ModelParts:
    import joblib
    import numpy as np

    represent = refs[REPRESENT]
    found = read_representation(store.folder(represent.stage, represent.key), settings.tmo.represent)
    rows = stored_rows(store, refs[LOAD_EMBEDDINGS])
    return ModelParts(
        topics=results.topics,
        clusters=np.load(store.artifact(refs[CLUSTER], "clusters.npy"))[rows],
        labels=np.load(store.artifact(refs[clusters_from(settings)], "clusters.npy"))[rows],
        probability=results.probability,
        table=list(results.topic_table),
        texts=list(results.texts),
        vocabulary=found.vocabulary,
        weights=found.weights,
        weighting=found.weighting,
        topic_embeddings=found.vectors,
        umap=fitted_umap(settings, store, refs, refs[REDUCE]),
        clusterer=joblib.load(store.artifact(refs[CLUSTER], "clusterer.joblib")),
    )
