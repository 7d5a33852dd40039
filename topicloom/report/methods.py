"""How the topics were made, in the paragraphs that a paper needs, from what the run has recorded."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

from topicloom.atlas.bursts import LEAST_PAPERS as LEAST_IN_BURST
from topicloom.atlas.trends import LEAST_PAPERS, LEAST_YEARS, RECENT
from topicloom.phrasing import number_of
from topicloom.report.references import WORKS, bibtex, listed
from topicloom.settings.schema import Params, TopicModelSettings

_MARKUP = re.compile(r"[\x00-\x1f\x7f-\x9f<>\[\]*`|\\\u200e\u200f\u202a-\u202e\u2066-\u2069]+")
_LONGEST = 80  # characters of a name that a person gave


@dataclass(frozen=True)
class Recorded:
    """What a run has recorded of itself.

    Args:
        tmo: Its settings.
        params: Its settings.
        facts: Of its stages, by name.
        versions: Of topicloom, Python and the libraries, by name.
        years: First and last year of the papers, and how many have one; None where none has.
        vectors: SHA-256 of the embeddings.
        made: embeds_settings.json, where topicloom has made the embeddings.
        account: import.json, where topicloom has imported the papers.
    """

    tmo: TopicModelSettings
    params: Params
    facts: Mapping[str, Mapping[str, Any]]
    versions: Mapping[str, str]
    years: tuple[int, int, int] | None = None
    vectors: str = ""
    made: Mapping[str, Any] = field(default_factory=dict)
    account: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Methods:
    """A description of methods. paragraphs: heading and text. works: keys of the works that it refers to."""

    paragraphs: list[tuple[str, str]]
    works: list[str]

    @property
    def text(self) -> str:
        """The paragraphs as plain text."""
        return "\n\n".join(text for _, text in self.paragraphs)

    @property
    def bibtex(self) -> str:
        """The works as BibTeX."""
        return bibtex(self.works)

    @property
    def page(self) -> str:
        """All of it as Markdown."""
        parts = [f"## {heading}\n\n{text}\n" for heading, text in self.paragraphs]
        works = "".join(f"- {line}\n" for line in listed(self.works))
        return "\n".join(["# Methods\n", *parts, f"## References\n\n{works}", f"```bibtex\n{self.bibtex}```\n"])


def methods_of(recorded: Recorded) -> Methods:
    """Describe how the topics of a run were made.

    Args:
        recorded: What the run has recorded of itself.

    Returns:
        Paragraphs that state what this run has used, and the works that they refer to.
    """
    writer = _Writer(recorded)
    sections = (
        ("Corpus", writer.corpus()),
        ("Embeddings", writer.embeddings()),
        ("Topics", writer.topics()),
        ("Words and names", writer.words()),
        ("Profiles and trends", writer.movement()),
        ("Quality", writer.quality()),
        ("Reproduction", writer.reproduction()),
    )
    paragraphs = [(heading, " ".join(filter(None, sentences))) for heading, sentences in sections]
    return Methods([(heading, text) for heading, text in paragraphs if text], sorted(writer.works))


class _Writer:
    """Writes the sentences, and keeps which works they refer to."""

    def __init__(self, recorded: Recorded) -> None:
        self.told = recorded
        self.tmo, self.facts = recorded.tmo, recorded.facts
        self.works: set[str] = set()

    def cite(self, *keys: str) -> str:
        self.works.update(keys)
        return "; ".join(WORKS[key].cited for key in keys)

    def corpus(self) -> Iterator[str]:
        papers, years = int(self.facts["load-embeddings"]["documents"]), self.told.years
        span = "" if years is None else _span(*years, papers)
        yield f"The corpus holds {number_of(papers, 'paper', form=',')}{span}."
        account = self.told.account
        if "records" in account:
            bases = ", ".join(f"{_named(name)} {int(count):,}" for name, count in account["by_database"].items())
            without = int(account["without_text"])
            yield (
                f"The databases gave {number_of(int(account['records']), 'record', form=',')} ({bases}); "
                f"{number_of(int(account['duplicates']), 'duplicate was', 'duplicates were', form=',')} merged, which "
                f"left {number_of(int(account['kept']), 'paper', form=',')}, of which {without:,} had neither title "
                f"nor abstract and {'was' if without == 1 else 'were'} left out."
            )

    def embeddings(self) -> Iterator[str]:
        dimensions, made = self.facts["load-embeddings"]["dimensions"], self.told.made
        columns = " and ".join(_named(name) for name in made.get("text_columns", []))
        if made.get("quick"):
            yield (
                f"For a first look the text of each paper (columns {columns}) was represented by the words that it "
                f"shares with others: TF-IDF, drawn together into {dimensions} dimensions by a truncated singular "
                f"value decomposition (scikit-learn {made.get('scikit_learn', '')}). No language model was used."
            )
            return
        if not made.get("transformer_model"):
            yield (
                f"Each paper was represented by an embedding of {dimensions} dimensions that was supplied with the "
                f"corpus (the SHA-256 of the stored array begins with {self.told.vectors[:16]}); "
                "the model is not recorded."
            )
            return
        half = ", in half precision" if made.get("precision") == "half" else ""
        library = f"sentence-transformers {made.get('sentence_transformers', '')}".strip()
        yield (
            f"The text of each paper (columns {columns}) was embedded in {dimensions} dimensions by the model "
            f"{_model(str(made['transformer_model']))} ({library}; {self.cite('reimers2019')}){half}."
        )

    def topics(self) -> Iterator[str]:
        found, method = self.facts["represent"], self.tmo.method
        yield self._placed()
        if method == "graph":
            yield self._graph()
        else:
            yield self._reduced()
            yield self._hdbscan() if method == "hdbscan" else self._kmeans()
        if "choose-size" in self.facts:
            sizes = ", ".join(map(str, self.facts["choose-size"]["tried"]))
            yield f"The least size of a topic was chosen among {sizes}."
        if "consensus" in self.facts:
            agreed = self.tmo.consensus
            yield (
                f"Topics are those on which {agreed.seeds} seeds agree: papers are in a topic where at least "
                f"{_percent(agreed.least_agreement)} of the seeds put them there."
            )
        documents, outliers = int(self.facts["load-embeddings"]["documents"]), int(found["outliers"])
        if "reassign" in self.facts:
            before = int(self.facts["reassign"]["outliers_before"])
            yield (
                f"Of {number_of(before, 'outlier', form=',')} "
                f"{number_of(before - outliers, 'was', 'were', form=',')} given to the nearest topic (strategy "
                f"{self.tmo.orphans.strategy})."
            )
        yield (
            f"This gave {number_of(int(found['topics']), 'topic', form=',')}; {number_of(outliers, 'paper', form=',')} "
            f"({_percent(outliers / max(documents, 1))}) {'is' if outliers == 1 else 'are'} in none."
        )

    def _placed(self) -> str:
        found = self.facts.get("update", {})
        if found.get("mode") != "assign":
            return ""
        new = number_of(int(found["new"]), "new paper was", "new papers were", form=",")
        return f"{new} placed in the model that run {found['run']} had fitted."

    def _search(self) -> str:
        found = str(self.facts.get("reduce", {}).get("neighbours", ""))
        if "in shards" in found:
            return f", neighbours in shards by faiss, and by neighbours of neighbours ({self.cite('dong2011')})"
        return f", neighbours by nearest-neighbour descent ({self.cite('dong2011')})" if "descent" in found else ""

    def _reduced(self) -> str:
        umap, start = self.tmo.umap, self.facts.get("reduce", {}).get("start")
        epochs = "" if umap.n_epochs is None else f", n_epochs {umap.n_epochs}"
        layout = "" if umap.layout == "umap" else ", another layout of the same graph that uses every core"
        begun = f", init {start}" if start else ""
        return (
            f"Embeddings were reduced to {number_of(umap.n_components, 'dimension')} by UMAP "
            f"({self.cite('mcinnes2018')}; "
            f"n_neighbors {umap.n_neighbors}, min_dist {umap.min_dist:g}, spread {umap.spread:g}, metric {umap.metric}"
            f"{begun}{epochs}{layout}{self._search()}), and to two for the map."
        )

    def _hdbscan(self) -> str:
        own = self.tmo.sized_hdbscan
        return (
            f"They were clustered by HDBSCAN ({self.cite('campello2013', 'mcinnes2017')}; min_cluster_size "
            f"{own.min_cluster_size}, min_samples {own.min_samples or own.min_cluster_size}, metric {own.metric}, "
            f"cluster_selection_method {own.cluster_selection_method}, cluster_selection_epsilon "
            f"{own.cluster_selection_epsilon:g})."
        )

    def _kmeans(self) -> str:
        own = self.tmo.kmeans
        return (
            f"They were clustered by k-means ({self.cite('lloyd1982')}; {number_of(self.tmo.n_topics, 'cluster')}, "
            f"n_init {own.n_init}, max_iter {own.max_iter})."
        )

    def _graph(self) -> str:
        found, own = self.facts["cluster"], self.tmo.graph
        tied = (
            f", tied to the topics of run {found['anchored_to']} with inertia {own.inertia:g}"
            if found.get("anchored_to")
            else ""
        )
        chosen = ", chosen by stability and coherence" if own.resolution == "auto" and not self.tmo.n_topics else ""
        return (
            f"The {self.tmo.umap.n_neighbors} nearest neighbours of each paper (metric {self.tmo.umap.metric}"
            f"{self._search()}) were joined to a graph, each edge weighed by the share of neighbours that its "
            f"two papers have in common (the Jaccard index; {self.cite('jarvis1973')}), and its communities "
            f"found by the Leiden algorithm ({self.cite('traag2019')}; modularity at resolution "
            f"{found['resolution']:g}{chosen}; least papers of a topic {self.tmo.stated_size}{tied}). "
            f"UMAP ({self.cite('mcinnes2018')}) laid out the map."
        )

    def words(self) -> Iterator[str]:
        own, low, high = self.tmo.represent, *self.tmo.represent.n_gram_range
        grams = f"{low} to {high} words" if high > low else f"{low} word{'s' if low > 1 else ''}"
        stop = "none left out" if own.stop_words is None else "a list left out"
        stop = f"those of {_named(own.stop_words)} left out" if isinstance(own.stop_words, str) else stop
        parameters = (
            f"n-grams of {grams}",
            f"{number_of(own.top_n_words, 'word')} of a topic",
            f"stop words: {stop}",
            f"language {_named(own.language)}",
            "words of scripts without spaces by ICU" if own.tokenizer else "",
            f"only n-grams of {own.min_df} topics or more" if own.min_df > 1 else "",
            "weighted by BM25" if own.bm25_weighting else "",
            "square roots of frequencies" if own.reduce_frequent_words else "",
        )
        yield (
            "The words of topics are those of the largest class-based TF-IDF (BERTopic, "
            f"{self.cite('grootendorst2022')}): {', '.join(filter(None, parameters))}."
        )
        if self.tmo.score == "distribution":
            spread = self.tmo.distribution
            yield (
                "The share of topics in a paper is its approximate distribution over windows of "
                f"{number_of(spread.window, 'word')} (stride {spread.stride}, least similarity "
                f"{spread.min_similarity:g})."
            )
        named = self.facts.get("describe", {})
        if not named:
            return
        names = self.tmo.names
        nearest = f"by the cosine of their embeddings with the topic's (diversity {names.diversity:g})"
        how = nearest if named["names"] == "keybert" else "by that weight"
        keywords = " and keywords of the authors" if named.get("authors_keywords") else ""
        yield (
            f"Labels are made of phrases{keywords} that a tenth of a topic's papers hold, chosen {how}; people may "
            "have changed them."
        )
        if named.get("names_by_language_model"):
            model = _named(str(self.tmo.names.language_model.model))
            yield f"The language model {model} named {int(named['names_by_language_model']):,} of the topics."
            if groups := named.get("groups_by_language_model"):
                yield f"It also named {int(groups):,} groups of topics, and summed them up."
        if not named.get("levels_of_groups"):
            return  # there are too few topics for groups
        if self.tmo.method == "graph":
            yield (
                "Topics were joined to groups by what that gains in modularity at coarser resolutions "
                f"({self.cite('clauset2004')})."
            )
        else:
            yield f"Topics were joined to groups by Ward's method ({self.cite('ward1963')}) on their mean embeddings."

    def movement(self) -> Iterator[str]:
        if fields := self.facts.get("profiles", {}).get("fields"):
            yield (
                f"Lifts of {_listed(fields)} have 95 % intervals by Wilson's method ({self.cite('wilson1927')}) with "
                "the correction for a finite population."
            )
        if "moves" not in self.facts:
            return
        years = self.told.years
        if years is not None and years[1] - years[0] >= LEAST_YEARS - 1:
            yield from self._trends()
        yield (
            f"Centrality and density are those of {self.cite('callon1991')}, of the ten heaviest phrases of each topic."
        )

    def _trends(self) -> Iterator[str]:
        yield (
            "The trend of a topic is the yearly change of its share of a year's papers, by a quasi-Poisson regression "
            f"({self.cite('mccullagh1989')}) over the last {RECENT} complete years, drawn towards no change by a prior "
            f"that the topics give each other; topics with fewer than {LEAST_PAPERS} papers in these years have none. "
            "A topic is growing or declining where the 95 % interval leaves 0 out, and emerging where it grows and at "
            "most a quarter of its papers are of the earlier half of all papers."
        )
        yield (
            f"Bursts are years with about twice the usual share ({self.cite('kleinberg2003')}; s = 2, gamma = 1) and "
            f"{LEAST_IN_BURST} papers or more. The two halves are compared by log-odds with a prior "
            f"({self.cite('monroe2008')})."
        )

    def quality(self) -> Iterator[str]:
        found = self.facts.get("quality", {})
        works = {"npmi": "bouma2009", "c_v": "roder2015", "diversity": "dieng2020", "silhouette": "rousseeuw1987"}
        names = {
            "npmi": "coherence NPMI",
            "c_v": "coherence C_v",
            "diversity": "topic diversity",
            "silhouette": "silhouette of the reduced embeddings",
            "modularity": "modularity",
            "conductance": "mean conductance",
        }
        told = [
            f"{name} {found[key]:.3f}{f' ({self.cite(works[key])})' if key in works else ''}"
            for key, name in names.items()
            if found.get(key) is not None
        ]
        if told:
            yield f"Measured quality: {', '.join(told)}."

    def reproduction(self) -> Iterator[str]:
        versions = dict(self.told.versions)
        own, python = versions.pop("topicloom", ""), versions.pop("python", "")
        libraries = ", ".join(f"{name} {number}" for name, number in sorted(versions.items()))
        order = ", rows in the order of their ids" if self.told.params.order == "canonical" else ""
        yield f"All randomness follows from the seed {self.told.params.seed}{order}."
        yield f"Computed with topicloom {own}, Python {python}, {libraries}."


def _span(first: int, last: int, dated: int, papers: int) -> str:
    span = f" from {first} to {last}" if last > first else f" of {first}"
    return span if dated == papers else f"{span} ({dated:,} of them {'has' if dated == 1 else 'have'} a year)"


def _listed(names: Sequence[str]) -> str:
    """Names in words: "authors, sources and countries"."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _named(name: str) -> str:
    """A name that a person gave, without what a page could take for markup."""
    return " ".join(_MARKUP.sub(" ", str(name)).split())[:_LONGEST]


def _model(name: str) -> str:
    """The name of a model; of one in a folder the end of its path, since the rest is of this machine alone."""
    path = PurePath(name)
    is_folder = path.is_absolute() or name.startswith((".", "~"))
    return _named("/".join(path.parts[-2:]) if is_folder else name)
