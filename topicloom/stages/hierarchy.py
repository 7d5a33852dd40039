"""How topics group: by their mean embeddings or, where they were found in the neighbour graph, by its edges."""

from __future__ import annotations

from typing import TYPE_CHECKING

from topicloom.settings.schema import Settings
from topicloom.stage_names import CLUSTER, REPRESENT
from topicloom.stages.graph_topics import CLUSTERS, LINKS
from topicloom.stages.represent import MEANS, TOPICS, stored_topic_vectors
from topicloom.stages.stage import Artifact, Refs
from topicloom.store.store import Store

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from topicloom.atlas.tree import Hierarchy


def stored_hierarchy(settings: Settings, store: Store, refs: Refs, counts: NDArray[np.int64]) -> Hierarchy:
    """The tree of the topics of a run, and the groups of its levels. counts: (t,) papers of each topic."""
    import numpy as np
    from scipy.sparse import load_npz

    from topicloom.atlas.tree import hierarchy_of, topic_tree
    from topicloom.clusters.graph.levels import graph_tree, level_sizes

    if settings.tmo.method != "graph":
        return hierarchy_of(topic_tree(stored_topic_vectors(store, refs[REPRESENT])), counts)
    links = load_npz(store.artifact(refs[CLUSTER], LINKS.name)).tocsr()
    clusters = np.load(store.artifact(refs[CLUSTER], CLUSTERS.name))
    topics = np.load(store.artifact(refs[REPRESENT], TOPICS.name))
    of_cluster = np.full(links.shape[0], -1, dtype=np.int64)
    of_cluster[clusters[clusters >= 0]] = topics[clusters >= 0]
    tree = graph_tree(links, of_cluster, float(refs[CLUSTER].facts["resolution"]))
    return hierarchy_of(tree, counts, level_sizes(len(counts)))


def hierarchy_read(settings: Settings) -> tuple[Artifact, ...]:
    """The artifacts that `stored_hierarchy` reads."""
    return (MEANS, *((TOPICS, CLUSTERS, LINKS) if settings.tmo.method == "graph" else ()))
