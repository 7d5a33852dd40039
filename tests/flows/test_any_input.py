"""Whatever the files of a project hold: exit 0 or 2 and a sentence, never a traceback, and nothing is changed.

Sound files are changed at random, in their values and in their bytes. TOPICLOOM_EXAMPLES=5000 searches further than
the tests do, which try the same examples each time.
"""

from __future__ import annotations

import copy
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from flows.console import cli
from tests.conftest import DIRECTIVE, Project, copied
from topicloom.errors import InputError
from topicloom.settings.reading import read_settings
from topicloom.stages.take_up import taken_up
from topicloom.sweep.grid import combinations, read_plan

SEARCH = int(os.environ.get("TOPICLOOM_EXAMPLES", "0"))
PAPERS = 40
WELL, BAD_INPUT = 0, 2

ODD: list[Any] = [
    *(None, True, False, -1, 0, 1, 2, 3.5, 1e308, -1e308, 1e-300, 10**30, float("nan"), float("inf"), 2**32, 2**63),
    *(
        "",
        "x",
        "auto",
        "english",
        "../..",
        "/",
        ".",
        "~",
        "a\0b",
        "\ud800",
        "x" * 3000,
        "²",
        "1",
        "e01",
        "\u202e",
        "\r",
    ),
    *([], [[]], {}, [None], ["x"], [1], [1, 3], [3, 1], {"a": {}}, {"from": 1, "to": 3}, {"from": 1, "to": 1e9}),
]
CSV_PIECES = [*(b'"', b",", b";", b"\n", b"\r", b"\r\n", b"\0", b"\xff", b"\xe9", b'""', b" ", b"\t", b"\xef\xbb\xbf")]
JSON_PIECES = [*(b'"', b",", b":", b"[", b"]", b"{", b"}", b"\\", b"\\ud800", b"1e999", b"-", b"NaN", b"null", b"\xff")]
YAML_PIECES = [*(b"&a ", b"*a", b"<<: ", b"- ", b": ", b"\n", b"  ", b"\t", b"!!set ", b"2024-13-45", b"|", b"#", b"%")]


def search(examples: int) -> Callable[..., Any]:
    return hypothesis_settings(
        max_examples=SEARCH or examples,
        derandomize=not SEARCH,
        database=None,
        deadline=timedelta(seconds=10),
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


def changed_bytes(data: st.DataObject, content: bytes, pieces: list[bytes]) -> bytes:
    """Some bytes replaced, left out, put in or repeated."""
    spoilt = bytearray(content)
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(spoilt)))
        end = min(len(spoilt), start + data.draw(st.sampled_from([0, 0, 1, 2, 9, 60, 10**6])))
        again = [bytes(spoilt[start : start + 80]), bytes(spoilt[:60])]
        spoilt[start:end] = data.draw(st.one_of(st.sampled_from([*pieces, *again]), st.binary(max_size=4)))
    return bytes(spoilt)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of everything in a JSON value."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from places(inner, (*path, key))


def changed_value(data: st.DataObject, content: Any) -> Any:
    """Some values replaced by odd ones, left out, renamed, or put where another belongs."""
    holder = {"": copy.deepcopy(content)}
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(list(places(holder))[1:]))
        within: Any = holder
        for key in path[:-1]:
            within = within[key]
        what = data.draw(st.sampled_from(["odd", "odd", "odd", "gone", "renamed", "deep", "another"]))
        if what == "odd":
            within[path[-1]] = copy.deepcopy(data.draw(st.sampled_from(ODD)))
        elif what == "deep":
            within[path[-1]] = deep(within[path[-1]], data.draw(st.sampled_from([1, 60, 200])))
        elif what == "another":
            within[path[-1]] = copy.deepcopy(content)
        elif len(path) > 1:
            value = within.pop(path[-1])
            if what == "renamed" and isinstance(within, dict):
                within[str(path[-1]) + data.draw(st.sampled_from(["s", " ", "\0", ".x"]))] = value
    return holder[""]


