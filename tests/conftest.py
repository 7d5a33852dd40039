"""Real projects for the tests: Web of Science records and MiniLM from PyPI packages, and papers beside the project."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["PREFECT_SERVER_ANALYTICS_ENABLED"] = "false"
os.environ.setdefault("PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW", "ignore")
# Under nohup a process ignores SIGHUP, and so do all that it starts: tests of runs that end by it would wait in vain.
signal.signal(signal.SIGHUP, signal.SIG_DFL)

PAPERS = 240
# What is drawn after the export has tests of its own; the others run without it.
NO_PICTURES = {"quality": False, "figures": False, "report": False}
DIRECTIVE = "settings_analysis_directive_2026-01-01-00-00.json"
SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


class Project:
    """A project on disk, with its one analysis and its settings."""

    def __init__(self, root: Path, name: str = "wos") -> None:
        self.root = root
        self.path = root / name
        self.profile = self.path / "f01" / "e01"
        self.dataset = self.path / "f01" / "dataset_raw_cleaned.csv"
        self.analysis = self.path / "a01"

    def write_settings(self, analysis: str = "a01", params: dict[str, Any] | None = None, **tmo: Any) -> Path:
        """Write the settings of an analysis, and return its folder."""
        folder = self.path / analysis
        folder.mkdir(parents=True, exist_ok=True)
        content = {
            "metadata": {"project_folder": self.path.name, "filtered_folder": "f01", "analysis_id": analysis},
            "params": params or {},
            "tmo": {"embeds_folder": "e01", "min_topic_size": 5, "pictures": NO_PICTURES, **tmo},
        }
        (folder / DIRECTIVE).write_text(json.dumps(content), encoding="utf-8")
        return folder

    def output(self, name: str) -> Path:
        return self.analysis / name

    def store_entries(self, stage: str) -> list[Path]:
        return sorted((self.path / ".topicloom" / stage).glob("[!.]*"))


def made_once(tmp_path_factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """A folder that the first of the processes that run tests makes, for all of them. Not to be changed."""
    from filelock import FileLock

    own = tmp_path_factory.getbasetemp()
    shared = own.parent if os.environ.get("PYTEST_XDIST_WORKER") else own
    folder = shared / name
    with FileLock(shared / f"{name}.lock"):
        if not folder.is_dir():
            begun = Path(tempfile.mkdtemp(dir=shared, prefix=f"{name}."))
            make(begun)
            begun.rename(folder)
    return folder


def embed(project: Project, papers: pd.DataFrame) -> None:
    """Make these papers the project's, and its embeddings by MiniLM; those of texts that have one are kept."""
    from topicloom.inputs.encoder import make_embeddings
    from topicloom.inputs.kept_vectors import set_vectors_aside
    from topicloom.settings.reading import read_settings
    from topicloom.store.store import Store

    set_vectors_aside(project.profile)
    papers.to_csv(project.dataset, index=False)
    settings = read_settings(project.write_settings(transformer_model="all-MiniLM-L6-v2"))
    make_embeddings(settings, Store(settings.store_path))
    shutil.rmtree(settings.store_path)
    project.write_settings()


@pytest.fixture(scope="session")
def demo_papers(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """The 500 records of the demo, every column a text."""
    import pandas as pd

    from topicloom.inputs.demo import make_demo_project

    demo = make_demo_project(tmp_path_factory.mktemp("demo"))
    return pd.read_csv(demo.parent / "f01" / "dataset_raw_cleaned.csv", dtype=str)


@pytest.fixture(scope="session")
def wos_project(demo_papers: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """240 Web of Science papers with MiniLM embeddings, never run. Copy it before use."""

    def make(root: Path) -> None:
        project = Project(root)
        project.dataset.parent.mkdir(parents=True)
        embed(project, demo_papers.head(PAPERS))

    return Project(made_once(tmp_path_factory, "papers", make))


@pytest.fixture(scope="session")
def demo_project(wos_project: Project, demo_papers: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """All 500 records of the demo with MiniLM embeddings, never run. Copy it before use."""

    def make(root: Path) -> None:
        embed(copied(wos_project, root), demo_papers)

    return Project(made_once(tmp_path_factory, "records", make))


@pytest.fixture(scope="session")
def demo_vectors(demo_project: Project) -> NDArray[np.float32]:
    """The embeddings of the demo's 500 records, (500, 384)."""
    import numpy as np

    return np.load(demo_project.profile / "embeddings.npy")


@pytest.fixture(scope="session")
def demo_reduced(demo_vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """The demo's 500 records as a run clusters them, (500, 5)."""
    from topicloom.settings.clusters import UmapSettings
    from topicloom.space.umap_fit import fit_umap, reduced_vectors

    return reduced_vectors(fit_umap(demo_vectors, UmapSettings(), 100))


def copied(project: Project, root: Path) -> Project:
    shutil.copytree(project.root, root, dirs_exist_ok=True)
    return Project(root, project.path.name)


@pytest.fixture
def project(wos_project: Project, tmp_path: Path) -> Project:
    """A copy of the small project that a test may change."""
    return copied(wos_project, tmp_path / "fresh")


@pytest.fixture(scope="session")
def prefect_server() -> Iterator[str]:
    """A Prefect server for the session; its API's URL."""
    from prefect.settings import PREFECT_API_URL
    from prefect.testing.utilities import prefect_test_harness

    with prefect_test_harness(server_startup_timeout=120):
        yield str(PREFECT_API_URL.value())


@pytest.fixture(scope="session")
def finished_wos_project(
    wos_project: Project, prefect_server: str, tmp_path_factory: pytest.TempPathFactory
) -> Project:
    """The small project after a first run."""
    from flows.topic_model import topic_model

    project = copied(wos_project, tmp_path_factory.mktemp("finished"))
    topic_model(project.analysis)
    return project


@pytest.fixture
def finished(finished_wos_project: Project, tmp_path: Path) -> Project:
    """A copy of the small project after a first run; the files keep their times."""
    return copied(finished_wos_project, tmp_path / "root")


@pytest.fixture
def run(prefect_server: str) -> Callable[..., Any]:
    """Run the flow in this process."""
    from flows.topic_model import topic_model

    return topic_model


@pytest.fixture
def vectors_of(request: pytest.FixtureRequest) -> Callable[[str], NDArray[np.float32]]:
    """Embeddings of real papers by the name of their corpus: `demo`, or a project beside this one, which may be absent.

    Skips where it is absent.
    """
    from topicloom.inputs.pickles import read_pickle

    def vectors(corpus: str) -> NDArray[np.float32]:
        if corpus == "demo":
            return request.getfixturevalue("demo_vectors")
        (file,) = (request.getfixturevalue("shared_data") / corpus).glob("f01/*/embeddings.pck")
        return read_pickle(file)[0]

    return vectors


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real papers beside the project."""
    if not SHARED.is_dir():
        pytest.skip("the papers beside the project are not there")
    return SHARED


@pytest.fixture(scope="module")
def serving(wos_project: Project, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """`topicloom serve` over a copy of the small project, for a file: idle it would take a seventh of a core."""
    from tests.flows.serving import Serving

    project = copied(wos_project, tmp_path_factory.mktemp("served"))
    serving = Serving(tmp_path_factory.mktemp("serving"), project)
    yield serving
    serving.stop()
    left = subprocess.run(["pgrep", "-f", f"port {serving.port}"], capture_output=True, text=True, check=False)
    assert left.stdout == ""
