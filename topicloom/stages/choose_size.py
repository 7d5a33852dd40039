"""min_topic_size: auto. A small sweep over sizes, on the very reduction that the run goes on with."""

from __future__ import annotations

from collections.abc import Mapping

from topicloom.progress import tell
from topicloom.settings.reading import with_values
from topicloom.settings.schema import Settings
from topicloom.stages.computing import obtain_stage
from topicloom.stages.registry import CHOICE, CLUSTER, LOAD_EMBEDDINGS, QUALITY, REASSIGN, REDUCE, REPRESENT, reassigns
from topicloom.store.files import write_json
from topicloom.store.store import StageRef, Workspace
from topicloom.sweep.grid import CONSENSUS_SEEDS, SEED, Combination, shared_search
from topicloom.sweep.outcome import Trial, trials_table
from topicloom.sweep.verdict import judge

_SIZE = "tmo.min_topic_size"
_SMALLEST, _GROWTH, _STEPS = 5, 1.5, 7
_LARGEST_SHARE = 20  # a topic of more than a twentieth of the papers is no least size
_PER_PAPERS = 20_000  # of a corpus larger than a hundred thousand papers the smallest size grows with it


def candidate_sizes(documents: int) -> list[int]:
    """The sizes that are tried: from 5, or more in a large corpus, each half as large again, to a twentieth of it."""
    first = max(_SMALLEST, round(documents / _PER_PAPERS))
    sizes = [round(first * _GROWTH**step) for step in range(_STEPS)]
    return [size for size in sizes if size <= documents / _LARGEST_SHARE] or [min(_SMALLEST, documents)]


def choose_size(settings: Settings, refs: Mapping[str, StageRef], out: Workspace, run_id: str | None = None) -> None:
    """Try the sizes under two seeds and write what is best, as a sweep judges it.

    refs: load-embeddings. Artifact: choice.json. Facts: min_topic_size, tried.
    """
    sizes = candidate_sizes(int(refs[LOAD_EMBEDDINGS].facts["documents"]))
    trials = []
    for place, size in enumerate(sizes):
        trials.append(_trial(settings, refs[LOAD_EMBEDDINGS], size, run_id))
        tell("sizes of topics", place + 1, len(sizes))
    table = trials_table(trials)
    verdict = judge(table, [_SIZE], {_SIZE: "auto"})
    chosen = sizes[0] if verdict.best is None else int(table[_SIZE].iloc[verdict.best])
    # How long the trials took is no part of the result: chosen again it must be the same.
    rows = table.drop(columns="seconds").assign(score=verdict.score.round(4))
    content = {"min_topic_size": chosen, "why": verdict.why, "tried": rows.to_dict(orient="records")}
    write_json(out.path(CHOICE), content)
    out.facts = {"min_topic_size": chosen, "tried": sizes}


def _trial(settings: Settings, loaded: StageRef, size: int, run_id: str | None) -> Trial:
    sized = with_values(settings, {_SIZE: size, CONSENSUS_SEEDS: 1})
    other_seed = {SEED: (settings.params.seed + 1) % 2**32}
    other = with_values(sized, other_seed | shared_search(sized, other_seed))
    clusters = [_through(one, loaded, (REDUCE, CLUSTER), run_id)[CLUSTER] for one in (sized, other)]
    stages = (REDUCE, CLUSTER, *((REASSIGN,) if reassigns(sized) else ()), REPRESENT, QUALITY)
    return Trial(Combination({_SIZE: size}, sized), _through(sized, loaded, stages, run_id), clusters)


def _through(settings: Settings, loaded: StageRef, stages: tuple[str, ...], run_id: str | None) -> dict[str, StageRef]:
    refs = {LOAD_EMBEDDINGS: loaded}
    for stage in stages:
        refs[stage] = obtain_stage(settings, stage, refs, run_id)
    return refs
