"""The stage figures: what goes into papers and onto slides."""

from __future__ import annotations

import dataclasses

from topicloom.settings.schema import Settings
from topicloom.stage_names import DESCRIBE, FIGURES, MOVES
from topicloom.stages.describe import ATLAS
from topicloom.stages.moves import EVOLUTION_TABLE, MOVES_TABLE
from topicloom.stages.stage import Artifact, Refs, Stage, Work


def draw_all(work: Work) -> None:
    """Draw the figures, and say what is on them.

    Artifacts: those of `topicloom.figures.gallery.draw_figures`, and captions.md. Facts: files and failures.
    """
    import pandas as pd

    from topicloom.atlas.kept import read_atlas
    from topicloom.exports.captions import CAPTIONS, captions
    from topicloom.figures.gallery import draw_figures

    moves, evolution = (
        pd.read_parquet(work.path(table)) if MOVES in work.refs else None for table in (MOVES_TABLE, EVOLUTION_TABLE)
    )
    pictures = work.settings.tmo.pictures
    atlas = dataclasses.replace(read_atlas(work.folder(DESCRIBE)), by_edges=work.settings.tmo.method == "graph")
    drawn = draw_figures(atlas, work.out.folder, moves, pictures.width, pictures.formats, evolution)
    work.out.path(CAPTIONS).write_text(captions(atlas, drawn.files, moves), encoding="utf-8")
    drawn.files.append(CAPTIONS)
    work.out.facts = {**dataclasses.asdict(drawn), "incomplete": len(drawn.failed)}


def _reads(_: Settings, refs: Refs) -> tuple[Artifact, ...]:
    """The other figures do without moves where they could not be found."""
    return (*ATLAS, *((MOVES_TABLE, EVOLUTION_TABLE) if MOVES in refs else ()))


STAGE = Stage(
    FIGURES,
    version=11,
    parameters=lambda settings: {
        "width": settings.tmo.pictures.width,
        "formats": sorted(set(settings.tmo.pictures.formats)),
        **({"tree": "edges"} if settings.tmo.method == "graph" else {}),
    },
    reads=_reads,
    sees=(MOVES,),
    libraries=("matplotlib",),
    wanted=lambda settings: settings.tmo.pictures.figures,
    compute=draw_all,
)
