"""The BERTopic model that the analysis folder holds: put together from the stages, saved in both of its forms."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PICKLE, SAFETENSORS = "topic_model_object.pck", "topic_model_object"


def complete_model(
    model: Any, *, umap: Any, clusterer: Any, topics: list[int], probability: NDArray[np.float64] | None
) -> Any:
    """Put UMAP, the cluster model and the probabilities into a BERTopic that was fitted to given clusters.

    topics, probability: one entry a document, in the order of the corpus file. Afterwards get_topic_info,
    get_document_info, get_representative_docs, visualize_heatmap and transform answer as on a model that BERTopic
    fitted itself.
    """
    model.umap_model = umap
    model.hdbscan_model = clusterer
    model.topics_ = topics
    model.probabilities_ = probability
    # As in the notebook, so that its readers see its progress messages and topic_model_params.json states the same.
    model.verbose = True
    return model


def save_model(model: Any, folder: Path, embedding_model: str | None) -> None:
    """Write topic_model_object.pck, and topic_model_object/ in BERTopic's safetensors form, into a folder.

    embedding_model: name of the sentence-transformers model to note in the second form, if it is known.
    """
    with _without_warnings("BERTopic"):
        model.save(folder / PICKLE, serialization="pickle")
        model.save(
            folder / SAFETENSORS,
            serialization="safetensors",
            save_ctfidf=True,
            save_embedding_model=embedding_model or False,
        )


def model_params(model: Any) -> dict[str, str]:
    """Every parameter of a BERTopic model, as strings."""
    return {name: str(value) for name, value in model.get_params().items()}


@contextlib.contextmanager
def _without_warnings(name: str) -> Iterator[None]:
    """Keep a logger's warnings back: BERTopic's on saving concern choices that are made here on purpose."""
    log = logging.getLogger(name)
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(level)
