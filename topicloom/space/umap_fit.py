"""umap.UMAP, fitted as the notebook does, on neighbours that are kept."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from topicloom.machine.compiled import import_umap
from topicloom.machine.guards import tell_slower
from topicloom.settings.clusters import UmapSettings
from topicloom.space.all_pairs import all_pairs_compiled
from topicloom.space.neighbours import Neighbours
from topicloom.space.parallel_layout import parallel_layout

_TOLD_PARTS = 10  # in so many parts UMAP tells its progress
_FEW = 10_000  # documents; UMAP's own choice of n_epochs
_EPOCHS_OF_FEW = 500
_EPOCHS = 200
# UMAP's spectral start holds sqrt(n) vectors of n numbers: 8 GB at a million documents.
_SPECTRAL_UP_TO = 200_000


def layout_start(umap: UmapSettings, documents: int) -> str:
    """Where the layout starts.

    Args:
        umap: UMAP's parameters, of which `init` counts here.
        documents: n.

    Returns:
        `init` where it is stated, else "spectral", or "pca" above 200,000 documents, where that takes too much memory.

    Example:
        >>> layout_start(UmapSettings(), 1000), layout_start(UmapSettings(), 1_000_000)
        ('spectral', 'pca')
    """
    return umap.init or ("spectral" if documents <= _SPECTRAL_UP_TO else "pca")


def epochs_of(umap: UmapSettings, documents: int) -> int:
    """Epochs of a layout: those stated, else as many as UMAP itself chooses.

    Args:
        umap: UMAP's parameters, of which `n_epochs` counts here.
        documents: n.

    Returns:
        A number from 1.

    Example:
        >>> epochs_of(UmapSettings(), 10_000), epochs_of(UmapSettings(), 10_001)
        (500, 200)
    """
    return umap.n_epochs or (_EPOCHS_OF_FEW if documents <= _FEW else _EPOCHS)


def fit_umap(
    vectors: NDArray[np.floating[Any]],
    umap: UmapSettings,
    seed: int,
    neighbours: Neighbours | None = None,
    *,
    quiet: bool = False,
) -> Any:
    """Fit umap.UMAP as the notebook does; the reduced vectors are its `embedding_`.

    Neighbours that were found with the same seed give the same embedding, bit for bit, as a search by UMAP itself.

    Args:
        vectors: (n, d) float, n above n_neighbors.
        umap: UMAP's parameters.
        seed: Of the layout, and of the search where there is one.
        neighbours: Those of these vectors; None: they are searched for.
        quiet: UMAP keeps its progress to itself.

    Returns:
        The fitted umap.UMAP. Of new documents it finds the neighbours once it has its index back
        (`topicloom.space.neighbours.read_index`).

    Example:
        >>> vectors = np.random.default_rng(1).normal(size=(30, 4))
        >>> model = fit_umap(vectors, UmapSettings(n_neighbors=5, n_epochs=10, init="random"), seed=100, quiet=True)
        >>> model.embedding_.shape
        (30, 5)

    Source: McInnes, Healy and Melville (2018), UMAP; the umap-learn library.
    """
    random = seed if neighbours is None else _random_after_search(neighbours, umap, seed)
    # With fewer epochs UMAP's own progress fails.
    tells = not quiet and (umap.n_epochs is None or umap.n_epochs >= _TOLD_PARTS)
    model = _fit(vectors, umap, seed, random, neighbours, n_components=umap.n_components, verbose=tells)
    # It has told its progress; what is saved states the notebook's parameters.
    model.verbose, model.tqdm_kwds = False, {**model.tqdm_kwds, "disable": True}
    model.random_state = seed
    model.precomputed_knn, model.knn_indices, model.knn_dists = (None, None, None), None, None
    return model


def _random_after_search(neighbours: Neighbours, umap: UmapSettings, seed: int) -> Any:
    """The random numbers of the layout: those left after the search where one seed decides both, as in UMAP."""
    random = np.random.RandomState(seed)
    if umap.neighbors_seed is None or umap.neighbors_seed == seed:
        random.set_state(neighbours.random_state)
    return random


def reduced_vectors(model: Any) -> NDArray[np.float32]:
    """The reduced vectors of a fitted UMAP.

    Args:
        model: A fitted umap.UMAP.

    Returns:
        (n, n_components) float32, NaN replaced by 0 as BERTopic does.

    Example:
        >>> from types import SimpleNamespace
        >>> reduced_vectors(SimpleNamespace(embedding_=np.array([[1.0, np.nan]], dtype=np.float32))).tolist()
        [[1.0, 0.0]]
    """
    vectors: NDArray[np.float32] = np.nan_to_num(model.embedding_)
    return vectors


def map_coordinates(
    vectors: NDArray[np.floating[Any]], umap: UmapSettings, seed: int, neighbours: Neighbours | None = None
) -> NDArray[np.float32]:
    """Two-dimensional coordinates of every document for the map.

    A second UMAP with the parameters of the first but two components, over the same neighbours where they are kept,
    laid out as `umap.layout_of_map` says.

    Args:
        vectors: (n, d) float, n above n_neighbors.
        umap: UMAP's parameters.
        seed: Of the layout, and of the search where there is one.
        neighbours: Those of these vectors; None: they are searched for.

    Returns:
        (n, 2) float32.

    Example:
        >>> vectors = np.random.default_rng(1).normal(size=(30, 4))
        >>> map_coordinates(vectors, UmapSettings(n_neighbors=5, n_epochs=10, init="random"), seed=100).shape
        (30, 2)
    """
    mapped = umap.model_copy(update={"layout": umap.layout_of_map(len(vectors))})
    return reduced_vectors(_fit(vectors, mapped, seed, seed, neighbours, n_components=2))


class _Kept(tuple[Any, ...]):
    """Neighbours that UMAP, which tells its parameters, does not tell in full."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "(kept neighbours)"


