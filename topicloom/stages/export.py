"""The stage export: the files that reports read, swapped into the analysis folder all at once."""

from __future__ import annotations

import dataclasses
import logging
import shutil
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from topicloom.errors import ExportError
from topicloom.machine.compiled import import_umap
from topicloom.output_files import DISTRIBUTION as DISTRIBUTION_FILE
from topicloom.output_files import ORPHANS, PARAMS, RESOLUTIONS, RUN_RECORD
from topicloom.settings.schema import Settings, agrees, reassigns
from topicloom.stage_names import CLUSTER, DISTRIBUTION, EXPORT, IDENTIFY, LOAD_EMBEDDINGS, REDUCE, REPRESENT, UPDATE
from topicloom.stages import cluster, reassign, reduce, represent
from topicloom.stages.cluster import CLUSTERER, CLUSTERS, PROBABILITY, clusters_from
from topicloom.stages.consensus import AGREED, AGREED_PROBABILITY, AGREEMENT
from topicloom.stages.distribution import MATRIX, SCORE
from topicloom.stages.earlier_fit import stored_placed
from topicloom.stages.graph_topics import SECOND, path_read, stored_path
from topicloom.stages.identify import IDENTITY, read_identity
from topicloom.stages.load_embeddings import (
    IDENTIFIERS,
    ROWS,
    TEXTS,
    VECTORS,
    stored_identifiers,
    stored_rows,
    stored_texts,
    stored_vectors,
)
from topicloom.stages.orphan_split import ASSIGNED, LEVEL0
from topicloom.stages.orphan_split import ORPHANS as ORPHAN_ROWS
from topicloom.stages.parts import NEIGHBOURS
from topicloom.stages.publish import published_names
from topicloom.stages.reassign import GIVEN_PROBABILITY, GIVEN_SCORE
from topicloom.stages.record import result_record
from topicloom.stages.reduce import COORDINATES, REDUCED, fitted_umap
from topicloom.stages.represent import IDF, MEANS, TABLE, TOPICS, VOCABULARY, WEIGHTS
from topicloom.stages.stage import Artifact, Refs, Stage, Work
from topicloom.store.files import write_json
from topicloom.store.run_record import analysis_lock, end_run, exported_by, exported_files, find_export, read_record
from topicloom.store.store import Finding, StagePlan, StageRef, Store
from topicloom.store.swap import swapped_in

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from topicloom.exports.bertopic_model import ModelParts
    from topicloom.exports.tables import Results, SecondBest

logger = logging.getLogger(__name__)


def gather_results(settings: Settings, store: Store, refs: Refs) -> Results:
    """What the stages found, in the row order of the corpus file."""
    import numpy as np

    from topicloom.exports.tables import GivenOutliers, Results
    from topicloom.words.topic_table import read_topics

    def load(artifact: Artifact) -> Any:
        return np.load(store.artifact(refs[artifact.stage], artifact.name))

    rows = stored_rows(store, refs[LOAD_EMBEDDINGS])
    texts = stored_texts(store, refs[LOAD_EMBEDDINGS])
    topics = load(TOPICS)[rows]
    level0 = np.zeros(len(rows), dtype=np.int64)
    level0[load(ASSIGNED)] = load(LEVEL0)
    assigned = np.flatnonzero(topics != -1)
    file_row = np.argsort(rows)
    table = [
        dataclasses.replace(topic, representative_rows=[int(file_row[row]) for row in topic.representative_rows])
        for topic in read_topics(store.artifact(refs[REPRESENT], TABLE.name))
    ]
    has_probability = PROBABILITY.name in refs[CLUSTER].outputs
    return Results(
        identifiers=stored_identifiers(store, refs[LOAD_EMBEDDINGS]).iloc[rows].reset_index(drop=True),
        texts=[texts[row] for row in rows],
        text_position=int(refs[LOAD_EMBEDDINGS].facts["text_position"]),
        topics=topics,
        probability=load(Artifact(clusters_from(settings).stage, PROBABILITY.name))[rows] if has_probability else None,
        score=load(SCORE)[rows],
        coordinates=load(COORDINATES)[rows],
        placed=stored_placed(store, refs[REDUCE])[rows],
        assigned=assigned,
        orphans=np.flatnonzero(topics == -1),
        level0=level0[rows][assigned],
        topic_table=table,
        lasting=read_identity(store, refs[IDENTIFY])[0],
        given=GivenOutliers(settings.tmo.orphans.strategy, load(GIVEN_SCORE)[rows]) if reassigns(settings) else None,
        agreement=load(AGREEMENT)[rows] if agrees(settings) else None,
        second=_second_best(load, rows) if settings.tmo.method == "graph" else None,
    )


