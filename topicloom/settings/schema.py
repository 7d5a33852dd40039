"""The settings of one analysis: their names, defaults and limits.

Reading them from a file, and turning a wrong value into a sentence, is `topicloom.settings.reading`.
The defaults are the constants of the group's notebook; each field has the name that its library gives it.
"""

from __future__ import annotations

import types
import typing
import unicodedata
from datetime import date
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from topicloom.settings.overrides import Overrides
from topicloom.settings.stop_lists import ENGLISH, languages_with_list

_LONGEST_NAME = 255  # bytes that file systems admit
_DEEPEST = 8  # folders in one name: a path as a whole has a limit too


def inside_its_parent(name: str) -> str:
    """Refuse a folder name that would lead out of the project."""
    parts = PurePosixPath(name.replace("\\", "/")).parts
    if not parts or ".." in parts or parts[0] == "/" or ":" in parts[0]:
        raise ValueError("not a folder inside the project")
    if any(ord(letter) < ord(" ") for letter in name):
        raise ValueError("holds a control character")
    if max(len(part.encode("utf-8", "surrogatepass")) for part in parts) > _LONGEST_NAME or len(parts) > _DEEPEST:
        raise ValueError("longer than a file system admits")
    return unicodedata.normalize("NFC", "/".join(parts))


FolderName = Annotated[str, AfterValidator(inside_its_parent)]


def _takes_list(annotation: Any) -> bool:
    options = typing.get_args(annotation) if is_union(annotation) else (annotation,)
    return any(typing.get_origin(option) in (list, tuple) for option in options)


def is_union(annotation: Any) -> bool:
    """Whether a type annotation offers several types, None included."""
    return typing.get_origin(annotation) in (typing.Union, types.UnionType)


class Section(BaseModel):
    """A section of the settings file: unknown keys are ignored, known ones are held to their type and range.

    The group's R code writes a list of one as a scalar, and YAML files hold lists of one where a scalar is
    meant, so both are read alike; a null counts as left out; 5.0 is read as 5 where a whole number is asked.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _read_scalar_and_list_of_one_alike(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        read = {}
        for key, value in values.items():
            field = cls.model_fields.get(str(key))
            if field is None or value is None or (value == [] and not _takes_list(field.annotation)):
                continue
            read[key] = _as_declared(value, field.annotation)
        return read


def _as_declared(value: Any, annotation: Any) -> Any:
    if _takes_list(annotation):
        options = typing.get_args(annotation) if is_union(annotation) else (annotation,)
        if isinstance(value, str) and str not in options:
            return [value]
        if isinstance(value, (list, tuple)) and any(typing.get_origin(option) is tuple for option in options):
            return tuple(_whole(item) for item in value)
        return value
    if isinstance(value, (list, tuple)) and len(value) == 1:
        value = value[0]
    options = typing.get_args(annotation) if is_union(annotation) else (annotation,)
    wants_int = any(_without_limits(option) is int for option in options)
    return _whole(value) if wants_int else value


def _without_limits(annotation: Any) -> Any:
    return typing.get_args(annotation)[0] if typing.get_origin(annotation) is Annotated else annotation


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


class Metadata(Section):
    """Where the analysis lies."""

    project_folder: FolderName = Field(description="Folder of the project, under the root folder.")
    filtered_folder: FolderName = Field(description="Folder of the dataset, under the project folder.")
    analysis_id: FolderName = Field(description="Folder of the analysis, under the project folder.")


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
    neighbors_seed: int | None = Field(
        None,
        ge=0,
        lt=2**32,
        description="Seed of the neighbour search, so that layouts of several seeds share one; params.seed by default.",
    )

    @model_validator(mode="after")
    def _min_dist_within_spread(self) -> UmapSettings:
        if self.min_dist > self.spread:
            raise ValueError(f"min_dist is {self.min_dist} and spread {self.spread}; min_dist must be at most spread")
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


class RepresentSettings(Section):
    """How topics get their words: BERTopic's and CountVectorizer's parameters."""

    n_gram_range: tuple[Annotated[int, Field(ge=1, le=100)], Annotated[int, Field(ge=1, le=100)]] = Field(
        (1, 3), description="Shortest and longest n-gram, in words."
    )
    language: str = Field("english", min_length=1, description="Language of the texts, as BERTopic takes it.")
    top_n_words: int = Field(10, ge=1, le=100, description="Words of a topic.")
    stop_words: str | list[str] | None = Field(
        None,
        description="Words to leave out: a language that has a list, such as 'english', or the words themselves; none "
        "by default, as in the notebook.",
    )
    tokenizer: Literal["icu"] | None = Field(
        None,
        description="icu: words of scripts without spaces (Chinese, Japanese, Thai) are found by ICU's dictionaries.",
    )
    min_df: int = Field(1, ge=1, description="Least topics a word must occur in.")
    bm25_weighting: bool = Field(False, description="Weigh words by the BM25 formula.")
    reduce_frequent_words: bool = Field(False, description="Take the square root of term frequencies.")
    calculate_probabilities: bool = Field(
        True, description="Probability is the largest entry of HDBSCAN's membership vector."
    )

    @model_validator(mode="after")
    def _range_in_order(self) -> RepresentSettings:
        if self.n_gram_range[0] > self.n_gram_range[1]:
            raise ValueError(f"n_gram_range is {list(self.n_gram_range)}; its first number must not be larger")
        if isinstance(self.stop_words, str) and self.stop_words not in (ENGLISH, *languages_with_list()):
            raise ValueError(
                f"stop_words is {self.stop_words!r}; it must be a list of at least two words, or a language that has a "
                f"list: {', '.join(languages_with_list())}"
            )
        if self.tokenizer and self.language == ENGLISH:
            raise ValueError(
                f"tokenizer is {self.tokenizer} and language english, for which all letters but A to Z are cut out; "
                "set language to that of the texts, such as japanese"
            )
        return self


class DistributionSettings(Section):
    """Parameters of BERTopic's approximate_distribution."""

    batch_size: int = Field(
        1000, ge=1, le=1_000_000_000, description="Documents of one batch; no result depends on it."
    )
    window: int = Field(4, ge=1, le=1_000_000, description="Tokens of a window.")
    stride: int = Field(1, ge=1, le=1_000_000, description="Tokens from one window to the next.")
    min_similarity: float = Field(0.1, ge=0, le=1, description="Similarities below it count as none.")
    padding: bool = Field(False, description="Also use the shorter windows at both ends of a document.")


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


