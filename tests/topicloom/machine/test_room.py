"""The memory that a process may take, and what is said of a corpus that needs more, before any work."""

from __future__ import annotations

import os
import resource
import subprocess
import sys

import pytest

from topicloom.machine import room
from topicloom.settings.memory import least_memory, likely_memory, memory_notes, memory_problems
from topicloom.settings.reading import read_settings

GB = 10**9


@pytest.fixture
def system(tmp_path, monkeypatch):
    """A system whose files say what the test writes into them; its machine has 8 GB, of which 6 are free."""
    groups = tmp_path / "cgroup"
    groups.mkdir()
    meminfo, own = tmp_path / "meminfo", tmp_path / "own"
    kilobytes = {"MemTotal": 7_000_000, "MemAvailable": 5_000_000, "SwapTotal": 1_000_000, "SwapFree": 1_000_000}
    meminfo.write_text("".join(f"{name}:  {value} kB\n" for name, value in kilobytes.items()) + "HugePages_Total:  0\n")
    own.write_text("")
    monkeypatch.setattr(room, "_MEMINFO", meminfo)
    monkeypatch.setattr(room, "_OWN_GROUP", own)
    monkeypatch.setattr(room, "_GROUPS", groups)
    return groups, own


def only_machine(found):
    return [(one.limit, one.free) for one in found] == [(8_192_000_000, 6_144_000_000)]


def test_the_machine_alone(system):
    assert only_machine(room.rooms())


def test_the_narrowest_control_group_counts(system):
    groups, own = system
    own.write_text("4:memory:/old\n0::/outer/inner\n")
    inner = groups / "outer" / "inner"
    inner.mkdir(parents=True)
    (inner / "memory.max").write_text("max\n")
    (inner.parent / "memory.max").write_text(f"{3 * GB}\n")
    (inner.parent / "memory.current").write_text(f"{2 * GB}\n")
    (inner.parent / "memory.stat").write_text(f"anon 5\ninactive_file {GB}\nactive_file 9\n")
    group, _ = room.rooms()
    assert (group.limit, group.free) == (3 * GB, 2 * GB)
    old = groups / "memory" / "old"
    old.mkdir(parents=True)
    (old / "memory.limit_in_bytes").write_text(f"{GB}\n")
    (old / "memory.usage_in_bytes").write_text(f"{GB // 4}\n")
    group, _ = room.rooms()
    assert (group.limit, group.free) == (GB, GB - GB // 4)
    assert "container" in group.bound


@pytest.mark.parametrize("stated", [str(0x7FFFFFFFFFFFF000), "max", "", "a lot"])
def test_no_limit_is_none(system, stated):
    groups, own = system
    own.write_text("0::/\n")
    (groups / "memory.max").write_text(stated)
    assert only_machine(room.rooms())


def test_a_system_that_tells_nothing(system):
    room._MEMINFO.write_text("MemTotal: many\n")
    room._OWN_GROUP.unlink()
    assert list(room.rooms()) == []


def test_the_estimates_grow_with_papers_dimensions_and_neighbours():
    for amount in (least_memory, likely_memory):
        assert amount(2000, 384, 15) == 2 * amount(1000, 384, 15)
        assert amount(1000, 768, 15) > amount(1000, 384, 15)
        assert amount(1000, 384, 30) > amount(1000, 384, 15)
    # Measured: a million papers of 384 dimensions took 11.3 GiB, ten thousand 1.0 GiB, of which 0.9 are there before.
    assert 10 * GB < likely_memory(1_000_000, 384, 15) < 13 * GB
    assert least_memory(1_000_000, 384, 15) < likely_memory(1_000_000, 384, 15) / 2


@pytest.mark.parametrize(("papers", "impossible", "uncertain"), [(10_000, 0, 0), (1_000_000, 0, 1), (9_000_000, 1, 1)])
def test_what_cannot_be_and_what_may_fail(system, project, papers, impossible, uncertain):
    settings, facts = read_settings(project.analysis), {"documents": papers, "dimensions": 384}
    problems, notes = list(memory_problems(settings, facts)), list(memory_notes(settings, facts))
    assert (len(problems), len(notes)) == (impossible, uncertain)
    for said in [*(problem.finding for problem in problems), *notes]:
        assert f"{papers:,} papers with embeddings of 384 dimensions" in said
        assert "the memory of this machine" in said
        assert "8.2 GB" in said


def narrow(bytes_: int):
    return lambda: resource.setrlimit(resource.RLIMIT_AS, (bytes_, bytes_))


@pytest.mark.parametrize("command", ["check", "run"])
def test_an_address_space_that_is_too_small_is_said_before_the_work(project, command):
    env = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "topicloom", command, str(project.analysis)],
        preexec_fn=narrow(850_000_000),
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    said = " ".join(done.stderr.split())
    assert done.returncode == 2, done
    assert "240 papers with embeddings of 384 dimensions take at least" in said
    assert "the limit on this process's address space (ulimit -v) is 0.8 GB" in said or "is 0.9 GB" in said
    assert "ulimit -v unlimited" in said
    assert "bad_alloc" not in said
    assert not list(project.analysis.glob("*.csv"))
