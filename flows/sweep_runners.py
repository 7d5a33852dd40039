"""The task runner that a sweep asks for: threads, processes, Dask or Ray."""

from __future__ import annotations

import logging
from typing import Any

from topicloom.errors import Problem
from topicloom.machine.threads import available_threads, takes_several_threads
from topicloom.sweep.grid import SweepError, SweepPlan

logger = logging.getLogger(__name__)

_PACKAGES = {"dask": "prefect-dask", "ray": "prefect-ray"}


def task_runner(plan: SweepPlan, source: Any) -> Any:
    """A Prefect task runner. source: the file to name where its package is missing, as SweepError says then."""
    workers = plan.workers or available_threads()
    try:
        return _RUNNERS[_runner_of(plan, workers)](workers, plan.address)
    except ImportError as error:
        package = _PACKAGES[plan.runner]
        raise SweepError(
            source,
            Problem(
                f"runner is {plan.runner}, which needs the package {package} ({error}).",
                f"Install it: pip install 'topicloom[{plan.runner}]', or take threads or processes.",
            ),
        ) from error


def _runner_of(plan: SweepPlan, workers: int) -> str:
    """The runner that is asked for; processes where threads would end this one."""
    if plan.runner != "threads" or workers == 1 or takes_several_threads():
        return plan.runner
    logger.warning(
        "The trials run in processes, not in threads: numba finds neither OpenMP nor TBB on this machine, and its own "
        "threads (workqueue) serve one caller only. Installing libgomp or the package tbb brings threads back."
    )
    return "processes"


def _threads(workers: int, _: str | None) -> Any:
    from prefect.task_runners import ThreadPoolTaskRunner

    return ThreadPoolTaskRunner(max_workers=workers)


def _processes(workers: int, _: str | None) -> Any:
    from prefect.task_runners import ProcessPoolTaskRunner

    return ProcessPoolTaskRunner(max_workers=workers)


def _dask(workers: int, address: str | None) -> Any:
    from prefect_dask import DaskTaskRunner

    if address:
        return DaskTaskRunner(address=address)
    return DaskTaskRunner(cluster_kwargs={"n_workers": workers, "threads_per_worker": 1, "dashboard_address": None})


def _ray(workers: int, address: str | None) -> Any:
    from prefect_ray import RayTaskRunner

    if address:
        return RayTaskRunner(address=address)
    return RayTaskRunner(init_kwargs={"num_cpus": workers, "include_dashboard": False})


_RUNNERS = {"threads": _threads, "processes": _processes, "dask": _dask, "ray": _ray}
