"""The command line as a person uses it: exit codes, messages, tables; with a server and without."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

HEAVY = ("torch", "umap", "hdbscan", "numba", "sklearn", "bertopic", "prefect")


def topicloom(*arguments: object, server: str | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if name != "PREFECT_API_URL"}
    env |= {"COLUMNS": "200", **environment}
    if server:
        env["PREFECT_API_URL"] = server
    command = [sys.executable, "-c", "from flows.console.cli import main; main()", *map(str, arguments)]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False)


def snapshot(folder: Path) -> dict[str, tuple[int, int]]:
    return {
        str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.stat().st_size)
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_run_without_a_server_is_quiet(finished, tmp_path):
    done = topicloom("run", finished.analysis, PREFECT_HOME=str(tmp_path / "prefect"))
    assert done.returncode == 0, done.stderr
    assert "nothing has changed since the last run" in done.stdout
    assert str(finished.analysis) in done.stdout
    assert done.stderr == ""
    for stage in ("load-embeddings", "reduce", "export"):
        assert f"✓ {stage:<16} cached" in done.stdout


@pytest.mark.parametrize("encoding", ["cp932", "latin-1", "ascii"])
def test_a_console_that_lacks_the_tick(finished, prefect_server, encoding):
    """Japanese and western Windows, and old locales: the run ends well, and an ASCII mark stands for the tick."""
    done = topicloom("run", finished.analysis, server=prefect_server, PYTHONIOENCODING=encoding)
    assert done.returncode == 0, done.stderr
    assert f"  + {'export':<16} cached" in done.stdout
    assert done.stderr == ""


def test_a_path_that_the_console_has_no_letters_for(finished):
    finished.root.rename(finished.root.with_name("研究"))
    done = topicloom("status", finished.root.with_name("研究") / "nowhere", PYTHONIOENCODING="ascii")
    assert done.returncode == 2
    assert "??/nowhere" in done.stderr


def test_a_computing_run_is_quiet_too(finished, prefect_server):
    """No bar or word of a library on the terminal: only our lines, in the order of the stages."""
    done = topicloom("run", finished.analysis, "--refresh", "represent", server=prefect_server)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    shown = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("  ✓")]
    assert shown == [
        *("load-embeddings", "reduce", "cluster", "represent", "distribution", "orphan-split", "identify", "export"),
    ]
    assert "it/s]" not in done.stdout


def test_run_on_a_server_shows_there(finished, prefect_server):
    from prefect.client.orchestration import get_client

    client = get_client(sync_client=True)
    before = len(client.read_flow_runs())
    done = topicloom(
        "run", finished.analysis / "settings_analysis_directive_2026-01-01-00-00.json", server=prefect_server
    )
    assert done.returncode == 0, done.stderr
    assert len(client.read_flow_runs()) == before + 1


def test_run_with_an_unreachable_server_says_so_in_one_message(finished):
    done = topicloom("run", finished.analysis, server="http://127.0.0.1:9/api", PREFECT_CLIENT_MAX_RETRIES="0")
    assert done.returncode == 1
    assert "No Prefect server answers at PREFECT_API_URL=http://127.0.0.1:9/api" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_refresh_names_its_stages(finished, prefect_server):
    assert topicloom("run", finished.analysis, "--refresh", "reduction", server=prefect_server).returncode == 2
    done = topicloom("run", finished.analysis, "--refresh", "orphan-split", server=prefect_server)
    assert done.returncode == 0
    assert "orphan-split, identify, export" in " ".join(done.stdout.split())


def test_bad_settings_exit_with_2_before_prefect_starts(finished):
    before = snapshot(finished.path)
    finished.write_settings(min_topic_size=1)
    del before["a01/settings_analysis_directive_2026-01-01-00-00.json"]
    done = topicloom("run", finished.analysis, server="http://127.0.0.1:9/api")
    assert done.returncode == 2
    assert 'tmo.min_topic_size is 1; it must be a whole number of at least 2 or "auto".' in done.stderr
    assert "default of 10" in done.stderr
    after = snapshot(finished.path)
    assert {name: after[name] for name in before} == before


def test_a_wrong_number_of_threads_exits_with_2_before_prefect_starts(finished):
    before = snapshot(finished.path)
    done = topicloom("run", finished.analysis, server="http://127.0.0.1:1/api", TOPICLOOM_THREADS="two")
    assert done.returncode == 2
    assert "TOPICLOOM_THREADS is 'two'; it must be a whole number of at least 1." in done.stderr
    assert "Change it, or unset it" in done.stderr
    assert snapshot(finished.path) == before


def test_bad_embeddings_exit_with_2_and_one_message(finished, prefect_server):
    outputs = {name: stamp for name, stamp in snapshot(finished.analysis).items() if name != "run.json"}
    vectors = np.load(finished.profile / "embeddings.npy")
    np.save(finished.profile / "embeddings.npy", vectors[:-1])
    done = topicloom("run", finished.analysis, server=prefect_server)
    assert done.returncode == 2
    assert "239 rows and corpus.csv has 240 papers" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    after = snapshot(finished.analysis)
    assert {name: after[name] for name in outputs} == outputs


def test_a_failed_run_exits_with_1(project, prefect_server):
    project.write_settings(represent={"min_df": 9999})
    done = topicloom("run", project.analysis, server=prefect_server)
    assert done.returncode == 2
    assert "min_df" in done.stderr
    project.write_settings()
    reduced = project.path / ".topicloom" / "reduce"
    assert not reduced.exists()  # such a setting is refused before any work
    reduced.parent.mkdir(exist_ok=True)
    reduced.write_text("a file where a folder should be")
    done = topicloom("run", project.analysis, server=prefect_server)
    assert done.returncode == 1
    assert "The run failed" in done.stderr
    assert "--verbose" in done.stderr


def test_check_says_all_is_well_and_writes_nothing(project):
    before = snapshot(project.root)
    done = topicloom("check", project.analysis)
    assert done.returncode == 0, done.stderr
    assert "wos/a01: 240 papers with embeddings of 384 dimensions. All is well." in done.stdout
    assert snapshot(project.root) == before


def test_check_finds_what_run_would(project):
    project.write_settings(n_topics=500)
    done = topicloom("check", project.analysis)
    assert done.returncode == 2
    assert "tmo.n_topics is 500 and the corpus has 240 papers" in done.stderr


def test_check_counts_texts_with_nan(project):
    corpus = (project.profile / "corpus.csv").read_text().splitlines()
    (project.profile / "corpus.csv").write_text(
        "\n".join([corpus[0], *(line + " nan" for line in corpus[1:8]), *corpus[8:]]) + "\n"
    )
    done = topicloom("check", project.analysis)
    assert "7 texts end in the word 'nan'" in done.stdout


def test_status_tells_cached_stale_and_missing(finished, project):
    done = topicloom("status", finished.analysis)
    assert done.returncode == 0
    assert done.stdout.count("cached") == 8
    finished.write_settings(min_topic_size=9)
    done = topicloom("status", finished.analysis)
    assert done.stdout.count(" cached") == 2
    assert "hdbscan.min_cluster_size 5 → 9" in done.stdout
    assert "cluster is to be computed first" in done.stdout
    before = snapshot(project.root)
    done = topicloom("status", project.analysis)
    assert done.stdout.count("missing") == 8
    assert snapshot(project.root) == before


def test_status_names_a_damaged_artifact(finished):
    (entry,) = finished.store_entries("reduce")
    (entry / "reduced.npy").unlink()
    assert "reduced.npy is missing" in topicloom("status", finished.analysis).stdout


def test_clean_keeps_what_living_analyses_use(finished, run):
    finished.write_settings(min_topic_size=9)
    run(finished.analysis)
    assert len(finished.store_entries("cluster")) == 2
    left = topicloom("clean", finished.analysis, "--dry-run")
    assert "would be removed" in left.stdout
    assert len(finished.store_entries("cluster")) == 2
    done = topicloom("clean", finished.analysis)
    assert done.returncode == 0, done.stderr
    assert len(finished.store_entries("cluster")) == len(finished.store_entries("reduce")) == 1
    assert run(finished.analysis).computed == []


def test_verify_names_what_is_damaged_and_what_the_next_run_makes_anew(finished, run):
    done = topicloom("verify", finished.analysis)
    assert done.returncode == 0, done.stderr
    assert "Each is as it was written." in done.stdout
    (entry,) = finished.store_entries("reduce")
    stamp = (entry / "reduced.npy").stat()
    content = bytearray((entry / "reduced.npy").read_bytes())
    content[-7] ^= 1
    (entry / "reduced.npy").write_bytes(content)
    os.utime(entry / "reduced.npy", ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    with finished.output("document_coords.csv").open("a") as file:
        file.write("\n")
    done = topicloom("verify", finished.analysis)
    assert done.returncode == 1
    assert f"damaged  .topicloom/reduce/{entry.name}/reduced.npy: it is not as it was written" in done.stdout
    assert "damaged  a01/document_coords.csv: it is not as it was written" in done.stdout
    assert "The next run of wos/a01 makes these anew: reduce, cluster" in done.stdout
    assert {"reduce", "export"} <= set(run(finished.analysis).computed)
    assert topicloom("verify", finished.analysis).returncode == 0


def test_a_run_removes_what_the_settings_no_longer_keep(finished, run):
    def wanting(n_topics: int, **retention: float) -> None:
        finished.write_settings(n_topics=n_topics)
        path = finished.output("settings_analysis_directive_2026-01-01-00-00.json")
        path.write_text(json.dumps({**json.loads(path.read_text()), "retention": retention}))

    wanting(5)
    run(finished.analysis)
    wanting(6)
    run(finished.analysis)
    assert len(finished.store_entries("cluster")) == 3
    wanting(7, keep_results=1)
    run(finished.analysis)
    assert len(finished.store_entries("cluster")) == 2
    assert len(finished.store_entries("reduce")) == 1
    assert run(finished.analysis).computed == []
    wanting(6, keep_results=1)
    assert "cluster" not in run(finished.analysis).computed  # of the run before
    wanting(7, keep_days=-1)
    done = topicloom("run", finished.analysis)
    assert done.returncode == 2
    assert "retention.keep_days is -1; it must be a number of at least 0." in done.stderr


def test_clean_waits_for_runs(finished):
    from topicloom.store.store import Store

    with Store(finished.path / ".topicloom").run():
        done = topicloom("clean", finished.analysis)
    assert done.returncode == 1
    assert "under way" in done.stderr


@pytest.mark.parametrize(
    "command", [["--help"], ["--version"], ["status"], ["check"], ["verify"], ["clean", "--dry-run"]]
)
def test_light_commands_import_nothing_heavy(finished, command):
    script = f"""