class ExportSettings(Section):
    """What the exported files hold."""

    texts: bool = Field(True, description="Write the columns Document and Representative_Docs.")
    escape_formulas: bool = Field(
        False,
        description="Put an apostrophe before texts in CSV files that a spreadsheet would take for a formula; R and "
        "pandas then read it too.",
    )

    @property
    def escaping(self) -> dict[str, bool]:
        """What a stage that writes tables states of it: nothing where it is off, so that earlier results are found."""
        return {"escape_formulas": True} if self.escape_formulas else {}


TOLD: Final = "told"  # the type of an error that says all, and whose value is shown to nobody


class LanguageModelSettings(Section):
    """A language model that names topics; it is asked only where a model is stated."""

    model: str | None = Field(
        None, min_length=1, description="Name of the model, as its endpoint knows it. None: no language model is asked."
    )
    base_url: str | None = Field(
        None, min_length=1, description="Address of an OpenAI-compatible endpoint; OpenAI's own when left out."
    )
    api_key_variable: str = Field(
        "OPENAI_API_KEY",
        min_length=1,
        pattern=r"^[A-Za-z_][A-Za-z0-9_]*$",
        description="Environment variable that holds the key, which is never written. OPENAI_API_KEY goes to OpenAI "
        "alone; any other needs TOPICLOOM_API_KEYS in the environment to say which host may have it.",
    )
    timeout: float = Field(60.0, gt=0, le=86_400, description="Seconds to wait for one answer, as a whole.")
    retries: int = Field(2, ge=0, le=100, description="Further tries where an answer fails.")
    budget: int = Field(200_000, ge=1, description="Most tokens of one run, questions and answers together.")

    @field_validator("base_url")
    @classmethod
    def _holds_no_secret(cls, address: str | None) -> str | None:
        """The address is written into run.json and the report, so it must be one that anybody may see."""
        if address is None:
            return None
        try:
            parts = urlsplit(address)
            sound = (
                parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
            )
        except ValueError:
            sound = False
        if not sound:
            raise PydanticCustomError(TOLD, "it must be the address of an endpoint, such as http://127.0.0.1:11434/v1")
        if "@" in parts.netloc or parts.query or parts.fragment:
            raise PydanticCustomError(
                TOLD,
                "it must hold no user, password, query or fragment, since it is written into the report; the key "
                "belongs into the environment variable that api_key_variable names",
            )
        return address


