"""The compose files: what they bind, demand and share; and that the bucket is asked for as S3 wants it."""

from __future__ import annotations

import datetime
import hashlib
import http.server
import re
import subprocess
import threading

import pytest
import yaml

from flows.names import POOL
from tests.ops.described import COMPOSE_FILES, OPS, compose

VARIABLES = {
    "PREFECT_SERVER_API_AUTH_STRING": "group:of-tests",
    "POSTGRES_PASSWORD": "of-the-database",
    "AWS_ACCESS_KEY_ID": "AKIAOFTHETEST",
    "AWS_SECRET_ACCESS_KEY": "secret/of+the=test",
    "TOPICLOOM_PROJECTS": "/srv/bibliometrics",
}


def services(name: str) -> dict:
    return yaml.safe_load((OPS / name).read_text())["services"]


@pytest.mark.parametrize("name", COMPOSE_FILES)
def test_nothing_is_published_but_to_this_machine(name):
    published = [port for service in services(name).values() for port in service.get("ports", [])]
    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)


@pytest.mark.parametrize("name", COMPOSE_FILES)
@pytest.mark.parametrize("variable", sorted(VARIABLES))
def test_no_key_stands_in_the_file_and_one_that_is_missing_is_demanded(name, variable):
    content = (OPS / name).read_text()
    if f"${{{variable}" not in content:
        assert (name, variable) in {("compose.yaml", "AWS_ACCESS_KEY_ID"), ("compose.yaml", "AWS_SECRET_ACCESS_KEY"),
                                    ("compose.store.yaml", "TOPICLOOM_PROJECTS")}  # fmt: skip
        return
    assert f"${{{variable}:?" in content
    with pytest.raises(KeyError, match=variable):
        compose(name, {known: value for known, value in VARIABLES.items() if known != variable})


@pytest.mark.parametrize("name", COMPOSE_FILES)
def test_the_env_file_says_all_that_may_be_set(name):
    wanted = set(re.findall(r"(?<!\$)\$\{(\w+)", (OPS / name).read_text()))
    lines = (OPS / "env.example").read_text().splitlines()
    assert wanted <= {line.removeprefix("# ").split("=")[0] for line in lines if "=" in line}


@pytest.mark.parametrize("name", COMPOSE_FILES)
def test_the_login_of_the_server_and_its_database_are_the_servers_alone(name):
    for service, container in compose(name, VARIABLES).items():
        secrets = {key for key in container.environment if key.startswith("PREFECT_SERVER_DATABASE")}
        assert bool(secrets) == (service == "server")
        if service.startswith("worker"):
            assert container.environment["PREFECT_API_AUTH_STRING"] == VARIABLES["PREFECT_SERVER_API_AUTH_STRING"]
            assert VARIABLES["POSTGRES_PASSWORD"] not in str(container.environment)


@pytest.mark.parametrize("name", COMPOSE_FILES)
def test_containers_have_no_more_rights_than_they_need(name):
    for service, content in services(name).items():
        assert content["security_opt"] == ["no-new-privileges:true"], service
        # PostgreSQL's begins as root, and gives its folder to its own user.
        assert ("cap_drop" in content) == (service != "database"), service
        assert "privileged" not in content


@pytest.mark.parametrize("name", COMPOSE_FILES)
def test_a_worker_is_known_by_a_name_that_stays_and_begins_no_other(name):
    workers = {key: content for key, content in services(name).items() if key.startswith("worker")}
    assert len(workers) == {"compose.yaml": 1, "compose.store.yaml": 2}[name]
    for key, content in workers.items():
        assert content["hostname"] == key
        assert f"--pool {POOL} " in content["command"]
        assert f"--name {key} " in content["command"]
    # By the beginning of a worker's name it is told whether other machines work: flows/server/dead_runs.py.
    names = list(workers)
    assert not [(one, other) for one in names for other in names if one != other and other.startswith(one)]


