"""What is installed: a wheel that lacks nothing, and a command that a person's own files do not get in the way of."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from flows.configs import REPOSITORY

ROOMS = ("flows", "tasks", "topicloom")
BUILD = "import setuptools.build_meta as backend, sys; print(backend.build_wheel(sys.argv[1]))"
START = "import sys; from topicloom.__main__ import main; sys.argv = ['topicloom', '--version']; main()"


@pytest.fixture(scope="session")
def wheel(tmp_path_factory) -> Path:
    """The wheel of this checkout, built in a copy of it."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for room in ROOMS:
        shutil.copytree(REPOSITORY / room, source / room, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(REPOSITORY / name, source / name)
    done = subprocess.run(
        [sys.executable, "-c", BUILD, str(out)], cwd=source, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return next(out.glob("*.whl"))


def test_the_wheel_holds_every_file_of_the_program_and_no_other(wheel):
    tree = {
        path.relative_to(REPOSITORY).as_posix()
        for room in ROOMS
        for path in (REPOSITORY / room).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    held = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert tree - held == set()
    assert held - tree == set()
    assert {"topicloom/py.typed", "topicloom/report/assets/report.html.j2"} <= held


def started(script: str, folder: Path, first: str) -> subprocess.CompletedProcess[str]:
    """Run a script in a folder, with more folders before those of the program."""
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([first, str(REPOSITORY)])}
    command = [sys.executable, "-P", "-c", script]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", ["tasks.py", "flows.py", "tasks/__init__.py"])
def test_the_command_names_a_file_of_the_users_that_hides_ours(tmp_path, name):
    own = tmp_path / name
    own.parent.mkdir(exist_ok=True)
    own.write_text("raise SystemExit('the wrong file was run')\n")
    done = started(START, tmp_path, str(tmp_path))
    assert done.returncode == 2
    assert f"Python finds {own.resolve()} where topicloom needs its own {name[:5]}" in done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    assert done.stdout == ""


def test_such_a_file_in_the_working_folder_alone_does_no_harm(tmp_path):
    for name in ("flows.py", "tasks.py"):
        (tmp_path / name).write_text("raise SystemExit('the wrong file was run')\n")
    done = started(START, tmp_path, str(REPOSITORY))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("topicloom ")


def test_a_worker_or_a_notebook_is_told_too(tmp_path):
    (tmp_path / "tasks.py").write_text("")
    done = started("import sys; sys.path.insert(0, '.'); import flows.topic_model", tmp_path, str(REPOSITORY))
    assert f"ImportError: Python finds {tmp_path.resolve() / 'tasks.py'}" in done.stderr


@pytest.mark.slow
def test_the_wheel_installs_into_a_fresh_environment_and_runs_the_demo_from_any_folder(wheel, tmp_path):
    environment, elsewhere = tmp_path / "environment", tmp_path / "elsewhere"
    elsewhere.mkdir()
    venv.create(environment, with_pip=True)
    python = environment / "bin" / "python"
    install = [python, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", wheel]
    subprocess.run(install, check=True, capture_output=True)
    # What it depends on comes from the environment of the tests, but topicloom itself does not.
    (found,) = (environment / "lib").glob("python*/site-packages")
    (found / "dependencies.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    env = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PREFECT_API_URL")}
    env |= {"HF_HUB_OFFLINE": "1", "PREFECT_HOME": str(tmp_path / "prefect")}
    for name in ("flows.py", "tasks.py"):
        (elsewhere / name).write_text("raise SystemExit('the wrong file was run')\n")

    def topicloom(*arguments: str) -> str:
        command = [environment / "bin" / "topicloom", *arguments]
        done = subprocess.run(command, cwd=elsewhere, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    where = "import flows, tasks, topicloom; print(flows.__file__, tasks.__file__, topicloom.__file__)"
    done = subprocess.run(
        [python, "-P", "-c", where], cwd=elsewhere, env=env, capture_output=True, text=True, check=True
    )
    assert all(path.startswith(str(found)) for path in done.stdout.split())
    assert topicloom("--version").startswith("topicloom ")
    topicloom("demo", "demo")
    (analysis,) = (elsewhere / "demo").glob("*/a01*")
    assert (analysis / "report.html").stat().st_size > 100_000
    assert "All is well." in topicloom("check", str(analysis))
