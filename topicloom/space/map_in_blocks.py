"""The map of very many papers: first positions from blocks of the embeddings, which stay on disk."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from topicloom.settings.clusters import UmapSettings
from topicloom.space.neighbour_graph import neighbour_graph
from topicloom.space.neighbours import Neighbours
from topicloom.space.parallel_layout import parallel_layout
from topicloom.space.umap_fit import epochs_of, fitted_curve, layout_start

_BLOCK = 8192  # papers that are read at once
_EXTENT, _SHAKEN = 10.0, 1e-4  # of first positions, as UMAP has it; so equal papers part


def maps_in_blocks(umap: UmapSettings, documents: int) -> bool:
    """Whether the map of so many papers is laid out without all embeddings in memory.

    Args:
        umap: The settings of UMAP.
        documents: n.

    Returns:
        True where neighbours are found by faiss, and the map is laid out in parallel from principal components.

    Example:
        >>> faiss = UmapSettings(neighbors="faiss")
        >>> maps_in_blocks(faiss, 3_000_000), maps_in_blocks(faiss, 10_000), maps_in_blocks(UmapSettings(), 3_000_000)
        (True, False, False)
    """
    starts_flat = layout_start(umap, documents) == "pca"
    return umap.neighbors == "faiss" and starts_flat and umap.layout_of_map(documents) == "parallel"


def map_in_blocks(
    vectors: NDArray[np.floating[Any]], umap: UmapSettings, seed: int, neighbours: Neighbours
) -> NDArray[np.float32]:
    """Two-dimensional coordinates of every paper for the map, from principal components on.

    Args:
        vectors: (n, d) embeddings; may be mapped from a file, of which blocks are read.
        umap: UMAP's parameters.
        seed: Of the layout.
        neighbours: Those of these vectors.

    Returns:
        (n, 2) float32; the same for any number of threads.

    Example:
        >>> from topicloom.space.neighbour_graph import exact_neighbours
        >>> vectors, few = np.random.default_rng(1).normal(size=(30, 4)), UmapSettings(n_neighbors=5, n_epochs=10)
        >>> map_in_blocks(vectors, few, 100, Neighbours(*exact_neighbours(vectors, few), None, ())).shape
        (30, 2)

    Source: McInnes, Healy and Melville (2018), UMAP.
    """
    graph = neighbour_graph(vectors, umap, neighbours)
    a, b = fitted_curve(umap)
    start = first_positions(vectors, seed)
    placed: NDArray[np.float32] = np.nan_to_num(
        parallel_layout(graph, start, epochs_of(umap, len(vectors)), a, b, seed)
    )
    return placed


def principal_components(vectors: NDArray[np.floating[Any]], count: int = 2) -> NDArray[np.float32]:
    """The first principal components of the embeddings, summed up block by block.

    Args:
        vectors: (n, d); may be mapped from a file.
        count: Of the components, at most d.

    Returns:
        (n, count) float32. The sign is such that the largest part of each axis is positive.

    Example:
        >>> line = np.array([[0.0, 0.0], [1.0, 2.0], [2.0, 4.0]])
        >>> principal_components(line, 1).round(2).tolist()
        [[-2.240000009536743], [0.0], [2.240000009536743]]

    Source: Pearson (1901); the eigenvectors of the covariance.
    """
    from threadpoolctl import threadpool_limits

    blocks = range(0, len(vectors), _BLOCK)
    with threadpool_limits(limits=1, user_api="blas"):  # threads would add up products in any order
        total, squares = np.zeros(vectors.shape[1]), np.zeros((vectors.shape[1],) * 2)
        for start in blocks:
            block = np.asarray(vectors[start : start + _BLOCK], dtype=np.float64)
            total += block.sum(axis=0)
            squares += block.T @ block
        mean = total / len(vectors)
        axes = np.linalg.eigh(squares / len(vectors) - np.outer(mean, mean))[1][:, ::-1][:, :count]
        axes *= np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(count)])
        found = [
            ((np.asarray(vectors[start : start + _BLOCK], dtype=np.float64) - mean) @ axes).astype(np.float32)
            for start in blocks
        ]
    return np.concatenate(found)


def first_positions(vectors: NDArray[np.floating[Any]], seed: int) -> NDArray[np.float32]:
    """Where papers stand before the first epoch: by their first two components, and a little noise.

    Args:
        vectors: (n, d); may be mapped from a file.
        seed: Of the noise.

    Returns:
        (n, 2) float32, about 0 to 10 on each axis.

    Example:
        >>> line = np.array([[0.0, 0.0], [1.0, 2.0], [2.0, 4.0]])
        >>> (first_positions(line, 100)[:, 0] + 0.5).astype(int).tolist()
        [0, 5, 10]

    Source: McInnes, Healy and Melville (2018), UMAP.
    """
    components = principal_components(vectors)
    noise = np.random.RandomState(seed).normal(scale=_SHAKEN, size=components.shape)
    reach = np.ptp(components, axis=0)
    at = (components - components.min(axis=0)) / np.where(reach > 0, reach, 1)
    start: NDArray[np.float32] = (_EXTENT * at + noise).astype(np.float32)
    return start
