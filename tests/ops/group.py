"""What tests ask of the boxes of a group: its server's API, its image, its configs."""

from __future__ import annotations

import shutil
from pathlib import Path

import yaml

from tests.ops.boxes import Street
from tests.ops.described import OPS, Container
from tests.prefect_api import asked
from topicloom.machine.compiled import cache_folder

LOGIN = "group:of-tests"


class Group:
    """The containers of a street, spoken to by the server's API."""

    def __init__(self, street: Street) -> None:
        self.street = street
        self.url = f"http://{street.names['server']}:4200/api"

    def api(self, path: str, body: dict | None = None, method: str = "POST"):
        return asked(f"{self.url}{path}", LOGIN, body, method)

    def begin(self, deployment: str, **parameters) -> str:
        identity = self.api(f"/deployments/name/{deployment}", method="GET")["id"]
        return self.api(f"/deployments/{identity}/create_flow_run", {"parameters": parameters})["id"]

    def end_of(self, run: str, seconds: float = 400) -> str:
        def ended() -> str:
            state = self.api(f"/flow_runs/{run}", method="GET")["state_type"]
            return state if state in ("COMPLETED", "FAILED", "CRASHED", "CANCELLED") else ""

        return self.street.wait_until(ended, seconds)

    def hosts_of(self, run: str) -> str:
        return self.api(f"/flow_runs/{run}", method="GET")["labels"]["topicloom.host"]

    def healthy(self, container: Container, seconds: float = 240) -> None:
        """Wait until a container's own check says that it is well."""

        def check() -> bool:
            assert self.street.processes[container.name].poll() is None, self.street.said(container.name)
            return self.street.inside(container.name, container.check).returncode == 0

        self.street.wait_until(check, seconds)


def warmed(street: Street) -> None:
    """Run the last command of the Dockerfile, as its user; what it has compiled is in the image.

    What this machine has compiled of the libraries is there; the program lies elsewhere in a box, so its loops are not.
    """
    assert "RUN topicloom warmup\n" in (OPS / "Dockerfile").read_text()
    kept = cache_folder()
    shutil.copytree(kept, street.folder / "cache" / "topicloom" / "numba" / kept.name)
    assert "Compiled in" in street.run("image", ["topicloom", "warmup"], {}, warm=str(street.folder / "cache"))
    assert "there already" in street.run("again", ["topicloom", "warmup"], {}, warm="image")


def folder_of_configs(folder: Path, **configs: dict) -> Path:
    folder.mkdir()
    for name, content in configs.items():
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(content))
    return folder
