"""The project configs of this checkout, and the analyses that they name."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator

from topicloom.errors import Problem
from topicloom.remote.address import address_of, is_address
from topicloom.settings.projects import CONFIG_SUFFIXES, ConfigError, NamedConfig, read_configs, read_named

REPOSITORY = Path(__file__).resolve().parent.parent


def configs_folder() -> Path:
    """The folder of project configs: $TOPICLOOM_CONFIGS, or configs/ of this checkout.

    Raises ConfigError where topicloom is installed without its checkout and nothing names a folder.
    """
    named = os.environ.get("TOPICLOOM_CONFIGS")
    if named:
        return Path(named)
    if not (REPOSITORY / "pyproject.toml").is_file():
        raise ConfigError(
            REPOSITORY,
            Problem(
                "topicloom is installed here without its checkout, so there is no folder of project configs.",
                "Set TOPICLOOM_CONFIGS to the folder of yours, such as TOPICLOOM_CONFIGS=/srv/topicloom/configs.",
            ),
        )
    return REPOSITORY / "configs"


def all_configs() -> list[NamedConfig]:
    """Every project config. Raises ConfigError."""
    return read_configs(configs_folder())


def analysis_folder(value: object) -> Path:
    """The folder of an analysis that is named as in a form, CONFIG/ANALYSIS; a path is returned as it is.

    Raises ConfigError where the config of that name is not valid.
    """
    text = str(value)
    if isinstance(value, str):
        config, _, analysis = value.partition("/")
        for path in (configs_folder() / f"{config}{suffix}" for suffix in CONFIG_SUFFIXES):
            if path.is_file() and analysis in (named := read_named(path)).config.analyses:
                return named.analysis_path(analysis)
    return Path(text)


# A parameter of a flow: the name of a configured analysis, or a path.
AnalysisFolder = Annotated[Path, BeforeValidator(analysis_folder)]


def analysis_label(value: object) -> str:
    """PROJECT/ANALYSIS of an analysis that is given by name or path; of a settings file, that of its folder."""
    path = analysis_folder(value)
    folder = path if path.suffix not in (".json", ".yml", ".yaml") else path.parent
    return "/".join(folder.parts[-2:])


def _resolved(path: Path) -> Path:
    return Path(str(address_of(path))) if is_address(path) else path.resolve()


def require_configured(path: Path) -> None:
    """Raise ConfigError unless a path lies in the root or the project folder of a config, links followed.

    path: absolute, or seen from the working directory.
    """
    found = _resolved(path)
    allowed = {folder for named in all_configs() for folder in (named.root, named.root / named.config.project)}
    if not any(found.is_relative_to(_resolved(folder)) for folder in allowed):
        roots = ", ".join(sorted(str(named.root) for named in all_configs()))
        raise ConfigError(
            path,
            Problem(
                f"It lies outside the folders that the server's configs name: {roots}.",
                "Choose an analysis there, or write a config for its project into configs/ and deploy it.",
            ),
        )