def deep(value: Any, levels: int) -> Any:
    for _ in range(levels):
        value = [value]
    return value


def as_json(value: Any) -> bytes:
    return json.dumps(value).encode()


def as_yaml(value: Any) -> bytes:
    return yaml.safe_dump(value, allow_unicode=True).encode("utf-8", "surrogatepass")


def snapshot(folder: Path) -> dict[str, tuple[int, bytes]]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.read_bytes()) for path in files}


def asked(command: str, path: Path) -> int:
    """The exit code of a command. Where it is neither 0 nor 2, what was said fails the test."""
    said: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["topicloom", command, str(path)])
        patch.setattr(cli, "show_error", said.append)
        with pytest.raises(SystemExit) as ended:
            cli.main()
    code = int(ended.value.code or 0)
    assert code in (WELL, BAD_INPUT), said
    assert code == WELL or all(len(line) < 3000 and not line.startswith("The run failed") for line in said), said
    return code


def checked(project: Project) -> int:
    """The exit code of `check`, which changes nothing."""
    before = snapshot(project.root)
    code = asked("check", project.analysis)
    assert snapshot(project.root) == before
    return code


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Made-up papers with vectors of their own."""
    project = Project(tmp_path_factory.mktemp("any") / "root", "made")
    project.profile.mkdir(parents=True)
    names = [f"S{number}" for number in range(PAPERS)]
    texts = [f'äpples, "pears"\nand kind{number}' for number in range(PAPERS)]
    pd.DataFrame({"UT": names, "text": texts, "note": "x"}).to_csv(project.profile / "corpus.csv", index=False)
    pd.DataFrame({"UT": names, "TI": texts, "AB": texts, "PY": "2020"}).to_csv(project.dataset, index=False)
    np.save(project.profile / "embeddings.npy", np.random.default_rng(0).normal(size=(PAPERS, 8)).astype(np.float32))
    (project.profile / "embeddings_ids.json").write_text(json.dumps(names))
    project.write_settings(represent={"stop_words": ["the", "of"]})
    assert checked(project) == WELL
    return project


class Spoilt:
    """A file that holds something else within the block."""

    def __init__(self, path: Path, content: bytes) -> None:
        self._path, self._content = path, content

    def __enter__(self) -> None:
        self._sound = self._path.read_bytes() if self._path.exists() else None
        self._path.write_bytes(self._content)

    def __exit__(self, *_: object) -> None:
        self._path.unlink()
        if self._sound is not None:
            self._path.write_bytes(self._sound)


@pytest.mark.timeout(300)
@search(120)
@given(data=st.data())
def test_any_settings(small, data):
    sound = json.loads((small.analysis / DIRECTIVE).read_text())
    sound["tmo"] |= {"n_topics": 0, "umap": {"n_neighbors": 5, "spread": 1.0, "min_dist": 0.1}, "orphans": "keep"}
    sound["tmo"] |= {"hdbscan": {"min_samples": 2}, "text_columns": ["TI"], "names": {"keywords": 5}}
    value = changed_value(data, sound) if data.draw(st.booleans()) else sound
    content = as_json(value)
    if value is sound:
        content = changed_bytes(data, content, JSON_PIECES)
    with Spoilt(small.analysis / DIRECTIVE, content):
        checked(small)


@pytest.mark.timeout(300)
@search(80)
@given(data=st.data())
def test_any_settings_in_yaml(small, data):
    sound = json.loads((small.analysis / DIRECTIVE).read_text())
    form = {"metadata": sound["metadata"], "topic_model": sound["tmo"]}
    content = as_yaml(changed_value(data, form) if data.draw(st.booleans()) else form)
    with Spoilt(small.analysis / "config_analysis.yml", changed_bytes(data, content, YAML_PIECES)):
        checked(small)


@pytest.mark.timeout(300)
@search(120)
@given(data=st.data())
def test_any_sweep(small, tmp_path_factory, data):
    sound = {
        "vary": {"n_neighbors": {"from": 5, "to": 9, "step": 2}, "tmo.min_topic_size": [3, 4], "seed": [1]},
        "budget": {"minutes": 1, "combinations": 3},
        "seeds": 2,
        "runner": "threads",
    }
    as_text = data.draw(st.booleans())
    value = sound if as_text else changed_value(data, sound)
    content = changed_bytes(data, as_yaml(value), YAML_PIECES) if as_text else as_json(value)
    plan = small.root.parent / data.draw(st.sampled_from(["plan.yaml", "plan.json"]))
    plan.write_bytes(content)
    try:
        chosen, _ = combinations(read_settings(small.analysis), read_plan(plan))
    except InputError:
        return
    assert chosen


TABLES = {
    "corpus.csv": lambda project: project.profile / "corpus.csv",
    "dataset": lambda project: project.dataset,
    "labels.csv": lambda project: project.analysis / "labels.csv",
}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("table", TABLES)
@search(80)
@given(data=st.data())
def test_any_table(small, table, data):
    path = TABLES[table](small)
    sound = path.read_bytes() if path.exists() else b"topic_uid,label\nT-XXXXXXXX,Apples\nT-YYYYYYYY,Pears\n"
    with Spoilt(path, changed_bytes(data, sound, CSV_PIECES)):
        checked(small)


@pytest.mark.timeout(300)
@search(80)
@given(data=st.data())
def test_any_ids(small, data):
    path = small.profile / "embeddings_ids.json"
    sound = json.loads(path.read_text())
    in_bytes = data.draw(st.booleans())
    content = changed_bytes(data, as_json(sound), JSON_PIECES) if in_bytes else as_json(changed_value(data, sound))
    with Spoilt(path, content):
        checked(small)


@pytest.mark.timeout(300)
@search(80)
@given(data=st.data())
def test_any_vectors(small, data):
    path = small.profile / "embeddings.npy"
    with Spoilt(path, changed_bytes(data, path.read_bytes(), [b"'descr'", b"'<f8'", b"(40, 8)", b"\x93NUMPY", b"\0"])):
        checked(small)


@pytest.fixture(scope="module")
def ran(finished_wos_project: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project after a run; its own records may be spoilt, and are put back."""
    return copied(finished_wos_project, tmp_path_factory.mktemp("ran") / "root")


