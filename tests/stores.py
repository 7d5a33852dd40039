"""An object store for tests: moto's stand-in for S3 in this process, and a proxy before it that makes faults."""

from __future__ import annotations

import contextlib
import http.client
import http.server
import logging
import threading
import urllib.request
from collections.abc import Callable, Iterator

KEY, SECRET = "AKIATESTSOFTOPICLOOM", "secret-of-topicloom-tests-0123456789"
BUCKET = "maps"


@contextlib.contextmanager
def moto_server(port: int = 0, address: str = "127.0.0.1", bucket: str = BUCKET) -> Iterator[str]:
    """moto's server; its URL. bucket: made there; none where it is empty."""
    from moto.moto_server.threaded_moto_server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address=address, port=port, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    if bucket:
        make_bucket(url, bucket)
    yield url
    server.stop()


def make_bucket(url: str, name: str) -> None:
    urllib.request.urlopen(urllib.request.Request(f"{url}/{name}", method="PUT")).close()


def environment(url: str, cache: object) -> dict[str, str]:
    """What a worker's environment says of the store and of its own cache."""
    return {
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": url,
        "TOPICLOOM_CACHE": str(cache),
    }


REFUSED = (400, "InvalidRequest")  # a fault that the library does not try again, so that a test need not wait


class Faults:
    """A proxy before a store. `fault` is asked of each request (its method and path) and says what becomes of it.

    None: it is passed on. A number: it is answered with that status. "cut": half of the answer's body, then the end of
    the connection. "lost": it is passed on, and its answer never comes. "slow": nothing comes for ten seconds.
    """

    def __init__(self, url: str) -> None:
        self.fault: Callable[[str, str], int | str | tuple[int, str] | None] = lambda method, path: None
        self.seen: list[tuple[str, str]] = []
        host, port = url.removeprefix("http://").split(":")
        faults = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length)
                faults.seen.append((self.command, self.path))
                fault = faults.fault(self.command, self.path)
                if fault == "slow":
                    faults.released.wait(10)
                    self.close_connection = True
                    return
                if isinstance(fault, int | tuple):
                    status, code = fault if isinstance(fault, tuple) else (fault, "InternalError")
                    self.answer(status, [], f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode())
                    return
                connection = http.client.HTTPConnection(host, int(port), timeout=30)
                connection.request(self.command, self.path, body, dict(self.headers))
                answer = connection.getresponse()
                content = answer.read()
                connection.close()
                if fault == "lost":
                    self.close_connection = True
                    return
                self.answer(answer.status, answer.getheaders(), content, cut=fault == "cut")

            def answer(self, status: int, headers: list[tuple[str, str]], content: bytes, *, cut: bool = False) -> None:
                self.send_response_only(status)
                given = {name.lower(): value for name, value in headers}
                for name, value in headers:
                    if name.lower() not in ("transfer-encoding", "connection", "content-length"):
                        self.send_header(name, value)
                head = self.command == "HEAD" and "content-length" in given
                self.send_header("Content-Length", given["content-length"] if head else str(len(content)))
                self.end_headers()
                self.wfile.write(content[: len(content) // 2] if cut else content)
                self.close_connection = self.close_connection or cut

            do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = handle_any  # noqa: N815

            def log_message(self, *arguments: object) -> None:
                pass

        self.released = threading.Event()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    def first(self, times: int, fault: int | str | tuple[int, str], method: str = "", part: str = "") -> None:
        """Let the next requests of a kind fail."""
        left = [times]

        def decide(of: str, path: str) -> int | str | tuple[int, str] | None:
            if left[0] and method in of and part in path:
                left[0] -= 1
                return fault
            return None

        self.fault = decide

    def end(self) -> None:
        self.released.set()
        self.server.shutdown()
        self.server.server_close()
