"""What a person should know about a corpus or a result, one sentence each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from topicloom.inputs.decoding import form_notes
from topicloom.phrasing import number_of
from topicloom.settings.schema import TopicModelSettings
from topicloom.stages.language_notes import language_notes, word_notes

_MOST_OF_THEM = 0.5  # share of the papers


def corpus_notes(facts: Mapping[str, Any], tmo: TopicModelSettings) -> Iterator[str]:
    """Remarks on the texts of a corpus, from the facts of load-embeddings."""
    if facts.get("quick"):
        yield (
            "This is a quick look: the embeddings are made of the words that texts share, so topics are not those of "
            "the model. A run without --quick makes the embeddings anew, and the topics."
        )
    yield from form_notes("corpus.csv", facts.get("corpus_form", {}))
    yield from language_notes(facts, tmo.represent)
    yield from _notice_notes(facts, tmo)
    if facts["texts_with_nan"]:
        one, many = "text ends in the word 'nan' or holds it twice", "texts end in the word 'nan' or hold it twice"
        yield (
            f"{number_of(facts['texts_with_nan'], one, many)}, left by a missing title or abstract; the word "
            "pulls these papers together. Make corpus and embeddings again without it."
        )
    if facts["repeated_texts"]:
        yield (
            f"{number_of(facts['repeated_texts'], 'text repeats', 'texts repeat')} an earlier one; representative "
            "documents are marked by their row, where BERTopic marks every paper with the same text."
        )
    if facts.get("equal_embeddings"):
        one, other = facts["equal_example"]
        mend = (
            "A quick look knows only words that several papers have; a run without it goes by whole texts."
            if tmo.quick
            else "Make the embeddings again if the model has failed."
        )
        yield (
            f"{number_of(facts['equal_embeddings'], 'paper has', 'papers have')} the embedding of another paper "
            f"whose text differs, such as {one} and {other}; topics cannot part them. {mend}"
        )
    if facts["empty_texts"]:
        texts = number_of(facts["empty_texts"], "text is", "texts are")
        yield f"{texts} empty; a paper without a text is placed by its embedding alone."


def _notice_notes(facts: Mapping[str, Any], tmo: TopicModelSettings) -> Iterator[str]:
    placeholders, rights = facts.get("placeholders", 0), facts.get("rights_notices", 0)
    if tmo.cut_notices or not placeholders + rights:
        return
    counted = ((placeholders, 'a placeholder such as "[No abstract available]"'), (rights, "a rights notice"))
    found = [f"{number_of(count, 'text ends', 'texts end')} in {what}" for count, what in counted if count]
    yield (
        f"{' and '.join(found)}; their words can make topics of their own. tmo.cut_notices: true "
        "leaves them out of words, and of embeddings that are made here."
    )


def dataset_notes(facts: Mapping[str, Any], documents: int) -> Iterator[str]:
    """Remarks on how the dataset and the papers of a corpus go together, from the facts that `dataset_facts` states."""
    if "papers_in_dataset" not in facts:  # described before these were counted
        if facts.get("papers_with_year", documents) < documents:
            undated = documents - facts["papers_with_year"]
            yield (
                f"{undated} of {documents} papers {'has' if undated == 1 else 'have'} no year; a run with "
                "--refresh describe looks for it again."
            )
        return
    found, name = facts["papers_in_dataset"], "dataset_raw_cleaned.csv"
    if found is None:
        yield (
            f"There is no {name} with the column of ids (tmo.id_column): papers have no title, year and DOI, and "
            "trends are left out."
        )
        return
    yield from form_notes(name, facts["dataset_form"])
    if found < documents:
        other = f" and the dataset {facts['other']!r}" if facts["other"] else ""
        yield (
            f"{found} of {documents} papers of corpus.csv {'is' if found == 1 else 'are'} in {name} by UT; the "
            f"others have no title, year and DOI. The corpus has for example {facts['absent']!r}{other}."
        )
    if found:
        yield from _year_notes(facts, documents)


def _year_notes(facts: Mapping[str, Any], documents: int) -> Iterator[str]:
    column, dated = facts["year_column"], facts["papers_with_year"]
    if column is None:
        yield "The dataset has no column of years of the name in tmo.year_column: years and trends are left out."
    elif dated < documents:
        such = f", such as {facts['unread_year']!r}" if facts["unread_year"] else ""
        rest = f"years and trends are those of the other {dated}" if dated else "years and trends are left out"
        yield (
            f"{documents - dated} of {documents} papers {'has' if documents - dated == 1 else 'have'} no year "
            f"that can be read in the dataset's column {column}{such}; {rest}."
        )


def result_notes(facts: Mapping[str, Mapping[str, Any]], tmo: TopicModelSettings) -> Iterator[str]:
    """Remarks on a result, from the facts of the stages by name."""
    represented, scores, exported = facts["represent"], facts["distribution"], facts.get("export", {})
    if represented["topics"] == 0:
        yield (
            "All documents are outliers: there are no topics, and dataset_minimal.csv has no rows. "
            "A smaller tmo.min_topic_size finds smaller topics."
        )
    documents = facts.get("load-embeddings", {}).get("documents", 0)
    yield from _size_notes(represented.get("largest", 0) / max(documents, 1), tmo)
    yield from word_notes(represented, tmo.represent)
    yield from _score_notes(scores, tmo)
    if facts.get("reduce", {}).get("map_killed"):
        yield (
            "The process that laid out the map was killed, as the system does where memory runs out; the map was laid "
            "out once more, alone, and is whole. With more memory a run is sooner done."
        )
    if exported.get("columns_giving_way"):
        columns = ", ".join(exported["columns_giving_way"])
        yield f"Columns of corpus.csv that gave way to output columns of the same name: {columns}."


def _size_notes(share: float, tmo: TopicModelSettings) -> Iterator[str]:
    """A remark where one topic holds most of the papers, though more than one was asked for, and how to part it.

    share: of the papers, that of the largest topic.
    """
    if tmo.n_topics == 1 or share < _MOST_OF_THEM:
        return
    yield f"One topic holds {share:.0%} of the papers: {_how_to_part(tmo)}"


def _how_to_part(tmo: TopicModelSettings) -> str:
    if tmo.method == "kmeans":
        return f"a tmo.n_topics above {tmo.n_topics} parts it."
    if tmo.method == "graph":
        chosen = tmo.graph.resolution == "auto"
        return (
            f"a tmo.graph.resolution {'that is set by hand' if chosen else f'above {tmo.graph.resolution}'} parts it."
        )
    return (
        "to HDBSCAN they are one dense field. tmo.clusterer: graph parts it by the neighbours of papers; "
        "tmo.hdbscan.cluster_selection_method: leaf takes its densest parts, and leaves the rest out."
    )


def _score_notes(scores: Mapping[str, Any], tmo: TopicModelSettings) -> Iterator[str]:
    if scores.get("assigned_with_score_zero"):
        papers = number_of(scores["assigned_with_score_zero"], "assigned paper has", "assigned papers have")
        yield f"{papers} a Score of 0: {_why_zero(tmo)}"


def _why_zero(tmo: TopicModelSettings) -> str:
    if tmo.score == "centroid":
        return "the embedding is not alike to the mean of the topic."
    window, least = tmo.distribution.window, tmo.distribution.min_similarity
    return (
        f"no window of {number_of(window, 'word')} of the text is alike to the topic's words by {least} or more "
        "(tmo.distribution.min_similarity), as in short texts. tmo.score: centroid goes by embeddings instead."
    )


def update_notes(facts: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Remarks on how new papers were met, from the facts of the stages by name."""
    found = facts.get("update")
    if not found:
        return
    if found["mode"] == "refit":
        yield f"All papers were fitted anew: {found['why']}."
        return
    yield (
        f"{number_of(found['new'], 'new paper was', 'new papers were')} placed in the model of run {found['run']}, "
        f"{number_of(found['withdrawn'], 'was', 'were')} withdrawn; the drift is {found['drift']:.2f}. Fitted "
        "papers stay in their topics and their place on the map."
    )