def own_records(project: Project) -> list[Path]:
    store = project.path / ".topicloom"
    history = [path for path in (store / "history").rglob("*") if path.is_file()]
    return sorted([project.output("run.json"), store / "digests.sqlite", *store.glob("*/*/manifest.json"), *history])


@pytest.mark.timeout(300)
@search(12)
@given(data=st.data())
def test_any_records_of_our_own(ran, data):
    """They are set aside and made anew, or the run is refused with a sentence; looking changes nothing."""
    path = data.draw(st.sampled_from(own_records(ran)))
    sound = path.read_bytes()
    as_value = path.suffix == ".json" and data.draw(st.booleans())
    content = as_json(changed_value(data, json.loads(sound))) if as_value else changed_bytes(data, sound, JSON_PIECES)
    kept = {inner: inner.read_bytes() for inner in own_records(ran)}
    path.write_bytes(content)
    try:
        checked(ran)
        asked("status", ran.analysis)
        taken_up(read_settings(ran.analysis))
    except InputError:
        pass
    finally:
        put_back(ran, kept)


def put_back(project: Project, kept: dict[Path, bytes]) -> None:
    shutil.rmtree(project.path / ".topicloom" / "history")
    for path in [*project.analysis.glob("run.json.damaged*"), *(project.path / ".topicloom").glob("digests.sqlite*")]:
        path.unlink()
    for path, content in kept.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