def _second_best(load: Callable[[Artifact], Any], rows: NDArray[np.int64]) -> SecondBest:
    """The topic after its own that each paper is tied to most, by the topics' numbers."""
    import numpy as np

    from topicloom.exports.tables import SecondBest

    clusters, topics, second = load(CLUSTERS), load(TOPICS), load(SECOND)
    topic_of = np.full(int(clusters.max(initial=-1)) + 2, -1, dtype=np.int64)
    topic_of[clusters] = topics
    topic_of[-1] = -1  # of a paper that is tied to no other topic
    return SecondBest(topic_of[second["topic"]][rows], second["strength"][rows])


def write_outputs(settings: Settings, store: Store, refs: Refs, folder: Path) -> Results:
    """Write every output file but run.json into a folder. Returns what the tables were made from."""
    from topicloom.exports.bertopic_model import build_model, lean_bertopic, model_params, save_model
    from topicloom.exports.resolutions import write_resolutions
    from topicloom.exports.tables import write_tables

    results = gather_results(settings, store, refs)
    wanted = settings.tmo.export
    write_tables(results, folder, texts=wanted.texts, escape_formulas=wanted.escape_formulas)
    _write_distribution(store, refs, folder)
    if path := stored_path(store, refs[CLUSTER]):
        write_resolutions(path, folder / RESOLUTIONS)
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

    from topicloom.exports.bertopic_model import ModelParts, graph_models
    from topicloom.words.topics import read_representation

    labels = clusters_from(settings)
    found = read_representation(store.folder(REPRESENT, refs[REPRESENT].key), settings.tmo.represent)
    rows = stored_rows(store, refs[LOAD_EMBEDDINGS])
    clusters = np.load(store.artifact(refs[CLUSTER], CLUSTERS.name))
    if settings.tmo.method == "graph":
        umap, clusterer = graph_models(stored_vectors(store, refs[LOAD_EMBEDDINGS]), clusters, settings.tmo.umap)
    else:
        umap = fitted_umap(settings, store, refs, refs[REDUCE], to_search=False)
        clusterer = joblib.load(store.artifact(refs[CLUSTER], CLUSTERER.name))
    return ModelParts(
        topics=results.topics,
        clusters=clusters[rows],
        labels=np.load(store.artifact(refs[labels.stage], labels.name))[rows],
        probability=results.probability,
        table=list(results.topic_table),
        texts=list(results.texts),
        vocabulary=found.vocabulary,
        weights=found.weights,
        weighting=found.weighting,
        topic_embeddings=found.vectors,
        umap=umap,
        clusterer=clusterer,
    )


def export_files(settings: Settings, store: Store, refs: Refs, plan: StagePlan, run_id: str | None = None) -> StageRef:
    """Write every output into the analysis folder, all or nothing; the caller holds the lock of the analysis.

    Raises ExportError where the folder cannot be written to.
    """
    from topicloom.exports.tables import columns_giving_way

    started = datetime.now(UTC)
    record = read_record(settings)
    of_other_results = [] if exported_by(record, plan.key) else published_names(record)
    try:
        with swapped_in(settings.analysis_path, gone=[ORPHANS, RESOLUTIONS, *of_other_results]) as staging:
            results = write_outputs(settings, store, refs, staging)
            files = exported_files(staging)
            facts: dict[str, Any] = {"columns_giving_way": columns_giving_way(results.identifiers)}
            ended = datetime.now(UTC)
            note = {
                "key": plan.key,
                "made_from": plan.model_dump(mode="json"),
                "facts": facts,
                "started": started.isoformat(timespec="seconds"),
                "ended": ended.isoformat(timespec="seconds"),
                "seconds": round((ended - started).total_seconds(), 3),
                "files": files,
            }
            outputs = {name: str(of_file["sha256"]) for name, of_file in files.items()}
            ref = StageRef(stage=EXPORT, key=plan.key, outputs=outputs, facts=facts)
            whole = {**refs, EXPORT: ref}
            write_json(staging / RUN_RECORD, _whole_record(settings, store, whole, record, note, run_id))
    except OSError as error:
        raise ExportError(
            f"{settings.analysis_path}: the outputs could not be written ({error}). "
            "The files of the previous run are as they were. Make room, or give the right to replace the file that is "
            "named, and run again."
        ) from error
    store.digests.note({settings.analysis_path / name: note["sha256"] for name, note in files.items()})
    return ref


