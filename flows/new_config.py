"""The config of a project that a run makes, so that its report is served and it can be run from the UI."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import yaml

from flows.configs import all_configs, configs_folder
from topicloom.errors import Problem
from topicloom.settings.projects import (
    CONFIG_SUFFIXES,
    ConfigError,
    NamedConfig,
    plain_name,
    read_named,
    require_free_name,
)
from topicloom.store.files import replaced

_HEAD = """\
# yaml-language-server: $schema=schema.json
# Written by the deployment new-project. Add schedules, overrides and notifications as docs/operations.md shows.
"""


def root_of(root: str | None) -> Path:
    """The root that a person chose, which a config names; the only one where they chose none. Raises ConfigError."""
    roots = sorted({str(named.root) for named in all_configs()})
    if root in roots or (root is None and len(roots) == 1):
        return Path(root or roots[0])
    found = "no root is given" if root is None else f"the root is {root!r}"
    raise ConfigError(
        configs_folder(),
        Problem(f"{found[0].upper()}{found[1:]}; the configs name {', '.join(roots)}.", "Choose one of them."),
    )


def require_configurable(root: Path, project: str, analysis: str) -> None:
    """Raise ConfigError where no config for a new project can be written, before the project is made."""
    folder, configs = configs_folder(), all_configs()
    if _config_of(configs, root, project, analysis):
        return
    path = folder / f"{project}{CONFIG_SUFFIXES[0]}"
    require_free_name(path)
    like = next((named for named in configs if plain_name(named.name) == plain_name(project)), None)
    if like is not None:
        raise ConfigError(
            like.path,
            Problem(f"It is the config of another project, too like {project}.", "Give the project another name."),
        )
    if not os.access(folder, os.W_OK):
        raise ConfigError(
            folder,
            Problem(
                "The worker's user may not write there, so the project would have no deployment.",
                f"Let it write there, or write {path.name} yourself first, with root {root}, project {project} and "
                f"analyses [{analysis}].",
            ),
        )


def config_for(root: Path, project: str, analysis: str) -> NamedConfig:
    """The config of an analysis; written where there is none. Raises ConfigError."""
    configs = all_configs()
    if known := _config_of(configs, root, project, analysis):
        return known
    stated = next(named.config.root for named in configs if named.root == root)  # as the others write it
    content: dict[str, Any] = {"root": stated, "project": project, "analyses": [analysis]}
    path = configs_folder() / f"{project}{CONFIG_SUFFIXES[0]}"
    with replaced(path) as temporary:
        temporary.write_text(_HEAD + yaml.safe_dump(content, sort_keys=False, allow_unicode=True), encoding="utf-8")
    return read_named(path)


def _config_of(configs: list[NamedConfig], root: Path, project: str, analysis: str) -> NamedConfig | None:
    wanted = root / project / analysis
    return next(
        (named for named in configs for name in named.config.analyses if named.analysis_path(name) == wanted), None
    )
