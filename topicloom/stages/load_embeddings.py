"""What load-embeddings keeps: texts, identifiers and vectors, checked, in the row order that the stages see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from topicloom.inputs.corpus import add_uuid, read_corpus, require_words, text_facts
from topicloom.inputs.decoding import form_facts, text_form
from topicloom.inputs.embeddings import read_embeddings, require_fit, zero_rows
from topicloom.inputs.languages import language_facts
from topicloom.settings.schema import Settings
from topicloom.stages.registry import PLACED
from topicloom.store.store import StageRef, Store, Workspace
from topicloom.words.notices import notice_facts
from topicloom.words.splitting import ready

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

TEXTS, IDENTIFIERS, VECTORS, ROWS = "texts.parquet", "identifiers.parquet", "embeddings.npy", "rows.npy"


@dataclass(frozen=True)
class Inputs:
    """Corpus and embeddings of an analysis, checked against each other.

    corpus: UT, text and the other columns of corpus.csv, strings. vectors: (n, d) float. facts: counts, and what
    the later stages must know of the form of the corpus.
    """

    corpus: pd.DataFrame
    vectors: NDArray[np.floating[Any]]
    facts: dict[str, Any]


def check_inputs(settings: Settings) -> Inputs:
    """Read corpus and embeddings and check them against each other; writes nothing.

    Raises CorpusError or EmbeddingsError when they cannot be used.
    """
    import numpy as np

    path = settings.embeds_path / "corpus.csv"
    corpus = read_corpus(path, settings.tmo.id_column)
    require_words(path, list(corpus["text"]))
    embeddings = read_embeddings(settings.embeds_path)
    require_fit(embeddings, corpus)
    vectors = np.asarray(embeddings.vectors)
    facts = {
        "documents": len(corpus),
        "dimensions": int(vectors.shape[1]),
        "text_position": list(corpus.columns).index("text"),
        "zero_rows": [str(ut) for ut in corpus["UT"].iloc[zero_rows(vectors)]],
        "corpus_form": form_facts(text_form(path)),
        **counted(corpus["text"]),
    }
    return Inputs(corpus, vectors, facts)


def counted(texts: pd.Series[str]) -> dict[str, Any]:
    """What of texts can mislead a topic model, in counts; and how many are not as words are cut from them."""
    listed = list(texts)
    return {
        **text_facts(texts),
        **language_facts(listed),
        **notice_facts(listed),
        "texts_made_ready": sum(ready(text) != text for text in listed),
    }


def load_inputs(settings: Settings, out: Workspace) -> None:
    """Check corpus and embeddings, and write them in the order of the stages.

    Artifacts: texts.parquet (column text), identifiers.parquet (the other columns of the corpus, and uuid by UT
    from the dataset where the corpus has none), embeddings.npy (n, d) float, rows.npy (n,) int64: for each row of
    the corpus file, its row in the stages.
    """
    import numpy as np

    inputs = check_inputs(settings)
    corpus = add_uuid(inputs.corpus, settings.dataset_path, settings.tmo.id_column)
    order = _order(corpus, settings)
    rows = np.empty_like(order)
    rows[order] = np.arange(len(order))
    ordered = corpus.iloc[order].reset_index(drop=True)
    ordered[["text"]].to_parquet(out.path(TEXTS), index=False)
    ordered.drop(columns="text").to_parquet(out.path(IDENTIFIERS), index=False)
    np.save(out.path(VECTORS), inputs.vectors if settings.params.order == "input" else inputs.vectors[order])
    np.save(out.path(ROWS), rows)
    out.facts = inputs.facts


def _order(corpus: pd.DataFrame, settings: Settings) -> NDArray[np.int64]:
    """Rows of the corpus file in the order of the stages: as they are, or sorted by UT so that order cannot matter."""
    import numpy as np

    if settings.params.order == "input":
        return np.arange(len(corpus), dtype=np.int64)
    return np.argsort(corpus["UT"].to_numpy(dtype=str), kind="stable").astype(np.int64)


def stored_texts(store: Store, ref: StageRef) -> list[str]:
    """The n texts, in the order of the stages."""
    import pandas as pd

    return [str(text) for text in pd.read_parquet(store.artifact(ref, TEXTS))["text"]]


def stored_identifiers(store: Store, ref: StageRef) -> pd.DataFrame:
    """UT, uuid where known, and the corpus's other columns, in the order of the stages."""
    import pandas as pd

    return pd.read_parquet(store.artifact(ref, IDENTIFIERS))


def stored_vectors(store: Store, ref: StageRef) -> NDArray[np.floating[Any]]:
    """The (n, d) embeddings, in the order of the stages."""
    import numpy as np

    vectors: NDArray[np.floating[Any]] = np.load(store.artifact(ref, VECTORS))
    return vectors


def mapped_vectors(store: Store, ref: StageRef) -> NDArray[np.floating[Any]]:
    """The (n, d) embeddings, in the order of the stages, left on disk: only the rows that are asked for are read."""
    import numpy as np

    vectors: NDArray[np.floating[Any]] = np.load(store.artifact(ref, VECTORS), mmap_mode="r")
    return vectors


def stored_rows(store: Store, ref: StageRef) -> NDArray[np.int64]:
    """For each row of the corpus file, its row in the stages."""
    import numpy as np

    rows: NDArray[np.int64] = np.load(store.artifact(ref, ROWS))
    return rows


def stored_placed(store: Store, reduced: StageRef) -> NDArray[np.bool_]:
    """Whether each paper was placed among fitted ones, (n,), in the order of the stages. reduced: reduce's result."""
    import numpy as np

    if PLACED in reduced.outputs:
        placed: NDArray[np.bool_] = np.load(store.artifact(reduced, PLACED))
        return placed
    return np.zeros(int(np.load(store.artifact(reduced, "coordinates.npy"), mmap_mode="r").shape[0]), dtype=bool)