def _whole_record(
    settings: Settings,
    store: Store,
    refs: Refs,
    before: Mapping[str, Any],
    note: Mapping[str, Any],
    run_id: str | None,
) -> dict[str, Any]:
    """run.json of the new files: nothing in it tells of the earlier ones, however the run ends.

    before: run.json until now, whose identity holds until this run is entered in the history.
    """
    kept = {name: entry for name, entry in before.items() if name != "pictures" or exported_by(before, note["key"])}
    result = result_record(settings, store, refs, run_id)
    return {**kept, **result, "changes": "", "over": False, "export": note}


class _Export(Stage):
    """A stage whose result lies in the analysis folder, and not in the store: it is what people and programs read."""

    def find(self, settings: Settings, refs: Refs) -> Finding:
        return find_export(settings, self.plan(settings, refs), Store(settings.store_path))

    def under(self, key: str, settings: Settings, refs: Refs) -> StageRef | None:
        found = self.find(settings, refs).ref
        return found if found and found.key == key else None

    def obtain(
        self,
        settings: Settings,
        refs: Refs,
        run_id: str | None = None,
        *,
        refresh: bool = False,
        failures: int = 0,  # noqa: ARG002
        quiet: bool = False,  # noqa: ARG002
    ) -> tuple[StageRef, bool]:
        store, given = Store(settings.store_path), self.given(settings, refs)
        plan = self.plan(settings, refs)
        with analysis_lock(settings, store):
            found = find_export(settings, plan, store)
            if found.ref and not refresh:
                return found.ref, False
            if found.fault:
                logger.warning("%s: the kept result is not used: %s. It is computed again.", self.name, found.fault)
            return export_files(settings, store, given, plan, run_id), True

    def last_manifest(self, store: Store, record: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG002
        return dict(record.get("export") or {})

    def manifest(self, store: Store, record: Mapping[str, Any], ref: StageRef) -> dict[str, Any]:  # noqa: ARG002
        return self.last_manifest(store, record)


def _parameters(settings: Settings) -> dict[str, Any]:
    """Beside its own settings, those that topic_model_params.json states."""
    return {
        "texts": settings.tmo.export.texts,
        **settings.tmo.export.escaping,
        **({"orphans": reassign.parameters(settings)} if reassigns(settings) else {}),
        **reduce.parameters(settings),
        **cluster.parameters(settings),
        **represent.parameters(settings),
        "min_topic_size": settings.tmo.stated_size,
        "transformer_model": settings.tmo.transformer_model,
    }


def _agreed(settings: Settings) -> tuple[Artifact, ...]:
    return (AGREED, AGREEMENT, *((AGREED_PROBABILITY,) if settings.tmo.has_probability else ()))


def _given(settings: Settings) -> tuple[Artifact, ...]:
    return (*((GIVEN_PROBABILITY,) if settings.tmo.has_probability else ()), GIVEN_SCORE)


def _reads(settings: Settings, refs: Refs) -> tuple[Artifact, ...]:
    return (
        *(TEXTS, IDENTIFIERS, VECTORS, ROWS),
        *((SECOND,) if settings.tmo.method == "graph" else (REDUCED,)),
        *(COORDINATES, CLUSTERS),
        *path_read(refs),
        *((PROBABILITY,) if settings.tmo.has_probability else ()),
        *(_agreed(settings) if agrees(settings) else ()),
        *(_given(settings) if reassigns(settings) else ()),
        *(TOPICS, TABLE, MEANS, VOCABULARY, WEIGHTS, IDF),
        *(MATRIX, SCORE, ASSIGNED, ORPHAN_ROWS, LEVEL0, IDENTITY),
    )


def _compute(work: Work) -> None:
    """Never called: `obtain` writes into the analysis folder."""
    raise NotImplementedError(work)


STAGE = _Export(
    EXPORT,
    version=3,
    parameters=_parameters,
    reads=_reads,
    parts=(NEIGHBOURS,),
    sees=(UPDATE,),
    libraries=("bertopic", "pandas", "joblib", "safetensors"),
    compute=_compute,
    preload=lambda _: import_umap(),  # the saved model holds it
    alone=end_run,
)
