"""Who may see the files: whoever knows the server's password. A browser that Prefect's pages know is not asked again.

Prefect's pages keep the password and send it with each of their requests; a link to a file carries none. So the first
page of files that a browser opens finds the password where Prefect keeps it, shows it once, and gets a cookie for the
files alone. A browser that has no password yet asks for it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

ROUTE: Final = "/files"
COOKIE: Final = "topicloom_files"
_ASK: Final = "password"  # in the query of an address: let the browser ask the person
_POLICY: Final = "default-src 'none'; script-src 'unsafe-inline'; connect-src 'self'; frame-ancestors 'none'"
_PAGE: Final = """<!doctype html><html lang="en"><meta charset="utf-8"><title>topicloom</title>
<noscript>The files ask for the server's user and password.</noscript>
<script>
const ask = () => location.replace(location.pathname + "?password");
const told = localStorage.getItem("prefect-password"), tried = sessionStorage.getItem("topicloom-tried");
if (!told || tried === location.pathname) ask();
else {
  sessionStorage.setItem("topicloom-tried", location.pathname);
  fetch(location.pathname, {method: "HEAD", headers: {Authorization: "Basic " + told}})
    .then(answer => answer.status === 401 ? ask() : location.reload(), ask);
}
</script></html>"""


def _password() -> bytes | None:
    from prefect.settings import get_current_settings

    wanted = get_current_settings().server.api.auth_string
    return None if wanted is None else wanted.get_secret_value().encode()


def is_admitted(request: Request) -> bool:
    """Whether a request brings the password, or the cookie that stands for it; any does where the server has none."""
    wanted = _password()
    return (
        wanted is None
        or _said(request) == "right"
        or hmac.compare_digest(request.cookies.get(COOKIE, "").encode(), _token(wanted))
    )


def _said(request: Request) -> str:
    """What a request says of the password: nothing, something wrong or what is right."""
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if not scheme:
        return "nothing"
    try:
        said = base64.b64decode(given, validate=True)
    except ValueError:
        return "wrong"
    return "right" if scheme.lower() == "basic" and hmac.compare_digest(said, _password() or b"") else "wrong"


def _token(password: bytes) -> bytes:
    """What the cookie holds; nobody gets the password from it, and another password makes it void."""
    return hmac.new(password, b"topicloom: the files", hashlib.sha256).hexdigest().encode()


def refusal(request: Request) -> Response:
    """The answer to a request that is not admitted."""
    from starlette.responses import HTMLResponse, PlainTextResponse

    if "text/html" in request.headers.get("Accept", "") and _ASK not in request.query_params:
        return HTMLResponse(_PAGE, 401, headers={"Content-Security-Policy": _POLICY, "Cache-Control": "no-store"})
    # The page above asks by a script, at which a browser must not open its own dialog.
    may_ask = _ASK in request.query_params or _said(request) == "nothing"
    asked = {"WWW-Authenticate": 'Basic realm="topicloom", charset="UTF-8"'} if may_ask else {}
    return PlainTextResponse("The files ask for the server's user and password.", 401, headers=asked)


def remember(request: Request, response: Response) -> None:
    """Let a browser that has shown the password keep a cookie until it is closed."""
    wanted = _password()
    if wanted is not None and _said(request) == "right":
        response.set_cookie(
            COOKIE,
            _token(wanted).decode(),
            path=ROUTE,
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
        )
