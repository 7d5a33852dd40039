"""Pickles of embeddings: every generation of sound ones is read, and no bytes run code, crash or cost more than they say."""

from __future__ import annotations

import contextlib
import pickle
import pickletools
import struct
import subprocess
import sys
import tarfile
import tracemalloc
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from topicloom.errors import EmbeddingsError, InputError
from topicloom.inputs.embeddings import read_embeddings
from topicloom.inputs.pickles import read_pickle

GENERATIONS = Path(__file__).parent / "pickles_of_generations.tar.xz"
TABLE = np.arange(12).reshape(4, 3) / 4 - 1  # in each of the pickles; a float16 holds these numbers too
UT = ["WOS:1", "173", "WOS:3", "Müller"]
IDS = {  # what is not here has the ids UT
    **dict.fromkeys(("array", "float16", "float64", "big_endian", "fortran")),
    "series_ints": ["1", "2", "3", "4"],
    "int_index": ["3", "1", "2", "5"],
    "range_index": ["0", "1", "2", "3"],
}
REFUSED = {"categorical": "Categorical, and only arrays", "series_missing": "hold no identifier in row 3"}


def _members() -> dict[str, bytes]:
    with tarfile.open(GENERATIONS) as archive:
        return {member.name: archive.extractfile(member).read() for member in archive.getmembers()}


MEMBERS = _members()


def read(tmp_path: Path, content: bytes):
    path = tmp_path / "embeddings.pck"
    path.write_bytes(content)
    return read_pickle(path)


@pytest.mark.parametrize("versions", sorted({name.split("/")[0] for name in MEMBERS}))
def test_every_generation_is_read(tmp_path, versions):
    """Files that pandas 1.0 to 3.1 and numpy 1.18 to 2.4 have written under protocols 2 to 5."""
    found = {name: content for name, content in MEMBERS.items() if name.startswith(f"{versions}/")}
    assert len(found) > 50
    for name, content in found.items():
        form = name.split("/")[1].split(".")[0]
        if form in REFUSED:
            with pytest.raises(EmbeddingsError, match=REFUSED[form]) as error:
                read(tmp_path, content)
            assert "Save the ids as a plain list" in str(error.value)
            continue
        vectors, ids = read(tmp_path, content)
        assert ids == IDS.get(form, UT), name
        np.testing.assert_array_equal(vectors, TABLE, err_msg=name)
        assert vectors.dtype.isnative


def test_the_numbers_keep_their_type(tmp_path):
    for dtype in (np.float16, np.float32, np.float64):
        assert read(tmp_path, pickle.dumps(TABLE.astype(dtype)))[0].dtype == dtype


def test_protocols_0_and_1(tmp_path):
    for protocol in (0, 1):
        vectors, ids = read(tmp_path, pickle.dumps({"embeddings": TABLE, "embeddings_ids": pd.Series(UT)}, protocol))
        np.testing.assert_array_equal(vectors, TABLE)
        assert ids == UT


def test_a_pickle_of_pandas_is_read_without_pandas(tmp_path):
    """Nothing that the pickle names is imported, nor anything called."""
    path = tmp_path / "embeddings.pck"
    path.write_bytes(MEMBERS["pandas-3.1.1,numpy-2.4.6/future_series.5.pck"])
    code = (
        "import sys, pathlib; from topicloom.inputs.pickles import read_pickle\n"
        "print(read_pickle(pathlib.Path(sys.argv[1]))[1], {'pandas', 'pyarrow'} & set(sys.modules))"
    )
    said = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert said.stdout.split("] ")[1].strip() == "set()"


def op(name: str, argument: bytes = b"") -> bytes:
    return next(code.code for code in pickletools.opcodes if code.name == name).encode("latin-1") + argument


def text(content: str) -> bytes:
    return op("BINUNICODE", struct.pack("<I", len(content.encode())) + content.encode())


def named(module: str, name: str) -> bytes:
    return op("GLOBAL", f"{module}\n{name}\n".encode())


def dtype(code: str, state: bytes = b"") -> bytes:
    return named("numpy", "dtype") + text(code) + op("NEWFALSE") + op("NEWTRUE") + op("TUPLE3") + op("REDUCE") + state


def with_ids(ids: bytes) -> bytes:
    """A pickle of sound vectors and of `ids`, a piece of a pickle; what it keeps first has the number 0."""
    raw = op("SHORT_BINBYTES", bytes([TABLE.nbytes]) + TABLE.tobytes())
    shape = op("BININT1", b"\4") + op("BININT1", b"\3") + op("TUPLE2")
    vectors = named("numpy._core.numeric", "_frombuffer") + (
        op("MARK") + raw + dtype("f8") + shape + text("C") + op("TUPLE") + op("REDUCE")
    )
    entries = text("embeddings") + vectors + text("embeddings_ids") + ids
    return b"\x80\x05" + op("EMPTY_DICT") + op("MARK") + entries + op("SETITEMS") + op("STOP")


