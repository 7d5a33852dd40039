"""The Prefect UI in headless Chromium: a run started through the form, its artifacts, a failed stage retried.

With TOPICLOOM_SCREENSHOTS=FOLDER the pages are kept there; those in docs/images were made so.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import pytest

SECONDS = 1000


@pytest.fixture
def page(browser):
    page = browser.new_page(viewport={"width": 1400, "height": 900})
    page.set_default_timeout(60 * SECONDS)
    yield page
    page.close()


def keep(page, name: str) -> None:
    folder = os.environ.get("TOPICLOOM_SCREENSHOTS")
    if folder:
        page.wait_for_timeout(1.5 * SECONDS)
        page.screenshot(path=Path(folder) / f"{name}.png")


def open_form(page, serving) -> None:
    page.goto(f"http://127.0.0.1:{serving.port}/deployments")
    page.get_by_text("wos", exact=True).first.click()
    page.get_by_role("button", name="Run", exact=True).first.click()
    page.get_by_text("Custom run").first.click()
    page.get_by_text("Least papers of a topic").wait_for()


def started_runs(serving) -> set[str]:
    """Ids of the runs that somebody has started: the schedule of another test may still have some to come."""
    return {run["id"] for run in serving.api("/flow_runs/filter", {}) if not run["auto_scheduled"]}


def start_run(page, serving, min_topic_size: int) -> str:
    """Fill in the form, submit it, and go to the page of the run; its id."""
    known = started_runs(serving)
    open_form(page, serving)
    page.get_by_role("button", name="int", exact=True).nth(1).click()
    number = page.locator("input[type=number]").first
    number.fill("1")
    page.get_by_role("button", name="Submit").click()
    refusal = page.get_by_text("1 is not valid under any of the given schemas")
    refusal.wait_for()
    keep(page, "run-form-refuses")
    assert started_runs(serving) == known
    number.fill(str(min_topic_size))
    refusal.wait_for(state="hidden")  # the form looks again a second later, and the button moves up with it
    keep(page, "run-form")
    (run,) = submit(page, serving, known)
    page.goto(f"http://127.0.0.1:{serving.port}/runs/flow-run/{run}")
    return run


def submit(page, serving, known: set[str]) -> set[str]:
    """Press the button until a run is there: where the server's database is busy, a press only brings up a message."""
    for _ in range(3):
        page.get_by_role("button", name="Submit").click()
        with contextlib.suppress(TimeoutError):
            return serving.wait_until(lambda: started_runs(serving) - known, 30)
    raise TimeoutError(page.locator("body").inner_text())


def await_state(page, state: str) -> None:
    page.locator("main, body").get_by_text(state, exact=True).first.wait_for(timeout=120 * SECONDS)


def test_a_run_through_the_form_its_artifacts_and_a_retry_of_one_stage(page, serving):
    run = start_run(page, serving, min_topic_size=8)
    await_state(page, "Completed")
    assert serving.end_of(run) == "COMPLETED"
    assert serving.api(f"/flow_runs/{run}", method="GET")["parameters"]["overrides"]["min_topic_size"] == 8
    page.reload()
    keep(page, "run-page")

    page.get_by_text("Artifacts", exact=True).last.click()
    page.get_by_text("wos-a01-topics").click()
    page.get_by_text("words").first.wait_for()
    keep(page, "topics-artifact")
    page.go_back()
    page.get_by_text("Artifacts", exact=True).last.click()
    page.get_by_text("wos-a01-summary").click()
    page.get_by_text("papers are outliers").first.wait_for()
    keep(page, "summary-artifact")

    serving.fault.write_text("cluster")
    run = start_run(page, serving, min_topic_size=11)
    await_state(page, "Failed")
    assert serving.end_of(run) == "FAILED"
    assert serving.task_states(run) == {
        "load-settings": "Completed",
        "load-embeddings": "Cached",
        "reduce": "Cached",
        "cluster": "Failed",
    }
    page.reload()
    keep(page, "failed-run")
    serving.fault.write_text("")
    page.get_by_role("button", name="Retry").first.click()
    keep(page, "retry-dialog")
    page.get_by_role("button", name="Retry").last.click()
    assert serving.end_of(run, after=1) == "COMPLETED"
    states = serving.task_states(run)
    before = ("load-settings", "load-embeddings", "reduce")
    assert {states[name] for name in before} == {"Cached"}
    assert states["cluster"] == states["represent"] == states["export"] == "Completed"
    page.reload()
    await_state(page, "Completed")
    keep(page, "retried-run")
