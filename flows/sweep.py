"""Many combinations of settings tried, measured and compared; every stage that can be is shared."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from prefect import flow, unmapped
from prefect.artifacts import create_markdown_artifact
from prefect.logging import get_run_logger
from prefect.runtime import flow_run
from pydantic import BaseModel

from flows.configs import AnalysisFolder, analysis_label
from flows.hooks import ENDS
from flows.names import slug
from flows.opening import opened
from flows.sweep_runners import task_runner
from tasks.trial import trial
from topicloom.errors import InputError, Problem
from topicloom.inputs.encoder import embeddings_missing
from topicloom.pages.markdown import code, literal
from topicloom.progress import tell
from topicloom.settings.reading import read_settings, with_values
from topicloom.settings.schema import Settings
from topicloom.stage_names import CLUSTER, GRAPH, LOAD_EMBEDDINGS, QUALITY, REASSIGN, REDUCE, REPRESENT
from topicloom.stages.registry import STAGES
from topicloom.store.sharing import shared_run
from topicloom.store.store import StageRef, Store
from topicloom.sweep.grid import (
    SEED,
    Combination,
    SweepError,
    SweepPlan,
    combinations,
    seeds_of,
    shared_search,
    told,
)
from topicloom.sweep.outcome import Trial, write_sweep

FOLDER = "sweep"
_UNTIMELY = "the budget's minutes were over"
# The stages of a trial, in their order: up to the clusters, by which seeds are compared, under each seed. All papers
# are fitted anew, so that none of update, choose-size and consensus is among them.
_UNDER_EVERY_SEED = (LOAD_EMBEDDINGS, GRAPH, REDUCE, CLUSTER)
_UNDER_ITS_OWN = (REASSIGN, REPRESENT, QUALITY)


class SweepReport(BaseModel):
    """What a sweep came to. why: the recommendation in sentences. files: what was written into `folder`."""

    analysis: str
    folder: Path
    tried: int
    left_out: list[str]
    why: list[str]
    files: list[str]


def _run_name() -> str:
    return f"sweep of {analysis_label(flow_run.get_parameters().get('analysis', ''))}"


@flow(name="sweep", flow_run_name=_run_name, **ENDS)
def sweep(analysis: AnalysisFolder, plan: SweepPlan, out: Path | None = None) -> SweepReport:
    """Try many combinations of settings, and recommend one.

    What was computed is kept: a sweep that was stopped goes on where it was, and a run that adopts a combination finds
    its stages cached.

    Args:
        analysis: The analysis folder, or a settings file.
        plan: Which settings vary, over how many seeds, how much it may cost, and where it runs.
        out: Folder to write into; sweep/ in the analysis folder when left out.
    """
    settings = opened(analysis, out=out).settings
    _require_embeddings(settings)
    left_out = combinations(settings, plan)[1]
    runner = task_runner(plan, settings.source)
    folder = out or settings.analysis_path / FOLDER
    with Store(settings.store_path).run(), shared_run(settings):  # until what the trials found is read
        trials = try_all.with_options(task_runner=runner)(settings.source, plan)
        verdict, files = write_sweep(settings, trials, left_out, folder)
    report = SweepReport(
        analysis=settings.label,
        folder=folder,
        tried=sum(bool(found.refs) for found in trials),
        left_out=[*left_out, *(f"{told(found.combination.values)}: {found.fault}" for found in trials if found.fault)],
        why=verdict.why,
        files=files,
    )
    _show(settings, report)
    return report


def _require_embeddings(settings: Settings) -> None:
    if embeddings_missing(settings):
        raise SweepError(
            settings.source,
            Problem(
                "The corpus has no embeddings yet.", f"Run the analysis first: topicloom run {settings.analysis_path}"
            ),
        )


@dataclass
class _Trials:
    """Runs the stages of many combinations, each distinct one once. faults: why a combination has none, by its row."""

    deadline: float | None
    faults: dict[int, str] = field(default_factory=dict)

    def check(
        self, stage: str, rows: Sequence[int], settings: Mapping[int, Settings], refs: Mapping[int, dict[str, StageRef]]
    ) -> None:
        """Look whether the settings of each row fit what a stage has found; it is said of that combination alone."""
        for row in rows:
            try:
                STAGES[stage].check(settings[row], refs[row][stage])
            except InputError as error:
                self.faults[row] = " ".join(str(error).split())

    def stage(
        self, stage: str, rows: Sequence[int], settings: Mapping[int, Settings], refs: Mapping[int, dict[str, StageRef]]
    ) -> None:
        """Run a stage for some rows, as mapped tasks, and add its result to the refs of each."""
        plans = {row: STAGES[stage].plan(settings[row], refs[row]).key for row in rows}
        first = {key: row for row, key in reversed(plans.items())}
        order = sorted(first.values())
        futures = trial.map(
            label=[f"{stage} {place + 1} of {len(order)}" for place in range(len(order))],
            stage=unmapped(stage),
            settings=[settings[row] for row in order],
            refs=[list(refs[row].values()) for row in order],
            deadline=unmapped(self.deadline),
        )
        results: dict[str, Any] = {}
        for done, (row, future) in enumerate(zip(order, futures, strict=True), 1):
            results[plans[row]] = future.result(raise_on_failure=False)
            tell(f"{stage}: trials", done, len(order))
        bad = [found for found in results.values() if isinstance(found, InputError)]
        if bad and len(bad) == len(results):
            raise bad[0]  # it is the input, and no combination, that is at fault
        for row in rows:
            found = results[plans[row]]
            if isinstance(found, StageRef):
                refs[row][stage] = found
            else:
                self.faults[row] = _UNTIMELY if found is None else f"{type(found).__name__}: {found}"


@flow(name="sweep-trials", flow_run_name="trials", **ENDS)
def try_all(source: Path, plan: SweepPlan) -> list[Trial]:
    """Compute every combination of a sweep: first all reductions, then all clusterings, then words and measures.

    source: the settings file.
    """
    base = read_settings(source)
    chosen, _ = combinations(base, plan)
    minutes = plan.budget.minutes
    trials = _Trials(None if minutes is None else time.time() + 60 * minutes)
    # The rows of a combination are its seeds; its own seed comes first.
    rows = [(number, seed) for number, one in enumerate(chosen) for seed in seeds_of(one.settings, plan)]
    settings = dict(enumerate(_seeded(chosen[number], seed) for number, seed in rows))
    own = [row for row, (number, _) in enumerate(rows) if row == 0 or rows[row - 1][0] != number]
    refs: dict[int, dict[str, StageRef]] = {row: {} for row in settings}

    def living(of: Iterable[int]) -> list[int]:
        return [row for row in of if row not in trials.faults]

    for stage in (*_UNDER_EVERY_SEED, *_UNDER_ITS_OWN):
        of = living(settings if stage in _UNDER_EVERY_SEED else own)
        of = [row for row in of if _is_tried(stage, settings[row])]
        trials.stage(stage, of, settings, refs)
        trials.check(stage, living(of), settings, refs)
    get_run_logger().info("%d of %d combinations are measured", len(living(own)), len(chosen))
    return [
        Trial(
            combination=chosen[rows[row][0]],
            refs={} if row in trials.faults else refs[row],
            seeds=[
                refs[other][CLUSTER] for other in settings if rows[other][0] == rows[row][0] and CLUSTER in refs[other]
            ],
            fault=trials.faults.get(row, ""),
        )
        for row in own
    ]


def _is_tried(stage: str, settings: Settings) -> bool:
    """Whether a trial has a stage: what a run would have, save a layout that no topic needs; it is always measured."""
    if stage == REDUCE and settings.tmo.method == "graph":
        return False  # a run that adopts the combination lays out its map
    return stage == QUALITY or STAGES[stage].wanted(settings)


def _seeded(combination: Combination, seed: int) -> Settings:
    settings = combination.settings
    if seed == settings.params.seed:
        return settings
    return with_values(settings, {SEED: seed} | shared_search(settings, {SEED: seed}))


def _show(settings: Settings, report: SweepReport) -> None:
    log = get_run_logger()
    for line in report.why:
        log.info("%s", line)
    heading, files = f"# Sweep of {literal(report.analysis)}", f"Files: {code(str(report.folder))}"
    text = "\n\n".join([heading, *map(literal, report.why), files])
    try:
        create_markdown_artifact(text, key=f"{slug(settings.label)}-sweep", description="What the sweep recommends")
    except Exception as error:  # noqa: BLE001  # the sweep itself is done
        log.warning("The page of this sweep could not be made (%s: %s).", type(error).__name__, error)
