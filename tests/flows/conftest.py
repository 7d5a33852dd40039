"""Fixtures of the tests that run flows: a browser, a database server."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--disable-default-apps", "--no-pings", "--disable-breakpad"),
    # What Chromium asks Google by itself would hide what a page asks.
    "--disable-features=AutofillServerCommunication,OptimizationHints,MediaRouter,Translate,NetworkTimeServiceQuerying",
]


@pytest.fixture(scope="module")
def browser_of():
    """Starts headless Chromium with more flags; where there is no Chromium, CI fails and others skip."""
    if CHROMIUM is None:
        if os.environ.get("CI"):
            pytest.fail("CI must install Chromium: .ci/run does")
        pytest.skip("no Chromium on this machine; install the package chromium")
    from playwright.sync_api import sync_playwright

    started = []
    with sync_playwright() as playwright:

        def start(*flags: str):
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *flags])
            started.append(browser)
            return browser

        yield start
        for browser in started:
            browser.close()


@pytest.fixture(scope="module")
def browser(browser_of):
    """Headless Chromium."""
    return browser_of()


@pytest.fixture
def postgresql(tmp_path_factory):
    """A PostgreSQL server of our own on a free port of loopback; the URL of an empty database."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not programs:
        if os.environ.get("CI"):
            pytest.fail("CI must install PostgreSQL: .ci/run does")
        pytest.skip("no PostgreSQL on this machine; install the package postgresql")
    folder = Path("/tmp") / f"topicloom-postgres-{os.getpid()}"
    folder.mkdir()
    shutil.chown(folder, "postgres")

    def as_postgres(*command: object) -> None:
        prefix = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        subprocess.run([*prefix, *map(str, command)], check=True, capture_output=True, cwd=folder)

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    bins, data = programs[-1], folder / "data"
    as_postgres(bins / "initdb", "-D", data, "--auth=trust")
    as_postgres(
        bins / "pg_ctl", "-D", data, "-w", "-o", f"-p {port} -k {folder} -h 127.0.0.1", "-l", folder / "log", "start"
    )
    as_postgres(bins / "createdb", "-h", "127.0.0.1", "-p", port, "prefect")
    yield f"postgresql+asyncpg://postgres@127.0.0.1:{port}/prefect", port
    as_postgres(bins / "pg_ctl", "-D", data, "-m", "immediate", "stop")
    shutil.rmtree(folder)
