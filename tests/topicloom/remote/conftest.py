"""A store by moto for the tests of this folder, and a proxy of faults before it."""

from __future__ import annotations

import pytest

from tests.stores import BUCKET, Faults, environment, moto_server


@pytest.fixture(scope="session")
def s3():
    with moto_server() as url:
        yield url


@pytest.fixture
def reached(s3, tmp_path, monkeypatch):
    """The environment of a worker whose store is moto's; the address of a place of this test alone."""
    for name, value in environment(s3, tmp_path / "cache").items():
        monkeypatch.setenv(name, value)
    return f"s3://{BUCKET}/{tmp_path.name}"


@pytest.fixture
def faults(s3, reached, monkeypatch):
    proxy = Faults(s3)
    monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
    yield proxy
    proxy.end()
