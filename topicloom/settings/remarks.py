"""Remarks on a settings file that can be used: keys that are ignored and may have been meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any, Final

from pydantic import BaseModel

from topicloom.errors import quoted_list, shown
from topicloom.settings.documents import Repeat
from topicloom.settings.schema import Metadata, Params, RetentionSettings, TopicModelSettings

_LONGEST_KEY = 64  # a longer one is no misspelt setting, and to compare it takes long
_MOST_COMPARED = 500  # unknown keys of a section; the group's files have a dozen
_READ = ("metadata", "params", "tmo", "topic_model", "retention", "embeds", "reporting", "rp")
_SECTIONS: Final[tuple[tuple[str, type[BaseModel]], ...]] = (
    ("metadata", Metadata),
    ("params", Params),
    ("tmo", TopicModelSettings),
    ("retention", RetentionSettings),
)


def misleads(repeat: Repeat) -> bool:
    """Whether a key that is given twice says two things of what topicloom reads, so that neither can be trusted."""
    return not repeat.agrees and repeat.path.partition(".")[0] in _READ


def remarks(content: Mapping[str, Any], repeats: tuple[Repeat, ...]) -> Iterator[str]:
    """Remarks on keys given twice, keys in the wrong section, and keys that look misspelt, one sentence each."""
    for repeat in repeats:
        if not misleads(repeat):
            yield f"{repeat.path} is given twice; the last one, {shown(repeat.last)}, is read."
    if "tmo" in content and "topic_model" in content:
        yield "The section topic_model is ignored, because there is a section tmo."
    yield from _outside(content)
    name = "tmo" if "tmo" in content else "topic_model"
    sections = ((name if section == "tmo" else section, model) for section, model in _SECTIONS)
    for section, model in sections:
        yield from _unknown(model, content.get(section) or {}, section, content)


def _outside(content: Mapping[str, Any]) -> Iterator[str]:
    """Settings that stand beside the sections."""
    for key, value in list(content.items())[:_MOST_COMPARED]:
        inner = TopicModelSettings.model_fields.get(key)
        fields = getattr(inner.annotation, "model_fields", {}) if inner else {}
        if key in _READ or (isinstance(value, dict) and not value.keys() & fields.keys()):
            continue  # a section of another program
        yield from _misplaced(key, value, key, content)


def _unknown(
    model: type[BaseModel], values: Mapping[str, Any], where: str, content: Mapping[str, Any]
) -> Iterator[str]:
    unknown = 0
    for key, value in values.items():
        field = model.model_fields.get(key)
        inner = field.annotation if field else None
        if isinstance(inner, type) and issubclass(inner, BaseModel) and isinstance(value, dict):
            yield from _unknown(inner, value, f"{where}.{key}", content)
        elif field is None and unknown < _MOST_COMPARED:
            unknown += 1
            yield from _unknown_key(model, key, value, where, content)


def _unknown_key(model: type[BaseModel], key: str, value: Any, where: str, content: Mapping[str, Any]) -> Iterator[str]:
    if key == "random_state":
        yield f"{where}.{key} is ignored: params.seed decides all randomness."
        return
    misplaced = list(_misplaced(key, value, f"{where}.{key}", content))
    yield from misplaced
    if misplaced or model is Metadata or len(key) > _LONGEST_KEY:
        return
    if near := difflib.get_close_matches(key, model.model_fields, cutoff=0.8):
        yield f"{where}.{key} is no setting of topicloom and is ignored; did you mean {quoted_list(near)}?"


def _misplaced(key: str, value: Any, where: str, content: Mapping[str, Any]) -> Iterator[str]:
    """A remark on a setting that stands where none is looked for, unless its own place says the same."""
    if value is None or value == []:
        return  # counts as left out
    name = "topic_model" if "tmo" not in content and "topic_model" in content else "tmo"
    places = [place.replace("tmo", name, 1) for place in _PLACES.get(key, ())]
    if places and not any(_value_at(content, place) == value for place in places):
        yield f"{where} is ignored in this place; its place is {' or '.join(places)}."


def _value_at(content: Mapping[str, Any], place: str) -> Any:
    found: Any = content
    for part in place.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found


def _places(prefix: str, model: type[BaseModel]) -> Iterator[tuple[str, str]]:
    for name, field in model.model_fields.items():
        yield name, f"{prefix}.{name}"
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from _places(f"{prefix}.{name}", inner)


def _all_places() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for prefix, model in _SECTIONS[1:]:  # the folders of metadata may stand elsewhere too
        for name, place in _places(prefix, model):
            found.setdefault(name, []).append(place)
    return found


# Every place of each setting, by its last name: metric is one of UMAP and of HDBSCAN.
_PLACES: Final = _all_places()
