"""Compiling, once per machine, all that numba compiles on a run, so that no run has to wait for it.

The code of umap and pynndescent and of our own loops is kept on disk (`topicloom.machine.compiled`); it takes minutes
to make.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
from collections.abc import Callable, Iterator
from pathlib import Path

from topicloom import __version__
from topicloom.machine.compiled import cache_folder
from topicloom.progress import listening, tell
from topicloom.store.files import digest_file, write_json

# Changed, they are compiled anew.
_OURS = ("words/window_kernels.py", "space/parallel_layout_kernels.py", "measures/coherence_kernels.py")
_POINTS, _DIMENSIONS = 4200, 32  # enough that UMAP follows nearest-neighbour descent


def is_warm() -> bool:
    """Whether this machine holds the compiled code of these versions."""
    return _marker().is_file()


def warm_up() -> Path:
    """Compile everything that is not kept yet; returns the folder that holds the code.

    Safe beside runs and other warm-ups: numba replaces its files whole.
    """
    steps: dict[str, Callable[[], object]] = {
        "neighbour search and layout": _umap,
        "membership vectors": _membership,
        "topic distribution": _distribution,
        "coherence": _coherence,
    }
    for done, (name, step) in enumerate(steps.items()):
        tell(f"compiling {name}", done, len(steps))
        with _silence():
            step()
    tell("compiled", len(steps), len(steps))
    write_json(_marker(), {"topicloom": __version__, "steps": list(steps)})
    return cache_folder()


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Keep back what a step and its libraries say of work that is nobody's."""
    nowhere = io.StringIO()
    with (
        listening(lambda *_: None),
        contextlib.redirect_stdout(nowhere),
        contextlib.redirect_stderr(nowhere),
    ):
        yield


def _marker() -> Path:
    loops = "".join(digest_file(Path(__file__).parent / name) for name in _OURS)
    return cache_folder() / f"warm-{__version__}-{hashlib.sha256(loops.encode()).hexdigest()[:8]}.json"


def _umap() -> None:
    import pickle

    import numpy as np

    from topicloom.settings.schema import UmapSettings
    from topicloom.space.neighbours import find_neighbours
    from topicloom.space.umap_fit import fit_umap

    points = np.random.default_rng(0).normal(size=(_POINTS, _DIMENSIONS)).astype(np.float32)
    umap = UmapSettings(n_epochs=1)
    neighbours = find_neighbours(points, umap, seed=0)
    pickle.dumps(neighbours.index)  # makes and compiles the search for new documents
    for layout in ("umap", "parallel"):
        fit_umap(points, umap.model_copy(update={"layout": layout}), 0, neighbours)


def _membership() -> None:
    import numpy as np
    from hdbscan import HDBSCAN

    from topicloom.clusters.membership import all_points_membership_vectors

    rng = np.random.default_rng(0)
    points = np.concatenate([rng.normal(centre, 0.1, (30, 3)) for centre in range(3)]).astype(np.float32)
    all_points_membership_vectors(HDBSCAN(min_cluster_size=5, prediction_data=True).fit(points))


def _distribution() -> None:
    import numpy as np

    from topicloom.settings.schema import DistributionSettings, RepresentSettings
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