def choice_notes(facts: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Remarks on what was chosen and agreed on, from the facts of the stages by name."""
    if "min_topic_size" in facts.get("update", {}):
        found = facts["update"]
        yield f"min_topic_size is auto: {found['min_topic_size']}, as it was chosen in run {found['run']}."
    if "choose-size" in facts:
        found = facts["choose-size"]
        chosen = f"{found['min_topic_size']} was chosen of {', '.join(map(str, found['tried']))}"
        yield " ".join([f"min_topic_size is auto: {chosen}.", *found.get("why", ())])
    if "consensus" in facts:
        found = facts["consensus"]
        yield (
            f"{found['seeds']} seeds agree on {number_of(found['topics'], 'topic')}; "
            f"{number_of(found['dissolved'], 'other')} did not come again "
            f"(mean stability {found['mean_stability']})."
        )


def graph_notes(facts: Mapping[str, Mapping[str, Any]], tmo: TopicModelSettings) -> Iterator[str]:
    """Remarks on topics that were found in the neighbour graph, from the facts of the stages by name."""
    found, graph = facts["cluster"], facts.get("graph", {})
    if tmo.method != "graph":
        return
    if found["why"]:
        yield f"tmo.graph.resolution is auto, {found['why']}"
    if graph.get("pieces", 1) > 1 or graph.get("isolated"):
        yield (
            f"The neighbour graph has {number_of(graph['pieces'], 'piece')} and "
            f"{number_of(graph['isolated'], 'paper')} without an edge; no "
            "topic reaches over two pieces."
        )
    if tmo.n_topics and found["clusters"] != tmo.n_topics:
        yield (
            f"{number_of(found['clusters'], 'topic was', 'topics were')} found, as near to tmo.n_topics of "
            f"{tmo.n_topics} as the neighbour graph and tmo.min_topic_size of {tmo.stated_size} allow."
        )
    if found["outliers"]:
        yield (
            f"{number_of(found['outliers'], 'paper is an outlier', 'papers are outliers')}: "
            f"{_why_outliers(found, graph, tmo)}."
        )
    yield from _anchor_notes(found, tmo)


def _why_outliers(found: Mapping[str, Any], graph: Mapping[str, Any], tmo: TopicModelSettings) -> str:
    reasons = []
    if tmo.graph.least_strength:
        reasons.append(f"papers with less than tmo.graph.least_strength of {tmo.graph.least_strength} in their topic")
    if found["too_small"]:
        reasons.append(f"{number_of(found['too_small'], 'topic')} below tmo.min_topic_size that joined no other")
    if graph.get("isolated"):
        reasons.append("papers without an edge")
    return ", ".join(reasons) or "their neighbours have no topic"


def _anchor_notes(found: Mapping[str, Any], tmo: TopicModelSettings) -> Iterator[str]:
    if found.get("placed") is not None or not tmo.graph.inertia:
        return
    if not found["anchors"]:
        yield "Topics are tied to no earlier run: there is none of another corpus with papers of this one."
        return
    cost = max(found["given_up"], 0.0)
    yield (
        f"Topics are tied to those of run {found['anchored_to']} (tmo.graph.inertia {tmo.graph.inertia:g}), for "
        f"{cost:.2%} of the modularity; {found['split']} came apart all the same."
    )


def orphan_notes(facts: Mapping[str, Mapping[str, Any]], target_share: float | None) -> Iterator[str]:
    """Remarks on outliers that were given to topics, from the facts of the stages by name."""
    found, documents = facts.get("reassign"), facts["load-embeddings"]["documents"]
    if not found:
        return
    given = found["outliers_before"] - found["outliers"]
    least = "" if found["least_score"] is None else f", the farthest with a score of {found['least_score']:.3f}"
    outliers = number_of(found["outliers_before"], "outlier")
    yield f"{given} of {outliers} {'was' if given == 1 else 'were'} given to topics{least}; raw_topic is -1 still."
    if target_share is not None and found["outliers"] > target_share * documents:
        yield (
            f"{number_of(found['outliers'], 'outlier is', 'outliers are')} left, more than "
            f"tmo.orphans.target_share of {target_share} allows: no topic is near enough to the others."
        )


def picture_notes(facts: Mapping[str, Mapping[str, Any]], failed: Mapping[str, str]) -> Iterator[str]:
    """Remarks on what was drawn, from the facts of the stages by name, and on what failed, with the reason by stage."""
    unnamed = facts.get("describe", {}).get("incomplete")
    if unnamed:
        yield (
            f"{number_of(unnamed, 'topic or group has', 'topics or groups have')} no name of the language model yet; "
            "keywords stand in, and the next run asks again."
        )
    for column in facts.get("describe", {}).get("absent_columns", ()):
        yield f"tmo.columns.colour names {column!r}, and the dataset has no column of that name: it is left out."
    for field, column in facts.get("profiles", {}).get("absent_columns", {}).items():
        yield (
            f"tmo.columns.{field} is {column!r}, and the dataset has no column of that name: {field.replace('_', ' ')} "
            "are left out."
        )
    for figure, reason in facts.get("figures", {}).get("failed", {}).items():
        yield f"The figure {figure} could not be drawn ({reason}); the next run tries again."
    for stage, reason in failed.items():
        yield f"{stage} failed ({reason}). The topics and the exported files are whole; run again to draw it."
