"""A stage that is added as docs/adding-a-stage.md says: two files, a name, a line in the registry, a word in the flow."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from flows.configs import REPOSITORY

PAGE = REPOSITORY / "docs" / "adding-a-stage.md"
RUNS = """
import json, os, sys
from pathlib import Path
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter
from prefect.utilities.callables import parameter_schema
from flows.server.forms import form_of
from flows.single_stage import stage
from flows.topic_model import topic_model
from topicloom.settings.reading import read_settings
from topicloom.stages.status import analysis_status

analysis = Path(sys.argv[1])
state_of = lambda: [one.state for one in analysis_status(read_settings(analysis)) if one.stage == "evenness"]

def run(refresh=None):
    state = topic_model(analysis, refresh, return_state=True)
    runs = get_client(sync_client=True).read_task_runs(
        flow_run_filter=FlowRunFilter(id={"any_": [state.state_details.flow_run_id]}))
    tries = [run.run_count for run in runs if run.name == "evenness"]
    return {"computed": state.result().computed, "cached": state.result().cached, "tries": tries}

found = {"before": state_of()}
os.environ["FAULT_THAT_PASSES"] = "1"
found["first"], found["after"] = run(), state_of()
found["second"] = run()
found["refreshed"] = run("evenness")
found["earlier"] = run("orphan-split")
stage(analysis, "evenness")
forms = [form_of(parameter_schema(flow).model_dump(), [])["properties"] for flow in (topic_model, stage)]
found["forms"] = ["evenness" in forms[0]["refresh"]["enum"], "evenness" in forms[1]["stage"]["enum"]]
print(json.dumps(found))
"""
FAULT = """
    import os

    if os.environ.pop("FAULT_THAT_PASSES", ""):
        raise OSError("the disk was busy")

"""
COMMAND = "from flows.console.cli import main; main()"


def change(path: Path, before: str, after: str) -> None:
    """Replace what stands once in a file."""
    text = path.read_text()
    assert text.count(before) == 1, (path, before)
    path.write_text(text.replace(before, after))


def apply(hunk: str, path: Path) -> None:
    """Add the lines of a diff that begin with a plus."""
    lines = hunk.splitlines(keepends=True)
    before = "".join(line[1:] for line in lines if line[0] == " ")
    change(path, "\n" + before, "\n" + "".join(line[1:] for line in lines))


@pytest.fixture(scope="module")
def extended(tmp_path_factory) -> Path:
    """A copy of the program with the stage of the page; that stage fails once where FAULT_THAT_PASSES is set."""
    program = tmp_path_factory.mktemp("program")
    for room in ("flows", "tasks", "topicloom"):
        shutil.copytree(REPOSITORY / room, program / room, ignore=shutil.ignore_patterns("__pycache__"))
    stage, task = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    name, *registry, call = re.findall(r"```diff\n(.*?)```", PAGE.read_text(), re.DOTALL)
    (program / "tasks/evenness.py").write_text(task)
    declared = program / "topicloom/stages/evenness.py"
    declared.write_text(stage)
    change(declared, "    import numpy as np\n", "    import numpy as np\n" + FAULT)
    apply(name, program / "topicloom/stage_names.py")
    for hunk in registry:
        apply(hunk, program / "topicloom/stages/registry.py")
    apply(call, program / "flows/contents.py")
    return program


def in_the_copy(program: Path, *command: object, server: str) -> str:
    env = {**os.environ, "PYTHONPATH": str(program), "PREFECT_API_URL": server}
    done = subprocess.run(
        [sys.executable, *map(str, command)], cwd=program, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_stage_of_the_page_is_cached_retried_listed_and_refreshed(extended, finished, prefect_server):
    found = json.loads(in_the_copy(extended, "-c", RUNS, finished.analysis, server=prefect_server).splitlines()[-1])
    assert found["before"] == ["missing"]
    assert found["first"]["computed"] == ["evenness"]
    assert found["first"]["tries"] == [2]  # the first one failed
    assert found["after"] == ["cached"]
    assert found["second"]["computed"] == []
    assert "evenness" in found["second"]["cached"]
    assert found["refreshed"]["computed"] == ["evenness", "identify", "export"]
    assert found["earlier"]["computed"] == ["orphan-split", "evenness", "identify", "export"]
    assert found["forms"] == [True, True]
    (kept,) = finished.store_entries("evenness")
    facts = json.loads((kept / "manifest.json").read_text())["facts"]
    written = json.loads((kept / "evenness.json").read_text())["as_many_as"]
    assert 1 < written <= facts["topics"]
    assert facts["as_many_as"] == round(written, 1)
    assert "evenness" in json.loads(finished.output("run.json").read_text())["stages"]


def test_the_command_line_lists_it(extended, finished, prefect_server):
    said = in_the_copy(extended, "-c", COMMAND, "status", finished.analysis, server=prefect_server)
    help_of_run = in_the_copy(extended, "-c", COMMAND, "run", "--help", server=prefect_server)
    assert re.search(r"evenness +missing", said), said
    assert "evenness" in help_of_run
