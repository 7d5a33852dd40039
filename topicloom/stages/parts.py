"""Results of their own that a stage rests on: found once, whatever else the settings of the stage are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from topicloom.engine.engines import spreading_engine
from topicloom.machine.comparing import comparing_engine
from topicloom.settings.schema import Settings
from topicloom.stages.load_embeddings import TEXTS, VECTORS, mapped_vectors, stored_texts, stored_vectors
from topicloom.stages.stage import Part, library_versions
from topicloom.store.store import StagePlan, StageRef, Store, Workspace
from topicloom.words.splitting import prepared

if TYPE_CHECKING:
    from topicloom.words.tokens import Tokens

TOKENS, NEIGHBOURS = Part("tokens", version=1), Part("neighbours", version=1)
_SHARDS_VERSION = 1  # raised when the search in shards may find others


def stored_tokens(settings: Settings, embeddings: StageRef, out: Workspace, run_id: str | None = None) -> Tokens:
    """The words of the documents as integers, found once for every clustering of a corpus.

    out: the workspace of the stage that asks, which notes that it rests on them.
    """
    from topicloom.words.tokens import read_tokens, tokenise, tokenise_in_blocks, write_tokens

    store = Store(settings.store_path)
    represent = settings.tmo.represent

    def compute(part: Workspace) -> None:
        texts = prepared(stored_texts(store, embeddings), cut_notices=settings.tmo.cut_notices)
        how = (represent.language, represent.tokenizer)
        with spreading_engine() as engine:
            tokens = tokenise(texts, *how) if engine is None else tokenise_in_blocks(texts, *how, engine)
        write_tokens(part.path("tokens.npz"), tokens)
        part.facts = {"tokens": len(tokens.ids), "words": len(tokens.words)}

    plan = StagePlan(
        stage=TOKENS.name,
        version=TOKENS.version,
        parameters={"english": represent.language == "english", **preparation(settings, embeddings)},
        inputs={"/".join(TEXTS): embeddings.outputs[TEXTS.name]},
        libraries={},
    )
    ref, _ = store.obtain(plan, compute, run_id=run_id)
    out.parts[TOKENS.name] = ref.key
    return read_tokens(store.artifact(ref, "tokens.npz"))


def preparation(settings: Settings, loaded: StageRef) -> dict[str, str]:
    """How texts are made ready before words are cut from them, where words are not cut from them as they are."""
    tmo = settings.tmo
    return {
        **({"tokenizer": library_versions("icu4py")["icu4py"]} if tmo.represent.tokenizer else {}),
        **({"notices": "cut"} if tmo.cut_notices else {}),
        **({"texts": "made ready"} if loaded.facts.get("texts_made_ready") else {}),
    }


def neighbours_folder(settings: Settings, store: Store, embeddings: StageRef) -> Path | None:
    """Where the neighbours of the documents lie once they are found; None where UMAP itself compares all pairs."""
    from topicloom.space.neighbours import ALL_PAIRS_BELOW

    if embeddings.facts["documents"] < ALL_PAIRS_BELOW:
        return None
    plan = _neighbours_plan(settings, embeddings)
    return store.folder(plan.stage, plan.key)


def found_neighbours(
    settings: Settings, embeddings: StageRef, run_id: str | None = None, *, quiet: bool = False
) -> StageRef | None:
    """The documents' nearest neighbours, found once for every layout of the same embeddings, or anew if they are lost.

    None where UMAP itself compares all pairs.
    """
    from topicloom.space.neighbours import ALL_PAIRS_BELOW

    if embeddings.facts["documents"] < ALL_PAIRS_BELOW:
        return None
    store = Store(settings.store_path)

    def compute(part: Workspace) -> None:
        _search(settings, store, embeddings, part.folder, quiet=quiet)

    return store.obtain(_neighbours_plan(settings, embeddings), compute, run_id=run_id)[0]


def _search(settings: Settings, store: Store, embeddings: StageRef, out: Path, *, quiet: bool) -> None:
    from topicloom.space.neighbours import find_neighbours, write_neighbours

    umap, seed = settings.tmo.umap, search_seed(settings)
    if umap.neighbors == "faiss":
        from topicloom.space.sharded_neighbours import sharded_neighbours

        write_neighbours(out, sharded_neighbours(mapped_vectors(store, embeddings), umap, seed))
    else:
        write_neighbours(out, find_neighbours(stored_vectors(store, embeddings), umap, seed, quiet=quiet))


def stored_neighbours(
    settings: Settings, embeddings: StageRef, out: Workspace, run_id: str | None = None, *, quiet: bool = False
) -> Path | None:
    """The folder of the documents' nearest neighbours, or None where UMAP itself compares all pairs.

    out: the workspace of the stage that asks, which states how they were found and notes that it rests on them.
    """
    found = found_neighbours(settings, embeddings, run_id, quiet=quiet)
    if found is None:
        out.facts["neighbours"] = "exact, all pairs compared"
        return None
    in_shards = settings.tmo.umap.neighbors == "faiss"
    out.facts["neighbours"] = "approximate, in shards" if in_shards else "approximate, nearest-neighbour descent"
    out.parts[found.stage] = found.key
    return Store(settings.store_path).folder(found.stage, found.key)


def search_seed(settings: Settings) -> int:
    """The seed of the neighbour search."""
    seed = settings.tmo.umap.neighbors_seed
    return settings.params.seed if seed is None else seed


def sharded_search(settings: Settings) -> dict[str, Any]:
    """The way of the neighbour search, where it is not that of UMAP itself: keys of earlier results hold."""
    if settings.tmo.umap.neighbors == "pynndescent":
        return {}
    return {"neighbors": {"in shards": _SHARDS_VERSION, **comparing_engine()}}


def _neighbours_plan(settings: Settings, embeddings: StageRef) -> StagePlan:
    umap, in_shards = settings.tmo.umap, sharded_search(settings)
    libraries = ("numpy", "scipy") if in_shards else ("umap-learn", "pynndescent", "numba", "numpy", "scipy")
    return StagePlan(
        stage=NEIGHBOURS.name,
        version=NEIGHBOURS.version,
        parameters={"n_neighbors": umap.n_neighbors, "metric": umap.metric, "seed": search_seed(settings), **in_shards},
        inputs={"/".join(VECTORS): embeddings.outputs[VECTORS.name]},
        libraries=library_versions(*libraries),
    )