NO_FLAGS = (
    op("MARK")
    + op("BININT1", b"\3")
    + text("|")
    + op("NONE") * 3
    + (op("BININT", struct.pack("<i", -1)) * 2 + op("BININT1", b"\0") + op("TUPLE") + op("BUILD"))
)
EIGHT = op("SHORT_BINBYTES", b"\x08AAAAAAAA")
SCALAR = named("numpy._core.multiarray", "scalar")
FORGED = {
    "a scalar of the type object, from bytes": SCALAR + dtype("O8", NO_FLAGS) + EIGHT + op("TUPLE2") + op("REDUCE"),
    "an array of objects from bytes": named("numpy", "ndarray")
    + (op("MARK") + op("BININT1", b"\1") + op("TUPLE1") + text("O") + EIGHT + op("TUPLE") + op("REDUCE")),
    "objects from bytes by _frombuffer": named("numpy._core.numeric", "_frombuffer")
    + (op("MARK") + EIGHT + dtype("O8") + op("BININT1", b"\1") + op("TUPLE1") + text("C") + op("TUPLE") + op("REDUCE")),
    "an array larger than its bytes": named("numpy._core.numeric", "_frombuffer")
    + (op("MARK") + EIGHT + dtype("U9999") + op("BININT1", b"\x09") + op("TUPLE1"))
    + (text("C") + op("TUPLE") + op("REDUCE")),
    "texts of no length": named("numpy._core.numeric", "_frombuffer")
    + (op("MARK") + op("SHORT_BINBYTES", b"\0") + dtype("U0") + op("LONG1", b"\x05\xff\xff\xff\xff\x7f") + op("TUPLE1"))
    + (text("C") + op("TUPLE") + op("REDUCE")),
    "a type of parts": named("numpy._core.numeric", "_frombuffer")
    + (op("MARK") + EIGHT + dtype("V8") + op("BININT1", b"\1") + op("TUPLE1") + text("C") + op("TUPLE") + op("REDUCE")),
    "a range of 10^15": named("pandas.core.indexes.base", "_new_Index")
    + (named("pandas.core.indexes.range", "RangeIndex") + op("EMPTY_DICT") + op("MARK"))
    + (text("start") + op("BININT1", b"\0") + text("stop") + op("LONG1", b"\x08" + struct.pack("<q", 10**15)))
    + (text("step") + op("BININT1", b"\1") + op("SETITEMS") + op("TUPLE2") + op("REDUCE")),
    "a number as ids": op("BININT1", b"\7"),
    "a set of ids": op("EMPTY_SET") + op("MARK") + text("a") + op("ADDITEMS"),
    "ids that hold themselves": op("EMPTY_LIST") + op("DUP") + op("APPEND"),
    "the state of a list": op("EMPTY_LIST") + op("EMPTY_DICT") + op("BUILD"),
    "the state of a class": named("numpy", "dtype")
    + (op("NONE") + op("EMPTY_DICT") + text("__new__") + op("NONE") + op("SETITEM") + op("TUPLE2") + op("BUILD")),
    "a call of a text": text("a") + op("EMPTY_TUPLE") + op("REDUCE"),
    "a number of 10^5 digits": op("EMPTY_LIST")
    + op("LONG4", struct.pack("<i", 50_000) + b"\x7f" * 50_000)
    + op("APPEND"),
    "bytes of 10^12": op("BINBYTES8", struct.pack("<Q", 10**12)),
    "the two billionth value": text("a") + op("LONG_BINPUT", struct.pack("<I", 2**31)),
    "an Arrow text beyond its bytes": named("pyarrow.lib", "_restore_array")
    + op("MARK")
    + (named("pyarrow.lib", "type_for_alias") + text("string") + op("TUPLE1") + op("REDUCE"))
    + (op("BININT1", b"\1") + op("BININT1", b"\0") * 2 + op("EMPTY_LIST") + op("MARK") + op("NONE"))
    + (
        named("pyarrow.lib", "py_buffer")
        + op("SHORT_BINBYTES", b"\x08\0\0\0\0\xff\xff\0\0")
        + op("TUPLE1")
        + op("REDUCE")
    )
    + (named("pyarrow.lib", "py_buffer") + op("SHORT_BINBYTES", b"\x01A") + op("TUPLE1") + op("REDUCE") + op("APPENDS"))
    + (op("EMPTY_LIST") + op("NONE") + op("TUPLE") + op("TUPLE1") + op("REDUCE")),
    "deep tuples": op("EMPTY_TUPLE") + op("TUPLE1") * 50_000,
    "deep lists": op("EMPTY_LIST") * 50_000 + op("APPEND") * 49_999,
    "a deep tuple in a list": op("EMPTY_LIST") + op("EMPTY_TUPLE") + op("TUPLE1") * 50_000 + op("APPEND"),
    "a deep tuple as a key": op("EMPTY_DICT") + op("EMPTY_TUPLE") + op("TUPLE1") * 50_000 + op("NONE") + op("SETITEM"),
    "deep calls": named("numpy", "dtype")
    + op("MEMOIZE")
    + op("EMPTY_TUPLE")
    + (op("REDUCE") + op("TUPLE1") + op("BINPUT", b"\1") + op("POP") + op("BINGET", b"\0") + op("BINGET", b"\1"))
    * 50_000,
}


