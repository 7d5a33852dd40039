"""A project from exports that lie on the server, its config and deployment, and its map."""

from __future__ import annotations

import glob
import itertools
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

from prefect import flow
from prefect.artifacts import create_markdown_artifact
from prefect.deployments import run_deployment
from prefect.logging import get_run_logger
from prefect.runtime import flow_run
from prefect.settings import get_current_settings
from pydantic import Field

from flows.configs import all_configs, require_configured
from flows.hooks import ENDS
from flows.names import slug
from flows.new_config import config_for, require_configurable, root_of
from flows.server.app import NEWER_PAGES
from flows.server.deployments import deploy
from flows.server.entrance import ROUTE
from tasks.import_exports import import_exports
from topicloom.errors import InputError, Problem, shown
from topicloom.intake.file_names import ANALYSIS
from topicloom.intake.project import Imported, require_new
from topicloom.intake.telling import told
from topicloom.output_files import REPORT_FILE
from topicloom.pages.markdown import literal
from topicloom.phrasing import number_of
from topicloom.settings.projects import NamedConfig

_MOST_SHOWN = 20  # names of a folder
# What a name may hold, `_name_of` says in a sentence: of a pattern here a form would show the bare expression.
ProjectName = Annotated[str, Field(min_length=1, max_length=100)]
_NOT_IN_NAMES = "/\\%&<>:"  # a slash leads out of the root; the others no deployment's name may hold


def _run_name() -> str:
    return f"new project {flow_run.get_parameters().get('project', '')}"


@flow(name="new-project", flow_run_name=_run_name, **ENDS)
def new_project(
    project: ProjectName, exports: str, root: str | None = None, run: bool = True, quick: bool = False
) -> str:
    """Make a project from exports on the server, and compute its map.

    Args:
        project: Its folder will be called so, and so will its deployment. No slash and none of % & < > : in it, and no
            dot at its beginning.
        exports: A folder, file or pattern on the server: from the root folder on, or a whole path within a root.
        root: The folder that will hold the project; one that a config names.
        run: Start the map at once, as a run of the project's own deployment.
        quick: A first look: embeddings of the words of the texts, in seconds; a later run makes the map itself.
    """
    base = root_of(root)
    name = _name_of(base, project)
    folder, given = base / name, _given(base, exports)
    require_new(folder)
    require_configurable(base, name, ANALYSIS)
    made = import_exports(folder, str(given), [named.root for named in all_configs()], for_map=run)
    named = config_for(base, name, ANALYSIS)
    for line in deploy(all_configs()):
        get_run_logger().info("%s", line)
    begun = _start(named, quick=quick) if run else None
    _show(made, named, begun)
    return f"{name}: {number_of(made.account.kept, 'paper')}. " + (f"Its map is computed by {begun}." if begun else "")


def _name_of(root: Path, project: str) -> str:
    """The name of the project's folder. Raises InputError where it is none for a folder of the root, or is hidden."""
    name = project.strip()
    if name and not name.startswith(".") and not set(name) & set(_NOT_IN_NAMES):
        return name
    raise InputError(
        root,
        Problem(
            f"The project's name is {shown(project)}; it must be one folder's name, without a dot at its beginning and "
            f"without {' '.join(_NOT_IN_NAMES)} in it.",
            "Give it another name.",
        ),
    )


def _given(root: Path, exports: str) -> Path:
    """The exports as a path or pattern within the roots. Raises ConfigError, or InputError where there are none."""
    path = Path(exports.strip())
    path = path if path.is_absolute() else root / path
    fixed = list(itertools.takewhile(lambda part: not glob.has_magic(part), path.parts))
    require_configured(Path(*fixed))
    if ".." in path.parts[len(fixed) :]:
        raise InputError(path, Problem("A pattern holds '..', which may lead anywhere.", "Write it without."))
    if len(fixed) < len(path.parts) or path.exists():
        return path
    there = sorted(item.name for item in root.iterdir() if not item.name.startswith("."))
    more = f" and {len(there) - _MOST_SHOWN} more" if len(there) > _MOST_SHOWN else ""
    raise InputError(
        path,
        Problem(
            f"There is no such file or folder. In {root} there are: {', '.join(there[:_MOST_SHOWN]) or 'none'}{more}.",
            "Copy the exports there, or correct the path.",
        ),
    )


def _start(named: NamedConfig, *, quick: bool) -> str:
    """Start the map in the deployment of the project; its own queue says when. Returns the run's name."""
    analysis = f"{named.name}/{ANALYSIS}"
    begun: Any = run_deployment(  # a run: no coroutine, since this is no async flow
        f"topic-model/{named.name}",
        parameters={"analysis": analysis, **({"overrides": {"quick": True}} if quick else {})},
        flow_run_name=f"{named.config.project}/{ANALYSIS}",
        timeout=0,
    )
    return str(begun.name)


def _show(made: Imported, named: NamedConfig, begun: str | None) -> None:
    server = str(get_current_settings().ui_url or "").rstrip("/").removesuffix(NEWER_PAGES)
    report = f"{server}{ROUTE}/{quote(f'{named.name}/{ANALYSIS}')}/{REPORT_FILE}"
    lines = [f"# {literal(made.project.name)}", *(f"- {literal(line.strip())}" for line in told(made)), ""]
    if begun:
        lines.append(f"The map is computed by the run {literal(begun)}. Then it is here: [{REPORT_FILE}]({report})")
    else:
        lines.append(f"Next: start a run of the deployment {literal(named.name)}.")
    try:
        create_markdown_artifact(
            "\n".join(lines), key=f"{slug(made.project.name) or 'project'}-import", description="What was read"
        )
    except Exception as error:  # noqa: BLE001  # the project itself is made
        get_run_logger().warning("The page of this import could not be made (%s).", error)
    get_run_logger().info("%s", f"The map will be at {report}" if begun else f"The project: {made.project}")
