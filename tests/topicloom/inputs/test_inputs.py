"""Corpus, dataset and embeddings: encodings, missing values, every generation of file, pickles that would run code."""

from __future__ import annotations

import json
import os
import pickle
import pickletools

import numpy as np
import pandas as pd
import pytest

from topicloom.errors import CorpusError, EmbeddingsError
from topicloom.inputs.corpus import dataset_texts, read_corpus, read_dataset, text_facts
from topicloom.inputs.embeddings import read_embeddings, require_fit
from topicloom.inputs.pickles import read_pickle

VECTORS = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
UT = ["WOS:1", "173", "WOS:3", "ACL:4"]


def corpus(**more) -> pd.DataFrame:
    return pd.DataFrame({"UT": UT, "text": ["a", "b", "c", "d"], **more})


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1"])
def test_datasets_in_each_encoding(tmp_path, encoding):
    path = tmp_path / "dataset_raw_cleaned.csv"
    path.write_text("UT,TI,AB,X\n1,Müller à Nîmes,naïve,9\n2,NA,,9\n", encoding=encoding)
    dataset = read_dataset(path, ["UT", "TI", "AB"])
    assert list(dataset["TI"]) == ["Müller à Nîmes", ""]
    assert list(dataset_texts(path, ["TI", "AB"])["text"]) == ["Müller à Nîmes naïve", ""]


def test_missing_values_never_become_a_word(tmp_path):
    path = tmp_path / "d.csv"
    path.write_text(
        'UT,TI,AB\n1,,"An abstract"\n2,A title,NA\n3,NaN,nan\n4,nano tubes,banana\n5,"two\n lines"," x  y"\n'
    )
    texts = list(dataset_texts(path, ["TI", "AB"])["text"])
    assert texts == ["An abstract", "A title", "", "nano tubes banana", "two lines x y"]


def test_a_dataset_without_a_text_column(tmp_path):
    path = tmp_path / "d.csv"
    path.write_text("UT,TI\n1,x\n")
    with pytest.raises(CorpusError, match="It has no column AB; its columns are UT, TI"):
        dataset_texts(path, ["TI", "AB"])


def test_corpus_keeps_texts_and_ut_as_strings(tmp_path):
    path = tmp_path / "corpus.csv"
    path.write_text("UT,text\n173,NA\n0042,None\n3,\n4,null\n")
    read = read_corpus(path)
    assert list(read["UT"]) == ["173", "0042", "3", "4"]
    assert list(read["text"]) == ["NA", "None", "", "null"]


def test_a_corpus_that_is_no_table(tmp_path):
    path = tmp_path / "corpus.csv"
    path.write_text('UT,text\n1,a\n2,b,c,d\n"')
    with pytest.raises(CorpusError, match="It is no CSV table"):
        read_corpus(path)


def test_texts_with_nan_are_counted():
    texts = pd.Series(["a title nan", "nan and nan again", "a nan particle", "banana", "nano nan ", "x", "x", " "])
    assert text_facts(texts) == {"empty_texts": 1, "repeated_texts": 1, "texts_with_nan": 3}


GENERATIONS = {
    "array": (VECTORS, None),
    "dict": ({"embeddings": VECTORS}, None),
    "dict with a Series of UT": ({"embeddings": VECTORS, "embeddings_ids": pd.Series(UT, name="UT")}, UT),
    "dict with a list": ({"embeddings": VECTORS, "embeddings_ids": UT}, UT),
    "float64": (VECTORS.astype(np.float64), None),
    "Series of pandas strings": ({"embeddings": VECTORS, "embeddings_ids": pd.Series(UT, dtype="string")}, UT),
    "Series with numbers": ({"embeddings": VECTORS, "embeddings_ids": pd.Series([1, 2, 3, 4])}, ["1", "2", "3", "4"]),
    "Series with an index": ({"embeddings": VECTORS, "embeddings_ids": pd.Series(UT, index=[4, 9, 2, 7])}, UT),
    "list of numpy scalars": ({"embeddings": VECTORS, "embeddings_ids": list(np.array(UT))}, UT),
}


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("generation", GENERATIONS)
def test_every_generation_of_pickle(tmp_path, generation, protocol):
    content, ids = GENERATIONS[generation]
    (tmp_path / "embeddings.pck").write_bytes(pickle.dumps(content, protocol=protocol))
    read = read_embeddings(tmp_path)
    np.testing.assert_array_equal(read.vectors, VECTORS)
    assert read.ids == ids


