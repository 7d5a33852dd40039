"""Prefect's records of results in the project's folder, which are obeyed only where they are a plain reference in JSON.

A record says itself how it is to be decoded, and by which classes; one that names pickle, or a class of its own, would
run code in the next run of whoever reads it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from prefect.serializers import JSONSerializer

from topicloom.store.store import StageRef

_CLASS: Final = f"{StageRef.__module__}.{StageRef.__qualname__}"
_MARKS: Final = ("__class__", "__exc_type__")  # what Prefect's decoder of JSON imports
_MOST_BYTES: Final = 1 << 24


def forget_unless_plain(record: Path) -> bool:
    """Remove a record that is anything but a reference to a result in JSON; whether it was removed."""
    try:
        if record.stat().st_size <= _MOST_BYTES and is_plain(record.read_bytes(), record.name):
            return False
    except FileNotFoundError:
        return False
    except OSError:
        pass
    record.unlink(missing_ok=True)
    return True


def is_plain(content: bytes, key: str) -> bool:
    """Whether a record is decoded by Prefect's own JSON alone, and to a reference to a result."""
    try:
        record = json.loads(content)
        result = json.loads(record["result"], object_pairs_hook=_without_repeats)
        metadata = record["metadata"]
        return (
            metadata["serializer"] == JSONSerializer().model_dump(mode="json")
            and metadata.get("storage_block_id") is None
            and Path(metadata["storage_key"]).name == key
            and result["__class__"] == _CLASS
            and not _has_marks(result["data"])
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        return False


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) < len(pairs):
        raise ValueError("a name stands there twice")
    return dict(pairs)


def _has_marks(value: Any) -> bool:
    if isinstance(value, dict):
        return any(mark in value for mark in _MARKS) or any(_has_marks(item) for item in value.values())
    return isinstance(value, list) and any(_has_marks(item) for item in value)
