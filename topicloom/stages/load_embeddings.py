"""The stage load-embeddings: texts, identifiers and vectors, checked, in the row order that the stages see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from topicloom.inputs.corpus import UT, add_uuid, corpus_columns, read_corpus, require_words, text_facts
from topicloom.inputs.decoding import form_facts, text_form
from topicloom.inputs.embeddings import EMBEDS_SETTINGS, are_quick, input_files, read_embeddings, require_fit
from topicloom.inputs.encoder import embeddings_missing, made_with, make_embeddings
from topicloom.inputs.languages import language_facts
from topicloom.settings.checks import require_fitting_settings
from topicloom.settings.schema import Settings
from topicloom.stage_names import LOAD_EMBEDDINGS
from topicloom.stages.stage import Artifact, Stage, Work
from topicloom.store.digests import Stamp
from topicloom.store.store import StageRef, Store
from topicloom.words.notices import notice_facts
from topicloom.words.splitting import ready

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

DATASET = "dataset_sha256"  # among the facts: of the dataset that the run found sound when it began
TEXTS, IDENTIFIERS, VECTORS, ROWS = (
    Artifact(LOAD_EMBEDDINGS, name) for name in ("texts.parquet", "identifiers.parquet", "embeddings.npy", "rows.npy")
)


@dataclass(frozen=True)
class Inputs:
    """Corpus and embeddings of an analysis, checked against each other.

    corpus: UT, text and the other columns of corpus.csv, strings. vectors: (n, d) float. facts: counts, and what
    the later stages must know of the form of the corpus.
    """

    corpus: pd.DataFrame
    vectors: NDArray[np.floating[Any]]
    facts: dict[str, Any]


# What was checked last, by the state of its files: a first run checks before it begins, and loads right after.
_checked: dict[tuple[object, ...], Inputs] = {}


def check_inputs(settings: Settings) -> Inputs:
    """Read corpus and embeddings and check them against each other; writes nothing.

    Raises CorpusError or EmbeddingsError when they cannot be used.
    """
    state = _state(settings)
    if state in _checked:
        return _checked[state]
    _checked.clear()  # one corpus is kept at most
    inputs = _read_inputs(settings)
    _checked[state] = inputs
    return inputs


def _state(settings: Settings) -> tuple[object, ...]:
    """What the inputs of an analysis are read from: each file with what changes when it does."""
    folder = settings.embeds_path
    files = [path for path in (folder / "corpus.csv", folder / EMBEDS_SETTINGS, *input_files(folder)) if path.is_file()]
    return (settings.tmo.id_column, *((str(path), Stamp(path).text) for path in files))


def _read_inputs(settings: Settings) -> Inputs:
    import numpy as np

    from topicloom.inputs.vectors import zero_rows

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
        **_equal_facts(vectors, corpus),
        **({"quick": True} if are_quick(settings.embeds_path) else {}),
    }
    return Inputs(corpus, vectors, facts)


def _equal_facts(vectors: NDArray[np.floating[Any]], corpus: pd.DataFrame) -> dict[str, Any]:
    """equal_embeddings: papers with the vector of an earlier one of another text. equal_example: two, by UT."""
    from topicloom.inputs.vectors import equal_rows

    found = equal_rows(vectors, list(corpus["text"]))
    example = [str(corpus["UT"].iloc[row]) for row in reversed(found[0])] if found else []
    return {"equal_embeddings": len(found), "equal_example": example}


def counted(texts: pd.Series[str]) -> dict[str, Any]:
    """What of texts can mislead a topic model, in counts; and how many are not as words are cut from them."""
    listed = list(texts)
    return {
        **text_facts(texts),
        **language_facts(listed),
        **notice_facts(listed),
        "texts_made_ready": sum(ready(text) != text for text in listed),
    }


def load_inputs(work: Work) -> None:
    """Check corpus and embeddings, and write them in the order of the stages.

    Artifacts: texts.parquet (column text), identifiers.parquet (the other columns of the corpus, and uuid by UT
    from the dataset where the corpus has none), embeddings.npy (n, d) float, rows.npy (n,) int64: for each row of
    the corpus file, its row in the stages.
    """
    import numpy as np

    settings, out = work.settings, work.out
    inputs = check_inputs(settings)
    _checked.clear()
    corpus = add_uuid(inputs.corpus, settings.dataset_path, settings.tmo.id_column)
    order = _order(corpus, settings)
    rows = np.empty_like(order)
    rows[order] = np.arange(len(order))
    ordered = corpus.iloc[order].reset_index(drop=True)
    ordered[["text"]].to_parquet(out.path(TEXTS.name), index=False)
    ordered.drop(columns="text").to_parquet(out.path(IDENTIFIERS.name), index=False)
    np.save(out.path(VECTORS.name), inputs.vectors if settings.params.order == "input" else inputs.vectors[order])
    np.save(out.path(ROWS.name), rows)
    dataset = settings.dataset_path
    out.facts = {**inputs.facts, DATASET: work.store.digests.digest(dataset) if dataset.is_file() else ""}


def _order(corpus: pd.DataFrame, settings: Settings) -> NDArray[np.int64]:
    """Rows of the corpus file in the order of the stages: as they are, or sorted by UT so that order cannot matter."""
    import numpy as np

    if settings.params.order == "input":
        return np.arange(len(corpus), dtype=np.int64)
    return np.argsort(corpus["UT"].to_numpy(dtype=str), kind="stable").astype(np.int64)


def stored_texts(store: Store, ref: StageRef) -> list[str]:
    """The n texts, in the order of the stages."""
    import pandas as pd

    return [str(text) for text in pd.read_parquet(store.artifact(ref, TEXTS.name))["text"]]


def stored_identifiers(store: Store, ref: StageRef) -> pd.DataFrame:
    """UT, uuid where known, and the corpus's other columns, in the order of the stages."""
    import pandas as pd

    return pd.read_parquet(store.artifact(ref, IDENTIFIERS.name))


