"""Who may talk to the server of `topicloom serve`, and which serve runs: two small files in Prefect's home."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

_LOGIN: Final = "topicloom-login"
_INSTANCE: Final = "topicloom-serve.json"
_LOCK: Final = "topicloom-serve.lock"
SERVER_LOGIN: Final = "PREFECT_SERVER_API_AUTH_STRING"
CLIENT_LOGIN: Final = "PREFECT_API_AUTH_STRING"


@dataclass(frozen=True)
class Instance:
    """A `topicloom serve` that runs. process: its own id; url: of the UI; children: ids of its server and worker."""

    process: int
    url: str
    started: str
    children: tuple[int, ...] = ()

    @property
    def api(self) -> str:
        """The URL of its API."""
        return f"{self.url}/api"


def prefect_home() -> Path:
    """Prefect's folder: $PREFECT_HOME, or ~/.prefect."""
    return Path(os.environ.get("PREFECT_HOME", "") or Path.home() / ".prefect").expanduser()


def login() -> str:
    """USER:PASSWORD of the local server: that of the environment, else one that was drawn once and is kept."""
    given = os.environ.get(SERVER_LOGIN)
    return given or _kept_login() or _new_login()


def login_for(url: str) -> str | None:
    """USER:PASSWORD for the API at a URL, where it is that of the serve which runs here; None for others."""
    running = read_instance()
    return _kept_login() if running is not None and running.api == url.rstrip("/") else None


def _kept_login() -> str | None:
    with contextlib.suppress(OSError):
        return (prefect_home() / _LOGIN).read_text(encoding="utf-8").strip() or None
    return None


def _new_login() -> str:
    drawn = f"topicloom:{secrets.token_urlsafe(12)}"
    _write(prefect_home() / _LOGIN, drawn + "\n")
    return drawn


def _write(path: Path, text: str) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    temporary.replace(path)


@contextlib.contextmanager
def only_instance() -> Iterator[bool]:
    """Hold the place of the one serve of this Prefect home; yields whether it was free."""
    home = prefect_home()
    home.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(home / _LOCK, timeout=0):
            yield True
    except Timeout:
        yield False


def write_instance(instance: Instance) -> None:
    """Note which serve runs."""
    _write(prefect_home() / _INSTANCE, json.dumps(asdict(instance)) + "\n")


def forget_instance() -> None:
    """Note that none runs any more."""
    (prefect_home() / _INSTANCE).unlink(missing_ok=True)


def read_instance() -> Instance | None:
    """The serve that was noted last; None where none is. It may have been killed meanwhile: see is_running()."""
    try:
        found = json.loads((prefect_home() / _INSTANCE).read_text(encoding="utf-8"))
        return Instance(int(found["process"]), str(found["url"]), str(found["started"]), tuple(found["children"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def is_running() -> bool:
    """Whether a serve holds its place."""
    if not (prefect_home() / _LOCK).exists():
        return False
    with only_instance() as free:
        return not free
