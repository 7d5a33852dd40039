"""figures: what goes into papers and onto slides."""

from __future__ import annotations

from dataclasses import asdict

from prefect import task
from prefect.states import State

from tasks.policy import RETRY, run_stage, stage_key
from topicloom.atlas.atlas import read_atlas
from topicloom.figures.gallery import draw_figures
from topicloom.settings.schema import Settings
from topicloom.stages.registry import FIGURES
from topicloom.store.store import StageRef, Store, Workspace


@task(name=FIGURES, task_run_name="figures {settings.label}", cache_key_fn=stage_key(FIGURES), **RETRY)
def figures(settings: Settings, described: StageRef, *, refresh: bool = False) -> StageRef | State[StageRef]:
    """Draw the figures. Artifacts: those of `topicloom.figures.gallery.draw_figures`."""

    def compute(out: Workspace) -> None:
        atlas = read_atlas(Store(settings.store_path).folder(described.stage, described.key))
        drawn = draw_figures(atlas, out.folder, settings.label)
        out.facts = {**asdict(drawn), "incomplete": len(drawn.failed)}

    return run_stage(FIGURES, settings, [described], compute, refresh=refresh)
