"""The YAML of one scheduled project in configs/: what is deployed, when it runs, and who hears of it."""

from __future__ import annotations

import json
import re
import zoneinfo
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from topicloom.errors import InputError, Problem, problem_of
from topicloom.remote.address import address_of, is_address
from topicloom.settings.documents import read_document
from topicloom.settings.overrides import Overrides
from topicloom.settings.section import FolderName

SCHEMA = "schema.json"
CONFIG_SUFFIXES = (".yaml", ".yml")
COMMON_DEPLOYMENTS = ("new-project", "stage", "sweep")  # of all projects together; no config may be called so
SPREAD_STAGE = "spread-stage"  # by which runs that are spread ask for a stage; no config may be called so either


class ConfigError(InputError):
    """A project config is missing, unreadable, or holds a value that is not allowed."""


def _cron(expression: str) -> str:
    from cronsim import CronSim, CronSimError

    try:
        CronSim(expression, datetime(2026, 1, 1))  # only its form is asked for
    except CronSimError as error:
        raise ValueError(
            f"{expression!r} is no cron expression ({error}); write minute, hour, day, month and weekday, "
            "such as '0 6 * * 1' for Mondays at six"
        ) from error
    return expression


def _timezone(name: str) -> str:
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(f"{name!r} is no time zone; write one such as 'Europe/Berlin' or 'Asia/Tokyo'") from error
    return name


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Schedule(_Part):
    """When an analysis runs: a cron expression with its time zone, or an interval."""

    analysis: FolderName | None = Field(None, description="Analysis that it runs; each of the project if left out.")
    cron: Annotated[str, AfterValidator(_cron)] | None = Field(None, description="Such as '0 6 * * 1'.")
    timezone: Annotated[str, AfterValidator(_timezone)] = Field("UTC", description="Time zone of cron.")
    interval_hours: float | None = Field(
        None, ge=0.01, le=87_600, description="Hours from one run to the next, counted from 1 January 2026 in UTC."
    )
    active: bool = Field(True, description="false keeps the schedule and starts no run.")
    catch_up: bool | None = Field(
        None,
        description="Whether a run that fell due while the machine was off starts once, when it is on again. "
        "Left out: with interval_hours yes, with cron no.",
    )
    overrides: Overrides = Field(default_factory=Overrides, description="For the runs of this schedule.")

    @model_validator(mode="after")
    def _one_of_both(self) -> Schedule:
        if (self.cron is None) == (self.interval_hours is None):
            raise ValueError("a schedule needs either cron or interval_hours, and not both")
        return self

    @property
    def catches_up(self) -> bool:
        """Whether a missed run is made up for: as said, else where it is an interval."""
        return self.interval_hours is not None if self.catch_up is None else self.catch_up

    @property
    def interval(self) -> timedelta | None:
        """The interval, if it is one."""
        return None if self.interval_hours is None else timedelta(hours=self.interval_hours)


class Concurrency(_Part):
    """How many runs of the project may be under way, and what becomes of one more."""

    limit: int = Field(1, ge=1, description="Most runs of this project at once.")
    on_collision: Literal["wait", "cancel"] = Field(
        "wait", description="One run more waits for its turn, or is cancelled."
    )

    @property
    def waits(self) -> bool:
        """Whether a run too many waits."""
        return self.on_collision == "wait"


class Notifications(_Part):
    """Who hears of the end of a run: a webhook that takes a JSON message."""

    webhook: str = Field(pattern=r"^https?://", description="URL that a message is posted to.")
    when: list[Literal["failure", "success"]] = Field(["failure"], min_length=1, description="Ends that are told.")


class ProjectConfig(_Part):
    """One project: its folder, its analyses, and how they are deployed."""

    root: str = Field(
        description="Folder that holds the project, relative to the folder above configs/; or an address, such as "
        "s3://BUCKET/PREFIX."
    )
    project: FolderName = Field(description="Folder of the project.")
    analyses: list[FolderName] = Field(min_length=1, description="Folders of its analyses; the first is the default.")
    description: str = Field("", description="What the UI says of the deployment, in Markdown.")
    schedules: list[Schedule] = Field([], description="When its analyses run by themselves.")
    overrides: Overrides = Field(default_factory=Overrides, description="For every run of the project.")
    tags: list[str] = Field([], description="Tags of the deployment.")
    concurrency: Concurrency = Field(default_factory=Concurrency)
    notifications: Notifications | None = None
    optional: bool = Field(False, description="Deploy it only where the folder of the project is there.")
    spread: bool = Field(
        False, description="Let any worker compute each stage of a run; for projects in an object store."
    )

    @model_validator(mode="after")
    def _schedules_name_analyses(self) -> ProjectConfig:
        for schedule in self.schedules:
            if schedule.analysis is not None and schedule.analysis not in self.analyses:
                raise ValueError(
                    f"a schedule names the analysis {schedule.analysis!r}, which is not among analyses: "
                    f"{', '.join(self.analyses)}"
                )
        return self

    @model_validator(mode="after")
    def _spread_over_a_store(self) -> ProjectConfig:
        if self.spread and not is_address(self.root):
            raise ValueError(
                f"spread: true needs a project in an object store, and root is {self.root}, a folder of one machine"
            )
        return self


