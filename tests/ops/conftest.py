"""Fixtures of the tests that run what ops/ says."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from tests.ops.boxes import Street, why_not


@pytest.fixture
def street_of(tmp_path: Path) -> Iterator[Callable[[Mapping[str, str]], Street]]:
    """Makes a street of boxes by their names and addresses, and enters its network.

    CI fails where none can be made; others skip, and say why.
    """
    reason = why_not()
    if reason and os.environ.get("CI"):
        pytest.fail(reason)
    if reason:
        pytest.skip(reason)
    with contextlib.ExitStack() as ends:

        def make(names: Mapping[str, str]) -> Street:
            street = Street(tmp_path / "street", names)
            ends.callback(street.end)
            ends.enter_context(street.entered())
            return street

        yield make
