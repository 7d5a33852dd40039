"""How Prefect behaves under the command line: quiet, without telemetry, with a home it can write to."""

from __future__ import annotations

import logging
import os
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from flows.server.access import CLIENT_LOGIN, login_for, prefect_home

_URL: Final = "PREFECT_API_URL"
_LOOPBACK: Final = ("127.0.0.1", "localhost")


@dataclass(frozen=True)
class ConfiguredServer:
    """The Prefect server that a command talks to. source: what names it, as a person would say it."""

    url: str
    source: str


def prepare_prefect() -> None:
    """Set Prefect's environment. Must be called before prefect is imported; what the user has set stays."""
    os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
    os.environ.setdefault("DO_NOT_TRACK", "1")
    if not _writable(prefect_home()):
        os.environ["PREFECT_HOME"] = tempfile.mkdtemp(prefix="topicloom-prefect-")
    _reach_loopback_without_proxy()
    server = configured_server()
    if server is not None and CLIENT_LOGIN not in os.environ:
        own = login_for(server.url)
        if own is not None:
            os.environ[CLIENT_LOGIN] = own


def configured_server() -> ConfiguredServer | None:
    """The server that PREFECT_API_URL, a file of settings here or the active profile of Prefect names; None for none.

    In Prefect's order of precedence, without importing it.
    """
    if _URL in os.environ:
        url = os.environ[_URL]
        return ConfiguredServer(url, _URL) if url else None
    for name, found in (("./.env", _dotenv()), ("./prefect.toml", _toml()), ("./pyproject.toml", _pyproject())):
        if found:
            return ConfiguredServer(found, name)
    return _of_profile()


def _of_profile() -> ConfiguredServer | None:
    path = Path(os.environ.get("PREFECT_PROFILES_PATH", prefect_home() / "profiles.toml"))
    content = _read_toml(path)
    name = os.environ.get("PREFECT_PROFILE") or content.get("active")
    url = content.get("profiles", {}).get(name, {}).get(_URL)
    return ConfiguredServer(str(url), f"the profile {name!r} of {path}") if url else None


def _dotenv() -> str:
    try:
        lines = Path(".env").read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return ""
    values = [line.partition("=")[2] for line in lines if line.removeprefix("export ").startswith(f"{_URL}=")]
    return values[-1].strip().strip("'\"") if values else ""


def _toml() -> str:
    return str(_read_toml(Path("prefect.toml")).get("api", {}).get("url", ""))


def _pyproject() -> str:
    tool = _read_toml(Path("pyproject.toml")).get("tool", {})
    return str(tool.get("prefect", {}).get("api", {}).get("url", ""))


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}  # Prefect itself says what is wrong with it


def _reach_loopback_without_proxy() -> None:
    """Where a proxy is set for everything, let this machine's own servers be reached without it."""
    if not any(name.lower() in ("http_proxy", "https_proxy", "all_proxy") for name in os.environ):
        return
    given = [os.environ.get(name, "") for name in ("NO_PROXY", "no_proxy")]
    hosts = [host.strip() for host in ",".join(given).split(",") if host.strip()]
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = ",".join(dict.fromkeys([*hosts, *_LOOPBACK]))


def _writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


class _QuietRuns(logging.Filter):
    """Lets warnings through, and holds back what Prefect logs about a failure: the command line says that itself."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno >= logging.ERROR and record.name.startswith("prefect"):
            return "will start" in record.getMessage()  # another try
        return record.levelno >= logging.WARNING


def quiet_console() -> None:
    """Show warnings only on the terminal. The run's log on the server keeps everything. After `import prefect`."""
    for handler in logging.getLogger().handlers:
        handler.addFilter(_QuietRuns())