class NamesSettings(Section):
    """Names of topics for people, beside the notebook's Name and Representation."""

    method: Literal["auto", "statistical", "keybert"] = Field(
        "auto",
        description="statistical: from c-TF-IDF; keybert: keywords nearest to the topic by tmo.transformer_model; "
        "auto: keybert where that model lies on this machine.",
    )
    keywords: int = Field(10, ge=1, le=30, description="Keywords of a topic.")
    diversity: float = Field(0.3, ge=0, le=1, description="How far apart keybert's keywords are.")
    language_model: LanguageModelSettings = Field(default_factory=LanguageModelSettings)


class PicturesSettings(Section):
    """What is drawn after the export."""

    quality: bool = Field(True, description="Measure the topics: topic_quality.json.")
    figures: bool = Field(True, description="Draw the figures, PNG and SVG.")
    report: bool = Field(True, description="Write report.html.")

    @property
    def drawn(self) -> bool:
        """Whether the topics are described, for figures and report and what is made beside them."""
        return self.figures or self.report


class ColumnsSettings(Section):
    """Columns of the dataset; those left out are found by the names that databases give them."""

    authors: str | None = Field(None, min_length=1, description="Authors, shortened; AU and the like when left out.")
    full_names: str | None = Field(None, min_length=1, description="Authors in full; AF when left out.")
    source: str | None = Field(None, min_length=1, description="Journal or book; SO when left out.")
    cited: str | None = Field(None, min_length=1, description="How often a paper is cited; TC when left out.")
    type: str | None = Field(None, min_length=1, description="Kind of document; DT when left out.")
    keywords: str | None = Field(None, min_length=1, description="Keywords of the authors; DE when left out.")
    indexed: str | None = Field(None, min_length=1, description="Keywords of the database; ID when left out.")
    categories: str | None = Field(None, min_length=1, description="Subject categories; WC when left out.")
    areas: str | None = Field(None, min_length=1, description="Research areas; SC when left out.")
    countries: str | None = Field(None, min_length=1, description="Countries; Countries when left out.")
    institutions: str | None = Field(None, min_length=1, description="Institutions; Institutions when left out.")

    @property
    def named(self) -> dict[str, dict[str, str]]:
        """What a stage that reads the dataset states of them: nothing where none is named."""
        named = self.model_dump(exclude_none=True)
        return {"columns": named} if named else {}


class TakeAwaySettings(Section):
    """What is made to be taken away, where figures or report are drawn."""

    profiles: bool = Field(
        True,
        description="Authors, sources, countries and citations of topics: topic_profiles.csv, topic_citations.csv.",
    )
    methods: bool = Field(True, description="How the topics were made, for a paper: methods.md.")
    papers: bool = Field(True, description="A tidy row a paper: papers.csv.")
    excel: bool = Field(True, description="Topics, groups, years, profiles and citations as a workbook: topics.xlsx.")
    vosviewer: bool = Field(True, description="Topics as map and network of VOSviewer, in exports/.")
    gephi: bool = Field(True, description="Topics as a network for Gephi: exports/topics.gexf.")
    ris: bool = Field(True, description="Papers with their topics as keywords, for Zotero: exports/papers.ris.")
    bibtex: bool = Field(False, description="The same as BibTeX: exports/papers.bib.")
    parquet: bool = Field(True, description="papers.csv as Parquet, for Embedding Atlas: exports/papers.parquet.")

    @property
    def files(self) -> dict[str, bool]:
        """What the stage take-away makes, by the names of the settings."""
        return self.model_dump(exclude={"profiles", "methods"})


class ConsensusSettings(Section):
    """Topics that several seeds agree on."""

    seeds: int = Field(1, ge=1, le=50, description="Seeds that are run; 1: no consensus is sought.")
    least_agreement: float = Field(
        0.5, gt=0, le=1, description="Share of the seeds that must put a paper into a topic; below it is an outlier."
    )
    least_stability: float = Field(
        0.5, ge=0, le=1, description="Mean Jaccard index of a topic with its like under the other seeds; below it goes."
    )


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
            return
        if self.min_topic_size == "auto":
            raise ValueError(
                "min_topic_size is auto and clusterer graph, whose resolution is what can be auto; give min_topic_size "
                "a number"
            )
        if self.consensus.seeds > 1:
            raise ValueError(
                f"consensus.seeds is {self.consensus.seeds} and clusterer graph, which lets four seeds vote by itself; "
                "leave consensus out"
            )
        if self.orphans.mode == "reassign":
            raise ValueError(
                "orphans.mode is reassign and clusterer graph, which leaves papers out only where graph.least_strength "
                "or graph.small asks for it; leave orphans out"
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
