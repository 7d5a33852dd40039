"""What every section of the settings file is: how its values are read, and which folder names are admitted."""

from __future__ import annotations

import types
import typing
import unicodedata
from pathlib import PurePosixPath
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, model_validator

_LONGEST_NAME = 255  # bytes that file systems admit
_DEEPEST = 8  # folders in one name: a path as a whole has a limit too


def inside_its_parent(name: str) -> str:
    """Refuse a folder name that would lead out of the project."""
    parts = PurePosixPath(name.replace("\\", "/")).parts
    if not parts or ".." in parts or parts[0] == "/" or ":" in parts[0]:
        raise ValueError("not a folder inside the project")
    if any(ord(letter) < ord(" ") for letter in name):
        raise ValueError("holds a control character")
    if max(len(part.encode("utf-8", "surrogatepass")) for part in parts) > _LONGEST_NAME or len(parts) > _DEEPEST:
        raise ValueError("longer than a file system admits")
    return unicodedata.normalize("NFC", "/".join(parts))


FolderName = Annotated[str, AfterValidator(inside_its_parent)]


def _takes_list(annotation: Any) -> bool:
    options = typing.get_args(annotation) if is_union(annotation) else (annotation,)
    return any(typing.get_origin(option) in (list, tuple) for option in options)


def is_union(annotation: Any) -> bool:
    """Whether a type annotation offers several types, None included."""
    return typing.get_origin(annotation) in (typing.Union, types.UnionType)


class Section(BaseModel):
    """A section of the settings file: unknown keys are ignored, known ones are held to their type and range.

    The group's R code writes a list of one as a scalar, and YAML files hold lists of one where a scalar is
    meant, so both are read alike; a null counts as left out; 5.0 is read as 5 where a whole number is asked.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _read_scalar_and_list_of_one_alike(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        read = {}
        for key, value in values.items():
            field = cls.model_fields.get(str(key))
            if field is None or value is None or (value == [] and not _takes_list(field.annotation)):
                continue
            read[key] = _as_declared(value, field.annotation)
        return read


def _as_declared(value: Any, annotation: Any) -> Any:
    if _takes_list(annotation):
        options = typing.get_args(annotation) if is_union(annotation) else (annotation,)
        if isinstance(value, str) and str not in options:
            return [value]
        if isinstance(value, (list, tuple)) and any(typing.get_origin(option) is tuple for option in options):
            return tuple(_whole(item) for item in value)
        return value
    if isinstance(value, (list, tuple)) and len(value) == 1:
        value = value[0]
    options = typing.get_args(annotation) if is_union(annotation) else (annotation,)
    wants_int = any(_without_limits(option) is int for option in options)
    return _whole(value) if wants_int else value


def _without_limits(annotation: Any) -> Any:
    return typing.get_args(annotation)[0] if typing.get_origin(annotation) is Annotated else annotation


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value
