"""Who may start what on the server of `topicloom serve`: no foreign page, no command of one's own, no path elsewhere."""

from __future__ import annotations

import http.server
import threading
import urllib.error
import urllib.request

import pytest

from flows.configs import require_configured
from topicloom.settings.projects import ConfigError


def test_nothing_is_answered_without_the_password(serving):
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(f"{serving.url}/admin/version", timeout=10)
    assert caught.value.code == 401


def test_a_foreign_page_starts_no_run(browser, serving):
    """In a real browser: the request that needs no permission of the server is sent, and is refused."""
    deployment = serving.api("/deployments/name/topic-model/wos", method="GET")["id"]
    before = {run["id"] for run in serving.api("/flow_runs/filter", {})}

    class Foreign(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>foreign</title>")

        def log_message(self, *_):
            return

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Foreign)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    page = browser.new_page()
    try:
        page.goto(f"http://localhost:{server.server_port}/")
        target = f"{serving.url}/deployments/{deployment}/create_flow_run"
        for mode in ("no-cors", "cors"):
            script = "([url, mode]) => fetch(url, {method: 'POST', mode, body: new Blob(['{}'])}).then(a => a.status, String)"
            answer = page.evaluate(script, [target, mode])
            assert answer == 0 or "TypeError" in str(answer), answer  # nothing is told to the page either
    finally:
        page.close()
        server.shutdown()
    assert {run["id"] for run in serving.api("/flow_runs/filter", {})} == before


@pytest.mark.parametrize(
    "variables", [{"command": "touch /tmp/x"}, {"env": {"PYTHONPATH": "/tmp"}}, {"working_dir": "/"}]
)
def test_a_run_names_no_command_environment_or_folder(serving, variables):
    deployment = serving.api("/deployments/name/topic-model/wos", method="GET")["id"]
    with pytest.raises(urllib.error.HTTPError) as caught:
        serving.api(f"/deployments/{deployment}/create_flow_run", {"job_variables": variables})
    assert caught.value.code == 422


def test_an_analysis_outside_the_roots_of_the_configs_is_refused(serving, tmp_path, monkeypatch):
    """By the server, which offers a choice; and by the run itself, whatever the server has let through."""
    with pytest.raises(urllib.error.HTTPError) as caught:
        serving.start("topic-model/wos", analysis=str(tmp_path))
    assert caught.value.code in (409, 422)
    monkeypatch.setenv("TOPICLOOM_CONFIGS", str(serving.folder / "configs"))
    require_configured(serving.project.analysis)
    (serving.project.path / "elsewhere").symlink_to(tmp_path)
    try:
        for path in (tmp_path, serving.project.path / ".." / ".." / "x", serving.project.path / "elsewhere"):
            with pytest.raises(ConfigError, match="outside the folders that the server's configs name"):
                require_configured(path)
    finally:
        (serving.project.path / "elsewhere").unlink()


def test_a_retry_with_nothing_failed_computes_nothing(serving):
    assert serving.end_of(serving.start("topic-model/wos", validate_only=True)) == "COMPLETED"
    done = serving.command("retry", serving.project.analysis)
    assert done.returncode == 1
    assert "is Completed: there is nothing to retry" in done.stderr
    assert "computed" not in done.stdout
