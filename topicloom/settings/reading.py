"""Reading the settings of an analysis from its JSON directive or its config_analysis.yml."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from topicloom.errors import Problem, SettingsError, shown
from topicloom.machine.regular_files import file_is_there
from topicloom.settings.allowed import allowed_values, default_hint
from topicloom.settings.documents import Document, read_document
from topicloom.settings.outputs import TOLD
from topicloom.settings.overrides import Overrides
from topicloom.settings.remarks import misleads, remarks
from topicloom.settings.schema import Metadata, Params, RetentionSettings, Settings, TopicModelSettings

JSON_PATTERN = "settings_analysis_directive_*.json"
SectionModel = TypeVar("SectionModel", bound=BaseModel)
_MOST_SAID = 20  # problems of one section
YAML_NAMES = ("config_analysis.yml", "config_analysis.yaml")


def read_settings(path: Path | str, overrides: Overrides | None = None) -> Settings:
    """Read and check the settings of an analysis.

    Args:
        path: The analysis folder, a settings JSON or a config_analysis.yml.
        overrides: Values that this run uses instead of the file's.

    Returns:
        The settings, with the defaults of all that the file leaves out.

    Raises:
        SettingsError: The file is missing or unreadable, holds a value out of range, or names folders that disagree
            with where it lies. The error holds every problem of the file.

    Example:
        >>> import json, tempfile
        >>> metadata = {"project_folder": "wos", "filtered_folder": "f01", "analysis_id": "a01"}
        >>> with tempfile.TemporaryDirectory() as root:
        ...     folder = Path(root, "wos", "a01")
        ...     folder.mkdir(parents=True)
        ...     file = folder / "settings_analysis_directive_2026-01-01-00-00.json"
        ...     _ = file.write_text(json.dumps({"metadata": metadata, "tmo": {"embeds_folder": "e01"}}))
        ...     read_settings(folder).tmo.umap.n_neighbors
        15
    """
    source = find_settings_file(Path(path))
    document = _parse(source)
    content = document.content
    problems = [repeat.problem for repeat in document.repeats if misleads(repeat)]
    metadata = read_section(Metadata, content, "metadata", problems)
    params = read_section(Params, content, "params", problems)
    retention = read_section(RetentionSettings, content, "retention", problems)
    topic_model = _topic_model(content, source, problems)
    if problems or metadata is None or params is None or retention is None or topic_model is None:
        raise SettingsError(source, problems)
    settings = Settings(
        source=source,
        root=_root_folder(source, content, metadata),
        metadata=metadata,
        tmo=topic_model,
        params=params,
        retention=retention,
        notes=(*_beside(source), *remarks(content, document.repeats)),
    )
    return _overridden(settings, overrides) if overrides and overrides.given() else settings


def _overridden(settings: Settings, overrides: Overrides) -> Settings:
    """The settings with what one run says otherwise. Raises SettingsError where the two do not go together."""
    if overrides.clusterer == "kmeans" and not (overrides.n_topics or settings.tmo.n_topics):
        finding = "This run asks for kmeans, and n_topics is 0; KMeans needs a number of topics."
        raise SettingsError(settings.source, Problem(finding, "Give n_topics too, or leave clusterer out."))
    try:
        changed = with_values(settings, dict(overrides.values()))
    except ValueError as error:
        given = ", ".join(f"{name} = {value}" for name, value in overrides.given().items())
        finding = f"This run asks for {given}, which does not go with the file: {error}"
        raise SettingsError(settings.source, Problem(finding, "Change what the run asks for, or the file.")) from error
    return changed.model_copy(update={"overrides": overrides})


def with_values(settings: Settings, values: Mapping[str, Any]) -> Settings:
    """Settings with other values, by full name. Raises ValueError where one is not allowed."""
    content = settings.model_dump(mode="json", include={"tmo", "params"})
    for name, value in values.items():
        *path, last = name.split(".")
        section = content
        for part in path:
            section = section[part]
        section[last] = value
    problems: list[Problem] = []
    tmo = read_section(TopicModelSettings, content, "tmo", problems)
    params = read_section(Params, content, "params", problems)
    if tmo is None or params is None:
        raise ValueError(" ".join(problem.finding for problem in problems))
    return settings.model_copy(update={"tmo": tmo, "params": params})


def find_settings_file(path: Path) -> Path:
    """The settings file that `path` stands for: itself, or the newest of the folder.

    In a folder that holds both forms, config_analysis.yml counts: nothing writes the JSON any more.
    """
    # Not resolve(): a project reached through a link keeps the names that its settings state.
    path = Path(os.path.abspath(os.path.expanduser(path)))  # noqa: PTH100, PTH111  # these never raise
    if not _is_folder(path) and file_is_there(path, SettingsError):
        return path
    if not _is_folder(path):
        raise SettingsError(
            path,
            Problem(
                "There is no such file or folder.",
                "Give an analysis folder, or the path of a settings file in it.",
            ),
        )
    for name in YAML_NAMES:
        if file_is_there(path / name, SettingsError):
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


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):  # a name that is too long; `file_is_there` says so
        return False


def _parse(source: Path) -> Document:
    document = read_document(source, SettingsError)
    if not isinstance(document.content, dict):
        raise SettingsError(
            source,
            Problem(
                f"It holds a {type(document.content).__name__}; it must be an object with the sections metadata and "
                "tmo.",
                "Write the sections metadata and tmo (or topic_model), as docs/contracts.md shows.",
            ),
        )
    return document


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
    if values is None and name in ("params", "retention"):
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
        problems.extend(dict.fromkeys(_problem(model, name, details) for details in error.errors()[:_MOST_SAID]))
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
    if details["type"] == TOLD:
        return Problem(f"{where}: {details['msg']}.", default_hint(field))
    found = shown(details["input"])
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
    if source.name in YAML_NAMES and stated is not None and _is_folder(stated / metadata.project_folder):
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
            path = Path(os.path.expanduser(stated))  # noqa: PTH111  # Path's raises for an unknown user
            return path if path.is_absolute() else None
    return None


def _beside(source: Path) -> Iterator[str]:
    """A remark on settings files that are not read."""
    if source.name in YAML_NAMES and any(source.parent.glob(JSON_PATTERN)):
        yield f"{source.name} is read; the {JSON_PATTERN} beside it are not."