def test_the_workers_share_no_folder_that_they_write_to():
    one, two = (services("compose.store.yaml")[name]["volumes"] for name in ("worker-one", "worker-two"))
    assert all(volume.endswith(":ro") for volume in {*one} & {*two})
    assert {volume for volume in {*one, *two} if not volume.endswith(":ro")} == {
        "cache-one:/var/cache/topicloom",
        "cache-two:/var/cache/topicloom",
    }


def test_both_files_hold_one_server():
    plain, store = (services(name)["server"] for name in COMPOSE_FILES)
    assert plain["command"] == store["command"]
    assert plain["healthcheck"] == store["healthcheck"]
    assert plain["ports"] == store["ports"]
    assert services("compose.yaml")["database"] == services("compose.store.yaml")["database"]


class _Asked(http.server.BaseHTTPRequestHandler):
    answers: list[int]
    seen: list[tuple[str, str, dict[str, str]]]

    def do_PUT(self) -> None:
        self.seen.append((self.command, self.path, {name.lower(): value for name, value in self.headers.items()}))
        self.send_response_only(self.answers[min(len(self.seen), len(self.answers)) - 1])
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def asked():
    """A server that notes what it is asked; its URL and its handler."""
    handler = type("Asked", (_Asked,), {"answers": [200], "seen": []})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", handler
    server.shutdown()
    server.server_close()
    thread.join()


def make_bucket(url: str) -> subprocess.CompletedProcess[str]:
    """Run the command of the service `bucket` as written, against another address."""
    bucket = compose("compose.store.yaml", VARIABLES)["bucket"]
    environment = {**bucket.environment, "AWS_ENDPOINT_URL": url, "PATH": "/usr/bin:/bin"}
    return subprocess.run(bucket.command, env=environment, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("status", [200, 409])
def test_the_bucket_is_made_and_one_that_is_there_is_no_fault(asked, status):
    """Its signature is recomputed by Amazon's own library: moto's server, which other tests use, checks none."""
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    url, handler = asked
    handler.answers = [status]
    done = make_bucket(url)
    assert done.returncode == 0, done.stderr
    ((method, path, headers),) = handler.seen
    assert (method, path) == ("PUT", "/maps")
    assert headers["x-amz-content-sha256"] == hashlib.sha256(b"").hexdigest()
    said = re.fullmatch(
        r"AWS4-HMAC-SHA256 Credential=(\w+)/(\d{8})/us-east-1/s3/aws4_request, ?SignedHeaders=([\w;-]+), ?Signature=(\w+)",
        headers["authorization"],
    )
    assert said, headers["authorization"]
    signed = {name: headers[name] for name in said[3].split(";")}
    request = AWSRequest("PUT", f"{url}/maps", headers=signed)
    request.context["timestamp"] = headers["x-amz-date"]
    signer = SigV4Auth(
        Credentials(VARIABLES["AWS_ACCESS_KEY_ID"], VARIABLES["AWS_SECRET_ACCESS_KEY"]), "s3", "us-east-1"
    )
    canonical = "\n".join(
        ["PUT", "/maps", "", *(f"{name}:{value}" for name, value in sorted(signed.items())), "", said[3],
         hashlib.sha256(b"").hexdigest()]
    )  # fmt: skip
    assert signer.signature(signer.string_to_sign(request, canonical), request) == said[4]
    assert said[1] == VARIABLES["AWS_ACCESS_KEY_ID"]
    assert said[2] == datetime.datetime.now(datetime.UTC).strftime("%Y%m%d")
    assert done.stdout == f"bucket: {status}\n"
    assert VARIABLES["AWS_SECRET_ACCESS_KEY"] not in done.stdout + done.stderr


def test_a_store_that_is_not_up_yet_is_asked_again_and_one_that_refuses_is_a_fault(asked):
    url, handler = asked
    handler.answers = [503, 200]
    assert make_bucket(url).returncode == 0
    assert len(handler.seen) == 2
    handler.answers, handler.seen[:] = [403], []
    assert make_bucket(url).returncode != 0
