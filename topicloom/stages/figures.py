"""The stage figures: what goes into papers and onto slides."""

from __future__ import annotations

from dataclasses import asdict

from topicloom.stage_names import DESCRIBE, FIGURES
from topicloom.stages.describe import ATLAS
from topicloom.stages.moves import MOVES_TABLE
from topicloom.stages.stage import Stage, Work


def draw_all(work: Work) -> None:
    """Draw the figures. Artifacts: those of `topicloom.figures.gallery.draw_figures`. Facts: files and failures."""
    import pandas as pd

    from topicloom.atlas.atlas import read_atlas
    from topicloom.figures.gallery import draw_figures

    moves = pd.read_csv(work.path(MOVES_TABLE), keep_default_na=False, na_values=[""])
    drawn = draw_figures(read_atlas(work.folder(DESCRIBE)), work.out.folder, work.settings.label, moves)
    work.out.facts = {**asdict(drawn), "incomplete": len(drawn.failed)}


STAGE = Stage(
    FIGURES,
    version=5,
    parameters=lambda settings: {"label": settings.label},
    reads=lambda *_: (*ATLAS, MOVES_TABLE),
    libraries=("matplotlib",),
    wanted=lambda settings: settings.tmo.pictures.figures,
    compute=draw_all,
)
