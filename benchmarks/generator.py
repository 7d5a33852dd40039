"""Projects of any size with known topics, made from a seed: texts, embeddings, settings.

Texts are strings of phrases, some of the paper's topic and some of all topics, so that n-grams repeat about as they do
in abstracts. Embeddings lie around their topic's centre, topics around their field's; one paper in six is between two
topics.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

DIMENSIONS = 384
_SYLLABLES = [a + b for a in "bcdfghklmnprstvz" for b in ("a", "e", "i", "o", "u", "an", "er", "is")]
_WORDS, _PHRASES, _OF_TOPIC = 60_000, 60_000, 400
_PHRASES_A_TEXT = (14, 34)  # phrases of 2 to 7 words: 60 to 160 words a text
_CHUNK = 20_000
# Lengths of the parts of an embedding: two papers of one topic then have a cosine of 0.5, of one field of 0.35 and of
# none of 0.15, much as sentence embeddings of abstracts do.
_FIELDS, _COMMON, _FIELD, _OWN, _NOISE = 20, 0.5, 0.6, 0.55, 0.9
_MIN_TOPIC_SIZE = 20


def topics_of(documents: int) -> int:
    """How many topics a generated project has: 100 at 10,000 papers, growing by the cube root to 464 at a million."""
    return round(100 * math.cbrt(documents / 10_000))


def make_project(folder: Path, documents: int, seed: int = 7) -> Path:
    """Write a project of so many papers; returns its analysis folder. The same folder comes out for the same seed."""
    rng = np.random.default_rng(seed)
    topics = topics_of(documents)
    profile, analysis = _folders(folder)
    centres = _centres(topics, rng)
    weight = rng.pareto(1.5, topics) + 0.3
    topic = rng.choice(topics, documents, p=weight / weight.sum())
    _write_embeddings(profile / "embeddings.npy", centres, topic, rng)
    papers = [f"G{row:07}" for row in range(documents)]
    _write_corpus(profile / "corpus.csv", papers, topic, rng)
    np.save(folder / "true_topic.npy", topic)
    (profile / "embeddings_ids.json").write_text(json.dumps(papers))
    _write_settings(analysis)
    return analysis


def write_project(
    folder: Path, papers: list[str], topic: NDArray[np.int64], vectors: NDArray[np.float32], seed: int
) -> Path:
    """Write a project of given papers, topics (n,) and embeddings (n, d), over an earlier one; returns its analysis."""
    profile, analysis = _folders(folder)
    _write_corpus(profile / "corpus.csv", papers, topic, np.random.default_rng(seed))
    np.save(profile / "embeddings.npy", vectors)
    (profile / "embeddings_ids.json").write_text(json.dumps(papers))
    _write_settings(analysis)
    return analysis


def _folders(folder: Path) -> tuple[Path, Path]:
    profile, analysis = folder / "f01" / "e01", folder / "a01"
    for path in (profile, analysis):
        path.mkdir(parents=True, exist_ok=True)
    return profile, analysis


def _write_settings(analysis: Path) -> None:
    settings = {
        "metadata": {"project_folder": analysis.parent.name, "filtered_folder": "f01", "analysis_id": "a01"},
        "tmo": {
            "embeds_folder": "e01",
            "n_topics": 0,
            "min_topic_size": _MIN_TOPIC_SIZE,
            # The notebook draws nothing; what pictures cost is measured apart.
            "pictures": {"quality": False, "figures": False, "report": False},
        },
        "params": {"type_of_analysis": "topic_model", "seed": 100},
    }
    (analysis / "settings_analysis_directive_2026-01-01-00-00.json").write_text(json.dumps(settings, indent=2))


def _centres(topics: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Centres of the topics, (topics, d): what all papers share, what a field shares, and what is a topic's own."""
    fields = rng.integers(_FIELDS, size=topics)
    parts = [rng.normal(size=(rows, DIMENSIONS)) for rows in (1, _FIELDS, topics)]
    common, field, own = (part / np.linalg.norm(part, axis=1, keepdims=True) for part in parts)
    centres: NDArray[np.float32] = (_COMMON * common + _FIELD * field[fields] + _OWN * own).astype(np.float32)
    return centres


