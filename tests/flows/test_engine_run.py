"""Whole runs by an engine: the same files as on one machine, also where the project lies in an object store."""

from __future__ import annotations

import contextlib
import socket
from pathlib import Path

import pytest

from flows.plain_run import run_without_server
from tests.conftest import Project, copied
from tests.stores import BUCKET, environment, moto_server
from topicloom.engine.engines import Here
from topicloom.engine.stated import EngineError
from topicloom.remote.address import address_of
from topicloom.stages import members
from topicloom.store.files import read_json
from topicloom.store.manifest import MANIFEST
from topicloom.store.moving import move_project

STAGES = ("tokens", "reduce", "cluster", "consensus", "represent", "distribution")


def artifacts(store: Path) -> dict[str, dict[str, str]]:
    """Of each result of the stages above: its facts, and the digest of each of its files."""
    manifests = [read_json(path) for stage in STAGES for path in sorted(store.glob(f"{stage}/[!.]*/{MANIFEST}"))]
    return {
        f"{found['stage']}/{found['key']}": {
            "facts": found["facts"],
            "parts": found["parts"],
            **{name: note["sha256"] for name, note in found["outputs"].items()},
        }
        for found in manifests
    }


class Counting(Here):
    """Does pieces here, and keeps them."""

    def __init__(self):
        self.pieces = []

    def map(self, work, shared, pieces):
        for piece in pieces:
            self.pieces.append((shared, piece))
            yield work(shared, piece)


@pytest.fixture
def asked(monkeypatch):
    """The engine of a consensus where one is asked for."""
    engine = Counting()
    monkeypatch.setattr(members, "spreading_engine", lambda: contextlib.nullcontext(engine))
    monkeypatch.setattr("topicloom.space.neighbours.ALL_PAIRS_BELOW", 100)  # so that neighbours are found apart
    return engine


def run(project: Project, monkeypatch, engine: str, agreement: float = 0.5, **tmo):
    monkeypatch.setenv("TOPICLOOM_ENGINE", engine)
    project.write_settings(consensus={"seeds": 2, "least_agreement": agreement}, **tmo)
    run_without_server(project.analysis, quiet=True)
    return artifacts(project.path / ".topicloom")


def test_seeds_that_workers_fit_are_those_of_one_machine(wos_project, asked, monkeypatch, tmp_path):
    here, there = (copied(wos_project, tmp_path / name) for name in ("here", "there"))
    monkeypatch.setattr("topicloom.stages.parts.spreading_engine", contextlib.nullcontext)
    monkeypatch.setattr("topicloom.stages.represent.spreading_engine", contextlib.nullcontext)
    monkeypatch.setattr("topicloom.engine.engines.spreading_engine", contextlib.nullcontext)
    alone = run(here, monkeypatch, "local")
    assert not asked.pieces
    assert run(there, monkeypatch, "dask:1") == alone
    assert [piece.settings.params.seed for _, piece in asked.pieces] == [101]
    assert any(name.startswith("neighbours/") for name in asked.pieces[0][0])
    # Another size: the layouts are kept, and only what the clusters read is sent.
    asked.pieces.clear()
    assert run(there, monkeypatch, "dask:1", min_topic_size=8) == run(here, monkeypatch, "local", min_topic_size=8)
    assert [(shared, [name.split("/")[::2] for name in piece.files]) for shared, piece in asked.pieces] == [
        ({}, [["reduce", "reduced.npy"]])
    ]
    # All is kept: nobody is asked.
    asked.pieces.clear()
    run(there, monkeypatch, "dask:1", agreement=0.6, min_topic_size=8)
    assert not asked.pieces


def test_a_cluster_that_does_not_answer_stops_a_run_before_any_stage(finished, monkeypatch):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        monkeypatch.setenv("TOPICLOOM_ENGINE", f"dask://127.0.0.1:{taken.getsockname()[1]}")
        assert not run_without_server(finished.analysis, quiet=True).computed  # all is kept, and nobody is asked
        finished.write_settings(min_topic_size=9)
        before = sorted(finished.path.rglob("*"))
        with pytest.raises(EngineError, match="does not answer"):
            run_without_server(finished.analysis, quiet=True)
        assert sorted(finished.path.rglob("*")) == before


@pytest.mark.slow
def test_an_engine_and_an_object_store_meet(wos_project, monkeypatch, tmp_path):
    """Workers have neither the mirror nor the address of the project, and their results are committed all the same."""
    alone = run(copied(wos_project, tmp_path / "here"), monkeypatch, "local")
    source = copied(wos_project, tmp_path / "there")
    source.write_settings(consensus={"seeds": 2})
    with moto_server() as url:
        for name, value in environment(url, tmp_path / "cache").items():
            monkeypatch.setenv(name, value)
        address = f"s3://{BUCKET}/engine/wos"
        move_project(source.path, address)
        monkeypatch.setenv("TOPICLOOM_ENGINE", "dask:2")
        run_without_server(Path(f"{address}/a01"), quiet=True)
        mirror = address_of(address).mirror
        assert artifacts(mirror / ".topicloom") == alone
        written = (mirror / "a01" / "dataset_minimal.csv").read_bytes()
        # Another machine, without an engine, finds all of it.
        monkeypatch.setenv("TOPICLOOM_CACHE", str(tmp_path / "other"))
        monkeypatch.setenv("TOPICLOOM_ENGINE", "local")
        assert not run_without_server(Path(f"{address}/a01"), quiet=True).computed
    assert written == (tmp_path / "here" / "wos" / "a01" / "dataset_minimal.csv").read_bytes()
