"""Faults of the disk, in whatever class a library puts them."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from topicloom.errors import ExportError
from topicloom.store.disk import disk_errors, may_pass


def test_a_full_device_is_an_os_error_for_every_writer():
    """/dev/full is a disk without room. numpy and SQLite beside safetensors, which writes to no device."""
    from safetensors import SafetensorError

    with pytest.raises(OSError, match="No space left") as caught, disk_errors(), Path("/dev/full").open("wb") as full:
        np.save(full, np.zeros(10**6))
    assert may_pass(caught.value)
    with pytest.raises(OSError, match="No space left") as caught, disk_errors():
        raise SafetensorError("I/O error: No space left on device (os error 28)")
    assert caught.value.errno == errno.ENOSPC
    assert isinstance(caught.value.__cause__, SafetensorError)


def test_a_full_database_is_an_os_error():
    database = sqlite3.connect(":memory:")
    database.execute("pragma max_page_count = 2")
    with pytest.raises(OSError, match="No space left"), disk_errors():
        database.execute("create table full as select randomblob(1000000) as much")


def test_other_errors_stay_what_they_are():
    with pytest.raises(ValueError, match="of its own"), disk_errors():
        raise ValueError("of its own")
    with pytest.raises(FileNotFoundError), disk_errors():
        Path("/nowhere/at all").read_text()


def test_only_what_may_pass_is_tried_again():
    from prefect.states import Failed

    from tasks.policy import can_pass

    def caused_by(number: int) -> ExportError:
        error = ExportError("the outputs could not be written")
        error.__cause__ = OSError(number, "")
        return error

    assert can_pass(None, None, Failed(data=caused_by(errno.ENOSPC)))
    assert not can_pass(None, None, Failed(data=caused_by(errno.EACCES)))
    assert not can_pass(None, None, Failed(data=ExportError("bad")))