class NamedConfig(_Part):
    """A project config with the file that it was read from. name: of the file, and of the deployment."""

    name: str
    path: Path
    config: ProjectConfig

    @property
    def root(self) -> Path:
        """The folder that holds the project; its address where it lies in an object store."""
        if is_address(self.config.root):
            return Path(str(address_of(self.config.root)))
        root = Path(self.config.root).expanduser()
        return root if root.is_absolute() else self.path.resolve().parent.parent / root

    @property
    def is_shared(self) -> bool:
        """Whether the project lies in an object store."""
        return is_address(self.root)

    @property
    def is_there(self) -> bool:
        """Whether the folder of the project is there; in an object store nobody looks before a run does."""
        return is_address(self.root) or (self.root / self.config.project).is_dir()

    def analysis_path(self, analysis: str) -> Path:
        """The folder of one of its analyses."""
        return self.root / self.config.project / analysis


def read_configs(folder: Path) -> list[NamedConfig]:
    """Read every project config of a folder, in the order of their names.

    Raises ConfigError for a file that is not valid, or when two of them hold one analysis or have one name.
    """
    paths = sorted(path for path in folder.glob("*.y*ml") if path.suffix in CONFIG_SUFFIXES)
    if not paths:
        raise ConfigError(folder, Problem("It holds no project config (*.yaml).", "Write one, as configs/demo.yaml."))
    configs = [read_named(path) for path in paths]
    _require_distinct(configs)
    return configs


def read_named(path: Path) -> NamedConfig:
    """Read one project config, with the name that its file gives it. Raises ConfigError."""
    require_free_name(path)
    return NamedConfig(name=path.stem, path=path, config=read_config(path))


def plain_name(name: str) -> str:
    """A config's name as Prefect's slugs have it: two configs must differ in it."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def require_free_name(path: Path) -> None:
    """Raise ConfigError where a deployment and its queue cannot be called as the file is."""
    if path.stem.lower() in (*COMMON_DEPLOYMENTS, SPREAD_STAGE):
        fault = f"A config called {path.stem} would share the queue of the deployment {path.stem.lower()}."
    elif forbidden := sorted(set(path.stem) & set("/%&<>")):
        fault = f"Its name holds {' '.join(forbidden)}, which a deployment's name must not hold."
    elif not re.search(r"[a-z0-9]", path.stem.lower()):
        fault = "Its name holds no letter from a to z and no digit."
    else:
        return
    raise ConfigError(path, Problem(fault, "Give the file another name, such as that of the project."))


def read_config(path: Path) -> ProjectConfig:
    """Read one project config. Raises ConfigError with every problem of the file."""
    document = read_document(path, ConfigError, yaml_form=True)
    content = document.content
    if not isinstance(content, dict):
        raise ConfigError(path, Problem("It is no mapping of names to values.", "Write it as configs/demo.yaml is."))
    if document.repeats:
        raise ConfigError(path, [repeat.problem for repeat in document.repeats])
    try:
        return ProjectConfig.model_validate(content)
    except ValidationError as error:
        raise ConfigError(path, [_problem(details) for details in error.errors()]) from error


def _problem(details: Any) -> Problem:
    where = ".".join(str(part) for part in details["loc"] if not str(part).startswith("function-"))
    match details["type"]:
        case "missing":
            return Problem(f"{where} is missing.", f"Add {where}.")
        case "extra_forbidden":
            return Problem(f"{where} is no name that is known here.", "Correct it, or take it out.")
    return problem_of(where or "the file", details)


def _require_distinct(configs: Sequence[NamedConfig]) -> None:
    seen: dict[Path, NamedConfig] = {}
    names: dict[str, NamedConfig] = {}
    for named in configs:
        like = plain_name(named.name)
        if like in names:
            raise ConfigError(
                named.path,
                Problem(
                    f"Its name is too like that of {names[like].path.name}; both would be {like} to Prefect.",
                    "Give one of them another name.",
                ),
            )
        names[like] = named
        for analysis in named.config.analyses:
            path = named.analysis_path(analysis)
            if path in seen:
                raise ConfigError(
                    named.path,
                    Problem(
                        f"The analysis {path} stands in {seen[path].path.name} too; two deployments would run it.",
                        "Take it out of one of them.",
                    ),
                )
            seen[path] = named


def missing_folders(configs: Sequence[NamedConfig]) -> Iterator[str]:
    """For each analysis folder that is not there, a line that says so and what to do."""
    for named in configs:
        for analysis in named.config.analyses:
            path = named.analysis_path(analysis)
            if not is_address(path) and not path.is_dir():
                yield f"{named.path}: {path} is not there; correct root, project or analyses, or make the folder."


def config_schema() -> str:
    """JSON schema of a project config, for editors that complete and check it."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **ProjectConfig.model_json_schema()}
    return json.dumps(schema, indent=2) + "\n"
