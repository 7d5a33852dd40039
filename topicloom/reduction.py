"""Dimensionality reduction of embeddings with UMAP."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from topicloom.compiled import import_umap
from topicloom.settings import UmapSettings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def fit_umap(vectors: NDArray[np.floating[Any]], umap: UmapSettings, seed: int) -> Any:
    """Fit umap.UMAP as the notebook does; the reduced vectors are its `embedding_`.

    vectors: (n, d) float, n above n_neighbors. Returns the fitted umap.UMAP.
    Source: McInnes, Healy and Melville (2018), UMAP; the umap-learn library.
    """
    model = _fit(vectors, umap, seed, n_components=umap.n_components, verbose=True)
    # It has told its progress; what is saved states the notebook's parameters.
    model.verbose, model.tqdm_kwds = False, {**model.tqdm_kwds, "disable": True}
    return model


def reduced_vectors(model: Any) -> NDArray[np.float32]:
    """The (n, n_components) float32 vectors of a fitted UMAP, NaN replaced by 0 as BERTopic does."""
    import numpy as np

    vectors: NDArray[np.float32] = np.nan_to_num(model.embedding_)
    return vectors


def map_coordinates(
    vectors: NDArray[np.floating[Any]], model: Any, umap: UmapSettings, seed: int
) -> NDArray[np.float32]:
    """Two-dimensional coordinates of every document for the map, (n, 2) float32.

    A second UMAP with the settings of the first but two components. The neighbours that `model`, fitted on the
    same vectors, has found are used again where it keeps them (it does from 4,096 documents on).
    """
    known = getattr(model, "_knn_indices", None)
    neighbours = {}
    if known is not None:
        neighbours["precomputed_knn"] = (known, model._knn_dists, model._knn_search_index)
    return reduced_vectors(_fit(vectors, umap, seed, n_components=2, **neighbours))


def _fit(vectors: NDArray[np.floating[Any]], umap: UmapSettings, seed: int, **more: Any) -> Any:
    model = import_umap().UMAP(
        n_neighbors=umap.n_neighbors,
        min_dist=umap.min_dist,
        spread=umap.spread,
        metric=umap.metric,
        n_epochs=umap.n_epochs,
        random_state=seed,
        **more,
    )
    with warnings.catch_warnings():
        # A seed makes UMAP run on one thread, which is the point; its warning would frighten people.
        warnings.filterwarnings("ignore", message="n_jobs value .* overridden", category=UserWarning)
        return model.fit(vectors)