def _fit(
    vectors: NDArray[np.floating[Any]],
    umap: UmapSettings,
    seed: int,
    random: Any,
    neighbours: Neighbours | None,
    **more: Any,
) -> Any:
    epochs = umap.n_epochs if umap.layout == "umap" else 0  # none: UMAP's graph and first positions only
    if neighbours is not None:
        # UMAP marks neighbours that are too far in these arrays.
        more["precomputed_knn"] = _Kept((neighbours.indices.copy(), neighbours.distances.copy(), neighbours.index))
    model = import_umap().UMAP(
        n_neighbors=umap.n_neighbors,
        min_dist=umap.min_dist,
        spread=umap.spread,
        metric=umap.metric,
        n_epochs=epochs,
        init=layout_start(umap, len(vectors)),
        random_state=random,
        **more,
    )
    with warnings.catch_warnings(), all_pairs_compiled():
        # A seed makes UMAP run on one thread, which is the point; its warning would frighten people.
        warnings.filterwarnings("ignore", message="n_jobs value .* overridden", category=UserWarning)
        warnings.filterwarnings("ignore", message="precomputed_knn", category=UserWarning)
        model.fit(vectors)
    if umap.layout == "parallel":
        model.n_epochs = umap.n_epochs
        epochs = epochs_of(umap, len(vectors))
        a, b = _curve_of(model, umap)
        model.embedding_ = parallel_layout(model.graph_, model.embedding_, epochs, a, b, seed)
    return model


def _curve_of(model: Any, umap: UmapSettings) -> tuple[float, float]:
    """The a and b of a fitted UMAP's curve; fitted anew, as UMAP does, where it keeps them elsewhere."""
    try:
        return model._a, model._b
    except AttributeError:
        tell_slower("umap-learn", "keeps its curve elsewhere", "The curve is fitted once more.")
    return fitted_curve(umap)


def fitted_curve(umap: UmapSettings) -> tuple[float, float]:
    """The a and b of UMAP's curve, 1 / (1 + a x^2b): how near two points lie by their distance x in the layout.

    Args:
        umap: UMAP's parameters, of which min_dist and spread count here.

    Returns:
        a and b.

    Example:
        >>> [round(one, 2) for one in fitted_curve(UmapSettings(min_dist=0.1))]
        [1.58, 0.9]

    Source: McInnes, Healy and Melville (2018), UMAP, section 3.2.
    """
    from scipy.optimize import curve_fit

    distances = np.linspace(0, umap.spread * 3, 300)
    wanted = np.where(distances < umap.min_dist, 1.0, np.exp(-(distances - umap.min_dist) / umap.spread))
    (a, b), _ = curve_fit(lambda x, a, b: 1.0 / (1.0 + a * x ** (2 * b)), distances, wanted)
    return float(a), float(b)
