"""Names of topics by a language model, each kept as a result of its own, so that it is asked and paid for once."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from topicloom.atlas.endpoint import EndpointError
from topicloom.atlas.language_model import Answer, BudgetSpentError, GroupQuestion, Question, name_asker
from topicloom.progress import tell
from topicloom.settings.outputs import LanguageModelSettings
from topicloom.stages.stage import Part
from topicloom.store.files import read_json, write_json
from topicloom.store.store import StagePlan, Store, Workspace

logger = logging.getLogger(__name__)

NAMES = Part("language-model-name", version=1)
Asked = int | tuple[int, int]  # a topic by its number, a group by its level and code
_ANSWER = "answer.json"


@dataclass
class Answers:
    """names: of the topics or groups that have one. unnamed: those without, and why. parts: keys of kept answers.

    summaries: of groups, those that have one.
    """

    names: dict[Any, str] = field(default_factory=dict)
    unnamed: dict[Any, str] = field(default_factory=dict)
    summaries: dict[Any, str] = field(default_factory=dict)
    parts: dict[str, str] = field(default_factory=dict)
    tokens: int = 0


def name_topics(
    questions: Mapping[Any, Question | GroupQuestion],
    settings: LanguageModelSettings,
    store: Store,
    run_id: str | None = None,
    spent: int = 0,
) -> Answers:
    """Ask for the name of each topic or group, as far as the budget goes; an answer that is kept costs nothing.

    One that fails stays without a name, and the others go on; after the first failure to reach the endpoint no
    more is asked, since each would wait as long. All questions are of one kind. spent: tokens of the budget
    that the run has used.
    """
    answers = Answers()
    ask: Callable[[Question | GroupQuestion, int], Answer] | None = None
    stop = ""
    for done, (topic, question) in enumerate(questions.items()):
        plan = _plan(question, settings)
        ref = store.find(plan).ref
        if ref is None and not stop:
            ask = ask or name_asker(settings, kind=type(question))
            try:
                ref, _ = store.obtain(
                    plan, _asking(ask, question, settings.budget - spent - answers.tokens), run_id=run_id
                )
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
            answer = read_json(store.artifact(ref, _ANSWER))
            answers.names[topic] = answer["name"]
            if answer.get("summary"):
                answers.summaries[topic] = answer["summary"]
            answers.parts[f"{NAMES.name}/{_told(topic)}"] = ref.key
        else:
            answers.unnamed[topic] = stop
        tell("names by the language model", done + 1, len(questions))
    if answers.unnamed:
        logger.warning(
            "%d of %d %s have no name of the language model (%s); keywords stand in. The next run asks again.",
            *(len(answers.unnamed), len(questions), "groups" if isinstance(topic, tuple) else "topics"),
            next(iter(answers.unnamed.values())),
        )
    return answers


def _told(asked: Asked) -> str:
    return f"group-{asked[0]}-{asked[1]}" if isinstance(asked, tuple) else str(asked)


def _plan(question: Question | GroupQuestion, settings: LanguageModelSettings) -> StagePlan:
    return StagePlan(
        stage=NAMES.name,
        version=NAMES.version,
        parameters={"model": settings.model, "base_url": settings.base_url, "instructions": question.instructions},
        inputs={"question": question.text},
        libraries={},
    )


def _asking(
    ask: Callable[[Question | GroupQuestion, int], Answer], question: Question | GroupQuestion, left: int
) -> Callable[[Workspace], None]:
    def compute(out: Workspace) -> None:
        answer = ask(question, left)
        write_json(out.path(_ANSWER), {"name": answer.name, **({"summary": answer.summary} if answer.summary else {})})
        out.facts = {"tokens": answer.tokens}

    return compute
