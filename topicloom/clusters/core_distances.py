"""The nearest neighbours that HDBSCAN asks for, searched in the order of its tree and on every core.

HDBSCAN asks for the neighbours of all points twice, for its spanning tree and for its prediction data, and asks in the
order of the rows. Points that follow each other in the tree's own order share the parts of the tree that they visit,
which then lie in the processor's cache; at a million points that is the difference between minutes and seconds. Each
point's search is the same in any order, so the distances are equal bit for bit.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import hdbscan
import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import KDTree

from topicloom.machine.guards import holds, tell_slower
from topicloom.machine.replacing import Replacement
from topicloom.machine.threads import available_threads

_ROWS = 1 << 14  # of one search: enough that starting it costs nothing, few enough for all cores
# Above this many points hdbscan splits its search by core_dist_n_jobs, and which of several neighbours at one distance
# it takes depends on that number; up to it, its choice is one.
_LIBRARY_SPLITS = 16_384


class _TreeOrderedKDTree(KDTree):  # type: ignore[misc]
    """scikit-learn's KDTree; asked for the neighbours of its own points, it searches them in its own order.

    It is saved as a plain KDTree, and answers any other question as one does.
    """

    def query(
        self,
        X: Any,  # noqa: N803, the library's name
        k: int = 1,
        return_distance: bool = True,
        dualtree: bool = False,
        breadth_first: bool = False,
        sort_results: bool = True,
    ) -> Any:
        """The k nearest points of each row of X: distances (n, k) float64 and row numbers (n, k) int64, nearest first.

        Of several neighbours at one distance the library takes others with dualtree than without. Where hdbscan asks
        with dualtree, and such neighbours are there, the library searches itself, so that its choice is kept.
        """
        points = np.asarray(X)
        if return_distance and sort_results and np.array_equal(points, self.data):
            if not dualtree or len(points) > _LIBRARY_SPLITS:
                return self._own(k)
            distances, rows = self._own(min(k + 1, len(points)))
            if not (distances[:, 1:] == distances[:, :-1]).any():
                return distances[:, :k], rows[:, :k]
        return super().query(points, k, return_distance, dualtree, breadth_first, sort_results)

    def _own(self, k: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        points, order = np.asarray(self.data), np.asarray(self.idx_array)
        distances = np.empty((len(points), k))
        rows = np.empty((len(points), k), dtype=np.int64)

        def search(start: int) -> None:
            asked = order[start : start + _ROWS]
            distances[asked], rows[asked] = KDTree.query(self, points[asked], k)

        with ThreadPoolExecutor(available_threads()) as threads:
            list(threads.map(search, range(0, len(points), _ROWS)))
        return distances, rows

    def __reduce__(self) -> Any:
        make, (_, *rest), state = super().__reduce__()
        return make, (KDTree, *rest), state


@contextmanager
def searched_in_tree_order() -> Iterator[None]:
    """Within the block, hdbscan searches neighbours in the order of its tree and on every core, in all threads.

    Where a version of hdbscan has no place to put the search in, it searches as ever, and one line says so.

    Yields:
        Nothing. What is fitted within the block is equal bit for bit to what hdbscan fits by itself.

    Example:
        >>> from hdbscan import HDBSCAN
        >>> points = np.concatenate([np.zeros((20, 2)), np.ones((20, 2))]) + np.arange(40)[:, None] / 1000
        >>> with searched_in_tree_order():
        ...     model = HDBSCAN(min_cluster_size=5, prediction_data=True).fit(points)
        >>> np.bincount(model.labels_).tolist()
        [20, 20]
    """
    if not _can_be_used():
        yield
        return
    with _trees.block():
        yield


def _replace() -> Callable[[], None]:
    _use(_TreeOrderedKDTree)
    return lambda: _use(KDTree)


_trees = Replacement(_replace)


def _use(tree: type[KDTree]) -> None:
    hdbscan.hdbscan_.KDTree = tree
    hdbscan.prediction.PredictionData._tree_type_map["kdtree"] = tree


def _can_be_used() -> bool:
    """Whether hdbscan has the places that name its tree, and scikit-learn the tree that ours is made from."""
    if not holds(_hdbscan_names_its_tree):
        tell_slower("hdbscan", "names its tree elsewhere", "Its own search for neighbours is used.")
        return False
    if not holds(_tree_is_as_known):
        tell_slower("scikit-learn", "has another KDTree", "hdbscan's own search for neighbours is used.")
        return False
    return True


def _hdbscan_names_its_tree() -> bool:
    named = hdbscan.hdbscan_.KDTree, hdbscan.prediction.PredictionData._tree_type_map["kdtree"]
    return all(tree in (KDTree, _TreeOrderedKDTree) for tree in named)


def _tree_is_as_known() -> bool:
    """Whether our tree finds what scikit-learn's does, and is saved as one: on a few points that lie on no grid."""
    points = np.sin(np.arange(96.0) ** 2).reshape(32, 3)
    ours, theirs = _TreeOrderedKDTree(points), KDTree(points)
    same = all(
        np.array_equal(found, expected)
        for found, expected in zip(ours.query(points, 4), theirs.query(points, 4), strict=True)
    )
    return same and type(pickle.loads(pickle.dumps(ours))) is KDTree  # noqa: S301  # written here, a moment ago
