"""What a warm-up compiles: the functions that runs call, called with a few points of the types that runs have.

numba compiles a function anew for each combination of types, and for nothing else: no size, no dimension. Kernels that
only many papers reach are reached here by asking pynndescent to treat little as much. A piece that would compile what
another one compiles too comes after it, and finds it on the disk.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, get_args

from topicloom.progress import listening
from topicloom.settings.clusters import UmapSettings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from topicloom.space.neighbours import Neighbours

Metric = Literal["cosine", "euclidean", "correlation", "manhattan"]
_KEPT: tuple[Metric, ...] = ("cosine", "euclidean")  # of whose searches pynndescent lets numba keep the code
_POINTS, _DIMENSIONS, _NEIGHBOURS = 300, 8, 15
_EVERY_NODE_IS_LARGE = 1  # bytes that fit a processor's cache, for pynndescent's trees


@dataclass(frozen=True)
class Piece:
    """A part of a warm-up. compile: does it. seconds: of one core, about. after: pieces that must be done before."""

    compile: Callable[[], None]
    seconds: float
    after: tuple[str, ...] = ()


def metrics() -> tuple[Metric, ...]:
    """Every metric that the settings allow between papers."""
    return get_args(UmapSettings.model_fields["metric"].annotation)


def _points(count: int = _POINTS) -> NDArray[np.float32]:
    import numpy as np

    return np.random.default_rng(0).normal(size=(count, _DIMENSIONS)).astype(np.float32)


def _groups() -> NDArray[np.float32]:
    """Papers in more groups apart than a map has directions: UMAP lays out the groups, by distances in float64."""
    import numpy as np

    centres = 9 * np.eye(_DIMENSIONS)
    return np.repeat(centres, _NEIGHBOURS + 3, axis=0).astype(np.float32) + _points(_DIMENSIONS * (_NEIGHBOURS + 3))


def _exact(points: NDArray[np.float32]) -> Neighbours:
    """Nearest neighbours of a few points, of the types of those that a search finds."""
    import numpy as np
    from scipy.spatial.distance import cdist

    from topicloom.space.neighbours import Neighbours

    distances = cdist(points, points)
    nearest = np.argsort(distances, axis=1)[:, :_NEIGHBOURS]
    return Neighbours(
        nearest.astype(np.int32),
        np.take_along_axis(distances, nearest, axis=1).astype(np.float32),
        None,
        tuple(np.random.RandomState(0).get_state(legacy=True)),
    )


def _first_trees() -> None:
    """The trees that a search starts from, for few papers and for many."""
    from topicloom.machine.compiled import import_umap

    import_umap()
    from pynndescent.hybrid_forest import make_hybrid_leaf_array

    for angular in (True, False):
        make_hybrid_leaf_array(_points(), 3, 75, 1, angular=angular, max_depth=200)
    make_hybrid_leaf_array(_points(), 3, 75, 1, True, 200, _EVERY_NODE_IS_LARGE)


def _search_tree(**size: int) -> None:
    """The tree by which new papers are found, of small nodes or of large ones."""
    from topicloom.machine.compiled import import_umap

    import_umap()
    from pynndescent.hub_tree import make_hub_search_tree

    points = _points()
    make_hub_search_tree(points, _exact(points).indices, 30, 200, True, 1, **size)


def _search_graph() -> None:
    """The graph in which new papers are searched."""
    from topicloom.machine.compiled import import_umap

    import_umap()
    import numpy as np
    from pynndescent.search_graph import build_search_graph, permute_graph

    points = _points()
    near = _exact(points)
    indptr, indices, _ = build_search_graph(near.indices.copy(), near.distances.copy(), 22)
    order = np.arange(len(points), dtype=np.int32)
    permute_graph(indptr, indices, order)


def _search(metric: Metric) -> Neighbours:
    """The neighbours of all papers, and the index that is kept of them."""
    import tempfile
    from pathlib import Path

    from topicloom.space.neighbours import find_neighbours, write_neighbours

    neighbours = find_neighbours(_points(), UmapSettings(metric=metric), seed=0)
    with tempfile.TemporaryDirectory() as folder:
        write_neighbours(Path(folder), neighbours)
    return neighbours


def _few_papers() -> None:
    """Neighbours where all pairs are compared, by each metric; their layout, and papers placed in it."""
    from topicloom.space.shared_neighbours import shared_neighbour_graph
    from topicloom.space.umap_fit import fit_umap

    points = _groups()
    shared_neighbour_graph(points, UmapSettings(), _exact(points))
    for metric in metrics():
        umap = UmapSettings(metric=metric, n_epochs=12, n_components=2)
        shared_neighbour_graph(points, umap)
        model = fit_umap(points, umap, 0, quiet=True)
    model.transform(points[:20] + 1)


def _layout() -> None:
    """The layout of neighbours that are known."""
    from topicloom.space.umap_fit import fit_umap, map_coordinates

    points = _points(40)
    for metric in metrics():
        fit_umap(points, UmapSettings(metric=metric, n_epochs=12, init="random"), 0, _exact(points), quiet=True)
    map_coordinates(points, UmapSettings(n_epochs=1), 0, _exact(points))


def _parallel_layout() -> None:
    import numpy as np
    from scipy.sparse import csr_matrix

    from topicloom.space.parallel_layout import parallel_layout

    graph = csr_matrix(1 - np.eye(8, dtype=np.float32))
    parallel_layout(graph, np.ones((8, 2), np.float32), 2, 1.5, 0.9, seed=0)


def _new_papers(metric: Metric) -> None:
    """Papers placed in the model of many others."""
    import tempfile
    from pathlib import Path

    from topicloom.space.neighbours import read_index, write_neighbours
    from topicloom.space.umap_fit import fit_umap

    points, neighbours = _points(), _search(metric)
    model = fit_umap(points, UmapSettings(metric=metric, n_epochs=12, init="random"), 0, neighbours, quiet=True)
    with tempfile.TemporaryDirectory() as folder:
        write_neighbours(Path(folder), neighbours)
        model._knn_search_index = read_index(Path(folder))
    model.transform(points[:20] + 1)


def _membership() -> None:
    import numpy as np
    from hdbscan import HDBSCAN

    from topicloom.clusters.membership import all_points_membership_vectors

    rng = np.random.default_rng(0)
    points = np.concatenate([rng.normal(centre, 0.1, (30, 3)) for centre in range(3)]).astype(np.float32)
    all_points_membership_vectors(HDBSCAN(min_cluster_size=5, prediction_data=True).fit(points))


def _distribution() -> None:
    import numpy as np

    from topicloom.settings.words import DistributionSettings, RepresentSettings
    from topicloom.words.distribution import topic_distribution
    from topicloom.words.tokens import tokenise
    from topicloom.words.topics import represent_topics

    for represent in (RepresentSettings(), RepresentSettings(stop_words="english")):
        texts = ["cells of the heart", "genes of the cell", "maps of science", "maps of the sky"]
        found = represent_topics(tokenise(texts, "english"), np.ones((4, 1)), np.array([0, 0, 1, 1]), represent)
        topic_distribution(found.documents, found.weights, found.weighting, DistributionSettings(window=2))


def _coherence() -> None:
    from topicloom.measures.coherence import coherence
    from topicloom.words.tokens import tokenise

    coherence([["cells", "heart"]], tokenise(["cells of the heart", "maps of science"], "english"))


def _quietly(work: Callable[[], Any]) -> Callable[[], None]:
    """Keep the progress of work that is nobody's to itself."""

    def compile_it() -> None:
        with listening(lambda *_: None):
            work()

    return compile_it


