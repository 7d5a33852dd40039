"""Containers without an engine: a root folder, network, name and user of their own, by the kernel's means alone.

Each box sees this machine's files under a layer that is its own, the checkout at /opt/topicloom, and nothing of Python
that the image does not have. Boxes reach each other by their names over a bridge that nothing else is on.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from tests.ops.described import OPS, REPOSITORY
from tests.ops.image import image_only

T = TypeVar("T")
_CLONE_NEWNET = 0x40000000
HOST = "10.77.0.1"  # where what the tests themselves start listens
_OURS = {"PYTHONPATH": "/opt/path:/opt/topicloom", "HF_HUB_OFFLINE": "1", "PREFECT_WORKER_QUERY_SECONDS": "1"}
_PASSED_ON = '"$@"'
_PROGRAMS = {
    "topicloom": "-c 'from flows.console.cli import main; main()'",
    "prefect": "-m prefect",
    "python": "",
}


def image_environment() -> dict[str, str]:
    """The variables that the Dockerfile sets, and those that an engine does."""
    text = (OPS / "Dockerfile").read_text().replace("\\\n", " ")
    (line,) = re.findall(r"^ENV (.*)$", text, re.MULTILINE)
    stated = dict(word.split("=", 1) for word in line.split())
    path = stated.pop("PATH").replace("$PATH", "/usr/local/bin:/usr/bin:/bin")
    return {"PATH": path, "HOME": "/home/topicloom", "LANG": "C.UTF-8", **stated}


def image_user() -> list[str]:
    """The numbers of user and group in the Dockerfile."""
    (user,) = re.findall(r"^USER (\d+:\d+)$", (OPS / "Dockerfile").read_text(), re.MULTILINE)
    return user.split(":")


@dataclass(frozen=True)
class Mount:
    """A folder of the box. source: of this machine; None makes an empty one."""

    target: str
    source: Path | None = None
    read_only: bool = False


@dataclass
class Street:
    """Boxes that reach each other. names: the address of each, beside those of the tests' own servers."""

    folder: Path
    names: Mapping[str, str]
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True)
        hosts = ["127.0.0.1 localhost", *(f"{address} {name}" for name, address in self.names.items())]
        (self.folder / "hosts").write_text("\n".join(hosts) + "\n")
        (self.folder / "sitecustomize.py").write_text(image_only())
        begin = f"""
            set -e
            mount -t tmpfs tmpfs /run
            mount -t tmpfs -o mode=755 tmpfs /mnt
            mount --bind {self.folder}/hosts /etc/hosts
            ip link set lo up
            ip link add street type bridge
            ip address add {HOST}/24 dev street
            ip link set street up
            touch {self.folder}/built
            exec sleep infinity
        """
        command = ["unshare", "--net", "--mount", "--uts", "sh", "-c", begin]
        with (self.folder / "street.log").open("wb") as log:
            self.keeper = subprocess.Popen(command, stdout=log, stderr=log)
        self.wait_until(lambda: (self.folder / "built").exists() or self.keeper.poll() is not None, 30)
        assert self.keeper.poll() is None, (self.folder / "street.log").read_text()

    @contextlib.contextmanager
    def entered(self) -> Iterator[None]:
        """This thread, and what it starts, on the street's network."""
        libc = ctypes.CDLL(None, use_errno=True)

        def enter(descriptor: int) -> None:
            if libc.setns(descriptor, _CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns")

        with Path("/proc/self/ns/net").open() as before, Path(f"/proc/{self.keeper.pid}/ns/net").open() as street:
            enter(street.fileno())
            try:
                yield
            finally:
                enter(before.fileno())

    def start(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        mounts: Sequence[Mount] = (),
        *,
        read_only: bool = False,
        warm: str = "",
    ) -> None:
        """Start a box. warm: the box that ended before, or the folder, whose compiled code it begins with."""
        script = self._built(name, mounts, read_only=read_only, warm=warm)
        variables = [f"{key}={value}" for key, value in {**image_environment(), **environment, **_OURS}.items()]
        user, group = image_user()
        inside = [
            "setpriv",
            "--reuid",
            user,
            "--regid",
            group,
            "--clear-groups",
            "--no-new-privs",
            "--bounding-set=-all",
        ]
        inside += ["env", "-i", *variables, "env", "-C", "/opt/topicloom", *command]
        script += f"\nexec chroot /mnt/{name}/root {shlex.join(inside)}\n"
        begin = ["unshare", "--mount", "--uts", "sh", "-c", script]
        if name in self.names:
            self._join_network(name)
            begin = ["ip", "netns", "exec", name, *begin]
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen([*self._entering(), *begin], stdout=log, stderr=log)

    def _entering(self) -> list[str]:
        return ["nsenter", "-t", str(self.keeper.pid), "--net", "--mount"]

    def _join_network(self, name: str) -> None:
        address = self.names[name]
        end = f"box{address.rpartition('.')[2]}"
        script = f"""
            set -e
            [ -e /run/netns/{name} ] && exit
            ip netns add {name}
            ip link add {end} type veth peer name eth0 netns {name}
            ip link set {end} master street up
            ip -n {name} address add {address}/24 dev eth0
            ip -n {name} link set eth0 up
            ip -n {name} link set lo up
        """
        subprocess.run([*self._entering(), "sh", "-c", script], check=True, capture_output=True)

    def _built(self, name: str, mounts: Sequence[Mount], *, read_only: bool, warm: str) -> str:
        root, owner = f"/mnt/{name}/root", ":".join(image_user())
        programs = [
            f"echo {shlex.quote(f'#!/bin/sh{chr(10)}exec {sys.executable} {how} {_PASSED_ON}')} > {root}/opt/venv/bin/{program}"
            for program, how in _PROGRAMS.items()
        ]
        lines = [
            "set -e",
            f"mkdir -p /mnt/{name}/upper /mnt/{name}/work {root}",
            f"mount -t overlay overlay -o lowerdir=/,upperdir=/mnt/{name}/upper,workdir=/mnt/{name}/work {root}",
            *(f"mount --rbind /{part} {root}/{part}" for part in ("proc", "sys", "dev")),
            f"mount --bind {self.folder}/hosts {root}/etc/hosts",
            f"mkdir -p {root}/opt/topicloom {root}/opt/venv/bin {root}/srv/topicloom/configs "
            f"{root}/home/topicloom/.prefect {root}/home/topicloom/.cache {root}/var/cache/topicloom",
            f"chmod a+rx {root}/root",  # where Python itself may lie
            *programs,
            f"chmod a+rx {root}/opt/venv/bin/*",
            f"mkdir -p {root}/opt/path && cp {self.folder}/sitecustomize.py {root}/opt/path/",
            f"mount --bind {REPOSITORY} {root}/opt/topicloom",
            f"mount -o remount,bind,ro {root}/opt/topicloom",
        ]
        if warm:
            kept = warm if warm.startswith("/") else f"/mnt/{warm}/upper/home/topicloom/.cache"
            lines.append(f"cp -R {kept}/. {root}/home/topicloom/.cache/")
        lines.append(f"chown -R {owner} {root}/home/topicloom {root}/srv/topicloom {root}/var/cache/topicloom")
        for number, mount in enumerate(mounts):
            source = mount.source or f"/mnt/{name}/volume-{number}"
            target = f"{root}{mount.target}"
            lines += [f"mkdir -p {source} {target}", f"mount --bind {source} {target}"]
            lines += [f"mount -o remount,bind,ro {target}"] if mount.read_only else [f"chown {owner} {target}"]
        # Python stays where it is, also where a volume lies over the folder that it is in.
        lines += [f"mkdir -p {root}{sys.prefix}", f"mount --bind {sys.prefix} {root}{sys.prefix}"]
        if read_only:
            lines.append(f"mount -o remount,bind,ro {root}")
        lines.append(f"hostname {name}")
        return "\n".join(lines)

    def run(
        self, name: str, command: Sequence[str], environment: Mapping[str, str], *more, seconds=600, **options
    ) -> str:
        """Run a box to its end; what it has said. Fails where it did."""
        self.start(name, command, environment, *more, **options)
        code = self.processes.pop(name).wait(timeout=seconds)
        assert code == 0, self.said(name)
        return self.said(name)

    def inside(self, name: str, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        """Run a command in a box that runs, as the check of an engine does."""
        process = self.main_process(name)
        environment = [part for part in Path(f"/proc/{process}/environ").read_text().split("\0") if part]
        user, group = image_user()
        own = ["setpriv", "--reuid", user, "--regid", group, "--clear-groups", "env", "-i", *environment, *command]
        entered = [
            "nsenter",
            "-t",
            str(process),
            "--net",
            "--mount",
            "--uts",
            f"--root=/proc/{process}/root",
            "--wd=/opt",
        ]
        return subprocess.run([*entered, *own], capture_output=True, text=True, check=False, timeout=120)

    def main_process(self, name: str) -> int:
        """The first process of a box."""
        return self.processes[name].pid

    def kill(self, name: str) -> None:
        """End a box at once, as if its machine had lost its power."""
        namespace = Path(f"/proc/{self.main_process(name)}/ns/uts").readlink()
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if (process / "ns" / "uts").readlink() == namespace:
                    os.kill(int(process.name), signal.SIGKILL)
        self.processes.pop(name).wait(timeout=60)

    def end(self) -> None:
        """End all boxes, and the street."""
        for name in list(self.processes):
            with contextlib.suppress(OSError, subprocess.TimeoutExpired):
                self.kill(name)
        self.keeper.kill()
        self.keeper.wait()

    def said(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def wait_until(self, done: Callable[[], T], seconds: float) -> T:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if found := done():
                return found
            time.sleep(0.3)
        raise TimeoutError({name: self.said(name)[-3000:] for name in self.processes})


def why_not() -> str:
    """Why boxes cannot be made here; empty where they can."""
    missing = [name for name in ("unshare", "nsenter", "setpriv", "ip", "chroot") if shutil.which(name) is None]
    if missing:
        return f"no {', '.join(missing)} here"
    attempt = """
        mount -t tmpfs tmpfs /mnt && mkdir /mnt/u /mnt/w /mnt/r && ip link add street type bridge &&
        mount -t overlay overlay -o lowerdir=/,upperdir=/mnt/u,workdir=/mnt/w /mnt/r
    """
    done = subprocess.run(
        ["unshare", "--net", "--mount", "--uts", "sh", "-c", attempt], capture_output=True, text=True, check=False
    )
    return "" if done.returncode == 0 else f"this machine does not allow it: {done.stderr.strip()}"