def _write_embeddings(
    path: Path,
    centres: NDArray[np.float32],
    topic: NDArray[np.int64],
    rng: np.random.Generator,
    dtype: type[np.floating[Any]] = np.float32,
) -> None:
    vectors = np.lib.format.open_memmap(path, mode="w+", dtype=dtype, shape=(len(topic), DIMENSIONS))
    for start in range(0, len(topic), _CHUNK):
        of = topic[start : start + _CHUNK]
        between = rng.random(len(of)) < 1 / 6
        other = np.where(between, rng.integers(len(centres), size=len(of)), of)
        block = (centres[of] + centres[other]) / 2
        block = block + rng.normal(scale=_NOISE / np.sqrt(DIMENSIONS), size=block.shape).astype(np.float32)
        vectors[start : start + len(of)] = block / np.linalg.norm(block, axis=1, keepdims=True)
    vectors.flush()


def make_vectors(path: Path, documents: int, seed: int = 7) -> NDArray[np.int64]:
    """Write embeddings alone, in half precision, block by block; returns the true topics, (documents,)."""
    rng = np.random.default_rng(seed)
    topics = topics_of(documents)
    centres = _centres(topics, rng)
    weight = rng.pareto(1.5, topics) + 0.3
    topic: NDArray[np.int64] = rng.choice(topics, documents, p=weight / weight.sum())
    _write_embeddings(path, centres, topic, rng, np.float16)
    return topic


def _write_corpus(path: Path, papers: list[str], topic: NDArray[np.int64], rng: np.random.Generator) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["UT", "text"])
        writer.writerows(zip(papers, texts_of(topic, rng), strict=True))


def texts_of(topic: NDArray[np.int64], rng: np.random.Generator) -> Iterator[str]:
    """The texts of papers of such topics (n,), one after the other; some thousands of them are in memory at a time."""
    phrases = _phrases(rng)
    common = _zipf(_PHRASES, 0.9)
    own = _zipf(_OF_TOPIC, 0.7)
    of_topic = [rng.integers(_PHRASES, size=_OF_TOPIC) for _ in range(int(topic.max()) + 1)]
    for start in range(0, len(topic), _CHUNK):
        chunk = topic[start : start + _CHUNK]
        lengths = rng.integers(*_PHRASES_A_TEXT, size=len(chunk))
        drawn = np.searchsorted(common, rng.random(int(lengths.sum())))
        special = rng.random(len(drawn)) < 0.4
        place = np.searchsorted(own, rng.random(len(drawn)))
        at = 0
        for number, length in zip(chunk, lengths, strict=True):
            part = slice(at, at + length)
            chosen = np.where(special[part], of_topic[number][place[part]], drawn[part])
            yield " ".join([phrases[phrase] for phrase in chosen.tolist()])
            at += length


def _phrases(rng: np.random.Generator) -> list[str]:
    syllables = rng.integers(len(_SYLLABLES), size=(_WORDS, 4))
    words = ["".join(_SYLLABLES[s] for s in row[: 1 + rank % 4]) for rank, row in enumerate(syllables.tolist())]
    words = ["nar" if word == "nan" else word for word in words]  # the word that a missing abstract leaves behind
    drawn = np.searchsorted(_zipf(_WORDS, 1.0), rng.random(_PHRASES * 7)).reshape(_PHRASES, 7).tolist()
    lengths = rng.integers(2, 8, size=_PHRASES).tolist()
    return [" ".join(words[word] for word in row[:length]) for row, length in zip(drawn, lengths, strict=True)]


def _zipf(size: int, exponent: float) -> NDArray[np.float64]:
    """Cumulated probabilities of ranks under Zipf's law."""
    weight = np.arange(1, size + 1) ** -exponent
    cumulated: NDArray[np.float64] = np.cumsum(weight) / weight.sum()
    return cumulated
