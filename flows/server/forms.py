"""The form that Prefect shows for a run: choices instead of texts, and what the settings files say today.

Prefect makes a form from the flow's signature. What the signature cannot know is put in after deploying, for each
deployment: which analyses there are, and what their settings files say. None is taken out as a type: an empty field is
left out of the run's parameters, and no field needs a switch between "int" and "None".
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any, Final

from topicloom.errors import InputError
from topicloom.settings.overrides import stated
from topicloom.settings.projects import NamedConfig
from topicloom.settings.reading import read_settings

Schema = dict[str, Any]
_MOST_SHOWN = 3  # words of a list
_TITLES: Final = {
    "analysis": "Analysis",
    "refresh": "Compute again from this stage on",
    "overrides": "Settings of this run",
    "validate_only": "Only check the input",
    "spread": "Let any worker compute each stage",
    "stage": "Stage",
    "plan": "Plan",
    "out": "Folder to write into",
    "project": "Name of the project",
    "exports": "Exports",
    "root": "Root folder",
    "run": "Compute the map at once",
    "quick": "Quick look",
}


def form_of(schema: Mapping[str, Any], configs: Sequence[NamedConfig]) -> Schema:
    """The schema of a deployment's form, from the one that Prefect made of the flow.

    configs: those whose analyses the deployment runs.
    """
    shaped: Schema = _without_none(copy.deepcopy(dict(schema)))
    fields: dict[str, Schema] = shaped["properties"]
    if not any(named.is_shared for named in configs):
        fields.pop("spread", None)
    for name, field in fields.items():
        field["title"] = _TITLES.get(name, field.get("title", name))
    if "analysis" in fields:
        analyses = [f"{named.name}/{analysis}" for named in configs for analysis in named.config.analyses]
        said = "Which analysis to run." if analyses else "There is none yet: no project of configs/ is there."
        fields["analysis"] = _choice("analysis", said, fields, analyses)
    if "root" in fields:
        roots = sorted({str(named.root) for named in configs})
        fields["root"] = _choice("root", "Folder that will hold the project.", fields, roots)
        if len(roots) > 1:
            shaped["required"] = [*shaped.get("required", []), "root"]
        elif roots:
            fields["root"]["default"] = roots[0]
    _say_todays_values(shaped.get("definitions", {}).get("Overrides", {}), configs)
    return shaped


def _choice(name: str, description: str, fields: Mapping[str, Schema], values: Sequence[str]) -> Schema:
    """A field that offers values, in the place of one that takes any."""
    position = fields[name].get("position", 0)
    known: Schema = {"title": _TITLES[name], "description": description, "position": position}
    return {**known, "type": "string", "enum": list(values)}


def _without_none(part: Any) -> Any:
    """A part of a schema without None: neither as one of several types nor as a default."""
    if isinstance(part, list):
        return [_without_none(item) for item in part]
    if not isinstance(part, dict):
        return part
    part = {key: _without_none(value) for key, value in part.items() if not (key == "default" and value is None)}
    if isinstance(part.get("default"), dict):
        part["default"] = {key: value for key, value in part["default"].items() if value is not None}
    kinds = part.get("anyOf")
    if isinstance(kinds, list) and {"type": "null"} in kinds:
        kinds = [kind for kind in kinds if kind != {"type": "null"}]
        del part["anyOf"]
        # What stands beside the types, such as the title, counts more than what stands in one of them.
        part = {**kinds[0], **part} if len(kinds) == 1 else {**part, "anyOf": kinds}
    return part


def _say_todays_values(overrides: Schema, configs: Sequence[NamedConfig]) -> None:
    known = _todays_values(configs)
    for name, field in overrides.get("properties", {}).items():
        said = {analysis: _in_words(values[name]) for analysis, values in known.items()}
        if not said:
            continue
        if len(set(said.values())) == 1:
            today = f"In the settings file: {next(iter(said.values()))}."
        else:
            today = f"In the settings files: {', '.join(f'{value} ({analysis})' for analysis, value in said.items())}."
        field["description"] = f"{field.get('description', '')} {today}".strip()


def _todays_values(configs: Sequence[NamedConfig]) -> dict[str, dict[str, Any]]:
    """What the settings of each analysis say, by analysis; one that cannot be read says nothing here."""
    known = {}
    for named in configs:
        for analysis in named.config.analyses:
            try:
                settings = read_settings(named.analysis_path(analysis))
            except InputError:
                continue  # deploying warns of it, and a run says it in full
            known[analysis] = stated(settings.model_dump(mode="json", include={"tmo", "params"}))
    return known


def _in_words(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) if len(value) <= _MOST_SHOWN else f"a list of {len(value)} words"
    return str(value)


def shape_forms(configs: Sequence[NamedConfig], common: Sequence[str]) -> None:
    """Give every deployment its form. common: names of the deployments that serve all projects, as FLOW/NAME."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.actions import DeploymentUpdate

    wanted = {f"topic-model/{named.name}": [named] for named in configs} | {name: list(configs) for name in common}
    with get_client(sync_client=True) as client:
        for name, of in wanted.items():
            deployment = client.read_deployment_by_name(name)
            form = form_of(deployment.parameter_openapi_schema or {"properties": {"analysis": {}}}, of)
            client.update_deployment(deployment.id, DeploymentUpdate(parameter_openapi_schema=form))