def _pieces() -> dict[str, Piece]:
    search = {metric: f"neighbours by {metric}" for metric in metrics()}
    first, *others = metrics()
    small, large, graph = "search tree, small nodes", "search tree, large nodes", "search graph"
    named: dict[str, tuple[Callable[[], Any], float, tuple[str, ...]]] = {
        small: (_search_tree, 10, ()),
        graph: (_search_graph, 6, ()),
        large: (partial(_search_tree, local_bytes=_EVERY_NODE_IS_LARGE), 5, (small,)),
        "trees to start from": (_first_trees, 3, ()),
        search[first]: (partial(_search, first), 9, (small, graph, "trees to start from")),
        **{search[metric]: (partial(_search, metric), 3, (search[first],)) for metric in others},
        "layout": (_layout, 4, ()),
        "few papers": (_few_papers, 4, ("layout",)),
        **{
            f"new papers by {metric}": (partial(_new_papers, metric), 5, (search[metric], "layout")) for metric in _KEPT
        },
        "layout on every core": (_parallel_layout, 3, ()),
        "topic distribution": (_distribution, 2, ()),
        "coherence": (_coherence, 2, ()),
        "membership vectors": (_membership, 1, ()),
    }
    return {name: Piece(_quietly(work), seconds, after) for name, (work, seconds, after) in named.items()}


PIECES = _pieces()
