"""Clusters of other libraries, in an environment of their own: python -m benchmarks.graph_peers IN.npz OUT.npz.

IN.npz holds vectors (n, d), reduced_SEED (n, 5) by UMAP under each seed, and seeds. OUT.npz gets labels by way and
seed, (n,) each, -1 for outliers, under names such as `EVoC, finest layer|100`. A library that is absent is passed over.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

SIZES = (5, 10)  # least papers of a cluster of fast_hdbscan
Labels = NDArray[np.int64]


def evoc(held: Mapping[str, Any], seed: int) -> Iterator[tuple[str, Labels]]:
    """EVoC of the embeddings: its finest layer, and the one that it would choose."""
    from evoc import EVoC

    model = EVoC(random_state=seed)
    chosen = model.fit_predict(np.ascontiguousarray(held["vectors"], dtype=np.float32))
    yield "EVoC, finest layer", model.cluster_layers_[0]
    yield "EVoC, chosen layer", chosen


def fast_hdbscan(held: Mapping[str, Any], seed: int) -> Iterator[tuple[str, Labels]]:
    """fast_hdbscan of UMAP's five dimensions."""
    from fast_hdbscan import HDBSCAN

    for size in SIZES:
        yield f"UMAP + fast_hdbscan({size})", HDBSCAN(min_cluster_size=size).fit_predict(held[f"reduced_{seed}"])


PEERS = {"evoc": evoc, "fast_hdbscan": fast_hdbscan}


def labels_of_peers(
    python: Path, vectors: NDArray[np.float32], reduced: Mapping[int, NDArray[np.float32]], seeds: Sequence[int]
) -> dict[str, list[Labels]]:
    """Run this module by another Python; labels of each way, by seed."""
    with TemporaryDirectory() as folder:
        given, found = Path(folder) / "in.npz", Path(folder) / "out.npz"
        of_seeds: dict[str, Any] = {f"reduced_{seed}": reduced[seed] for seed in seeds}
        np.savez(given, vectors=vectors, seeds=seeds, **of_seeds)
        subprocess.run([str(python), "-m", "benchmarks.graph_peers", str(given), str(found)], check=True)
        with np.load(found) as held:
            by_name = {name: held[name] for name in held.files}
    ways = dict.fromkeys(name.split("|")[0] for name in by_name)
    return {way: [by_name[f"{way}|{seed}"] for seed in seeds] for way in ways}


def main() -> None:
    """Cluster what IN.npz holds."""
    given, out = Path(sys.argv[1]), Path(sys.argv[2])
    found: dict[str, Any] = {}
    with np.load(given) as held:
        for library, peer in PEERS.items():
            if importlib.util.find_spec(library) is None:
                print(f"{library} is not installed beside {sys.executable}; it is passed over.", flush=True)
                continue
            for seed in held["seeds"].tolist():
                found |= {f"{way}|{seed}": np.asarray(labels, np.int64) for way, labels in peer(held, seed)}
    np.savez(out, **found)


if __name__ == "__main__":
    main()
