"""The stages, in order: what each reads, and so when its kept result no longer holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from topicloom.inputs import embeddings as embeddings_files
from topicloom.inputs.corpus import UT, corpus_columns
from topicloom.inputs.encoder import model_at_hand
from topicloom.lineage.following import FittedRun, fitted_run, matched_with, result_digest, shown_labels
from topicloom.lineage.history import History, lineage_of
from topicloom.lineage.labels import labels_path
from topicloom.settings.schema import Settings
from topicloom.settings.stated import stated
from topicloom.settings.stop_lists import ENGLISH
from topicloom.stages.notes import page_notes
from topicloom.store.files import digest_json
from topicloom.store.store import StagePlan, StageRef, Store

LOAD_EMBEDDINGS = "load-embeddings"
CHOOSE_SIZE = "choose-size"
UPDATE = "update"
REDUCE = "reduce"
CLUSTER = "cluster"
CONSENSUS = "consensus"
REASSIGN = "reassign"
REPRESENT = "represent"
DISTRIBUTION = "distribution"
ORPHAN_SPLIT = "orphan-split"
IDENTIFY = "identify"
EXPORT = "export"
# What is drawn after the export; none of it is needed for the files above.
DESCRIBE = "describe"
QUALITY = "quality"
FIGURES = "figures"
REPORT = "report"

Refs = Mapping[str, StageRef]

INNER = "inner"  # in a plan's parameters: the versions of the stages that the stage runs itself


@dataclass(frozen=True)
class Stage:
    """What decides the result of a stage.

    version: raised when the stage's own code changes its result.
    parameters: the settings that the stage reads.
    reads: the artifacts that it reads, by the stage that made them.
    libraries: the distributions that decide its numbers.
    files: files of the project that it reads beside them, as far as they are there.
    also: what else decides its result, as digests by name: the project's history, or an artifact that it may read.
    inner: stages that it runs itself, or whose results it judges: their versions and libraries decide its result too.
    """

    name: str
    version: int
    parameters: Callable[[Settings], dict[str, Any]]
    reads: Callable[[Settings], dict[str, tuple[str, ...]]]
    libraries: tuple[str, ...]
    files: Callable[[Settings], tuple[Path, ...]] = lambda _: ()
    also: Callable[[Settings, Refs], dict[str, str]] = lambda *_: {}
    inner: tuple[str, ...] = ()


def plan_stage(stage: Stage, settings: Settings, refs: Refs) -> StagePlan:
    """The plan of a stage that reads artifacts of earlier ones."""
    digests = Store(settings.store_path).digests
    artifacts = {
        f"{earlier}/{artifact}": refs[earlier].outputs[artifact]
        for earlier, artifacts in stage.reads(settings).items()
        for artifact in artifacts
    }
    inner = [STAGES[name] for name in stage.inner]
    versions = {INNER: {one.name: one.version for one in inner}} if inner else {}
    return StagePlan(
        stage=stage.name,
        version=stage.version,
        parameters={**stage.parameters(settings), **versions},
        inputs={
            **artifacts,
            **{file.name: digests.digest(file) for file in stage.files(settings) if file.is_file()},
            **stage.also(settings, refs),
        },
        libraries=library_versions(*stage.libraries, *(name for one in inner for name in one.libraries)),
    )


def reassigns(settings: Settings) -> bool:
    """Whether a run has the stage reassign: KMeans leaves no outliers."""
    return settings.tmo.orphans.mode == "reassign" and settings.tmo.n_topics == 0


def agrees(settings: Settings) -> bool:
    """Whether a run has the stage consensus."""
    return settings.tmo.consensus.seeds > 1


def raw_clusters_from(settings: Settings) -> str:
    """The stage whose clusters are those before outliers are given away."""
    return CONSENSUS if agrees(settings) else CLUSTER


def clusters_from(settings: Settings) -> str:
    """The stage whose clusters become the topics."""
    return REASSIGN if reassigns(settings) else raw_clusters_from(settings)


def with_size(settings: Settings, chosen: StageRef) -> Settings:
    """The settings with the min_topic_size that was chosen. chosen: result of choose-size."""
    tmo = settings.tmo.model_copy(update={"min_topic_size": int(chosen.facts["min_topic_size"])})
    return settings.model_copy(update={"tmo": tmo})


CHOICE = "choice.json"


def _choose_size(settings: Settings) -> dict[str, Any]:
    return {
        **_reduce(settings),
        "hdbscan": settings.tmo.hdbscan.model_dump(mode="json"),
        "represent": _represent(settings),
        **({"orphans": _reassign(settings)} if reassigns(settings) else {}),
    }


def without_reassignment(settings: Settings) -> Settings:
    """The same settings with outliers kept."""
    kept = settings.tmo.orphans.model_copy(update={"mode": "keep"})
    return settings.model_copy(update={"tmo": settings.tmo.model_copy(update={"orphans": kept})})


DECISION, POSITIONS, NEAR, PLACED = "decision.json", "positions.npy", "near.npz", "placed.npy"
FIT = (LOAD_EMBEDDINGS, REDUCE, CLUSTER)  # the stages whose results papers are placed by


def is_placed(refs: Refs) -> bool:
    """Whether the papers of a run are placed in a model that an earlier run fitted."""
    return UPDATE in refs and refs[UPDATE].facts["mode"] == "assign"


def _placement(_: Settings, refs: Refs) -> dict[str, str]:
    names = (DECISION, POSITIONS, NEAR) if is_placed(refs) else ()
    return {f"{UPDATE}/{name}": refs[UPDATE].outputs[name] for name in names}


def _placed_vectors(settings: Settings, refs: Refs) -> dict[str, str]:
    """By these the membership of placed papers is predicted."""
    vectors = {f"{REDUCE}/reduced.npy": refs[REDUCE].outputs["reduced.npy"]} if is_placed(refs) else {}
    return {**_placement(settings, refs), **vectors}


def _base_run(settings: Settings, refs: Refs) -> dict[str, str]:
    """The fit that papers may be placed in, and what is amiss with it: a decision does not outlive its model."""
    base = fitted_run(settings, refs[LOAD_EMBEDDINGS].key)
    if base is None:
        return {}
    fault = why_lost(Store(settings.store_path), base)
    return {"base": digest_json(base.keys), **({"a fault of the fitted model": digest_json(fault)} if fault else {})}


def why_lost(store: Store, base: FittedRun) -> str:
    """Why the results of a fit are not at hand; empty if they are, whole."""
    for stage in FIT:
        manifest = store.manifest_of(stage, base.keys[stage])
        if not manifest:
            return f"the result of {stage} of run {base.number} is no longer kept"
        if store.find(StagePlan(**manifest["made_from"])).ref is None:
            return f"the result of {stage} of run {base.number} is damaged"
    return ""


def _reassign(settings: Settings) -> dict[str, Any]:
    orphans = settings.tmo.orphans
    by_words = orphans.strategy in ("distribution", "c-tf-idf")
    return {
        **orphans.model_dump(mode="json", exclude={"mode"}),
        "calculate_probabilities": settings.tmo.represent.calculate_probabilities,
        **({"represent": _represent(settings)} if by_words else {}),
        **({"distribution": _distribution(settings)} if orphans.strategy == "distribution" else {}),
    }


def result_of(refs: Refs) -> str:
    """Digest of what the lasting ids of a run rest on."""
    topics = refs[REPRESENT].outputs
    return result_digest(refs[LOAD_EMBEDDINGS].outputs[_IDENTIFIERS], topics["topics.npy"], topics[_MEANS])


def _run_before(settings: Settings, refs: Refs) -> dict[str, str]:
    """The run before, and the labels that people know its topics by, which later runs keep."""
    result = result_of(refs)
    head, labels = matched_with(settings, result), shown_labels(settings, result)
    return {
        **({"history": head.sha256} if head else {}),
        **({"the labels of the run before": digest_json(labels)} if labels else {}),
    }


def _shown_on_the_page(settings: Settings, refs: Refs) -> dict[str, str]:
    """The last two runs, between which the page says what changed, and the remarks that it shows."""
    heads = History(settings).heads(lineage_of(settings))[-2:]
    shown = (LOAD_EMBEDDINGS, REPRESENT, DISTRIBUTION, DESCRIBE)
    remarks = list(page_notes({stage: refs[stage].facts for stage in shown}, settings.tmo))
    corpus = {"remarks on the corpus": digest_json(remarks)} if remarks else {}
    return {**{f"run {head.number}": head.sha256 for head in heads}, **corpus}


def plan_load_embeddings(settings: Settings, store: Store) -> StagePlan:
    """The plan of load-embeddings, whose inputs are the files of the project. Raises OSError for an unreadable one."""
    files = [settings.embeds_path / "corpus.csv", *embeddings_files.input_files(settings.embeds_path)]
    if "uuid" not in corpus_columns(files[0]):
        files.append(settings.dataset_path)  # the outputs take the uuid from there
    return StagePlan(
        stage=LOAD_EMBEDDINGS,
        version=1,
        parameters={"order": settings.params.order, **_id_column(settings)},
        inputs={file.name: store.digests.digest(file) for file in files if file.is_file()},
        libraries=library_versions("numpy", "pandas"),
    )


def library_versions(*distributions: str) -> dict[str, str]:
    """The installed version of each distribution."""
    return {name: _version(name) for name in distributions}


@cache
def _version(distribution: str) -> str:
    from importlib.metadata import version

    return version(distribution)


def _id_column(settings: Settings) -> dict[str, str]:
    """The column of ids, where it is another than UT: keys of earlier results hold."""
    return {} if settings.tmo.id_column == UT else {"id_column": settings.tmo.id_column}


def _reduce(settings: Settings) -> dict[str, Any]:
    return {"umap": settings.tmo.umap.model_dump(mode="json"), "seed": settings.params.seed}


def _cluster(settings: Settings) -> dict[str, Any]:
    tmo = settings.tmo
    if tmo.n_topics == 0:
        return {
            "hdbscan": {**tmo.hdbscan.model_dump(mode="json"), "min_cluster_size": tmo.min_cluster_size},
            "calculate_probabilities": tmo.represent.calculate_probabilities,
        }
    return {
        "kmeans": {**tmo.kmeans.model_dump(mode="json"), "n_clusters": tmo.n_topics},
        "seed": settings.params.seed,
    }


def _represent(settings: Settings) -> dict[str, Any]:
    """Settings that came later stand in it only where they are set, so that the keys of earlier results hold."""
    represent = settings.tmo.represent
    own_list = isinstance(represent.stop_words, str) and represent.stop_words != ENGLISH
    return {
        **represent.model_dump(mode="json", exclude={"calculate_probabilities", "tokenizer"}),
        **({"stop_words_of": library_versions("stop-words")} if own_list else {}),
        **({"tokenizer": {represent.tokenizer: library_versions("icu4py")}} if represent.tokenizer else {}),
        **({"cut_notices": True} if settings.tmo.cut_notices else {}),
    }


def preparation(settings: Settings, loaded: StageRef) -> dict[str, str]:
    """How texts are made ready before words are cut from them, where words are not cut from them as they are."""
    tmo = settings.tmo
    return {
        **({"tokenizer": _version("icu4py")} if tmo.represent.tokenizer else {}),
        **({"notices": "cut"} if tmo.cut_notices else {}),
        **({"texts": "made ready"} if loaded.facts.get("texts_made_ready") else {}),
    }


def _prepared(settings: Settings, refs: Refs) -> dict[str, str]:
    return preparation(settings, refs[LOAD_EMBEDDINGS])


def _distribution(settings: Settings) -> dict[str, Any]:
    distribution = settings.tmo.distribution.model_dump(mode="json", exclude={"batch_size"})
    frequent = settings.tmo.represent.reduce_frequent_words
    return {**distribution, "score": settings.tmo.score, "reduce_frequent_words": frequent}


def _export(settings: Settings) -> dict[str, Any]:
    """Beside its own settings, those that topic_model_params.json states."""
    return {
        **settings.tmo.export.model_dump(mode="json"),
        **({"orphans": _reassign(settings)} if reassigns(settings) else {}),
        **_reduce(settings),
        **_cluster(settings),
        **_represent(settings),
        "min_topic_size": settings.tmo.stated_size,
        "transformer_model": settings.tmo.transformer_model,
    }


def _consensus_exported(settings: Settings) -> dict[str, tuple[str, ...]]:
    probability = ("probability.npy",) if settings.tmo.n_topics == 0 else ()
    return {CONSENSUS: ("clusters.npy", "agreement.npy", *probability)}


def _describe(settings: Settings) -> dict[str, Any]:
    names, language_model = settings.tmo.names, settings.tmo.names.language_model
    return {
        "names": names.model_dump(mode="json", exclude={"language_model"}),
        "language_model": language_model.model_dump(mode="json", include={"model", "base_url"}),
        "model": settings.tmo.transformer_model if naming_method(settings) == "keybert" else None,
        "language": settings.tmo.represent.language,
        "others_threshold": settings.tmo.others_threshold,
        "year_column": settings.tmo.year_column,
        **_id_column(settings),
        "this_year": settings.this_year,  # is not over: the last bar of a trend says so
    }


def naming_method(settings: Settings) -> str:
    """How topics get their keywords: keybert or statistical, where the settings leave it open by what is at hand."""
    method = settings.tmo.names.method
    if method == "auto":
        return "keybert" if model_at_hand(settings) else "statistical"
    return method


def _report(settings: Settings) -> dict[str, Any]:
    """The page states the settings, all of them, and the notes on them."""
    notes = {"notes": list(settings.notes)} if settings.notes else {}
    return {"label": settings.label, **stated(settings.model_dump(mode="json", include={"tmo", "params"})), **notes}


_TEXTS, _IDENTIFIERS, _VECTORS, _ROWS = "texts.parquet", "identifiers.parquet", "embeddings.npy", "rows.npy"
_WEIGHTS = ("ctfidf.npz", "idf.npy")
ATLAS = ("papers.parquet", "topics.parquet", "groups.parquet", "over_time.parquet", "relations.npz")
_MEANS = "topic_embeddings.npy"
IDENTITY = "identity.json"
_NGRAMS = ("ngrams.npy", "ngram_tokens.npy", "ngram_bounds.npy")

STAGES = {
    stage.name: stage
    for stage in (
        Stage(
            CHOOSE_SIZE,
            version=1,
            parameters=_choose_size,
            reads=lambda _: {LOAD_EMBEDDINGS: (_TEXTS, _VECTORS)},
            also=_prepared,
            libraries=("numpy",),
            inner=(REDUCE, CLUSTER, REASSIGN, REPRESENT, QUALITY),
        ),
        Stage(
            UPDATE,
            version=2,
            parameters=lambda settings: {
                **settings.tmo.update.model_dump(mode="json"),
                "reduce": _reduce(settings),
                "cluster": _cluster(settings),
            },
            reads=lambda _: {LOAD_EMBEDDINGS: (_IDENTIFIERS, _VECTORS)},
            libraries=("scikit-learn", "numpy"),
            also=_base_run,
            inner=(REDUCE, CLUSTER),
        ),
        Stage(
            REDUCE,
            version=2,
            parameters=_reduce,
            reads=lambda _: {LOAD_EMBEDDINGS: (_VECTORS,)},
            also=_placement,
            libraries=("umap-learn", "pynndescent", "numba", "numpy", "scipy", "scikit-learn"),
        ),
        Stage(
            CLUSTER,
            version=2,
            parameters=_cluster,
            reads=lambda _: {REDUCE: ("reduced.npy",)},
            also=_placement,
            libraries=("hdbscan", "numpy", "scipy", "scikit-learn"),
        ),
        Stage(
            CONSENSUS,
            version=2,
            parameters=lambda settings: {
                **settings.tmo.consensus.model_dump(mode="json"),
                **_reduce(settings),
                **_cluster(settings),
            },
            reads=lambda _: {LOAD_EMBEDDINGS: (_VECTORS,), CLUSTER: ("clusters.npy", "clusterer.joblib")},
            libraries=("numpy", "scipy"),
            inner=(REDUCE, CLUSTER),
        ),
        Stage(
            REASSIGN,
            version=2,
            parameters=_reassign,
            reads=lambda settings: {
                LOAD_EMBEDDINGS: (_TEXTS, _VECTORS),
                CLUSTER: ("clusters.npy", "clusterer.joblib"),
                **({CONSENSUS: ("clusters.npy",)} if agrees(settings) else {}),
            },
            libraries=("hdbscan", "scikit-learn", "numpy", "scipy"),
            also=lambda settings, refs: {**_prepared(settings, refs), **_placed_vectors(settings, refs)},
            inner=(REPRESENT,),
        ),
        Stage(
            REPRESENT,
            version=2,
            parameters=_represent,
            reads=lambda settings: {
                LOAD_EMBEDDINGS: (_TEXTS, _VECTORS),
                clusters_from(settings): ("clusters.npy",),
            },
            also=_prepared,
            libraries=("scikit-learn", "pandas", "numpy", "scipy"),
        ),
        Stage(
            DISTRIBUTION,
            version=2,
            parameters=_distribution,
            reads=lambda settings: {
                **({LOAD_EMBEDDINGS: (_VECTORS,)} if settings.tmo.score == "centroid" else {}),
                REPRESENT: ("topics.npy", *_WEIGHTS, *_NGRAMS),
            },
            libraries=("scikit-learn", "numpy", "scipy"),
        ),
        Stage(
            ORPHAN_SPLIT,
            version=1,
            parameters=lambda settings: {"others_threshold": settings.tmo.others_threshold},
            reads=lambda _: {REPRESENT: ("topics.npy",)},
            libraries=("numpy",),
        ),
        Stage(
            IDENTIFY,
            version=3,
            parameters=lambda _: {},
            reads=lambda _: {LOAD_EMBEDDINGS: (_IDENTIFIERS,), REPRESENT: ("topics.npy", "topics.json", _MEANS)},
            libraries=("numpy", "scipy"),
            also=_run_before,
        ),
        Stage(
            EXPORT,
            version=3,
            parameters=_export,
            reads=lambda settings: {
                LOAD_EMBEDDINGS: (_TEXTS, _IDENTIFIERS, _VECTORS, _ROWS),
                REDUCE: ("reduced.npy", "coordinates.npy"),
                CLUSTER: ("clusters.npy", *(("probability.npy",) if settings.tmo.n_topics == 0 else ())),
                **(_consensus_exported(settings) if agrees(settings) else {}),
                **({REASSIGN: ("probability.npy", "score.npy")} if reassigns(settings) else {}),
                REPRESENT: ("topics.npy", "topics.json", _MEANS, "vocabulary.npz", *_WEIGHTS),
                DISTRIBUTION: ("topic_distribution.npz", "score.npy"),
                ORPHAN_SPLIT: ("assigned.npy", "orphans.npy", "level0.npy"),
                IDENTIFY: (IDENTITY,),
            },
            libraries=("bertopic", "pandas", "joblib", "safetensors"),
        ),
        Stage(
            DESCRIBE,
            version=3,
            parameters=_describe,
            reads=lambda _: {
                LOAD_EMBEDDINGS: (_TEXTS, _IDENTIFIERS, _ROWS),
                REDUCE: ("coordinates.npy",),
                REPRESENT: ("topics.npy", "topics.json", _MEANS, "vocabulary.npz", "ctfidf.npz"),
                DISTRIBUTION: ("score.npy",),
                IDENTIFY: (IDENTITY,),
            },
            libraries=("pandas", "scipy", "scikit-learn", "snowballstemmer"),
            files=lambda settings: (settings.dataset_path, labels_path(settings)),
        ),
        Stage(
            QUALITY,
            version=1,
            parameters=lambda settings: {
                "language": settings.tmo.represent.language,
                "seed": settings.params.seed,
            },
            reads=lambda _: {
                LOAD_EMBEDDINGS: (_TEXTS,),
                REDUCE: ("reduced.npy",),
                REPRESENT: ("topics.npy", _MEANS, "vocabulary.npz", "ctfidf.npz"),
            },
            also=_prepared,
            libraries=("scikit-learn", "numpy"),
        ),
        Stage(
            FIGURES,
            version=1,
            parameters=lambda settings: {"label": settings.label},
            reads=lambda _: {DESCRIBE: ATLAS},
            libraries=("matplotlib",),
        ),
        Stage(
            REPORT,
            version=2,
            parameters=_report,
            reads=lambda settings: {
                DESCRIBE: ATLAS,
                **({QUALITY: ("topic_quality.json",)} if settings.tmo.pictures.quality else {}),
            },
            libraries=("Jinja2",),
            also=_shown_on_the_page,
        ),
    )
}
PICTURES = (DESCRIBE, QUALITY, FIGURES, REPORT)
STAGE_NAMES = (LOAD_EMBEDDINGS, *STAGES)


def stages_of(settings: Settings) -> tuple[str, ...]:
    """The stages that a run with these settings has, in order."""
    pictures = settings.tmo.pictures
    wanted = {
        CHOOSE_SIZE: settings.tmo.chooses_size,
        CONSENSUS: agrees(settings),
        UPDATE: settings.tmo.update.mode != "refit",
        REASSIGN: reassigns(settings),
        DESCRIBE: pictures.figures or pictures.report,
        QUALITY: pictures.quality,
        FIGURES: pictures.figures,
        REPORT: pictures.report,
    }
    return tuple(stage for stage in STAGE_NAMES if wanted.get(stage, True))
