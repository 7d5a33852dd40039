"""A group's server as ops/ has it: what compose starts, behind ops/nginx.conf with TLS, seen from a browser elsewhere."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
import yaml

from flows.configs import REPOSITORY
from tests.flows.serving import MAIN

OPS = REPOSITORY / "ops"
PASSWORD = "group:geheim"
NAME = "topics.example.org"


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture
def group_server(tmp_path):
    """The server that ops/compose.yaml starts, with its command and environment; without PostgreSQL and containers."""
    analysis = tmp_path / "wos" / "a01"
    analysis.mkdir(parents=True)
    (analysis / "report.html").write_text("<!doctype html><h1>The report</h1>")
    (tmp_path / "configs").mkdir()
    config = {"root": str(tmp_path), "project": "wos", "analyses": ["a01"]}
    (tmp_path / "configs" / "mine.yaml").write_text(yaml.safe_dump(config))
    service = yaml.safe_load((OPS / "compose.yaml").read_text())["services"]["server"]
    port, home = free_port(), tmp_path / "home"
    given = {
        **service["environment"],
        "PREFECT_SERVER_UI_STATIC_DIRECTORY": str(home / "ui"),
        "PREFECT_HOME": str(home),
    }
    given |= {name: PASSWORD for name in given if name.endswith("AUTH_STRING")}
    del given["PREFECT_SERVER_DATABASE_CONNECTION_URL"]
    program, *arguments = service["command"].split()
    assert program == "topicloom"
    command = [*MAIN, *(str(port) if word == "4200" else word.replace("0.0.0.0", "127.0.0.1") for word in arguments)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")} | given
    environment["TOPICLOOM_CONFIGS"] = str(tmp_path / "configs")
    with (tmp_path / "server.log").open("w") as log:
        server = subprocess.Popen(command, cwd=REPOSITORY, env=environment, stdout=log, stderr=log)
    await_answer(f"http://127.0.0.1:{port}/api/health", tmp_path / "server.log")
    yield port
    server.send_signal(signal.SIGTERM)
    server.wait(60)


def await_answer(url: str, log: Path) -> None:
    for _ in range(240):
        try:
            urllib.request.urlopen(url, timeout=5)
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.5)
        else:
            return
    raise TimeoutError(log.read_text())


@pytest.fixture
def nginx(tmp_path, group_server):
    """ops/nginx.conf on a free port of loopback; only ports and certificates are changed."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if program is None:
        if os.environ.get("CI"):
            pytest.fail("CI must install nginx: .ci/run does")
        pytest.skip("no nginx on this machine; install the package nginx-light")
    port, folder = free_port(), tmp_path / "nginx"
    folder.mkdir()
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={NAME}"]
    subprocess.run([*made, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    site = (OPS / "nginx.conf").read_text()
    for wanted, instead in (
        (r"listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;"),
        (r"127\.0\.0\.1:4200", f"127.0.0.1:{group_server}"),
        (r"ssl_certificate /\S+;", f"ssl_certificate {certificate};"),
        (r"ssl_certificate_key /\S+;", f"ssl_certificate_key {key};"),
    ):
        site, count = re.subn(wanted, instead, site)
        assert count == 1, wanted
    places = "".join(
        f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"pid {folder}/pid;\nerror_log {folder}/error.log;\ndaemon off;\nevents {{}}\n"
        f"http {{\n{places}access_log off;\n{site}}}\n"
    )
    started = subprocess.Popen([program, "-p", folder, "-c", folder / "nginx.conf"], stderr=subprocess.DEVNULL)
    for _ in range(100):
        with socket.socket() as trying:
            if trying.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.1)
    yield f"https://{NAME}:{port}"
    started.terminate()
    started.wait(20)


def handshake(port: int) -> str:
    """The first line of the answer to a worker that opens its web socket of events."""
    lines = [
        *("GET /api/events/in HTTP/1.1", f"Host: {NAME}", "Upgrade: websocket", "Connection: Upgrade"),
        *(
            "Sec-WebSocket-Protocol: prefect",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dG9waWNsb29tdG9waWNsbw==",
        ),
    ]
    unchecked = ssl.create_default_context()
    unchecked.check_hostname, unchecked.verify_mode = False, ssl.CERT_NONE
    with (
        socket.create_connection(("127.0.0.1", port)) as plain,
        unchecked.wrap_socket(plain, server_hostname=NAME) as tls,
    ):
        tls.sendall("\r\n".join([*lines, "", ""]).encode())
        return tls.recv(200).decode().splitlines()[0]


def test_a_groups_server_behind_nginx(browser_of, nginx, group_server):
    """Login, pages and the report, all at the address that people have; and the web socket of workers elsewhere."""
    port = nginx.rpartition(":")[2]
    browser = browser_of(f"--host-resolver-rules=MAP {NAME} 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1")
    context = browser.new_context(ignore_https_errors=True)
    page, asked = context.new_page(), []
    page.on("request", lambda request: asked.append(request.url))
    page.set_default_timeout(60_000)
    page.goto(nginx)
    page.get_by_placeholder("admin:pass").or_(page.locator("input[type=password]")).first.fill(PASSWORD)
    page.get_by_role("button", name="Login").click()
    page.get_by_role("link", name="Event Feed").click()
    page.wait_for_url("**/v2/events**")
    page.goto(f"{nginx}/files/mine/a01/report.html")  # the password that the login was told is enough
    page.get_by_text("The report").wait_for()
    context.close()
    assert {url.split("/")[2] for url in asked if not url.startswith(("data:", "blob:"))} == {f"{NAME}:{port}"}
    assert handshake(int(port)).startswith("HTTP/1.1 101 ")
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(f"http://127.0.0.1:{group_server}/files/mine/a01/report.html", timeout=10)
    assert caught.value.code == 401
