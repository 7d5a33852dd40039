"""Prefect's server, with the projects' files beside it, and pages that reach nothing but this server.

Prefect's newer interface calls an analytics host whatever the setting says, so a content security policy forbids its
pages every other host. The policy holds for the pages alone; API and workers are as Prefect has them.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from flows.server.entrance import ROUTE
from flows.server.files import serve_file

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Where Prefect's newer interface lies; without it a link to a run leads to the older one.
NEWER_PAGES: Final = "/v2"
# The interfaces need inline styles, images in the page (data:) and workers made in the page (blob:).
POLICY: Final = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; worker-src 'self' blob:; connect-src {api}; object-src 'none'; "
    "base-uri 'self'; form-action 'self'; frame-ancestors 'self'"
)


def prepare_server() -> None:
    """Set what the server's pages need in Prefect's environment, before it is imported; what the user has set stays.

    The pages ask the API where they come from, whatever name, port or proxy that is. They are unpacked where the server
    may write, for its user need not own the installed packages.
    """
    os.environ.setdefault("PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT", "false")
    os.environ.setdefault("PREFECT_SERVER_EVENTS_CAUSAL_ORDERING", "flows.server.ordering")
    api = os.environ.get("PREFECT_API_URL", "")
    # The pages ask the API where they come from, so that no page of another origin needs to be let in.
    os.environ.setdefault("PREFECT_SERVER_CORS_ALLOWED_ORIGINS", api.removesuffix("/api") or "http://127.0.0.1:4200")
    if api.endswith("/api"):  # messages link to the interface that people get
        os.environ.setdefault("PREFECT_UI_URL", f"{api.removesuffix('/api')}{NEWER_PAGES}")
    home = Path(os.environ.get("PREFECT_HOME", Path.home() / ".prefect"))
    os.environ.setdefault("PREFECT_SERVER_UI_API_URL", os.environ.get("PREFECT_UI_API_URL", "/api"))
    os.environ.setdefault(
        "PREFECT_SERVER_UI_STATIC_DIRECTORY", os.environ.get("PREFECT_UI_STATIC_DIRECTORY", str(home / "ui"))
    )


def create_app() -> FastAPI:
    """Prefect's server, the route of the files, and the policy."""
    from prefect.server.api.server import create_app as create_prefect_app
    from prefect.settings import get_current_settings
    from starlette.routing import Route

    app = create_prefect_app(final=True)
    app.router.routes.insert(0, Route(f"{ROUTE}/{{path:path}}", serve_file, methods=["GET", "HEAD"]))
    api = str(get_current_settings().server.ui.api_url or "")
    app.add_middleware(OwnPagesOnly, policy=POLICY.format(api=_hosts(api)))
    return app


def _hosts(api: str) -> str:
    """What the pages may connect to: this server, and the API where the user has put it under another address."""
    if not api.startswith("http"):
        return "'self'"
    origin = "/".join(api.split("/")[:3])
    return f"'self' {origin} {origin.replace('http', 'ws', 1)}"


class OwnPagesOnly:
    """ASGI middleware that sends a content security policy with every page that states none."""

    def __init__(self, app: ASGIApp, policy: str) -> None:
        self.app, self.policy = app, policy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        from starlette.datastructures import MutableHeaders

        async def with_policy(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if headers.get("content-type", "").startswith("text/html"):
                    headers.setdefault("Content-Security-Policy", self.policy)
            await send(message)

        await self.app(scope, receive, with_policy if scope["type"] == "http" else send)


def run_server(host: str, port: int) -> None:
    """Serve until Ctrl-C or SIGTERM, with Prefect's own limits."""
    prepare_server()
    import uvicorn
    from prefect.settings import get_current_settings

    settings = get_current_settings().server
    uvicorn.run(
        create_app(),
        host=host,
        port=port,
        timeout_keep_alive=settings.api.keepalive_timeout,
        ws_ping_interval=settings.api.websocket_ping_interval,
        ws_ping_timeout=settings.api.websocket_ping_timeout,
        log_level=settings.logging_level.lower(),
    )


def _main() -> None:
    parser = argparse.ArgumentParser(description="A Prefect server with the files of the projects.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=4200)
    arguments = parser.parse_args()
    run_server(arguments.host, arguments.port)


if __name__ == "__main__":
    _main()