@pytest.mark.parametrize("kind", FORGED)
@pytest.mark.parametrize("place", ["ids", "vectors", "key", "all"])
def test_a_forged_pickle_ends_in_a_sentence(tmp_path, kind, place):
    piece = FORGED[kind]
    content = {
        "ids": with_ids(piece),
        "vectors": b"\x80\x05" + op("EMPTY_DICT") + text("embeddings") + piece + op("SETITEM") + op("STOP"),
        "key": b"\x80\x05" + op("EMPTY_DICT") + piece + op("NONE") + op("SETITEM") + op("STOP"),
        "all": b"\x80\x05" + piece + op("STOP"),
    }[place]
    tracemalloc.start()
    with pytest.raises(EmbeddingsError) as error:
        read(tmp_path, content)
    assert tracemalloc.get_traced_memory()[1] < 200 * len(content) + 2_000_000  # bytes
    tracemalloc.stop()
    assert len(str(error.value)) < 1_000
    assert len(str(error.value).splitlines()) == 3  # the file, the finding, the mend


def test_bytes_that_many_values_share_are_read_once(tmp_path):
    """A million letters in each of 20,000 scalars would be 80 GB as texts of their own."""
    letters = ("A" * 250_000).encode("utf-32-le")
    shared = op("BINBYTES", struct.pack("<I", len(letters)) + letters) + op("MEMOIZE")
    one = SCALAR + dtype("U250000") + op("BINGET", b"\0") + op("TUPLE2") + op("REDUCE")
    content = with_ids(shared + op("POP") + op("EMPTY_LIST") + op("MARK") + one * 20_000 + op("APPENDS"))
    tracemalloc.start()
    _, ids = read(tmp_path, content)
    assert tracemalloc.get_traced_memory()[1] < 60_000_000
    tracemalloc.stop()
    assert len(ids) == 20_000


def test_a_name_cannot_write_to_the_terminal(tmp_path):
    with pytest.raises(EmbeddingsError, match="refused") as error:
        read(tmp_path, b"\x80\x04" + text("os\x1b[2J\n") + text("x" * 5_000) + op("STACK_GLOBAL") + op("STOP"))
    assert "\x1b" not in str(error.value)
    assert len(str(error.value)) < 1_000


PIECES = [*(piece for piece in FORGED.values() if len(piece) < 1_000), *(op(code.name) for code in pickletools.opcodes)]
SOUND = sorted(
    (content for name, content in MEMBERS.items() if name.startswith(("pandas-3", "pandas-1.0", "pandas-2.3"))), key=len
)


@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_bytes_give_a_result_or_an_input_error(tmp_path, data):
    """Sound pickles with bytes changed, cut, repeated and moved."""
    content = bytearray(data.draw(st.sampled_from(SOUND)))
    for _ in range(data.draw(st.integers(1, 6))):
        start = data.draw(st.integers(0, len(content)))
        end = min(len(content), start + data.draw(st.integers(0, 8)))
        piece = data.draw(
            st.one_of(
                st.binary(max_size=4),
                st.sampled_from([bytes(content[:end]), bytes(content[start:]), bytes(content[start : start + 40])]),
                st.sampled_from([op(code.name) for code in pickletools.opcodes]),
            )
        )
        content[start:end] = piece
    try:
        vectors, ids = read(tmp_path, bytes(content))
    except InputError:
        return
    assert isinstance(vectors, np.ndarray)
    assert vectors.nbytes <= len(content)
    assert ids is None or all(type(item) is str for item in ids)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pieces=st.lists(st.sampled_from(PIECES), max_size=12))
def test_any_operations_give_a_result_or_an_input_error(tmp_path, pieces):
    with contextlib.suppress(InputError):
        read(tmp_path, with_ids(b"".join(pieces)))


@pytest.mark.parametrize("content", ["[" * 100_000, "[" * 900 + "]" * 900, '["a", null]', '["a", ["b"]]', '[{"a": 1}]'])
def test_ids_that_are_no_list_of_texts(tmp_path, content):
    np.save(tmp_path / "embeddings.npy", TABLE)
    (tmp_path / "embeddings_ids.json").write_text(content)
    with pytest.raises(EmbeddingsError, match=r"embeddings_ids\.json"):
        read_embeddings(tmp_path)


def test_a_pickle_that_is_read_while_it_is_cut(tmp_path):
    content = pickle.dumps(TABLE)
    for length in range(len(content)):
        with pytest.raises(EmbeddingsError, match="It is no whole pickle"):
            read(tmp_path, content[:length])
    assert read(tmp_path, content + b"more")[1] is None  # pickle.load stops there as well
