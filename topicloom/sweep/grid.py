"""What a sweep tries: lists or ranges of settings, and every combination of them that the corpus allows."""

from __future__ import annotations

import difflib
import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from topicloom.errors import InputError, Problem, problem_of, quoted_list, shown
from topicloom.settings.documents import read_document
from topicloom.settings.reading import with_values
from topicloom.settings.schema import Params, Settings, TopicModelSettings

SEED = "params.seed"
CONSENSUS_SEEDS = "tmo.consensus.seeds"
_NEIGHBORS_SEED = "tmo.umap.neighbors_seed"
_MOST = 10_000  # combinations
_MOST_SAID = 20  # problems of one file
_LONGEST_NAME = 100  # letters of a name that is compared with settings


class SweepError(InputError):
    """A sweep cannot be made as it is stated."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Range(_Part):
    """Numbers from one to another, both included, in steps."""

    first: float = Field(alias="from", description="First number.")
    to: float = Field(description="Last number.")
    step: float = Field(1, gt=0, description="From one to the next.")

    @model_validator(mode="after")
    def _in_order(self) -> Range:
        if self.to < self.first:
            raise ValueError(f"from is {self.first:g} and to is {self.to:g}; to must not be smaller")
        if not self._steps < _MOST:  # counted before they are written out: there may be a milliard
            raise ValueError(
                f"from {self.first:g} to {self.to:g} in steps of {self.step:g} are more than {_MOST:,} numbers; "
                "step must be larger"
            )
        return self

    @property
    def _steps(self) -> float:
        return (self.to - self.first) / self.step

    @property
    def values(self) -> list[float | int]:
        """The numbers; whole ones as int."""
        count = int(self._steps + 1e-9) + 1
        numbers = [round(self.first + self.step * place, 12) for place in range(count)]
        return [int(number) if number.is_integer() else number for number in numbers]


class Budget(_Part):
    """How much a sweep may cost."""

    minutes: float | None = Field(None, gt=0, description="No combination is begun after so many minutes.")
    combinations: int | None = Field(None, ge=1, description="Most combinations; a seeded sample where there are more.")


class SweepPlan(_Part):
    """A sweep: which settings vary, over how many seeds, how much it may cost, and where it runs."""

    vary: dict[str, Range | list[Any]] = Field(
        min_length=1, description="Values by setting, such as min_topic_size or tmo.umap.n_neighbors."
    )
    seeds: int = Field(3, ge=1, le=50, description="Seeds of each combination, to see whether its topics are stable.")
    budget: Budget = Field(default_factory=Budget)
    runner: Literal["threads", "processes", "dask", "ray"] = Field("threads", description="Where the trials run.")
    workers: int | None = Field(None, ge=1, le=1024, description="Trials at once; as many as cores when left out.")
    address: str | None = Field(
        None, min_length=1, description="Address of a running Dask or Ray cluster; one is started here when left out."
    )


@dataclass(frozen=True)
class Combination:
    """One combination: the values that vary, by full name, and the settings with them."""

    values: dict[str, Any]
    settings: Settings


def read_plan(path: Path) -> SweepPlan:
    """Read a sweep from a YAML or JSON file. Raises SweepError with every problem of it."""
    document = read_document(path, SweepError, yaml_form=path.suffix.lower() != ".json")
    if document.content is not None and not isinstance(document.content, dict):
        found = f"It holds a {type(document.content).__name__}; it must be an object with vary."
        raise SweepError(path, Problem(found, "Write it as docs/sweeps.md shows."))
    if document.repeats:
        raise SweepError(path, [repeat.problem for repeat in document.repeats])
    try:
        return SweepPlan.model_validate(document.content)
    except ValidationError as error:
        raise SweepError(path, [_problem(details) for details in error.errors()[:_MOST_SAID]]) from error


def _problem(details: Any) -> Problem:
    where = ".".join(str(part) for part in details["loc"] if part not in ("Range", "list[any]")) or "the sweep"
    return problem_of(where, details)


def full_name(name: str) -> str:
    """The full name of a setting, such as tmo.umap.n_neighbors for n_neighbors.

    Raises ValueError, naming what may be meant, for one that is unknown or may be several.
    """
    known = list(_names("tmo", TopicModelSettings)) + list(_names("params", Params))
    if name in known:
        return name
    fitting = [full for full in known if full.endswith(f".{name}")]
    shallow = [full for full in fitting if full.count(".") == 1]
    if len(fitting) == 1 or shallow:
        return (shallow or fitting)[0]
    if fitting:
        raise ValueError(f"{name} may be {quoted_list(fitting)}; write the one that is meant")
    last = {full.rpartition(".")[2]: full for full in known}
    near = difflib.get_close_matches(name[:_LONGEST_NAME], [*known, *last], n=1)
    raise ValueError(f"{shown(name)} is no setting" + (f"; did you mean {near[0]}?" if near else ""))


def _names(prefix: str, model: type[BaseModel]) -> Iterator[str]:
    for name, field in model.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from _names(f"{prefix}.{name}", inner)
        else:
            yield f"{prefix}.{name}"


_latest: tuple[Settings, SweepPlan, list[Combination], list[str]] | None = None


def combinations(settings: Settings, plan: SweepPlan) -> tuple[list[Combination], list[str]]:
    """Every combination that the settings allow, within the budget, and why others are left out.

    Searches of neighbours are shared by all seeds: where a seed varies, tmo.umap.neighbors_seed stays that of the
    settings. Raises SweepError for unknown names, empty lists, and where no combination is allowed. A sweep asks for
    them three times, and thousands take seconds: those of the latest sweep are kept.
    """
    global _latest
    if _latest is None or _latest[:2] != (settings, plan):
        _latest = (settings, plan, *_all_combinations(settings, plan))
    _, _, allowed, left_out = _latest
    return list(allowed), list(left_out)


def _all_combinations(settings: Settings, plan: SweepPlan) -> tuple[list[Combination], list[str]]:
    vary = _varied(settings.source, plan)
    total = 1
    for choices in vary.values():
        total *= len(choices)
    if total > _MOST:
        raise SweepError(
            settings.source,
            Problem(f"The sweep has {total:,} combinations; at most {_MOST:,} are allowed.", "Vary less."),
        )
    allowed: list[Combination] = []
    left_out: list[str] = []
    for chosen in itertools.product(*vary.values()):
        values: dict[str, Any] = dict(zip(vary, chosen, strict=True))
        try:
            allowed.append(Combination(values, _tried(settings, values)))
        except ValueError as error:
            left_out.append(f"{told(values)}: {error}")
    if not allowed:
        raise SweepError(
            settings.source,
            [Problem(f"No combination of the sweep is allowed. {reason}", "Change vary.") for reason in left_out[:5]],
        )
    return _within(allowed, plan.budget.combinations, settings.params.seed), left_out


def _tried(settings: Settings, values: Mapping[str, Any]) -> Settings:
    """The settings of one combination, of one seed: a sweep looks at its seeds one by one."""
    tried = with_values(settings, {**values, **shared_search(settings, values), CONSENSUS_SEEDS: 1})
    if tried.tmo.chooses_size:
        raise ValueError("tmo.min_topic_size is auto; vary it, or state a number")
    return tried


def shared_search(settings: Settings, values: Mapping[str, Any]) -> dict[str, Any]:
    """What keeps the neighbour search of the settings for another seed."""
    own = settings.tmo.umap.neighbors_seed
    seed = settings.params.seed if own is None else own
    varies = values.get(SEED, settings.params.seed) != settings.params.seed and _NEIGHBORS_SEED not in values
    return {_NEIGHBORS_SEED: seed} if varies else {}


def _varied(source: Path, plan: SweepPlan) -> dict[str, list[Any]]:
    vary: dict[str, list[Any]] = {}
    problems = []
    for name, given in plan.vary.items():
        values: list[Any] = given.values if isinstance(given, Range) else given
        try:
            full = full_name(name)
        except ValueError as error:
            problems.append(Problem(f"The sweep varies {shown(name)}: {error}.", "Correct the name."))
            continue
        if full == CONSENSUS_SEEDS:
            problems.append(Problem(f"The sweep varies {full}; it looks at seeds one by one.", "Take it out."))
        if not values:
            problems.append(Problem(f"The sweep gives no value for {name}.", "Give at least one."))
        vary[full] = [json.loads(value) for value in dict.fromkeys(json.dumps(value) for value in values)]
    if problems:
        raise SweepError(source, problems[:_MOST_SAID])
    return vary


def _within(allowed: list[Combination], most: int | None, seed: int) -> list[Combination]:
    import random

    if most is None or len(allowed) <= most:
        return allowed
    chosen = random.Random(seed).sample(range(len(allowed)), most)  # noqa: S311  # which are tried, no secret
    return [allowed[place] for place in sorted(chosen)]


def told(values: Mapping[str, Any]) -> str:
    """Values in words: "min_topic_size 10, n_neighbors 15"."""
    return ", ".join(f"{name.rpartition('.')[2]} {value}" for name, value in values.items())


def seeds_of(settings: Settings, plan: SweepPlan) -> Sequence[int]:
    """The seeds that a combination is clustered under, its own first; only its own where seeds vary."""
    own = settings.params.seed
    if any(full_name(name) == SEED for name in plan.vary):
        return [own]
    return [(own + step) % 2**32 for step in range(plan.seeds)]
