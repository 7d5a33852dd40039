"""The settings of one analysis: sections, what holds between them, and the folders they name.

Fields of most sections, with defaults and limits, are in `clusters`, `words` and `outputs` beside this file. Reading
them from a file, and turning a wrong value into a sentence, is `topicloom.settings.reading`.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from topicloom.settings.clusters import (
    ConsensusSettings,
    GraphSettings,
    HdbscanSettings,
    KMeansSettings,
    OrphansSettings,
    UmapSettings,
    UpdateSettings,
)
from topicloom.settings.outputs import (
    ColumnsSettings,
    ExportSettings,
    NamesSettings,
    PicturesSettings,
    TakeAwaySettings,
)
from topicloom.settings.overrides import Overrides
from topicloom.settings.section import FolderName, Section
from topicloom.settings.words import DistributionSettings, RepresentSettings


class Metadata(Section):
    """Where the analysis lies."""

    project_folder: FolderName = Field(description="Folder of the project, under the root folder.")
    filtered_folder: FolderName = Field(description="Folder of the dataset, under the project folder.")
    analysis_id: FolderName = Field(description="Folder of the analysis, under the project folder.")


DEFAULT_SIZE: Final = 10  # documents; least of a topic


class TopicModelSettings(Section):
    """Section tmo (topic_model in the newer form): what is computed."""

    embeds_folder: FolderName = Field(description="Folder of the embedding profile, such as e01.")
    year_column: str = Field("PY", min_length=1, description="Column of the dataset with the year.")
    id_column: str = Field(
        "UT", min_length=1, description="Column of corpus and dataset that names a paper; outputs call it UT."
    )
    cut_notices: bool = Field(
        False,
        description="Leave placeholders for missing abstracts and rights notices out of what is embedded and counted.",
    )
    text_columns: list[str] = Field(
        ["TI", "AB"], min_length=1, description="Columns of the dataset that make up a document's text."
    )
    transformer_model: str | None = Field(
        None, description="sentence-transformers model, a name or a local folder, for missing embeddings."
    )
    precision: Literal["full", "half"] = Field(
        "full",
        description="In what the model embeds texts. half: bfloat16 where the processor has it, float16 on a GPU; "
        "faster, with nearly the same vectors.",
    )
    quick: bool = Field(
        False,
        description="A first look: missing embeddings are made of the words that texts share, in seconds, without "
        "transformer_model. A run without it makes them anew.",
    )
    clusterer: Literal["hdbscan", "kmeans", "graph"] | None = Field(
        None,
        description="hdbscan and kmeans cluster UMAP's layout, graph the neighbour graph itself. When left out: "
        "hdbscan, or kmeans where n_topics is above 0.",
    )
    n_topics: int = Field(
        0, ge=0, description="Number of topics (KMeans, graph); 0 lets HDBSCAN or the graph's resolution find it."
    )
    min_topic_size: Annotated[int, Field(ge=2)] | Literal["auto"] = Field(
        DEFAULT_SIZE, description="Least documents of a topic; auto: chosen by a small sweep."
    )
    others_threshold: float = Field(
        0.9, gt=0, le=1, description="Share of the assigned documents that the main clusters cover."
    )
    score: Literal["distribution", "centroid"] = Field(
        "distribution",
        description="What Score and X_E are. distribution: the topic's share in the approximate distribution of the "
        "paper's words; centroid: the cosine of its embedding with the topic's mean.",
    )
    umap: UmapSettings = Field(default_factory=UmapSettings)
    hdbscan: HdbscanSettings = Field(default_factory=HdbscanSettings)
    kmeans: KMeansSettings = Field(default_factory=KMeansSettings)
    graph: GraphSettings = Field(default_factory=GraphSettings)
    represent: RepresentSettings = Field(default_factory=RepresentSettings)
    distribution: DistributionSettings = Field(default_factory=DistributionSettings)
    consensus: ConsensusSettings = Field(default_factory=ConsensusSettings)
    update: UpdateSettings = Field(default_factory=UpdateSettings)
    orphans: OrphansSettings = Field(default_factory=OrphansSettings)
    export: ExportSettings = Field(default_factory=ExportSettings)
    names: NamesSettings = Field(default_factory=NamesSettings)
    pictures: PicturesSettings = Field(default_factory=PicturesSettings)
    take_away: TakeAwaySettings = Field(default_factory=TakeAwaySettings)
    columns: ColumnsSettings = Field(default_factory=ColumnsSettings)

    @model_validator(mode="after")
    def _fit_together(self) -> TopicModelSettings:
        own = self.hdbscan.min_cluster_size
        if self.min_topic_size == "auto" and own is not None:
            raise ValueError(f"min_topic_size is auto and hdbscan.min_cluster_size {own}; leave one of them out")
        if self.consensus.seeds > 1 and self.update.mode != "refit":
            raise ValueError(
                f"consensus.seeds is {self.consensus.seeds} and update {self.update.mode}; a consensus fits all papers "
                "under each seed, so update must be refit"
            )
        by_membership = self.orphans.mode == "reassign" and self.orphans.strategy == "membership"
        self._require_fitting_clusterer()
        if by_membership and self.method == "kmeans" and self.consensus.seeds > 1:
            raise ValueError(
                f"orphans.strategy is membership and n_topics {self.n_topics}; KMeans knows no membership of "
                "papers that a consensus leaves out, so strategy must be distribution, c-tf-idf or embedding"
            )
        return self

    def _require_fitting_clusterer(self) -> None:
        if self.clusterer == "hdbscan" and self.n_topics:
            raise ValueError(
                f"clusterer is hdbscan, which finds the number of topics itself, and n_topics {self.n_topics}; set "
                "n_topics to 0, or clusterer to kmeans or graph"
            )
        if self.clusterer == "kmeans" and not self.n_topics:
            raise ValueError("clusterer is kmeans and n_topics 0; KMeans needs a number of topics")
        if self.clusterer != "graph":
            self._require_index()
            return
        if self.min_topic_size == "auto":
            raise ValueError(
                "min_topic_size is auto and clusterer graph, whose resolution is what can be auto; give min_topic_size "
                "a number"
            )
        if self.consensus.seeds > 1:
            raise ValueError(
                f"consensus.seeds is {self.consensus.seeds} and clusterer graph, which lets several seeds vote by "
                "itself; leave consensus out"
            )
        if self.orphans.mode == "reassign":
            raise ValueError(
                "orphans.mode is reassign and clusterer graph, which leaves papers out only where graph.least_strength "
                "or graph.small asks for it; leave orphans out"
            )

    def _require_index(self) -> None:
        if self.umap.neighbors == "faiss":
            raise ValueError(
                f"umap.neighbors is faiss and clusterer {self.method}, whose saved UMAP needs the index of pynndescent "
                "to place new papers; set clusterer to graph, or umap.neighbors to pynndescent"
            )

    @property
    def method(self) -> Literal["hdbscan", "kmeans", "graph"]:
        """What clusters: as stated, else by n_topics, as the notebook does."""
        return self.clusterer or ("kmeans" if self.n_topics else "hdbscan")

    @property
    def has_probability(self) -> bool:
        """Whether papers have a probability of belonging to their topic: KMeans knows none."""
        return self.method != "kmeans"

    @property
    def chooses_size(self) -> bool:
        """Whether min_topic_size is still to be chosen; KMeans asks for none."""
        return self.min_topic_size == "auto" and self.method == "hdbscan"

    @property
    def stated_size(self) -> int:
        """min_topic_size as a number; the default where it is auto and no clustering asks for it."""
        return DEFAULT_SIZE if self.min_topic_size == "auto" else self.min_topic_size

    @property
    def min_cluster_size(self) -> int:
        """HDBSCAN's min_cluster_size: its own setting, else min_topic_size."""
        return self.hdbscan.min_cluster_size or self.stated_size

    @property
    def sized_hdbscan(self) -> HdbscanSettings:
        """HDBSCAN's parameters with the min_cluster_size that holds."""
        return self.hdbscan.model_copy(update={"min_cluster_size": self.min_cluster_size})


