"""What TOPICLOOM_ENGINE may say."""

from __future__ import annotations

import pytest

from topicloom.engine import stated
from topicloom.engine.stated import EngineError, Stated, stated_engine

ALLOWED = {
    "": Stated(),
    "local": Stated(),
    "dask:4": Stated("dask", 4),
    "ray:02": Stated("ray", 2),
    "dask://head.example.org:8786": Stated("dask", 0, "tcp://head.example.org:8786"),
    "dask://[::1]:8786": Stated("dask", 0, "tcp://[::1]:8786"),
    "ray://10.0.0.1:10001": Stated("ray", 0, "ray://10.0.0.1:10001"),
}


@pytest.mark.parametrize("said", ALLOWED)
def test_an_engine_is_read(said, monkeypatch):
    monkeypatch.setenv("TOPICLOOM_ENGINE", said)
    assert stated_engine() == ALLOWED[said]


@pytest.mark.parametrize(
    "said", ["spark:4", "dask", "dask:0", "dask:-1", "dask:²", "dask://host", "ray://ho st:1", "dask://user:key@host:1"]
)
def test_another_one_is_refused_with_what_is_allowed(said, monkeypatch):
    monkeypatch.setenv("TOPICLOOM_ENGINE", said)
    with pytest.raises(EngineError, match="must be one of: dask:4 or ray:4") as caught:
        stated_engine()
    assert "Change it, or unset it" in str(caught.value)
    assert "key" not in str(caught.value)


def test_an_engine_whose_library_is_missing_is_refused(monkeypatch):
    monkeypatch.setenv("TOPICLOOM_ENGINE", "ray:2")
    monkeypatch.setattr(stated, "find_spec", lambda _: None)
    with pytest.raises(EngineError, match=r"pip install 'topicloom\[ray\]'"):
        stated_engine()
