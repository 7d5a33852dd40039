"""The server's pages: files of configured analyses and no others, the password, and no host but the server."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
import uvicorn
import yaml
from prefect.settings import PREFECT_SERVER_API_AUTH_STRING, temporary_settings
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from flows.server import app as server_app
from flows.server import files
from flows.server.entrance import ROUTE
from flows.server.files import find_served, serve_file, served_address

POLICY_OF_FILES = "sandbox allow-scripts"


@pytest.fixture
def analysis(tmp_path, monkeypatch) -> Path:
    """A configured analysis with files, a hidden one, and a link that leads out of it; another that no config names."""
    monkeypatch.setenv("TOPICLOOM_CONFIGS", str(tmp_path / "configs"))
    (tmp_path / "configs").mkdir()
    config = {"root": str(tmp_path), "project": "wos", "analyses": ["a 1", "deep/a02"]}
    (tmp_path / "configs" / "mine.yaml").write_text(yaml.safe_dump(config))
    for name in ("a 1", "deep/a02", "secret"):
        folder = tmp_path / "wos" / name
        (folder / "figures").mkdir(parents=True)
        (folder / "report.html").write_text(f"<title>{name}</title>")
        (folder / "figures" / "map<1>.png").write_bytes(b"png")
        (folder / ".hidden").write_text("no")
    (tmp_path / "wos" / "a 1" / "out").symlink_to(tmp_path / "wos" / "secret")
    return tmp_path / "wos" / "a 1"


@pytest.fixture
def client():
    return TestClient(Starlette(routes=[Route(f"{ROUTE}/{{path:path}}", serve_file, methods=["GET", "HEAD"])]))


def test_files_of_a_configured_analysis_are_served(analysis, client):
    answer = client.get("/files/mine/a%201/report.html")
    assert (answer.status_code, answer.text) == (200, "<title>a 1</title>")
    assert answer.headers["Content-Security-Policy"].startswith(POLICY_OF_FILES)
    again = client.get("/files/mine/a%201/report.html", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304
    assert client.get("/files/mine/deep/a02/report.html").text == "<title>deep/a02</title>"
    listing = client.get("/files/mine/a%201")
    assert listing.url.path == "/files/mine/a 1/"
    assert '<a href="report.html">' in listing.text
    assert ".hidden" not in listing.text
    assert 'href="map%3C1%3E.png">map&lt;1&gt;.png<' in client.get("/files/mine/a%201/figures/").text


@pytest.mark.parametrize(
    "path",
    [
        *("", "mine", "mine/secret/report.html", "mine/a%201/.hidden", "mine/a%201/out/report.html", "mine/a%201/none"),
        *("mine/a%201/..%2fsecret/report.html", "mine/a%201/%2e%2e/secret/report.html", "mine/a%201/%00"),
        *("..%2fmine/a%201/report.html", "other/a%201/report.html", "/etc/passwd", "mine/a%201//etc/passwd"),
    ],
)
def test_nothing_else_is_served(analysis, client, path):
    answer = client.get(f"/files/{path}")
    assert answer.status_code == 404
    assert answer.text == "There is no such file of a configured analysis on the server's machine."


def test_the_files_ask_for_the_servers_password(analysis, client):
    with temporary_settings({PREFECT_SERVER_API_AUTH_STRING: "group:geheim ü"}):
        address = "/files/mine/a%201/report.html"
        refused = client.get(address)
        assert refused.status_code == 401
        assert refused.headers["WWW-Authenticate"].startswith("Basic realm=")
        assert client.get(address, auth=("group", "wrong")).status_code == 401
        assert client.get(address, headers={"Authorization": "Basic %%%"}).status_code == 401
        assert client.get(address, auth=("group", "geheim ü")).status_code == 200
        (token,) = client.cookies.values()
        assert "geheim" not in token
        assert client.get(address).status_code == 200  # the cookie is enough
    with temporary_settings({PREFECT_SERVER_API_AUTH_STRING: "group:another"}):
        assert client.get(address).status_code == 401


def test_a_browser_is_asked_only_where_prefects_pages_know_no_password(analysis, client):
    """A page looks for it first; a script's request is refused without the header that opens a dialog."""
    with temporary_settings({PREFECT_SERVER_API_AUTH_STRING: "group:geheim"}):
        address, page = "/files/mine/a%201/report.html", {"Accept": "text/html,*/*"}
        found = client.get(address, headers=page)
        assert found.status_code == 401
        assert "prefect-password" in found.text
        assert "WWW-Authenticate" not in found.headers
        assert "WWW-Authenticate" in client.get(f"{address}?password", headers=page).headers
        assert "WWW-Authenticate" not in client.head(address, headers={"Authorization": "Basic d3Jvbmc="}).headers


