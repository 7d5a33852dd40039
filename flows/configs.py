"""The project configs of this checkout, and the analyses that they name."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal

from topicloom.settings.projects import ConfigError, NamedConfig, read_configs

REPOSITORY = Path(__file__).resolve().parent.parent


def configs_folder() -> Path:
    """The folder of project configs: $TOPICLOOM_CONFIGS, or configs/ of this checkout."""
    return Path(os.environ.get("TOPICLOOM_CONFIGS", REPOSITORY / "configs"))


def all_configs() -> list[NamedConfig]:
    """Every project config. Raises ConfigError."""
    return read_configs(configs_folder())


def analysis_names(configs: list[NamedConfig]) -> dict[str, Path]:
    """The folder of every configured analysis, by CONFIG/ANALYSIS."""
    return {
        f"{named.name}/{analysis}": named.analysis_path(analysis)
        for named in configs
        for analysis in named.config.analyses
    }


def analysis_choices() -> Any:
    """A type that admits the configured analyses, so that a form offers them as a choice."""
    try:
        names = tuple(analysis_names(all_configs()))
    except ConfigError:
        return str  # deploying says what is wrong with the configs
    return Literal[names]
