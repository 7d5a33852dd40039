"""The BERTopic model that the analysis folder holds: put together from what the stages found, saved in both forms."""

from __future__ import annotations

import contextlib
import json
import logging
import pickle
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import FunctionTransformer

from topicloom.machine.compiled import import_umap
from topicloom.machine.guards import tell_slower
from topicloom.output_files import MODEL, MODEL_FOLDER
from topicloom.settings.clusters import UmapSettings
from topicloom.settings.schema import TopicModelSettings
from topicloom.words.ctfidf import Weighting
from topicloom.words.ngrams import Vocabulary
from topicloom.words.splitting import SPLIT_WORD
from topicloom.words.stop_words import stop_list
from topicloom.words.topic_table import Topic

# BERTopic does without these, and importing them takes ten times as long as the rest of it.
_OPTIONAL = (
    *("sentence_transformers", "transformers", "torch", "umap", "hdbscan", "plotly", "matplotlib"),
    *("openai", "huggingface_hub"),
)
_DRAWING = "bertopic.plotting"  # needs plotly
_one_block = threading.RLock()


@dataclass(frozen=True)
class ModelParts:
    """What a fitted BERTopic consists of.

    topics, clusters, labels: (n,) int64, in the order of the corpus file; labels are the clusters that became the
    topics, after outliers were given away or seeds have voted. probability: (n,) float64, or None under KMeans.
    topic_embeddings: (topics, d), weights: sparse (topics, columns) c-TF-IDF, the smallest topic number first.
    texts: n texts, in the order of the rows that `table` names. umap, clusterer: the fitted models.
    """

    topics: NDArray[np.int64]
    clusters: NDArray[np.int64]
    labels: NDArray[np.int64]
    probability: NDArray[np.float64] | None
    table: list[Topic]
    texts: list[str]
    vocabulary: Vocabulary
    weights: csr_matrix
    weighting: Weighting
    topic_embeddings: NDArray[np.floating[Any]]
    umap: Any
    clusterer: Any


@contextlib.contextmanager
def lean_bertopic() -> Iterator[ModuleType]:
    """Import bertopic without the libraries that it can do without, unless the process has it already.

    Afterwards it is forgotten again, so that whoever imports it later gets it whole. One block at a time; other threads
    import whatever they like meanwhile, save bertopic itself, which they get as it is here.
    """
    with _one_block:
        if "bertopic" in sys.modules:
            yield sys.modules["bertopic"]
            return
        lean = _Without()
        try:
            yield _imported_without_optional(lean) or _imported_whole()
        finally:
            if lean.imported:
                _forget_bertopic()


def _imported_without_optional(lean: _Without) -> ModuleType | None:
    """bertopic, imported as if the optional libraries were not installed; None where it cannot be."""
    # Lists of their own: another thread may be going through the one of before.
    sys.meta_path = [lean, *sys.meta_path]
    try:
        import bertopic
        import bertopic._save_utils
        import bertopic.vectorizers

        return sys.modules[bertopic.__name__]
    except ImportError as error:
        tell_slower("bertopic", f"is not imported without its heavy parts ({error})", "It is imported whole.")
        return None
    finally:
        sys.meta_path = [finder for finder in sys.meta_path if finder is not lean]


def _imported_whole() -> ModuleType:
    _forget_bertopic()
    import_umap()  # bertopic imports it too, and would compile it anew
    import bertopic
    import bertopic.vectorizers

    return sys.modules[bertopic.__name__]


def _forget_bertopic() -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "bertopic"]:
        del sys.modules[name]


class _Without(MetaPathFinder):
    """For the thread that makes it, and no other, the optional libraries are as if they could not be imported.

    imported: whether that thread has imported bertopic so; another may have been faster, and then it is whole.
    """

    def __init__(self) -> None:
        self._thread = threading.get_ident()
        self.imported = False

    def find_spec(self, name: str, *_: object) -> ModuleSpec | None:
        if threading.get_ident() != self._thread:
            return None
        self.imported |= name == "bertopic"
        package = name.partition(".")[0]
        if name == _DRAWING:
            return ModuleSpec(name, _Nothing(), is_package=True)
        if package in _OPTIONAL and package not in sys.modules:  # what the process has already must stay whole
            return ModuleSpec(name, _Missing())
        return None