import sys
sys.argv = ["topicloom", *{command!r}, *({[str(finished.analysis)]!r} if not {command!r}[0].startswith("--") else [])]
from flows.console.cli import app
try: app()
except SystemExit: pass
print("HEAVY", [name for name in {HEAVY!r} if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    # check reads the corpus, and takes the list of stop words from scikit-learn.
    allowed = "['sklearn']" if command == ["check"] else "[]"
    assert f"HEAVY {allowed}" in done.stdout


def test_run_works_with_a_read_only_home(finished, tmp_path):
    """A home that is a file: nothing can be made in it, not even by root."""
    home = tmp_path / "home"
    home.write_text("")
    environment = {"HOME": str(home), "TMPDIR": str(tmp_path)}
    environment["PREFECT_HOME"] = str(home / ".prefect")
    done = topicloom("run", finished.analysis, **environment)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr


def test_two_runs_at_once_compute_each_stage_once(project, prefect_server):
    command = [sys.executable, "-c", "from flows.console.cli import main; main()", "run", str(project.analysis)]
    env = {**os.environ, "PREFECT_API_URL": prefect_server, "COLUMNS": "200"}
    runs = [subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in "ab"]
    outputs = [process.communicate(timeout=300) for process in runs]
    assert [process.returncode for process in runs] == [0, 0], outputs
    for stage in ("load-embeddings", "reduce", "cluster", "represent", "distribution", "orphan-split", "export"):
        computed = sum(f"✓ {stage:<16} computed" in out for out, _ in outputs)
        assert computed == 1, (stage, outputs)
    assert json.loads(project.output("run.json").read_text())["counts"]["documents"] == 240
