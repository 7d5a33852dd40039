"""Settings of neighbours, layout and topics: which papers belong together, and whether that stays so.

The defaults are the constants of the group's notebook; each field has the name that its library gives it.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from topicloom.settings.section import Section

_MAP_PARALLEL_FROM = 100_000
ONE_SEED_FROM = 300_000  # papers from which on one seed finds the topics of a graph: several take minutes


class UmapSettings(Section):
    """UMAP's parameters; its random_state is params.seed."""

    n_neighbors: int = Field(15, ge=2, description="Neighbours of a document in UMAP's graph.")
    n_components: int = Field(5, ge=1, description="Dimensions of the reduced vectors.")
    min_dist: float = Field(0.0, ge=0, description="Least distance between reduced vectors.")
    spread: float = Field(1.0, ge=0.01, le=100, description="Scale of the reduced vectors, with min_dist.")
    metric: Literal["cosine", "euclidean", "correlation", "manhattan"] = Field(
        "cosine", description="Distance between embeddings."
    )
    n_epochs: int | None = Field(
        None, ge=1, le=100_000, description="Epochs of the layout; UMAP's own choice if left out."
    )
    init: Literal["spectral", "pca", "random"] | None = Field(
        None,
        description="Where the layout starts. When left out: spectral, as UMAP has it; pca above 200,000 papers, whose "
        "spectral start takes gigabytes more than all else.",
    )
    layout: Literal["umap", "parallel"] = Field(
        "umap",
        description="umap: UMAP's own layout, on one core under a seed; parallel: another layout of the same graph, on "
        "every core and as reproducible.",
    )
    map_layout: Literal["umap", "parallel"] | None = Field(
        None,
        description="Layout of the map. When left out: as layout, and parallel from 100,000 papers on, where UMAP's "
        "own takes most of a run.",
    )
    neighbors: Literal["pynndescent", "faiss"] = Field(
        "pynndescent",
        description="What finds the neighbours. faiss: in shards and on every core, the embeddings left on disk, for "
        "millions of papers whose clusterer is graph; on a GPU where cuVS is installed.",
    )
    neighbors_seed: int | None = Field(
        None,
        ge=0,
        lt=2**32,
        description="Seed of the neighbour search, so that layouts of several seeds share one; params.seed by default.",
    )

    def layout_of_map(self, documents: int) -> Literal["umap", "parallel"]:
        """Which layout the map of so many documents has: from 100,000 on parallel, unless map_layout states another."""
        return self.map_layout or ("parallel" if documents >= _MAP_PARALLEL_FROM else self.layout)

    @model_validator(mode="after")
    def _min_dist_within_spread(self) -> UmapSettings:
        if self.min_dist > self.spread:
            raise ValueError(f"min_dist is {self.min_dist} and spread {self.spread}; min_dist must be at most spread")
        return self

    @model_validator(mode="after")
    def _faiss_knows_metric(self) -> UmapSettings:
        if self.neighbors == "faiss" and self.metric == "manhattan":
            raise ValueError(
                "neighbors is faiss and metric manhattan, by which it finds no neighbours; set metric to cosine, "
                "euclidean or correlation, or neighbors to pynndescent"
            )
        return self


class HdbscanSettings(Section):
    """HDBSCAN's parameters, used when n_topics is 0."""

    min_cluster_size: int | None = Field(
        None, ge=2, description="Least documents of a cluster; tmo.min_topic_size when left out."
    )
    min_samples: int | None = Field(
        None, ge=1, description="Neighbours that set a point's core distance; min_cluster_size when left out."
    )
    metric: Literal["euclidean", "manhattan"] = Field("euclidean", description="Distance between reduced vectors.")
    cluster_selection_method: Literal["eom", "leaf"] = Field(
        "eom", description="How clusters are chosen from the condensed tree."
    )
    cluster_selection_epsilon: float = Field(
        0.0, ge=0, description="Distance below which clusters are not split further."
    )


class KMeansSettings(Section):
    """scikit-learn's KMeans parameters, used when n_topics is above 0; its random_state is params.seed."""

    n_init: Annotated[int, Field(ge=1)] | Literal["auto"] = Field(
        "auto", description="Starts, of which the best is kept."
    )
    max_iter: int = Field(300, ge=1, le=1_000_000, description="Most iterations of one start.")


class GraphSettings(Section):
    """Topics from the neighbour graph, used where clusterer is graph."""

    resolution: Annotated[float, Field(gt=0, le=1_000_000)] | Literal["auto"] = Field(
        "auto",
        description="The larger, the more topics; auto: chosen by how stable and coherent they are. Not used where "
        "n_topics is above 0.",
    )
    inertia: float = Field(
        0.5,
        ge=0,
        le=1000,
        description="Weight that ties papers to their topics of the last run of another corpus; 0: none.",
    )
    small: Literal["join", "outlier"] = Field(
        "join", description="What becomes of topics below min_topic_size: they join a neighbour, or become outliers."
    )
    least_strength: float = Field(
        0.0, ge=0, le=1, description="Papers with a smaller share of their edge weight in their topic become outliers."
    )


class ConsensusSettings(Section):
    """Topics that several seeds agree on."""

    seeds: int = Field(1, ge=1, le=50, description="Seeds that are run; 1: no consensus is sought.")
    least_agreement: float = Field(
        0.5, gt=0, le=1, description="Share of the seeds that must put a paper into a topic; below it is an outlier."
    )
    least_stability: float = Field(
        0.5, ge=0, le=1, description="Mean Jaccard index of a topic with its like under the other seeds; below it goes."
    )


class OrphansSettings(Section):
    """What becomes of outliers; a text alone is read as the mode."""

    mode: Literal["keep", "reassign"] = Field(
        "keep", description="keep: outliers stay orphans, as in the notebook; reassign: near ones are given to a topic."
    )
    strategy: Literal["distribution", "c-tf-idf", "embedding", "membership"] = Field(
        "distribution", description="What says which topic is nearest, each as in BERTopic's reduce_outliers."
    )
    threshold: float = Field(0.0, ge=0, le=1, description="Least similarity at which an outlier is given to a topic.")
    target_share: float | None = Field(
        None,
        ge=0,
        lt=1,
        description="Share of the papers that stay outliers, the farthest ones; all others are given away.",
    )

    @model_validator(mode="before")
    @classmethod
    def _mode_alone(cls, values: Any) -> Any:
        return {"mode": values} if isinstance(values, str) else values


class UpdateSettings(Section):
    """What a run makes of papers that are new since the last fit; a text alone is read as the mode."""

    mode: Literal["refit", "assign", "auto"] = Field(
        "refit",
        description="refit: fit all papers anew, as the notebook does; assign: place new papers in the fitted model; "
        "auto: assign until the drift passes most_drift.",
    )
    most_drift: float = Field(
        0.25,
        gt=0,
        description="Drift above which auto fits anew: the share of papers that are new or withdrawn since "
        "the last fit, new ones counted more the farther they are from those fitted.",
    )

    @model_validator(mode="before")
    @classmethod
    def _mode_alone(cls, values: Any) -> Any:
        return {"mode": values} if isinstance(values, str) else values
