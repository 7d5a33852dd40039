"""Fixtures of the tests that run flows: a browser, a database server."""

from __future__ import annotations

import os
import shutil
import socket

import pytest

from tests.databases import postgresql_server

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
def postgresql():
    """A PostgreSQL server of our own on a free port of loopback; the URL of an empty database."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with postgresql_server(port):
        yield f"postgresql+asyncpg://postgres@127.0.0.1:{port}/prefect", port
