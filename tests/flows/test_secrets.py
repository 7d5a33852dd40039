"""No file, record, log or page of a run holds the key of a language model or a password, in any spelling.

Whole runs ask an endpoint on this machine; then every byte of the project, of Prefect's home and of what was said is
looked through.
"""

from __future__ import annotations

import base64
import html
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest

from tests.flows.server_contents import everything_of
from tests.flows.test_cli import topicloom
from tests.topicloom.atlas.test_language_model import Endpoint
from topicloom.errors import SettingsError

# Letters that addresses, pages and base64 write in another way.
KEY = "sk-live/+0123456789=a&key%of<somebody>"
PASSWORD = "pass/+word&of=somebody-0987654321"


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    made = Endpoint()
    yield made
    made.server.shutdown()
    made.server.server_close()


def spellings(secret: str) -> set[bytes]:
    """A secret as it is, quoted for addresses and pages, and in base64 wherever it begins in what is encoded."""
    told = {secret, quote(secret), quote(secret, safe=""), quote_plus(secret), html.escape(secret)}
    told.add(json.dumps(secret)[1:-1])
    found = {text.encode() for text in told}
    for before in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            # Of what is encoded, the letters that nothing before or after the secret changes.
            whole = encode(b"x" * before + secret.encode())
            found.add(whole[(before * 8 + 5) // 6 : len(secret.encode()) * 4 // 3 - 2])
    return found


def files_below(*folders: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for folder in folders for path in folder.rglob("*") if path.is_file()}


def holders(secret: str, texts: dict[str, Any]) -> list[str]:
    """Names of the texts in which a secret stands."""
    whole = {name: text if isinstance(text, bytes) else str(text).encode() for name, text in texts.items()}
    return [name for name, text in whole.items() for spelling in spellings(secret) if spelling in text]


def everything_in_prefect() -> dict[str, str]:
    """All that a Prefect server says of its runs, by kind."""
    time.sleep(3)  # logs are sent every two seconds
    kinds = (
        "flow_runs",
        "task_runs",
        "artifacts",
        "logs",
        "deployments",
        "variables",
        "block_documents",
        "automations",
    )
    return {kind: json.dumps(everything_of(kind), ensure_ascii=False) for kind in kinds}


def database_files() -> dict[str, bytes]:
    """The server's database, with its journals."""
    from prefect.settings import PREFECT_API_DATABASE_CONNECTION_URL

    url: Any = PREFECT_API_DATABASE_CONNECTION_URL.value()
    text = url if isinstance(url, str) else url.get_secret_value()
    place = Path(text.partition(":///")[2])
    found = {str(path): path.read_bytes() for path in place.parent.glob(f"{place.name}*")}
    assert found, text
    return found


def asking(project, endpoint: Endpoint, model: str, **more: Any) -> None:
    stated = {"model": model, "base_url": endpoint.url, "api_key_variable": "LAB_KEY", "retries": 0, **more}
    names = {"method": "statistical", "language_model": stated}
    pictures = {"figures": False, "quality": False, "report": True}
    project.write_settings(names=names, pictures=pictures)


def test_the_search_finds_a_secret_in_every_spelling():
    for text in (
        f"a {KEY} b",
        f"https://u:{quote(KEY, safe='')}@h",
        f"<p>{html.escape(KEY)}</p>",
        json.dumps({"k": KEY}),
        *(base64.b64encode(f"{'y' * n}{KEY}zz".encode()).decode() for n in range(6)),
        *(base64.urlsafe_b64encode(f"{'y' * n}{KEY}zz".encode()).decode() for n in range(6)),
    ):
        assert holders(KEY, {"here": text}), text
    assert not holders(KEY, {"here": base64.b64encode(b"nothing " * 20).decode()})


def test_a_run_from_the_command_line_leaves_no_key_anywhere(finished, endpoint, tmp_path):
    asking(finished, endpoint, "small")
    environment = {
        "LAB_KEY": KEY,
        "TOPICLOOM_API_KEYS": f"LAB_KEY={endpoint.host}",
        "PREFECT_HOME": str(tmp_path / "prefect"),
        "PREFECT_LOGGING_LEVEL": "DEBUG",
        "OPENAI_LOG": "debug",
    }
    done = topicloom("run", finished.analysis, "--verbose", **environment)
    assert done.returncode == 0, done.stderr
    assert set(endpoint.keys) == {f"Bearer {KEY}"}
    files = files_below(finished.root, tmp_path)
    assert any(b"Name 1" in text for name, text in files.items() if name.endswith("topic_summary.csv"))
    assert holders(KEY, {**files, "stdout": done.stdout, "stderr": done.stderr}) == []


def refuse(handler: Any) -> None:
    """A 401 that repeats the key in its status line, a header and its body."""
    said = json.dumps({"error": {"message": f"the key {KEY} is wrong", "code": KEY}}).encode()
    handler.send_response(401, f"no {KEY}")
    handler.send_header("X-Your-Key", KEY)
    handler.send_header("WWW-Authenticate", f'Bearer error="{KEY}"')
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(len(said)))
    handler.end_headers()
    handler.wfile.write(said)


def repeat(handler: Any) -> None:
    """An answer whose name of the topic is the key, in a form that is no chat completion."""
    said = json.dumps({"choices": [{"message": {"content": KEY}, "why": KEY}], "key": KEY}).encode()
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(said)))
    handler.end_headers()
    handler.wfile.write(said)


def hang_up(handler: Any) -> None:
    handler.wfile.write(f"HTTP/9.9 {KEY}\r\n\r\n".encode())
    handler.close_connection = True


def test_an_endpoint_that_fails_brings_no_key_into_files_records_and_logs(
    finished, endpoint, run, monkeypatch, caplog, capfd
):
    monkeypatch.setenv("LAB_KEY", KEY)
    monkeypatch.setenv("TOPICLOOM_API_KEYS", f"LAB_KEY={endpoint.host}")
    caplog.set_level("INFO")  # on DEBUG the HTTP library shows what an endpoint sends, as docs/security.md says
    for number, raw in enumerate((refuse, repeat, hang_up)):
        endpoint.raw = raw
        asking(finished, endpoint, f"model {number}")
        report = run(finished.analysis)
        assert any("language model" in note for note in report.notes)
        assert set(endpoint.keys) == {f"Bearer {KEY}"}
    out, err = capfd.readouterr()
    assert "no name of the language model" in caplog.text
    told = {"log": caplog.text, "stdout": out, "stderr": err, **everything_in_prefect()}
    assert holders(KEY, {**told, **files_below(finished.root), **database_files()}) == []


def test_a_password_in_an_address_is_refused_and_stands_nowhere_but_in_the_settings(
    finished, endpoint, run, tmp_path, caplog, capfd
):
    address = f"http://somebody:{quote(PASSWORD, safe='')}@{endpoint.host}/v1"
    caplog.set_level("DEBUG")
    asking(finished, endpoint, "small", base_url=address)
    with pytest.raises(SettingsError, match="no user, password"):
        run(finished.analysis)
    done = topicloom("run", finished.analysis, "--verbose", PREFECT_HOME=str(tmp_path / "prefect"))
    assert done.returncode == 2
    assert "no user, password" in done.stderr
    assert endpoint.asked == []
    out, err = capfd.readouterr()
    told = {"log": caplog.text, "out": out + done.stdout, "err": err + done.stderr, **everything_in_prefect()}
    found = holders(PASSWORD, {**told, **files_below(finished.root, tmp_path / "prefect"), **database_files()})
    assert {Path(name).name for name in found} == {next(finished.analysis.glob("settings_*.json")).name}