class Params(Section):
    """Section params: what holds for every stage."""

    seed: int = Field(100, ge=0, lt=2**32, description="Decides all randomness.")
    order: Literal["input", "canonical"] = Field(
        "input", description="Row order that the stages see: the corpus's own, or sorted by UT."
    )


class RetentionSettings(Section):
    """Section retention: how much of earlier results the project's store keeps after a run. Left out: everything.

    What a run.json of the project refers to is always kept.
    """

    keep_results: int | None = Field(None, ge=0, description="Latest earlier results of each stage that are kept.")
    keep_days: float | None = Field(None, ge=0, description="Days that an earlier result is kept.")
    keep_gigabytes: float | None = Field(
        None, ge=0, description="Size of all results from which on the oldest earlier ones are removed."
    )


class Settings(BaseModel):
    """All settings of one analysis, and the folders they name.

    source: the settings file they were read from.
    root: the folder that holds the project folder.
    overrides: what this run uses instead of the file's values; tmo and params hold it already.
    notes: remarks for the person, such as a key that looks misspelt; they stop nothing.
    this_year: when they were read, so that all of a run takes the same year for the one that is not over.
    """

    model_config = ConfigDict(frozen=True)

    source: Path
    root: Path
    metadata: Metadata
    tmo: TopicModelSettings
    params: Params
    retention: RetentionSettings = RetentionSettings()
    overrides: Overrides = Overrides()
    notes: tuple[str, ...] = ()
    this_year: int = Field(default_factory=lambda: date.today().year)

    @property
    def project_path(self) -> Path:
        """ROOT/PROJECT."""
        return self.root / self.metadata.project_folder

    @property
    def analysis_path(self) -> Path:
        """ROOT/PROJECT/ANALYSIS, where the outputs go."""
        return self.project_path / self.metadata.analysis_id

    @property
    def store_path(self) -> Path:
        """ROOT/PROJECT/.topicloom, the stage store of the project."""
        return self.project_path / ".topicloom"

    @property
    def filtered_path(self) -> Path:
        """ROOT/PROJECT/FILTERED, where the dataset lies."""
        return self.project_path / self.metadata.filtered_folder

    @property
    def dataset_path(self) -> Path:
        """The dataset of the papers."""
        return self.filtered_path / "dataset_raw_cleaned.csv"

    @property
    def embeds_path(self) -> Path:
        """The folder of the embedding profile: `e01`, `f01_e01` and `f01/e01` name the same one."""
        filtered, name = self.metadata.filtered_folder, self.tmo.embeds_folder
        candidates = [self.filtered_path / name]
        if name.startswith(f"{filtered}/"):
            candidates.append(self.project_path / name)
        if name.startswith(f"{filtered}_"):
            candidates.append(self.filtered_path / name.removeprefix(f"{filtered}_"))
        return next((path for path in candidates if path.is_dir()), candidates[0])

    @property
    def label(self) -> str:
        """PROJECT/ANALYSIS, for names of runs and messages."""
        return f"{self.metadata.project_folder}/{self.metadata.analysis_id}"


def with_size(settings: Settings, size: int) -> Settings:
    """The settings with a min_topic_size in the place of the one they state, or of auto."""
    tmo = settings.tmo.model_copy(update={"min_topic_size": size})
    return settings.model_copy(update={"tmo": tmo})


def reassigns(settings: Settings) -> bool:
    """Whether a run has the stage reassign: KMeans leaves no outliers, but a vote of several seeds may."""
    return settings.tmo.orphans.mode == "reassign" and (settings.tmo.method == "hdbscan" or agrees(settings))


def agrees(settings: Settings) -> bool:
    """Whether a run has the stage consensus."""
    return settings.tmo.consensus.seeds > 1
