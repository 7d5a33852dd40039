"""Names of topics by a language model, each kept as a result of its own, so that it is asked and paid for once."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from topicloom.atlas.endpoint import EndpointError
from topicloom.atlas.language_model import INSTRUCTIONS, Answer, BudgetSpentError, Question, name_asker
from topicloom.progress import tell
from topicloom.settings.outputs import LanguageModelSettings
from topicloom.stages.stage import Part
from topicloom.store.files import read_json, write_json
from topicloom.store.store import StagePlan, Store, Workspace

logger = logging.getLogger(__name__)

NAMES = Part("language-model-name", version=1)
_ANSWER = "answer.json"


@dataclass
class Answers:
    """names: of the topics that have one, by topic. unnamed: topics without, and why. parts: keys of kept answers."""

    names: dict[int, str] = field(default_factory=dict)
    unnamed: dict[int, str] = field(default_factory=dict)
    parts: dict[str, str] = field(default_factory=dict)
    tokens: int = 0


def name_topics(
    questions: Mapping[int, Question], settings: LanguageModelSettings, store: Store, run_id: str | None = None
) -> Answers:
    """Ask for the name of each topic, as far as the budget goes; an answer that is kept costs nothing.

    A topic that fails stays without a name, and the others go on; after the first failure to reach the endpoint no
    more is asked, since each would wait as long.
    """
    answers = Answers()
    ask: Callable[[Question, int], Answer] | None = None
    stop = ""
    for done, (topic, question) in enumerate(questions.items()):
        plan = _plan(question, settings)
        ref = store.find(plan).ref
        if ref is None and not stop:
            ask = ask or name_asker(settings)
            try:
                ref, _ = store.obtain(plan, _asking(ask, question, settings.budget - answers.tokens), run_id=run_id)
                answers.tokens += int(ref.facts["tokens"])
            except ValueError as error:
                answers.unnamed[topic] = str(error)
                continue
            except EndpointError as error:
                stop = str(error)
            except BudgetSpentError:
                stop = f"the budget of {settings.budget} tokens is spent"
            except Exception as error:  # noqa: BLE001  # a name is missing, no result is
                stop = f"{type(error).__name__}: {error}"
        if ref:
            answers.names[topic] = read_json(store.artifact(ref, _ANSWER))["name"]
            answers.parts[f"{NAMES.name}/{topic}"] = ref.key
        else:
            answers.unnamed[topic] = stop
        tell("names by the language model", done + 1, len(questions))
    if answers.unnamed:
        logger.warning(
            "%d of %d topics have no name of the language model (%s); keywords stand in. The next run asks again.",
            *(len(answers.unnamed), len(questions), next(iter(answers.unnamed.values()))),
        )
    return answers


def _plan(question: Question, settings: LanguageModelSettings) -> StagePlan:
    return StagePlan(
        stage=NAMES.name,
        version=NAMES.version,
        parameters={"model": settings.model, "base_url": settings.base_url, "instructions": INSTRUCTIONS},
        inputs={"question": question.text},
        libraries={},
    )


def _asking(ask: Callable[[Question, int], Answer], question: Question, left: int) -> Callable[[Workspace], None]:
    def compute(out: Workspace) -> None:
        answer = ask(question, left)
        write_json(out.path(_ANSWER), {"name": answer.name})
        out.facts = {"tokens": answer.tokens}

    return compute