def test_numpy_1_spelling_of_the_same_pickle(tmp_path):
    """Protocols 2 to 5 of numpy 1 name numpy.core, those of numpy 2 numpy._core: both must open."""
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        newer = pickle.dumps(VECTORS, protocol=protocol)
        older = pickletools.optimize(newer).replace(b"numpy._core", b"numpy.core")
        if protocol >= 4:  # short strings carry their length
            older = older.replace(
                bytes([len("numpy._core.multiarray")]) + b"numpy.core.multiarray", b"\x15numpy.core.multiarray"
            )
            older = older.replace(
                bytes([len("numpy._core.numeric")]) + b"numpy.core.numeric", b"\x12numpy.core.numeric"
            )
            older = _without_frames(older)
        path = tmp_path / f"{protocol}.pck"
        path.write_bytes(older)
        np.testing.assert_array_equal(read_pickle(path)[0], VECTORS)


def _without_frames(content: bytes) -> bytes:
    frames = [position for code, _, position in pickletools.genops(content[:2] + content[11:]) if code.name == "FRAME"]
    assert not frames
    return content[:2] + content[11:]


class Attack:
    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize(
    "wrap", [lambda a: a, lambda a: {"embeddings": VECTORS, "embeddings_ids": a}], ids=["bare", "ids"]
)
def test_a_pickle_that_would_run_code_is_refused_before_it_runs(tmp_path, wrap, protocol):
    import os
    import subprocess

    target = tmp_path / "attacked"
    for call in (
        Attack(os.system, f"touch {target}"),
        Attack(subprocess.check_call, ["touch", str(target)]),
        Attack(eval, f"open({str(target)!r}, 'w')"),
        Attack(getattr, pd.Series, "to_csv"),
        Attack(np.load, str(target)),
    ):
        (tmp_path / "embeddings.pck").write_bytes(pickle.dumps(wrap(call), protocol=protocol))
        with pytest.raises(EmbeddingsError, match="It was refused and not run: it asks for"):
            read_embeddings(tmp_path)
        assert not target.exists()


def test_npy_with_ids(tmp_path):
    np.save(tmp_path / "embeddings.npy", VECTORS)
    assert read_embeddings(tmp_path).ids is None
    (tmp_path / "embeddings_ids.json").write_text(json.dumps(UT))
    read = read_embeddings(tmp_path)
    assert read.ids == UT
    require_fit(read, corpus())
    (tmp_path / "embeddings_ids.json").write_text("{}")
    with pytest.raises(EmbeddingsError, match="It holds a dict, not a list"):
        read_embeddings(tmp_path)


def test_ids_may_be_uuid(tmp_path):
    uuids = [f"00000000-0000-0000-0000-00000000000{digit}" for digit in "abcd"]
    np.save(tmp_path / "embeddings.npy", VECTORS)
    (tmp_path / "embeddings_ids.json").write_text(json.dumps(uuids))
    require_fit(read_embeddings(tmp_path), corpus(uuid=uuids))
    require_fit(read_embeddings(tmp_path), corpus())  # a newer corpus has none: nothing to hold them against
    with pytest.raises(EmbeddingsError, match="row 0 is '00000000"):
        require_fit(read_embeddings(tmp_path), corpus(uuid=uuids[::-1]))
    with pytest.raises(EmbeddingsError, match="other ids"):
        (tmp_path / "embeddings_ids.json").write_text(json.dumps(["a", "b", "c", "d"]))
        require_fit(read_embeddings(tmp_path), corpus())


def test_ids_with_a_byte_order_mark_and_ids_of_digits(tmp_path):
    np.save(tmp_path / "embeddings.npy", VECTORS)
    (tmp_path / "embeddings_ids.json").write_text(json.dumps(UT), encoding="utf-8-sig")
    assert read_embeddings(tmp_path).ids == UT
    long = "9" * 5000
    (tmp_path / "embeddings_ids.json").write_text(f"[1, {long}, 3, 4]")
    assert read_embeddings(tmp_path).ids == ["1", long, "3", "4"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[" * 200_000 + "]" * 200_000, "It is nested too deeply"),
        ('["a", ["b"], "c", "d"]', r'Its entry 2 is \["b"\]; it must be a UT'),
        ('["a", null, "c", "d"]', "Its entry 2 is null"),
        ("\x00", "It is not JSON"),
        (" " * (2 << 20), "It is longer than"),
    ],
)
def test_ids_that_are_no_list_of_ut(tmp_path, text, message):
    np.save(tmp_path / "embeddings.npy", VECTORS)
    (tmp_path / "embeddings_ids.json").write_text(text)
    with pytest.raises(EmbeddingsError, match=message):
        read_embeddings(tmp_path)


@pytest.mark.parametrize("name", ["embeddings.npy", "embeddings_ids.json", "embeddings.pck"])
@pytest.mark.parametrize(
    ("make", "found"), [(os.mkfifo, "a pipe"), (os.mkdir, "a folder"), (lambda path: path.symlink_to("x"), "a link")]
)
def test_embeddings_that_are_no_file(tmp_path, name, make, found):
    if name == "embeddings_ids.json":
        np.save(tmp_path / "embeddings.npy", VECTORS)
    make(tmp_path / name)
    with pytest.raises(EmbeddingsError, match=f"{name}\n  It is {found}"):
        read_embeddings(tmp_path)
