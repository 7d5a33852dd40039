"""What a run that somebody starts on a server may touch: the projects that the server's configs name."""

from __future__ import annotations

from pathlib import Path

from prefect.runtime import deployment

from flows.configs import require_configured


def require_allowed(*paths: Path | None) -> None:
    """Raise ConfigError for a path outside the roots of the configs, where the run is one of a deployment.

    A run from the command line may touch what its user can. paths: those that the run was given; None is passed over.
    """
    if deployment.get_id() is None:
        return
    for path in paths:
        if path is not None:
            require_configured(path)
