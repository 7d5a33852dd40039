"""The stage graph: UMAP's neighbour graph, where topics are found in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from topicloom.phrasing import number_of
from topicloom.settings.schema import Settings
from topicloom.stage_names import GRAPH, LOAD_EMBEDDINGS
from topicloom.stages.earlier_fit import is_placed
from topicloom.stages.load_embeddings import VECTORS, mapped_vectors
from topicloom.stages.parts import NEIGHBOURS, search_seed, sharded_search, stored_neighbours
from topicloom.stages.stage import Artifact, Stage, Work

EDGES, SHARED, NEAREST = (Artifact(GRAPH, name) for name in ("graph.npz", "shared.npy", "nearest.npy"))


def build_graph(work: Work) -> None:
    """Build the graph that UMAP lays out, and weigh its edges for the search of topics.

    Artifacts: graph.npz, sparse (n, n) float32; shared.npy (edges,) float32, Jaccard index of the neighbours of both
    papers of each edge of graph.npz, in its order; nearest.npy (n, k) int32, these neighbours. Facts: documents,
    edges, pieces, isolated.
    """
    import numpy as np
    from scipy.sparse import save_npz

    from topicloom.space.neighbour_graph import graph_with_neighbours, pieces_of
    from topicloom.space.neighbours import read_neighbours
    from topicloom.space.shared_neighbours import shared_neighbours

    loaded = work.refs[LOAD_EMBEDDINGS]
    folder = stored_neighbours(work.settings, loaded, work.out, work.run_id, quiet=work.quiet)
    known = read_neighbours(folder) if folder is not None else None
    graph, near = graph_with_neighbours(mapped_vectors(work.store, loaded), work.settings.tmo.umap, known)
    save_npz(work.out.path(EDGES.name), graph)
    np.save(work.out.path(SHARED.name), shared_neighbours(graph, near))
    np.save(work.out.path(NEAREST.name), near)
    pieces = pieces_of(graph)
    work.out.facts |= {
        "documents": graph.shape[0],
        "edges": graph.nnz // 2,
        "pieces": pieces.count,
        "isolated": pieces.isolated,
    }


def parameters(settings: Settings) -> dict[str, Any]:
    """The settings that decide a graph."""
    umap = settings.tmo.umap
    return {
        "n_neighbors": umap.n_neighbors,
        "metric": umap.metric,
        "seed": search_seed(settings),
        **sharded_search(settings),
    }


def _tell(_: Settings, facts: Mapping[str, Any]) -> str:
    return (
        f"Graph: {number_of(facts['edges'], 'edge')}, {number_of(facts['pieces'], 'piece')}, "
        f"{number_of(facts['isolated'], 'paper')} without an edge"
    )


STAGE = Stage(
    GRAPH,
    version=2,
    parameters=parameters,
    reads=lambda *_: (VECTORS,),
    parts=(NEIGHBOURS,),
    writes=(EDGES.name, SHARED.name, NEAREST.name),
    libraries=("umap-learn", "pynndescent", "numba", "numpy", "scipy", "scikit-learn"),
    wanted=lambda settings: settings.tmo.method == "graph",
    due=lambda _, refs: not is_placed(refs),
    compute=build_graph,
    tell=_tell,
)
