"""The project configs of this checkout, and the analyses that they name."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator

from topicloom.settings.projects import CONFIG_SUFFIXES, NamedConfig, read_configs, read_named

REPOSITORY = Path(__file__).resolve().parent.parent


def configs_folder() -> Path:
    """The folder of project configs: $TOPICLOOM_CONFIGS, or configs/ of this checkout."""
    return Path(os.environ.get("TOPICLOOM_CONFIGS", REPOSITORY / "configs"))


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
