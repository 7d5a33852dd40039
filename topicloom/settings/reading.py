"""Reading the settings of an analysis from its JSON directive or its config_analysis.yml."""

from __future__ import annotations

import difflib
import json
import os
import unicodedata
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from topicloom.errors import Problem, SettingsError, quoted_list
from topicloom.settings.allowed import allowed_values, default_hint
from topicloom.settings.schema import Metadata, Overrides, Params, Settings, TopicModelSettings

JSON_PATTERN = "settings_analysis_directive_*.json"
SectionModel = TypeVar("SectionModel", bound=BaseModel)
YAML_NAMES = ("config_analysis.yml", "config_analysis.yaml")


def read_settings(path: Path | str, overrides: Overrides | None = None) -> Settings:
    """Read and check the settings of an analysis.

    path: the analysis folder, a settings JSON or a config_analysis.yml.
    overrides: values that this run uses instead of the file's.

    Raises SettingsError, with every problem of the file, when it is missing, unreadable, holds a value out
    of range, or names folders that disagree with where it lies.
    """
    source = find_settings_file(Path(path))
    content = _parse(source)
    problems: list[Problem] = []
    metadata = read_section(Metadata, content, "metadata", problems)
    params = read_section(Params, content, "params", problems)
    topic_model = _topic_model(content, source, problems)
    if problems or metadata is None or params is None or topic_model is None:
        raise SettingsError(source, problems)
    root = _root_folder(source, content, metadata)
    overrides = overrides or Overrides()
    given = overrides.given()
    seed = {"seed": given.pop("seed")} if "seed" in given else {}
    notes = tuple(_notes(source, content))
    return Settings(
        source=source,
        root=root,
        metadata=metadata,
        tmo=topic_model.model_copy(update=given),
        params=params.model_copy(update=seed),
        overrides=overrides,
        notes=notes,
    )


def find_settings_file(path: Path) -> Path:
    """The settings file that `path` stands for: itself, or the newest of the folder.

    In a folder that holds both forms, config_analysis.yml counts: nothing writes the JSON any more.
    """
    # Not resolve(): a project reached through a link keeps the names that its settings state.
    path = Path(os.path.abspath(path.expanduser()))  # noqa: PTH100
    if path.is_file():
        return path
    if not path.is_dir():
        raise SettingsError(
            path,
            Problem(
                "There is no such file or folder.",
                "Give an analysis folder, or the path of a settings file in it.",
            ),
        )
    for name in YAML_NAMES:
        if (path / name).is_file():
            return path / name
    directives = sorted(path.glob(JSON_PATTERN), key=lambda file: file.name)
    if not directives:
        raise SettingsError(
            path,
            Problem(
                f"The folder holds no settings file: neither {JSON_PATTERN} nor {YAML_NAMES[0]}.",
                "Put one there, or give the folder of an analysis (ROOT/project/analysis).",
            ),
        )
    return directives[-1]


def _parse(source: Path) -> Mapping[str, Any]:
    is_yaml = source.suffix.lower() in (".yml", ".yaml")
    form = "YAML" if is_yaml else "JSON"
    try:
        text = source.read_text(encoding="utf-8-sig")
        content = yaml.safe_load(text) if is_yaml else json.loads(text)
    except UnicodeDecodeError as error:
        raise SettingsError(
            source, Problem(f"It is not UTF-8 text (byte {error.start}).", "Save it as UTF-8.")
        ) from error
    except (json.JSONDecodeError, yaml.YAMLError) as error:
        raise SettingsError(
            source, Problem(f"It is not {form}: {_one_line(error)}.", f"Mend the {form} at that place.")
        ) from error
    except OSError as error:
        raise SettingsError(
            source, Problem(f"It cannot be read: {error.strerror}.", "Give yourself the right to read it.")
        ) from error
    if not isinstance(content, dict):
        raise SettingsError(
            source,
            Problem(
                f"It holds a {type(content).__name__}; it must be an object with the sections metadata and tmo.",
                "Write the sections metadata and tmo (or topic_model), as docs/contracts.md shows.",
            ),
        )
    return content


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def _topic_model(content: Mapping[str, Any], source: Path, problems: list[Problem]) -> TopicModelSettings | None:
    name = "topic_model" if "tmo" not in content and "topic_model" in content else "tmo"
    if not isinstance(content.get(name), dict):
        params = content.get("params")
        kind = params.get("type_of_analysis") if isinstance(params, dict) else None
        problems.append(_missing_topic_model(source, kind))
        return None
    section = {**_fallbacks(content, content[name]), **content[name]}
    return read_section(TopicModelSettings, {name: section}, name, problems)


def _missing_topic_model(source: Path, kind: Any) -> Problem:
    if kind == "citation_network":
        return Problem(
            "params.type_of_analysis is citation_network and there is no section tmo: "
            "this analysis is a citation network, not a topic model.",
            "Give the settings of a topic-model analysis, or add a section tmo with embeds_folder.",
        )
    form = "topic_model" if source.name in YAML_NAMES else "tmo"
    return Problem(
        f"The section {form} is missing; it says which embeddings to use and how to cluster them.",
        f'Add a section {form} with at least embeds_folder, such as "e01".',
    )


def _fallbacks(content: Mapping[str, Any], topic_model: Mapping[str, Any]) -> dict[str, Any]:
    """text_columns and transformer_model as the group's files hold them outside the section tmo."""
    found: dict[str, Any] = {}
    for reporting in (content.get("reporting"), content.get("rp")):
        if isinstance(reporting, dict) and reporting.get("text_columns"):
            found["text_columns"] = reporting["text_columns"]
    profiles = content.get("embeds")
    name = str(topic_model.get("embeds_folder", "")).replace("/", "_").rsplit("_", 1)[-1]
    profile = profiles.get(name) if isinstance(profiles, dict) else None
    if isinstance(profile, dict):
        found |= {key: profile[key] for key in ("text_columns", "transformer_model") if profile.get(key)}
    return found


