"""What a settings field allows, in words: made from its type and limits, so that the two cannot drift apart."""

from __future__ import annotations

import json
import typing
from typing import Any

from pydantic.fields import FieldInfo

from topicloom.settings.section import inside_its_parent, is_union

_LIMIT_WORDS = (("gt", "above"), ("ge", "of at least"), ("lt", "below"), ("le", "at most"))


def allowed_values(field: FieldInfo | None) -> str:
    """What `field` may be, such as "a whole number of at least 2"."""
    if field is None:
        return "an object"
    if inside_its_parent in (getattr(item, "func", None) for item in field.metadata):
        return "the name of a folder inside the project, at most 255 bytes, without '..' and control characters"
    return _kinds(field.annotation, _limits(field.metadata))


def default_hint(field: FieldInfo | None) -> str:
    """How to mend a wrong value of `field`: change it, or leave it out for its default."""
    if field is None or field.is_required():
        return "Change it."
    default = field.get_default(call_default_factory=True)
    if default is None:
        return "Change it, or leave it out."
    return f"Change it, or leave it out for the default of {json.dumps(default, default=str)}."


def _limits(metadata: list[Any]) -> str:
    limits = {name: getattr(item, name) for item in metadata for name, _ in _LIMIT_WORDS if hasattr(item, name)}
    return " and ".join(f"{word} {limits[name]}" for name, word in _LIMIT_WORDS if name in limits)


def _kinds(annotation: Any, limits: str) -> str:
    options = typing.get_args(annotation) if is_union(annotation) else (annotation,)
    return " or ".join(_kind(option, limits) for option in options if option is not type(None))


def _kind(annotation: Any, limits: str) -> str:
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        metadata = [m for item in arguments[1:] for m in (item.metadata if isinstance(item, FieldInfo) else [item])]
        return _kind(arguments[0], _limits(metadata) or limits)
    if origin is typing.Literal:
        return " or ".join(json.dumps(value) for value in arguments)
    if origin is tuple:
        return f"a list of {len(arguments)} numbers, each {_kind(arguments[0], '')}"
    if origin is list:
        return "a list of texts, at least one"
    words = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}
    kind = words.get(annotation, str(annotation))
    return f"{kind} {limits}" if limits and annotation in (int, float) else kind
