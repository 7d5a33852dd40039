"""The fit of an earlier run, where new papers are placed in it: what update decided, and the results it rests on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from topicloom.errors import StoreError
from topicloom.stage_names import CLUSTER, LOAD_EMBEDDINGS, REDUCE, UPDATE
from topicloom.stages.stage import Artifact, Refs
from topicloom.store.files import read_json
from topicloom.store.store import StageRef, Store, ref_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from topicloom.space.new_papers import Surroundings

DECISION, POSITIONS, NEAR = (Artifact(UPDATE, name) for name in ("decision.json", "positions.npy", "near.npz"))
PLACED = Artifact(REDUCE, "placed.npy")  # there where papers were placed
FIT = (LOAD_EMBEDDINGS, REDUCE, CLUSTER)  # the stages whose results papers are placed by


def is_placed(refs: Refs) -> bool:
    """Whether the papers of a run are placed in a model that an earlier run fitted."""
    return UPDATE in refs and refs[UPDATE].facts["mode"] == "assign"


def placement(refs: Refs) -> tuple[Artifact, ...]:
    """The artifacts of update that decide a placement; none where all papers are fitted."""
    return (DECISION, POSITIONS, NEAR) if is_placed(refs) else ()


def refs_under(store: Store, keys: Mapping[str, str]) -> dict[str, StageRef]:
    """The results of load-embeddings, reduce and cluster under their keys.

    Raises StoreError where one of them is no longer kept.
    """
    return {stage: _ref(store, stage, keys[stage]) for stage in FIT}


def _ref(store: Store, stage: str, key: str) -> StageRef:
    manifest = store.manifest_of(stage, key)
    if not manifest:
        raise StoreError(
            f"The result of {stage} that papers were placed by is no longer kept ({store.place(stage, key)}). "
            "Run again: all papers are then fitted anew."
        )
    return ref_of(manifest)


def base_refs(store: Store, update: StageRef) -> dict[str, StageRef]:
    """The results of the run that was fitted: load-embeddings, reduce and cluster. update: a decision to assign.

    Raises StoreError where one of them is no longer kept.
    """
    return refs_under(store, read_json(store.artifact(update, DECISION.name))["keys"])


def near_fitted(store: Store, update: StageRef) -> Surroundings:
    """The fitted papers nearest to each new one."""
    import numpy as np

    from topicloom.space.new_papers import Surroundings

    with np.load(store.artifact(update, NEAR.name)) as held:
        return Surroundings(held["rows"], held["distances"], np.zeros(len(held["rows"]), dtype=bool))


def joined(
    fitted: NDArray[np.float32], placed: NDArray[np.float32], positions: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Rows of the fitted papers where a paper is one of them, of the placed ones, in order, where it is not."""
    import numpy as np

    joined = np.empty((len(positions), fitted.shape[1]), dtype=np.float32)
    joined[positions >= 0] = fitted[positions[positions >= 0]]
    joined[positions < 0] = placed
    return joined


def stored_placed(store: Store, reduced: StageRef) -> NDArray[np.bool_]:
    """Whether each paper was placed among fitted ones, (n,), in the order of the stages. reduced: reduce's result."""
    import numpy as np

    if PLACED.name in reduced.outputs:
        placed: NDArray[np.bool_] = np.load(store.artifact(reduced, PLACED.name))
        return placed
    return np.zeros(int(np.load(store.artifact(reduced, "coordinates.npy"), mmap_mode="r").shape[0]), dtype=bool)
