"""A PostgreSQL server for tests, from Debian's package."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest


@contextlib.contextmanager
def postgresql_server(port: int, address: str = "127.0.0.1", user: str = "postgres") -> Iterator[Path]:
    """A server of our own with an empty database `prefect`, which trusts whoever reaches it; its folder."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not programs:
        if os.environ.get("CI"):
            pytest.fail("CI must install PostgreSQL: .ci/run does")
        pytest.skip("no PostgreSQL on this machine; install the package postgresql")
    folder = Path("/tmp") / f"topicloom-postgres-{os.getpid()}"
    folder.mkdir()
    shutil.chown(folder, "postgres")

    def as_postgres(*command: object) -> None:
        prefix = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        subprocess.run([*prefix, *map(str, command)], check=True, capture_output=True, cwd=folder)

    bins, data = programs[-1], folder / "data"
    as_postgres(bins / "initdb", "-D", data, "--auth=trust", "--username", user)
    if address != "127.0.0.1":
        with (data / "pg_hba.conf").open("a") as file:
            file.write(f"host all all {address}/24 trust\n")
    as_postgres(
        bins / "pg_ctl", "-D", data, "-w", "-o", f"-p {port} -k {folder} -h {address}", "-l", folder / "log", "start"
    )
    as_postgres(bins / "createdb", "-h", address, "-p", port, "--username", user, "prefect")
    try:
        yield folder
    finally:
        as_postgres(bins / "pg_ctl", "-D", data, "-m", "immediate", "stop")
        shutil.rmtree(folder)