def stored_vectors(store: Store, ref: StageRef) -> NDArray[np.floating[Any]]:
    """The (n, d) embeddings, in the order of the stages."""
    import numpy as np

    vectors: NDArray[np.floating[Any]] = np.load(store.artifact(ref, VECTORS.name))
    return vectors


def mapped_vectors(store: Store, ref: StageRef) -> NDArray[np.floating[Any]]:
    """The (n, d) embeddings, in the order of the stages, left on disk: only the rows that are asked for are read."""
    import numpy as np

    vectors: NDArray[np.floating[Any]] = np.load(store.artifact(ref, VECTORS.name), mmap_mode="r")
    return vectors


def stored_rows(store: Store, ref: StageRef) -> NDArray[np.int64]:
    """For each row of the corpus file, its row in the stages."""
    import numpy as np

    rows: NDArray[np.int64] = np.load(store.artifact(ref, ROWS.name))
    return rows


def id_column(settings: Settings) -> dict[str, str]:
    """The column of ids, where it is another than UT: keys of earlier results hold."""
    return {} if settings.tmo.id_column == UT else {"id_column": settings.tmo.id_column}


def _files(settings: Settings) -> Sequence[Path]:
    corpus = settings.embeds_path / "corpus.csv"
    files = [corpus, *input_files(settings.embeds_path)]
    # The outputs take the uuid from the dataset where the corpus has none.
    return files if "uuid" in corpus_columns(corpus) else [*files, settings.dataset_path]


def _lacks(settings: Settings) -> str:
    if embeddings_missing(settings):
        return f"the embeddings are to be made with {made_with(settings)}"
    return ""


def _make(settings: Settings, failures: int) -> None:
    make_embeddings(settings, Store(settings.store_path), attempt=failures)


STAGE = Stage(
    LOAD_EMBEDDINGS,
    version=1,
    parameters=lambda settings: {"order": settings.params.order, **id_column(settings)},
    reads=lambda *_: (),
    files=_files,
    writes=tuple(artifact.name for artifact in (TEXTS, IDENTIFIERS, VECTORS, ROWS)),
    libraries=("numpy", "pandas"),
    lacks=_lacks,
    make=_make,
    check=lambda settings, found: require_fitting_settings(settings, found.facts),
    compute=load_inputs,
)
