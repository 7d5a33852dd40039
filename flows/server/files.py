"""The files of the configured analyses, as pages of the server: report, figures, tables.

An address is ROUTE/CONFIG/ANALYSIS/FILE. What configs/ does not name is not served, and neither are hidden files, the
store, or what a link leads to outside of the analysis. The server asks for the same password as the API.
"""

from __future__ import annotations

import base64
import html
import logging
import os
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Final

from flows.configs import all_configs, analysis_folder
from flows.server.entrance import ROUTE, is_admitted, refusal, remember
from topicloom.errors import InputError, StoreError
from topicloom.remote.address import address_of, is_address
from topicloom.store.sharing import outputs_here, shown_place

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

logger = logging.getLogger(__name__)

# A report runs its own scripts, apart from the interface, whose password its page could otherwise read.
_SANDBOX: Final = "sandbox allow-scripts allow-popups allow-popups-to-escape-sandbox allow-downloads"
_HEADERS: Final = {
    "Content-Security-Policy": _SANDBOX,
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
    "Referrer-Policy": "no-referrer",
}
_SECONDS: Final = 5.0


async def serve_file(request: Request) -> Response:
    """Answer with a file, or with a list of the files of a folder."""
    from starlette.concurrency import run_in_threadpool

    if not is_admitted(request):
        return refusal(request)
    response = await run_in_threadpool(_answer, request.path_params["path"], request.scope["path"])
    if isinstance(response, Path):
        response = await _file(response, request)
    for name, value in _HEADERS.items():
        response.headers[name] = value
    remember(request, response)
    return response


async def _file(path: Path, request: Request) -> Response:
    """A file, or 304 where the browser has it. Starlette knows types, ranges and tags."""
    from starlette.staticfiles import StaticFiles

    return await StaticFiles(directory=path.parent, follow_symlink=True).get_response(path.name, request.scope)


def _answer(path: str, address: str) -> Path | Response:
    from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse

    found = find_served(path)
    if found is None:
        return PlainTextResponse("There is no such file of a configured analysis on the server's machine.", 404)
    if found.is_file():
        return found
    if not path.endswith("/"):
        return RedirectResponse(f"{urllib.parse.quote(address)}/")
    return HTMLResponse(_listing(path, found))


def find_served(path: str) -> Path | None:
    """The file or folder at CONFIG/ANALYSIS/FILE, where it exists and may be served."""
    parts = [part for part in path.split("/") if part]
    if any(part.startswith(".") or "\\" in part or "\0" in part for part in parts):
        return None
    folder = Path()
    for depth in range(len(parts), 1, -1):  # the name of an analysis may have several parts
        name = "/".join(parts[:depth])
        try:
            folder = analysis_folder(name)
            known = folder != Path(name)
            folder = outputs_here(folder) if known else folder
        except (InputError, StoreError) as error:
            if is_address(folder):
                logger.warning("%s", error)
            return None
        if known:
            found = folder.joinpath(*parts[depth:]).resolve()
            inside = found.is_relative_to(folder.resolve())
            return found if inside and found.exists() else None
    return None


def _listing(path: str, folder: Path) -> str:
    names = sorted(f"{item.name}/" if item.is_dir() else item.name for item in folder.iterdir() if item.name[0] != ".")
    items = "\n".join(
        f'<li><a href="{html.escape(urllib.parse.quote(name))}">{html.escape(name)}</a></li>' for name in names
    )
    title = html.escape(path.strip("/"))
    return f"""<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>
<style>body {{ font: 16px/1.6 system-ui, sans-serif; margin: 2rem; color-scheme: light dark }}</style>
<h1>{title}</h1><ul>
{items}
</ul></html>"""


def served_address(analysis: Path) -> str | None:
    """Where the server at PREFECT_API_URL serves the folder of an analysis, from its root on; None where it does not.

    It does not where no config names the analysis, where another machine has the files, and where the server is
    Prefect's alone.
    """
    api = os.environ.get("PREFECT_API_URL", "")
    name = _configured_name(analysis)
    if not api.endswith("/api") or name is None:
        return None
    address = f"{ROUTE}/{urllib.parse.quote(name)}/"
    request = urllib.request.Request(f"{api.removesuffix('/api')}{address}", method="HEAD")  # noqa: S310  # our server
    auth = os.environ.get("PREFECT_API_AUTH_STRING")
    if auth:
        request.add_header("Authorization", f"Basic {base64.b64encode(auth.encode()).decode()}")
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310  # as above
            return address if answer.headers.get("Content-Security-Policy") == _SANDBOX else None
    except (OSError, ValueError):
        return None


def _place(analysis: Path) -> Path:
    return Path(str(address_of(analysis))) if is_address(analysis) else analysis.resolve()


def _configured_name(analysis: Path) -> str | None:
    try:
        configs = all_configs()
    except InputError:
        return None
    wanted = _place(Path(shown_place(analysis)))
    for named in configs:
        for name in named.config.analyses:
            if _place(named.analysis_path(name)) == wanted:
                return f"{named.name}/{name}"
    return None
