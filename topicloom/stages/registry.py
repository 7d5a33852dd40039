"""All stages, in the order of a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from topicloom.settings.schema import Settings
from topicloom.stages import (
    choose_size,
    cluster,
    consensus,
    describe,
    distribution,
    export,
    figures,
    graph,
    identify,
    load_embeddings,
    methods,
    moves,
    orphan_split,
    profiles,
    quality,
    reassign,
    reduce,
    report,
    represent,
    take_away,
    update,
)
from topicloom.stages.stage import Refs, Stage

STAGES: Final[Mapping[str, Stage]] = {
    module.STAGE.name: module.STAGE
    for module in (
        load_embeddings,
        update,
        choose_size,
        graph,
        reduce,
        cluster,
        consensus,
        reassign,
        represent,
        distribution,
        orphan_split,
        identify,
        export,
        describe,
        profiles,
        moves,
        take_away,
        quality,
        methods,
        figures,
        report,
    )
}


def stages_due(settings: Settings, refs: Refs) -> Iterator[Stage]:
    """The stages of a run, in order, each as soon as it is asked for: `refs` may grow meanwhile.

    refs: the results so far.
    """
    for stage in STAGES.values():
        if stage.wanted(settings) and stage.due(settings, refs):
            yield stage