def read_section(
    model: type[SectionModel], content: Mapping[str, Any], name: str, problems: list[Problem]
) -> SectionModel | None:
    """A section of a settings file, checked; None, and what is wrong added to `problems`, where it cannot be used."""
    values = content.get(name)
    if values is None and name == "params":
        values = {}
    if not isinstance(values, dict):
        found = "is missing" if values is None else f"is a {type(values).__name__}"
        needed = ", ".join(key for key, field in model.model_fields.items() if field.is_required())
        problems.append(
            Problem(f"The section {name} {found}; it must be an object with {needed}.", f"Write {name} so.")
        )
        return None
    try:
        return model.model_validate(values)
    except ValidationError as error:
        # A field that admits two types is found wrong twice.
        problems.extend(dict.fromkeys(_problem(model, name, details) for details in error.errors()))
        return None


def _problem(model: type[BaseModel], section: str, details: Any) -> Problem:
    """One pydantic finding as a sentence with the field, what was found, what is allowed, and the way out."""
    names = [part for part in details["loc"] if isinstance(part, str)]
    field, names = _field_at(model, names)
    where = ".".join([section, *names])
    if details["type"] == "missing":
        return Problem(f"{where} is missing; it must be {allowed_values(field)}.", f"Add {where}.")
    if details["type"] == "value_error" and field is None:
        where = ".".join([section, *(part for part in details["loc"] if isinstance(part, str))])
        return Problem(f"In {where}, {details['ctx']['error']}.", "Change it.")
    found = json.dumps(details["input"], ensure_ascii=False, default=str)
    item = "holds" if details["loc"] and isinstance(details["loc"][-1], int) else "is"
    return Problem(f"{where} {item} {found}; it must be {allowed_values(field)}.", default_hint(field))


def _field_at(model: type[BaseModel], names: list[str]) -> tuple[FieldInfo | None, list[str]]:
    """The field that `names` leads to, and the part of the path that is made of fields."""
    field: FieldInfo | None = None
    used: list[str] = []
    current: Any = model
    for name in names:
        if not (isinstance(current, type) and issubclass(current, BaseModel) and name in current.model_fields):
            break
        field = current.model_fields[name]
        used.append(name)
        current = field.annotation
    return (None if isinstance(current, type) and issubclass(current, BaseModel) else field), used


def _root_folder(source: Path, content: Mapping[str, Any], metadata: Metadata) -> Path:
    """The folder that holds the project, checked against where the settings file lies."""
    stated = _stated_root(content)
    if source.name in YAML_NAMES and stated is not None and (stated / metadata.project_folder).is_dir():
        return stated
    below = [*metadata.project_folder.split("/"), *metadata.analysis_id.split("/")]
    found = [unicodedata.normalize("NFC", part) for part in source.parent.parts[-len(below) :]]
    if found == below:
        return source.parents[len(below)]
    problems = [
        Problem(
            f'metadata.{name} is "{wanted}", but the file lies in "{"/".join(lies)}".',
            f"Change metadata.{name}, or move the file to <root>/{'/'.join(below)}/.",
        )
        for name, wanted, lies in _folders_compared(metadata, found)
        if wanted.split("/") != lies
    ]
    if source.name in YAML_NAMES and stated is not None:
        problems.append(
            Problem(
                f'metadata.bibliometrics_directory is "{stated}", and no folder "{metadata.project_folder}" is there.',
                "Change it to the folder that holds the project folder.",
            )
        )
    raise SettingsError(source, problems)


def _folders_compared(metadata: Metadata, found: list[str]) -> Iterator[tuple[str, str, list[str]]]:
    depth = len(metadata.analysis_id.split("/"))
    yield "project_folder", metadata.project_folder, found[:-depth]
    yield "analysis_id", metadata.analysis_id, found[-depth:]


def _stated_root(content: Mapping[str, Any]) -> Path | None:
    values = content["metadata"]
    for name in ("bibliometrics_directory", "bibliometrics_folder"):
        stated = values.get(name)
        if isinstance(stated, str) and stated:
            path = Path(stated).expanduser()
            return path if path.is_absolute() else None
    return None


def _notes(source: Path, content: Mapping[str, Any]) -> Iterator[str]:
    """Remarks on keys that are ignored and may have been meant."""
    if source.name in YAML_NAMES and any(source.parent.glob(JSON_PATTERN)):
        yield f"{source.name} is read; the {JSON_PATTERN} beside it are not."
    name = "tmo" if "tmo" in content else "topic_model"
    yield from _misspelt(TopicModelSettings, content[name], name)
    yield from _misspelt(Params, content.get("params") or {}, "params")


def _misspelt(model: type[BaseModel], values: Mapping[str, Any], where: str) -> Iterator[str]:
    for key, value in values.items():
        field = model.model_fields.get(str(key))
        inner = field.annotation if field else None
        if isinstance(inner, type) and issubclass(inner, BaseModel) and isinstance(value, dict):
            yield from _misspelt(inner, value, f"{where}.{key}")
        elif field is None and key == "random_state":
            yield f"{where}.{key} is ignored: params.seed decides all randomness."
        elif field is None and (near := difflib.get_close_matches(str(key), model.model_fields, cutoff=0.8)):
            yield f"{where}.{key} is no setting of topicloom and is ignored; did you mean {quoted_list(near)}?"
