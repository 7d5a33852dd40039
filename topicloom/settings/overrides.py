"""Settings that one run uses instead of those in its file: the common ones, under short names.

They are what a form asks for, and what a config of a project can hold. Each short name stands for one setting of the
file, or for a few that belong together.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema, model_validator

from topicloom.settings.stop_lists import ENGLISH, languages_with_list

# The setting that each name stands for; the others have rules of their own below.
PLACES: Final[dict[str, str]] = {
    "n_topics": "tmo.n_topics",
    "min_topic_size": "tmo.min_topic_size",
    "n_neighbors": "tmo.umap.n_neighbors",
    "n_components": "tmo.umap.n_components",
    "min_samples": "tmo.hdbscan.min_samples",
    "resolution": "tmo.graph.resolution",
    "inertia": "tmo.graph.inertia",
    "others_threshold": "tmo.others_threshold",
    "stop_words": "tmo.represent.stop_words",
    "language": "tmo.represent.language",
    "orphans": "tmo.orphans.mode",
    "update": "tmo.update.mode",
    "seed": "params.seed",
    "quick": "tmo.quick",
}
_PICTURES: Final[dict[str, tuple[str, ...]]] = {
    "all": ("quality", "figures", "report"),
    "report": ("quality", "report"),
    "none": (),
}
_WITHOUT = "none"
_CLUSTERER = "tmo.clusterer"
_STOP_WORDS: Final = (_WITHOUT, ENGLISH, *(name for name in languages_with_list() if name != ENGLISH))


def _has_list(name: str) -> str:
    if name not in _STOP_WORDS:
        raise ValueError(f"{name!r} has no list of stop words; it may be {', '.join(_STOP_WORDS)}")
    return name


StopWords = Annotated[str, AfterValidator(_has_list), WithJsonSchema({"type": "string", "enum": list(_STOP_WORDS)})]


class Overrides(BaseModel):
    """Settings that one run uses instead of those in the settings file, which stays as it is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    clusterer: Literal["hdbscan", "kmeans", "graph"] | None = Field(
        None,
        title="Clustering",
        description="hdbscan finds the number of topics; kmeans makes as many as Number of topics says; graph takes "
        "the neighbour graph itself, leaves no paper out and stays as it was as the corpus grows.",
    )
    n_topics: Annotated[int, Field(ge=0)] | None = Field(
        None, title="Number of topics", description="At least 0. 0: HDBSCAN finds it, or the graph's resolution."
    )
    min_topic_size: Annotated[int, Field(ge=2)] | None = Field(
        None, title="Least papers of a topic", description="At least 2. For HDBSCAN and graph."
    )
    n_neighbors: Annotated[int, Field(ge=2)] | None = Field(
        None,
        title="Neighbours of a paper",
        description="At least 2. UMAP's n_neighbors: more give a coarser picture.",
    )
    n_components: Annotated[int, Field(ge=1)] | None = Field(
        None, title="Dimensions", description="At least 1. UMAP's n_components: of the vectors that are clustered."
    )
    min_samples: Annotated[int, Field(ge=1)] | None = Field(
        None,
        title="Samples of a core point",
        description="At least 1. HDBSCAN's min_samples: fewer give fewer outliers. As the least papers of a topic, if "
        "the file states none.",
    )
    resolution: Annotated[float, Field(gt=0, le=1_000_000)] | None = Field(
        None, title="Resolution", description="Above 0. For graph: the larger, the more topics."
    )
    inertia: Annotated[float, Field(ge=0, le=1000)] | None = Field(
        None,
        title="Inertia",
        description="At least 0. For graph: how firmly papers stay in their topics of the run before; 0: not at all.",
    )
    others_threshold: Annotated[float, Field(gt=0, le=1)] | None = Field(
        None,
        title="Share that the main clusters cover",
        description="Above 0, at most 1. Of the papers that have a topic.",
    )
    stop_words: StopWords | None = Field(
        None, title="Stop words", description="Words such as 'the' and 'of' that no topic is named after, by language."
    )
    language: Annotated[str, Field(min_length=1)] | None = Field(
        None, title="Language of the texts", description="english, or another as BERTopic takes it."
    )
    orphans: Literal["keep", "reassign"] | None = Field(
        None, title="Outliers", description="keep: they stay apart; reassign: near ones are given to a topic."
    )
    update: Literal["refit", "assign", "auto"] | None = Field(
        None,
        title="New papers",
        description="refit: fit all papers anew; assign: place new ones in the fitted model; auto: place them until "
        "they have changed the corpus too much.",
    )
    pictures: Literal["all", "report", "none"] | None = Field(
        None, title="Pictures", description="all: report, measures and figures; report: no figures; none: only tables."
    )
    seed: Annotated[int, Field(ge=0, lt=2**32)] | None = Field(
        None, title="Seed", description="At least 0. Decides all randomness."
    )

    quick: bool | None = Field(
        None,
        title="Quick look",
        description="Missing embeddings are made of the texts' words, in seconds; a run without it makes them anew.",
    )

    @model_validator(mode="after")
    def _clusterer_and_number_agree(self) -> Overrides:
        if self.clusterer == "hdbscan" and self.n_topics:
            raise ValueError(
                f"clusterer is hdbscan, which finds the number of topics itself, and n_topics {self.n_topics}"
            )
        if self.clusterer == "kmeans" and self.n_topics == 0:
            raise ValueError("clusterer is kmeans and n_topics 0; KMeans needs a number of topics")
        return self

    def given(self) -> dict[str, Any]:
        """The overrides that are set."""
        return self.model_dump(exclude_none=True)

    def values(self) -> Iterator[tuple[str, Any]]:
        """What the overrides say of the settings: full name, such as tmo.umap.n_neighbors, and value."""
        for name, value in self.given().items():
            if name in PLACES:
                yield PLACES[name], None if (name, value) == ("stop_words", _WITHOUT) else value
        if self.clusterer is not None:
            yield _CLUSTERER, self.clusterer
        if self.clusterer == "hdbscan":
            yield PLACES["n_topics"], 0
        if self.pictures is not None:
            for kind in _PICTURES["all"]:
                yield f"tmo.pictures.{kind}", kind in _PICTURES[self.pictures]


def stated(settings: Mapping[str, Any]) -> dict[str, Any]:
    """What the settings of an analysis say, in the words of the overrides.

    settings: the sections tmo and params, as plain values.
    """
    said = {name: _at(settings, place) for name, place in PLACES.items()}
    drawn = tuple(kind for kind in _PICTURES["all"] if _at(settings, f"tmo.pictures.{kind}"))
    return said | {
        "clusterer": _at(settings, _CLUSTERER) or ("kmeans" if said["n_topics"] else "hdbscan"),
        "stop_words": said["stop_words"] or _WITHOUT,
        "min_samples": said["min_samples"] or _at(settings, "tmo.hdbscan.min_cluster_size") or said["min_topic_size"],
        "pictures": next((name for name, kinds in _PICTURES.items() if kinds == drawn), ", ".join(drawn)),
    }


def _at(settings: Mapping[str, Any], place: str) -> Any:
    found: Any = settings
    for part in place.split("."):
        found = found[part]
    return found
