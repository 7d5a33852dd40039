"""Prefect's interface in headless Chromium, as people get it: a run from the form, its files, a failed stage retried.

Nothing may leave the machine meanwhile: the browser has a proxy for every address that is not the server's, and that
proxy writes down what it is asked for. With TOPICLOOM_SCREENSHOTS=FOLDER the pages are kept there; those in docs/images
were made so.
"""

from __future__ import annotations

import contextlib
import os
import socketserver
import threading
from pathlib import Path

import pytest
from playwright.sync_api import Error

SECONDS = 1000
TALL = {"width": 1280, "height": 1750}  # the form has no room in less
WIDE = {"width": 1280, "height": 900}


class Proxy(socketserver.ThreadingTCPServer):
    """Answers every request with a refusal, and keeps its first line."""

    daemon_threads = True

    def __init__(self) -> None:
        self.asked: list[str] = []
        super().__init__(("127.0.0.1", 0), Refusal)


class Refusal(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self.server.asked.append(self.rfile.readline().decode(errors="replace").strip())
        self.wfile.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


@pytest.fixture
def outside():
    """The requests for other hosts than the server, as they come."""
    with Proxy() as proxy:
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        yield proxy
        proxy.shutdown()


@pytest.fixture
def page(browser, outside, serving):
    proxy = {"server": f"http://127.0.0.1:{outside.server_address[1]}", "bypass": "127.0.0.1"}
    context = browser.new_context(viewport=WIDE, proxy=proxy)
    # As after the one time that a person has typed the password in.
    context.add_init_script(f"localStorage.setItem('prefect-password', '{serving.password}')")
    page = context.new_page()
    page.set_default_timeout(60 * SECONDS)
    yield page
    context.close()


def keep(page, name: str) -> None:
    folder = os.environ.get("TOPICLOOM_SCREENSHOTS")
    if folder:
        page.wait_for_timeout(2.5 * SECONDS)
        page.screenshot(path=Path(folder) / f"{name}.png")


def open_form(page, serving) -> None:
    page.goto(f"http://127.0.0.1:{serving.port}/")
    page.get_by_role("link", name="Deployments").click()
    page.get_by_role("link", name="wos", exact=True).click()
    page.get_by_role("button", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Custom run").click()
    page.get_by_label("Least papers of a topic").wait_for()


def started_runs(serving) -> set[str]:
    """Ids of the runs that somebody has started: the schedule of another test may still have some to come."""
    return {run["id"] for run in serving.api("/flow_runs/filter", {}) if not run["auto_scheduled"]}


def choose(page, field: str, wanted: str) -> None:
    page.get_by_role("button", name=f"Select {field}", exact=True).click()
    page.get_by_role("option", name=wanted, exact=True).click()


def start_run(page, serving, min_topic_size: int) -> str:
    """Fill in the form, submit it, and go to the page of the run; its id."""
    known = started_runs(serving)
    page.set_viewport_size(TALL)
    open_form(page, serving)
    number = page.get_by_label("Least papers of a topic")
    number.fill("1")
    page.get_by_role("button", name="Submit").click()
    assert number.evaluate("field => field.validationMessage") == "Value must be greater than or equal to 2."
    keep(page, "run-form-refuses")
    assert started_runs(serving) == known
    number.fill(str(min_topic_size))
    neighbours = page.get_by_label("Neighbours of a paper")
    neighbours.fill("9")
    neighbours.fill("")  # a field that is emptied again is as one that was never filled in
    keep(page, "run-form")
    (run,) = submit(page, serving, known)
    page.set_viewport_size(WIDE)
    page.goto(f"http://127.0.0.1:{serving.port}/v2/runs/flow-run/{run}")
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


def test_a_run_from_the_form_its_files_and_a_retry_of_one_stage(page, serving, outside):
    serving.project.write_settings(pictures={"report": True, "figures": False, "quality": False})
    run = start_run(page, serving, min_topic_size=8)
    assert "/v2/" in page.url
    await_state(page, "Completed")
    assert serving.end_of(run) == "COMPLETED"
    asked = serving.api(f"/flow_runs/{run}", method="GET")["parameters"]
    assert asked == {"analysis": "wos/a01", "overrides": {"min_topic_size": 8}, "validate_only": False}
    page.reload()
    page.get_by_text("wos/a01 with min_topic_size = 8: ").wait_for()
    logs = serving.api("/logs/filter", {"logs": {"flow_run_id": {"any_": [run]}}, "limit": 200})
    address = f"http://127.0.0.1:{serving.port}/files/wos/a01/report.html"
    assert any("papers are outliers; " in log["message"] and f"The report: {address}" in log["message"] for log in logs)
    keep(page, "run-page")

    page.get_by_role("tab", name="Artifacts").click()
    page.get_by_text("wos-a01-topics").click()
    page.get_by_text("words").first.wait_for()
    keep(page, "topics-artifact")
    page.go_back()
    page.get_by_role("tab", name="Artifacts").click()
    page.get_by_text("wos-a01-summary").click()
    page.get_by_text("papers are outliers").first.wait_for()
    keep(page, "summary-artifact")
    page.get_by_role("link", name="topic_model_info.csv").wait_for()
    page.get_by_role("link", name="report.html").wait_for()
    page.get_by_role("link", name="Open the report").click()
    page.get_by_text("Map of the papers").wait_for()
    assert page.url.endswith("/files/wos/a01/report.html")
    assert page.locator("#map canvas, canvas").count()  # its scripts run
    keep(page, "report-page")

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
    page.get_by_role("button", name="Open menu").click()
    keep(page, "retry-menu")
    page.get_by_role("menuitem", name="Retry").click()
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

    assert outside.asked == []
    with contextlib.suppress(Error):
        page.goto("http://topicloom.invalid/")  # the watch sees what leaves
    assert outside.asked == ["GET http://topicloom.invalid/ HTTP/1.1"]


def test_the_analysis_and_the_stage_are_choices(page, serving, outside):
    serving.project.write_settings("a02", n_topics=4, clusterer="kmeans")
    serving.write_config("wos", analyses=["a01", "a02"], schedules=[{"analysis": "a02", "interval_hours": 24}])
    assert "deployed topic-model/wos (2 analyses)" in serving.command("deploy").stdout
    known = started_runs(serving)
    page.set_viewport_size(TALL)
    open_form(page, serving)
    page.get_by_text("In the settings files: hdbscan (a01), kmeans (a02).").wait_for()
    choose(page, "Analysis", "wos/a02")
    choose(page, "Compute again from this stage on", "cluster")
    page.get_by_role("switch", name="Only check the input").or_(page.get_by_label("Only check the input")).first.click()
    keep(page, "run-form-choices")
    (run,) = submit(page, serving, known)
    assert serving.end_of(run) == "COMPLETED"
    found = serving.api(f"/flow_runs/{run}", method="GET")
    chosen = {name: found["parameters"].get(name) for name in ("analysis", "refresh", "validate_only")}
    assert chosen == {"analysis": "wos/a02", "refresh": "cluster", "validate_only": True}
    assert found["name"] == "wos/a02"
    page.goto(f"http://127.0.0.1:{serving.port}/v2/deployments/deployment/{found['deployment_id']}?tab=Description")
    page.get_by_text("a02: every 24 hours").wait_for()
    keep(page, "schedules")
    serving.write_config("wos")
    serving.command("deploy")
    assert serving.api(f"/deployments/{found['deployment_id']}", method="GET")["schedules"] == []
    assert outside.asked == []


def test_the_older_interface_shows_the_same_form(page, serving, outside):
    page.context.add_cookies([{"name": "prefect_ui_version", "value": "v1", "url": f"http://127.0.0.1:{serving.port}"}])
    page.set_viewport_size(TALL)
    identity = serving.api("/deployments/name/topic-model/wos", method="GET")["id"]
    page.goto(f"http://127.0.0.1:{serving.port}/deployments/deployment/{identity}/run")
    page.get_by_text("Least papers of a topic (Optional)").wait_for()
    assert page.locator(".p-select-button__value").first.inner_text() == "wos/a01"
    for switch in ("int", "None", 'Property is type "None"'):
        assert page.get_by_text(switch, exact=True).count() == 0
    keep(page, "run-form-v1")
    assert outside.asked == []
