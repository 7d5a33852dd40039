"""The stage choose-size, where min_topic_size is auto: a small sweep over sizes, on the reduction of the run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from topicloom.progress import tell
from topicloom.settings.reading import with_values
from topicloom.settings.schema import Settings, reassigns, with_size
from topicloom.stage_names import CHOOSE_SIZE, CLUSTER, LOAD_EMBEDDINGS
from topicloom.stages import cluster, quality, reassign, reduce, represent
from topicloom.stages.earlier_fit import is_placed
from topicloom.stages.load_embeddings import TEXTS, VECTORS
from topicloom.stages.stage import Stage, Work
from topicloom.store.store import StageRef
from topicloom.sweep.grid import CONSENSUS_SEEDS, SEED, Combination, shared_search
from topicloom.sweep.verdict import judge

if TYPE_CHECKING:
    from topicloom.sweep.outcome import Trial

_SIZE = "tmo.min_topic_size"
_SMALLEST, _GROWTH, _STEPS = 5, 1.5, 7
_LARGEST_SHARE = 20  # a topic of more than a twentieth of the papers is no least size
_PER_PAPERS = 20_000  # of a corpus larger than a hundred thousand papers the smallest size grows with it


def candidate_sizes(documents: int) -> list[int]:
    """The sizes that are tried: from 5, or more in a large corpus, each half as large again, to a twentieth of it."""
    first = max(_SMALLEST, round(documents / _PER_PAPERS))
    sizes = [round(first * _GROWTH**step) for step in range(_STEPS)]
    return [size for size in sizes if size <= documents / _LARGEST_SHARE] or [min(_SMALLEST, documents)]


def choose_size(work: Work) -> None:
    """Try the sizes under two seeds and say which is best, as a sweep judges it.

    Facts: min_topic_size, tried, and why, in sentences. It has no artifact.
    """
    from topicloom.sweep.outcome import trials_table

    out, loaded = work.out, work.refs[LOAD_EMBEDDINGS]
    sizes = candidate_sizes(int(loaded.facts["documents"]))
    trials = []
    for place, size in enumerate(sizes):
        trials.append(_trial(work.settings, loaded, size, work.run_id))
        tell("sizes of topics", place + 1, len(sizes))
    table = trials_table(trials)
    verdict = judge(table, [_SIZE], {_SIZE: "auto"})
    chosen = sizes[0] if verdict.best is None else int(table[_SIZE].iloc[verdict.best])
    why = verdict.why if verdict.best is None else verdict.why[1:]  # the first says what is taken
    out.facts = {"min_topic_size": chosen, "tried": sizes, "why": why}


def _trial(settings: Settings, loaded: StageRef, size: int, run_id: str | None) -> Trial:
    from topicloom.sweep.outcome import Trial

    sized = with_values(settings, {_SIZE: size, CONSENSUS_SEEDS: 1})
    other_seed = {SEED: (settings.params.seed + 1) % 2**32}
    other = with_values(sized, other_seed | shared_search(sized, other_seed))
    clusters = [_through(one, loaded, (reduce.STAGE, cluster.STAGE), run_id)[CLUSTER] for one in (sized, other)]
    stages = [stage for stage in STAGE.inner if stage.wanted(sized) or stage is quality.STAGE]
    return Trial(Combination({_SIZE: size}, sized), _through(sized, loaded, stages, run_id), clusters)


def _through(settings: Settings, loaded: StageRef, stages: Sequence[Stage], run_id: str | None) -> dict[str, StageRef]:
    refs = {LOAD_EMBEDDINGS: loaded}
    for stage in stages:
        refs[stage.name] = stage.obtain(settings, refs, run_id, quiet=True)[0]
    return refs


def _parameters(settings: Settings) -> dict[str, Any]:
    return {
        **reduce.parameters(settings),
        "hdbscan": settings.tmo.hdbscan.model_dump(mode="json"),
        "represent": represent.parameters(settings),
        **({"orphans": reassign.parameters(settings) | reassign.borrowed(settings)} if reassigns(settings) else {}),
    }


def _tell(_: Settings, facts: Mapping[str, Any]) -> str:
    return f"min_topic_size {facts['min_topic_size']}, of {facts['tried']}"


STAGE = Stage(
    CHOOSE_SIZE,
    version=2,
    parameters=_parameters,
    reads=lambda *_: (TEXTS, VECTORS),
    also=represent.prepared_texts,
    inner=(reduce.STAGE, cluster.STAGE, reassign.STAGE, represent.STAGE, quality.STAGE),
    libraries=("numpy",),
    wanted=lambda settings: settings.tmo.chooses_size,
    gates=True,
    # Placed papers go into the topics of an earlier fit, whose size was chosen then.
    due=lambda _, refs: not is_placed(refs),
    settle=lambda settings, chosen: with_size(settings, int(chosen.facts["min_topic_size"])),
    compute=choose_size,
    tell=_tell,
)
