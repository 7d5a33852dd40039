"""The nearest of a block of papers to each of another block, all pairs compared, by faiss or on a GPU by cuVS.

The only place that knows either library. A block is compared on one core of its own, so that a result does not hang on
the number of cores.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from topicloom.machine.comparing import compares_on_gpu

Metric = Literal["cosine", "euclidean", "correlation"]
_ITERATIONS = 8  # of k-means; more move the borders of cells, which papers are compared across anyway
Floats = NDArray[np.float32]


def comparable(vectors: NDArray[np.floating[Any]], metric: Metric) -> Floats:
    """Vectors such that the nearer of two has the larger inner product, or the smaller euclidean distance.

    Args:
        vectors: (n, d), of any precision.
        metric: cosine: each is made as long as 1; correlation: the same, less its mean; euclidean: as they are.

    Returns:
        (n, d) float32. A vector of zeros stays one.

    Example:
        >>> comparable(np.array([[3.0, 4.0], [0.0, 0.0]]), "cosine").round(1).tolist()
        [[0.6000000238418579, 0.800000011920929], [0.0, 0.0]]
    """
    found = np.array(vectors, dtype=np.float32, order="C")
    if metric == "euclidean":
        return found
    if metric == "correlation":
        found -= found.mean(axis=1, keepdims=True)
    length = np.sqrt(np.einsum("nd,nd->n", found, found))
    found /= np.where(length > 0, length, 1)[:, None]
    return found


def nearest_in_block(queries: Floats, block: Floats, k: int, metric: Metric) -> tuple[NDArray[np.int64], Floats]:
    """Find the k nearest of a block to each query.

    Args:
        queries: (m, d), as `comparable` makes them.
        block: (n, d), likewise.
        k: At most n.
        metric: Of `comparable`.

    Returns:
        Rows of the block, (m, k), the nearest first, and how near they are, (m, k) float32, the larger the nearer.

    Raises:
        ImportError: Neither faiss nor cuVS is installed.

    Example:
        >>> rows, _ = nearest_in_block(np.eye(2, dtype=np.float32), np.eye(2, dtype=np.float32)[::-1], 1, "cosine")
        >>> rows.tolist()
        [[1], [0]]
    """
    search = _by_cuvs if compares_on_gpu() else _by_faiss
    far, rows = search(queries, np.ascontiguousarray(block), k, inner=metric != "euclidean")
    return rows.astype(np.int64), (far if metric != "euclidean" else -far).astype(np.float32)


def _by_faiss(queries: Floats, block: Floats, k: int, *, inner: bool) -> tuple[Floats, NDArray[np.int64]]:
    import faiss

    faiss.omp_set_num_threads(1)  # of the thread that calls; blocks are dealt out to several
    found: tuple[Floats, NDArray[np.int64]] = faiss.knn(
        queries, block, k, metric=faiss.METRIC_INNER_PRODUCT if inner else faiss.METRIC_L2
    )
    return found


def _by_cuvs(queries: Floats, block: Floats, k: int, *, inner: bool) -> tuple[Floats, NDArray[np.int64]]:
    import cupy
    from cuvs.neighbors import brute_force

    index = brute_force.build(cupy.asarray(block), metric="inner_product" if inner else "sqeuclidean")
    far, rows = brute_force.search(index, cupy.asarray(queries), k)
    return cupy.asnumpy(cupy.asarray(far)), cupy.asnumpy(cupy.asarray(rows))


def centres_of(sample: Floats, count: int, metric: Metric, seed: int) -> Floats:
    """Find centres of k-means, on one core, the same for one seed.

    Args:
        sample: (m, d), as `comparable` makes them; m at least `count`.
        count: Of the centres.
        metric: Under all but euclidean centres are as long as 1.
        seed: Of the first centres.

    Returns:
        (count, d) float32.

    Raises:
        ImportError: faiss is not installed.

    Example:
        >>> centres_of(np.eye(4, dtype=np.float32), 2, "cosine", seed=1).shape
        (2, 4)

    Source: Lloyd (1982), Least squares quantization in PCM; the faiss library.
    """
    import faiss

    faiss.omp_set_num_threads(1)
    means = faiss.Kmeans(
        sample.shape[1],
        count,
        niter=_ITERATIONS,
        seed=seed % 2**31,
        spherical=metric != "euclidean",
        min_points_per_centroid=1,
        max_points_per_centroid=len(sample),
    )
    means.train(sample)
    centres: Floats = np.array(means.centroids, dtype=np.float32)
    return centres
