"""The demo says what the tutorial and the README show of it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from flows.configs import REPOSITORY

pytestmark = pytest.mark.slow

ANALYSIS = "demo/bibliometrics_demo/a01_tm__f01_e01__hdbs"
HELD = ("topics", "outliers", "changes", "computed")  # of what a run ends with; seconds and paths are a machine's


def topicloom(folder: Path, *arguments: str) -> str:
    """What the command prints, without a server, its spaces as one."""
    env = {name: value for name, value in os.environ.items() if name != "PREFECT_API_URL"}
    env |= {"PYTHONPATH": str(REPOSITORY), "COLUMNS": "300", "HF_HUB_OFFLINE": "1"}
    command = [sys.executable, "-m", "topicloom", *arguments]
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return " ".join(done.stdout.split())


def shown(page: str, start: str) -> str:
    """The block of a page that begins with some text."""
    blocks = re.findall(
        r"^```\w*\n(.*?)^```$", (REPOSITORY / page).read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )
    (block,) = [block for block in blocks if block.lstrip().startswith(start)]
    return block


def stated(block: str) -> list[str]:
    """The statements of a block that a run ends with, as it prints them."""
    entries = re.findall(r"^(\w+ +\S.*(?:\n {8,}\S.*)*)", block, re.MULTILINE)
    return [" ".join(entry.split()) for entry in entries if entry.startswith(HELD)]


def test_the_demo_ends_as_the_pages_show_and_a_larger_size_changes_what_the_tutorial_says(tmp_path):
    ended = topicloom(tmp_path, "demo", "demo")
    told = [*stated(shown("docs/tutorial.md", "topics ")), *stated(shown("README.md", "✓ load-embeddings"))]
    assert len(told) == 7
    for statement in told:
        assert statement in ended

    (settings,) = (tmp_path / ANALYSIS).glob("settings_*.json")
    content = json.loads(settings.read_text(encoding="utf-8"))
    content["tmo"]["min_topic_size"] = 15
    settings.write_text(json.dumps(content), encoding="utf-8")
    assert "hdbscan.min_cluster_size 5 → 15" in topicloom(tmp_path, "status", ANALYSIS)
    assert "cached load-embeddings, reduce computed cluster" in topicloom(tmp_path, "run", ANALYSIS)
    assert shown("docs/tutorial.md", "since run 1").strip() in topicloom(tmp_path, "diff", ANALYSIS)