def test_links_are_given_only_where_the_server_has_the_files(analysis, monkeypatch, tmp_path):
    route = Route(f"{ROUTE}/{{path:path}}", serve_file, methods=["GET", "HEAD"])
    server = uvicorn.Server(uvicorn.Config(Starlette(routes=[route]), port=0, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.05)
    port = server.servers[0].sockets[0].getsockname()[1]
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    assert served_address(analysis) is None
    monkeypatch.setenv("PREFECT_API_URL", f"http://127.0.0.1:{port}/api")
    assert served_address(analysis) == "/files/mine/a%201/"
    assert served_address(tmp_path / "wos" / "secret") is None
    wanted = "Basic Z3JvdXA6Z2VoZWlt"
    monkeypatch.setattr(files, "is_admitted", lambda request: request.headers.get("Authorization") == wanted)
    assert served_address(analysis) is None
    monkeypatch.setenv("PREFECT_API_AUTH_STRING", "group:geheim")
    assert served_address(analysis) == "/files/mine/a%201/"
    server.should_exit = True
    thread.join(10)
    assert served_address(analysis) is None


def test_prefects_pages_may_ask_no_other_host(tmp_path, monkeypatch):
    """The whole server as it is run, without its database: both interfaces, their settings, the policy."""
    from prefect.settings import (
        PREFECT_UI_API_URL,
        PREFECT_UI_STATIC_DIRECTORY,
    )

    environment = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    environment |= {"PREFECT_HOME": str(tmp_path / "home"), "PREFECT_API_URL": "http://127.0.0.1:4207/api"}
    with monkeypatch.context() as patched:
        patched.setattr(os, "environ", environment)
        server_app.prepare_server()
    assert environment["PREFECT_UI_URL"] == "http://127.0.0.1:4207/v2"  # that messages link to
    given = {
        PREFECT_UI_API_URL: environment["PREFECT_SERVER_UI_API_URL"],
        PREFECT_UI_STATIC_DIRECTORY: environment["PREFECT_SERVER_UI_STATIC_DIRECTORY"],
    }
    with temporary_settings(given):
        client = TestClient(server_app.create_app())
        html = {"Accept": "text/html", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
        landed = client.get("/", headers=html)
        assert landed.url.path == "/v2/"
        for page in (landed, client.get("/dashboard", headers=html)):
            assert page.status_code == 200
            assert "connect-src 'self';" in page.headers["Content-Security-Policy"]
        assert client.get("/ui-settings").json()["api_url"] == "/api"
    assert (tmp_path / "home" / "ui" / "v2" / "index.html").is_file()


def test_a_policy_admits_the_api_where_the_user_has_put_it():
    assert server_app._hosts("/api") == server_app._hosts("") == "'self'"
    assert server_app._hosts("https://topics.example.org/x/api") == (
        "'self' https://topics.example.org wss://topics.example.org"
    )


def test_find_served_takes_the_longest_name(analysis):
    assert find_served("mine/deep/a02") == analysis.parent / "deep" / "a02"
    assert find_served("mine/deep") is None