class _Nothing(Loader):
    """Loads an empty module."""

    def exec_module(self, module: ModuleType) -> None:
        pass


class _Missing(Loader):
    """Loads nothing: the module is as if it were not installed."""

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        raise ModuleNotFoundError(f"topicloom imports bertopic without {spec.name}", name=spec.name)

    def exec_module(self, module: ModuleType) -> None:
        pass


def build_model(bertopic: ModuleType, parts: ModelParts, settings: TopicModelSettings) -> Any:
    """A BERTopic as its own fit_transform would leave it, from results that are there; to be saved, then loaded.

    bertopic: the module. Once loaded, get_topic_info, get_document_info, get_representative_docs,
    approximate_distribution, visualize_heatmap and transform answer as on a model that BERTopic fitted itself;
    probabilities_ holds one number a document.
    """
    represent = settings.represent
    model = bertopic.BERTopic(
        umap_model=parts.umap,
        hdbscan_model=parts.clusterer,
        vectorizer_model=_vectorizer(parts.vocabulary, settings),
        ctfidf_model=_ctfidf_model(bertopic, parts.weighting, settings),
        n_gram_range=represent.n_gram_range,
        top_n_words=represent.top_n_words,
        language=represent.language,
        min_topic_size=settings.stated_size,
        calculate_probabilities=represent.calculate_probabilities,
        verbose=True,
    )
    model.topics_ = parts.topics.tolist()
    model.probabilities_ = parts.probability
    model.topic_sizes_ = Counter(model.topics_)
    model.topic_mapper_ = _topic_mapper(bertopic, parts)
    model.topic_representations_ = {
        topic.topic: list(zip(topic.words, topic.weights, strict=True)) for topic in parts.table
    }
    model.topic_embeddings_ = parts.topic_embeddings
    model.c_tf_idf_ = parts.weights
    model.representative_docs_ = {
        topic.topic: [parts.texts[row] for row in topic.representative_rows] for topic in parts.table
    }
    return model


_MOST_KEPT = 200_000  # papers whose embeddings the saved model holds, to find the neighbours of new ones among


