"""Results of their own that a stage rests on: found once, whatever else the settings of the stage are."""

from __future__ import annotations

from topicloom.loading import TEXTS, stored_texts
from topicloom.settings import Settings
from topicloom.stages import LOAD_EMBEDDINGS
from topicloom.store import StagePlan, StageRef, Store, Workspace
from topicloom.tokens import Tokens, read_tokens, tokenise, write_tokens

TOKENS = "tokens"


def stored_tokens(settings: Settings, embeddings: StageRef, out: Workspace, run_id: str | None = None) -> Tokens:
    """The words of the documents as integers, found once for every clustering of a corpus.

    out: the workspace of the stage that asks, which notes that it rests on them.
    """
    store = Store(settings.store_path)
    language = settings.tmo.represent.language

    def compute(part: Workspace) -> None:
        tokens = tokenise(stored_texts(store, embeddings), language)
        write_tokens(part.path("tokens.npz"), tokens)
        part.facts = {"tokens": len(tokens.ids), "words": len(tokens.words)}

    plan = StagePlan(
        stage=TOKENS,
        version=1,
        parameters={"english": language == "english"},
        inputs={f"{LOAD_EMBEDDINGS}/{TEXTS}": embeddings.outputs[TEXTS]},
        libraries={},
    )
    ref, _ = store.obtain(plan, compute, run_id=run_id)
    out.parts[TOKENS] = ref.key
    return read_tokens(store.artifact(ref, "tokens.npz"))
