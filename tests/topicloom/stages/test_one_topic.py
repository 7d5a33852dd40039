"""One topic with most of the papers is noted, with what parts it, for every way of clustering."""

from __future__ import annotations

import pytest

from topicloom.settings.schema import TopicModelSettings
from topicloom.stages.notes import result_notes


def noted(largest: int, **settings: object) -> str:
    facts = {
        "represent": {"topics": 3, "largest": largest},
        "distribution": {},
        "load-embeddings": {"documents": 500},
    }
    return "\n".join(result_notes(facts, TopicModelSettings.model_validate({"embeds_folder": "e01", **settings})))


@pytest.mark.parametrize(
    ("settings", "mend"),
    [
        ({"min_topic_size": 12}, "tmo.clusterer: graph parts it"),
        ({"n_topics": 4}, "a tmo.n_topics above 4 parts it"),
        ({"clusterer": "graph", "graph": {"resolution": 2.0}}, "a tmo.graph.resolution above 2.0 parts it"),
        ({"clusterer": "graph", "graph": {"resolution": "auto"}}, "a tmo.graph.resolution that is set by hand"),
    ],
)
def test_one_large_topic_is_noted(settings: dict[str, object], mend: str) -> None:
    assert noted(462, **settings).startswith("One topic holds 92% of the papers: ")
    assert mend in noted(462, **settings)
    assert not noted(249, **settings)


def test_one_topic_that_was_asked_for_is_not() -> None:
    assert not noted(500, n_topics=1)