def graph_models(
    vectors: NDArray[np.floating[Any]], clusters: NDArray[np.int64], umap: UmapSettings
) -> tuple[Any, Any]:
    """What stands for UMAP and HDBSCAN in a model whose topics were found in the neighbour graph.

    The first hands embeddings on as they are; the second finds the cluster of new papers by their neighbours. Both are
    scikit-learn's, so that a program without topicloom can load the model. vectors: (n, d). clusters: (n,).
    """
    every = -(-len(vectors) // _MOST_KEPT)
    kept, of_kept = vectors[::every], clusters[::every]
    nearest = KNeighborsClassifier(min(umap.n_neighbors, len(kept)), weights="distance", metric=umap.metric)
    return FunctionTransformer(), nearest.fit(kept, of_kept)


def _vectorizer(vocabulary: Vocabulary, settings: TopicModelSettings) -> Any:
    represent = settings.represent
    vectorizer = CountVectorizer(
        ngram_range=represent.n_gram_range, stop_words=stop_list(represent.stop_words), min_df=represent.min_df
    )
    if represent.tokenizer:
        vectorizer.token_pattern = SPLIT_WORD
    vectorizer.fixed_vocabulary_ = False
    vectorizer.vocabulary_ = _SavedVocabulary(vocabulary.texts())
    return vectorizer


def _ctfidf_model(bertopic: ModuleType, weighting: Weighting, settings: TopicModelSettings) -> Any:
    model = bertopic.vectorizers.ClassTfidfTransformer(
        bm25_weighting=settings.represent.bm25_weighting,
        reduce_frequent_words=settings.represent.reduce_frequent_words,
    )
    model._idf_diag = weighting.diagonal
    return model


def _topic_mapper(bertopic: ModuleType, parts: ModelParts) -> Any:
    """The topic of each of the clusterer's clusters, -1 for one that is a topic no more."""
    mapper = bertopic._bertopic.TopicMapper(parts.clusters.tolist())
    numbers, first = np.unique(parts.labels, return_index=True)
    topic_of = dict(zip(numbers.tolist(), parts.topics[first].tolist(), strict=True))
    for mapping in mapper.mappings_:
        mapping.append(topic_of.get(mapping[-1], -1))
    return mapper


def save_model(model: Any, folder: Path, embedding_model: str | None) -> None:
    """Write topic_model_object.pck, and topic_model_object/ in BERTopic's safetensors form, into a folder.

    embedding_model: name of the sentence-transformers model to note in the second form, if it is known.
    BERTopic.load reads both.
    """
    # joblib, with which BERTopic saves, pickles in Python and takes ten times as long over a vocabulary; it reads this.
    with (folder / MODEL).open("wb") as file:
        pickle.dump(model, file, protocol=5)
    vocabulary, model.vectorizer_model.vocabulary_ = model.vectorizer_model.vocabulary_, {}
    with _without_warnings("BERTopic"):
        model.save(
            folder / MODEL_FOLDER,
            serialization="safetensors",
            save_ctfidf=True,
            save_embedding_model=embedding_model or False,
        )
    model.vectorizer_model.vocabulary_ = vocabulary
    _fill_in(folder / MODEL_FOLDER / "ctfidf_config.json", vocabulary)


def _fill_in(config: Path, vocabulary: _SavedVocabulary) -> None:
    """Put the vocabulary into the file that BERTopic wrote without it; as BERTopic indents it, it takes long."""
    stated = json.loads(config.read_text(encoding="utf-8"))
    stated["vectorizer_model"]["vocab"] = {}
    head = json.dumps(stated).removesuffix("{}}}")
    if not json.dumps(stated).endswith('"vocab": {}}}'):
        tell_slower("bertopic", "writes its vocabulary elsewhere", "The file is written as a whole.")
        stated["vectorizer_model"]["vocab"] = {
            ngram: column for column, ngram in enumerate(vocabulary.ngrams.to_pylist())
        }
        config.write_text(json.dumps(stated), encoding="utf-8")
        return
    # The vocabulary comes last, and words hold nothing that JSON would have to escape.
    with config.open("wb") as file:
        file.write(f"{head}{{".encode())
        file.write(vocabulary.listed())
        file.write(b"}}}")


class _Call:
    """Pickled as the call of a function: what is read again is its result."""

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self._call = function, arguments

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return self._call


class _SavedVocabulary:
    """A vectorizer's vocabulary_, to be saved: read again, it is the dict that CountVectorizer makes.

    Pickled as one text that is split again by Python's own functions. A dict of millions of texts takes twenty times
    as long to make and to write, and six times as long to read with joblib.
    """

    def __init__(self, ngrams: Any) -> None:
        self.ngrams = ngrams  # a pyarrow.LargeStringArray, in the order of the columns

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        split = _Call(str.split, str(_joined("\n", self.ngrams), "utf-8"), "\n")
        return dict, (_Call(zip, split, range(len(self.ngrams))),)

    def listed(self) -> memoryview:
        """The columns by their n-grams, as JSON lists the entries of an object, in UTF-8."""
        import pyarrow as pa

        numbers = pa.array(np.arange(len(self.ngrams))).cast(pa.large_string())
        return _joined(",", '"', self.ngrams, '":', numbers)


def _joined(between: str, *parts: Any) -> memoryview:
    """The UTF-8 of texts that are put together of parts, arrays or one text for all, with a sign between two of them.

    Arrow keeps the texts of an array one after the other, so what is between them is put at the end of each.
    """
    import pyarrow as pa
    from pyarrow import compute

    ends = [pa.scalar(part, pa.large_string()) if isinstance(part, str) else part for part in (*parts, between, "")]
    _, offsets, together = compute.binary_join_element_wise(*ends).buffers()
    length = int(np.frombuffer(offsets, dtype=np.int64)[-1])
    return memoryview(together)[: length - len(between)]


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
