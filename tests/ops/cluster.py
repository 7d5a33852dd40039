"""A stand-in for the API of a Kubernetes cluster: it notes the jobs that a worker makes, and keeps to the worker's role."""

from __future__ import annotations

import contextlib
import datetime
import http.server
import ipaddress
import json
import re
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

PORT = 6443
ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
_TOKEN = "token-of-the-worker"
_VERBS = {"GET": "get", "POST": "create", "PATCH": "patch", "PUT": "update", "DELETE": "delete"}
_PATH = re.compile(
    r"/(?:api/v1|apis/(?P<group>[\w.]+)/v1)/namespaces/(?P<namespace>[\w-]+)/(?P<kind>\w+)(?:/(?P<name>[^/]+))?(?P<part>/\w+)?$"
)
_KINDS = {"pods": ("Pod", ""), "jobs": ("Job", "batch")}


class Cluster:
    """jobs: the manifests that were posted; refused: what the role does not allow, as (verb, resource)."""

    def __init__(self, address: str, folder: Path, namespace: str, rules: list[dict[str, list[str]]]) -> None:
        self.namespace, self.rules = namespace, rules
        self.jobs: dict[str, dict[str, Any]] = {}
        self.refused: set[tuple[str, str]] = set()
        self.over = threading.Event()
        self.account = folder / "account"
        self.account.mkdir()
        certificate, key = _certificate(address)
        (self.account / "ca.crt").write_bytes(certificate)
        (self.account / "token").write_text(_TOKEN)
        (self.account / "namespace").write_text(namespace)
        (folder / "server.pem").write_bytes(certificate + key)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "server.pem")
        self.server = http.server.ThreadingHTTPServer((address, PORT), type("Asked", (_Asked,), {"cluster": self}))
        self.server.daemon_threads = True
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, args=(0.1,), daemon=True).start()

    def allows(self, verb: str, group: str, resource: str) -> bool:
        """Whether the role allows it; what it does not is noted."""
        allowed = any(
            group in rule["apiGroups"] and resource in rule["resources"] and verb in rule["verbs"]
            for rule in self.rules
        )
        if not allowed:
            self.refused.add((verb, resource))
        return allowed

    def end(self) -> None:
        self.over.set()
        self.server.shutdown()
        self.server.server_close()


@contextlib.contextmanager
def cluster(address: str, folder: Path, namespace: str, rules: list[dict[str, list[str]]]) -> Iterator[Cluster]:
    """A stand-in that listens at an address."""
    folder.mkdir()
    made = Cluster(address, folder, namespace, rules)
    try:
        yield made
    finally:
        made.end()


def _certificate(address: str) -> tuple[bytes, bytes]:
    """A certificate for an address that is its own authority, and its key, in PEM."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "cluster")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return made.public_bytes(serialization.Encoding.PEM), key.private_bytes(serialization.Encoding.PEM, *form)


class _Asked(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    cluster: Cluster

    def handle_any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        url = urlsplit(self.path)
        if self.headers.get("Authorization") != f"Bearer {_TOKEN}":
            return self._answer(401, {"kind": "Status", "code": 401})
        if url.path in _DISCOVERY:
            return self._answer(200, _DISCOVERY[url.path])
        found = _PATH.match(url.path)
        query = parse_qs(url.query)
        watched = "watch" in query
        if not found or found["namespace"] != self.cluster.namespace:
            self.cluster.refused.add((self.command, url.path))
            return self._answer(403, {"kind": "Status", "code": 403})
        verb = _VERBS[self.command]
        if verb == "get" and not found["name"]:
            verb = "watch" if watched else "list"
        resource = found["kind"] + (found["part"] or "")
        if not self.cluster.allows(verb, found["group"] or "", resource):
            return self._answer(403, {"kind": "Status", "code": 403, "message": f"may not {verb} {resource}"})
        if verb == "watch":
            return self._hold()
        if verb == "list":
            kind, group = _KINDS[found["kind"]]
            version = f"{group}/v1" if group else "v1"
            listed = {"kind": f"{kind}List", "apiVersion": version, "metadata": {"resourceVersion": "1"}, "items": []}
            return self._answer(200, listed)
        if verb == "create" and found["kind"] == "jobs":
            return self._answer(201, self._made(json.loads(body)))
        if found["name"] in self.cluster.jobs:
            return self._answer(200, self.cluster.jobs[found["name"]])
        return self._answer(404, {"kind": "Status", "code": 404})

    def _made(self, job: dict[str, Any]) -> dict[str, Any]:
        name = f"{job['metadata']['generateName']}{len(self.cluster.jobs):05x}"
        job["metadata"] |= {"name": name, "uid": f"uid-{name}", "resourceVersion": "2"}
        self.cluster.jobs[name] = job
        return job

    def _hold(self) -> None:
        """A watch in which nothing happens."""
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.flush()
        self.cluster.over.wait(600)
        self.close_connection = True

    def _answer(self, status: int, content: dict[str, Any]) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = handle_any  # noqa: N815

    def log_message(self, *arguments: object) -> None:
        pass


def _resource(name: str, kind: str) -> dict[str, Any]:
    verbs = ["create", "delete", "get", "list", "patch", "update", "watch"]
    return {"name": name, "singularName": name[:-1], "namespaced": True, "kind": kind, "verbs": verbs}


_BATCH = {"groupVersion": "batch/v1", "version": "v1"}
_DISCOVERY: dict[str, dict[str, Any]] = {
    "/version": {"major": "1", "minor": "32", "gitVersion": "v1.32.4"},
    "/api": {"kind": "APIVersions", "versions": ["v1"]},
    "/apis": {"kind": "APIGroupList", "groups": [{"name": "batch", "versions": [_BATCH], "preferredVersion": _BATCH}]},
    "/api/v1": {"kind": "APIResourceList", "groupVersion": "v1", "resources": [_resource("pods", "Pod")]},
    "/apis/batch/v1": {"kind": "APIResourceList", "groupVersion": "batch/v1", "resources": [_resource("jobs", "Job")]},
}
