"""Reading run.json: its form, as far as topicloom reads it again, so that what another hand has spoilt is found."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from topicloom.output_files import RUN_RECORD


def inside_the_folder(name: str) -> str:
    """Refuse a name that would lead out of the folder that it is relative to. Raises ValueError."""
    parts = PurePosixPath(name).parts
    if not parts or parts[0] == "/" or ".." in parts or "\0" in name or "\\" in name:
        raise ValueError("not a name inside the folder")
    return name


InnerName = Annotated[str, AfterValidator(inside_the_folder)]
Key = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Stage = Annotated[str, Field(pattern="^[a-z-]+$")]


class _Note(BaseModel):
    """Part of run.json; what topicloom does not read again may hold anything."""

    model_config = ConfigDict(strict=True, extra="allow")


class RunIdentity(_Note):
    """A run in the history.

    history: id of the history. lineage: id of the line of runs. run: number in it. entered: whether the run found or
    used something new; otherwise it is as run `run`, which finished then.
    """

    history: str = Field(pattern="^[0-9a-f]{32}$")
    lineage: InnerName
    run: int = Field(ge=1)
    entered: bool
    finished: str


class _ExportedFile(_Note):
    sha256: Key
    bytes: int = Field(ge=0)


class _MadeFrom(_Note):
    parameters: dict[str, Any] = {}
    inputs: dict[str, Any] = {}
    libraries: dict[str, Any] = {}


class _ExportFacts(_Note):
    columns_giving_way: list[str] = []


class _Export(_Note):
    key: Key
    made_from: _MadeFrom = _MadeFrom()
    facts: _ExportFacts = _ExportFacts()
    ended: str
    seconds: float
    files: dict[InnerName, _ExportedFile]


class _Pictures(_Note):
    keys: dict[Stage, Key] = {}
    files: dict[InnerName, Key] = {}


class _StageNote(_Note):
    key: Key


class _Record(_Note):
    export: _Export | None = None
    identity: RunIdentity | None = None
    pictures: _Pictures | None = None
    stages: dict[Stage, _StageNote] = {}
    settings: dict[str, Any] = {}
    finished: str = ""
    prefect_run_id: str | None = None


def load_record(path: Path) -> tuple[dict[str, Any], str]:
    """What a run.json holds, and why it cannot be used; both empty where there is none.

    Args:
        path: The file.

    Returns:
        The record as it stands in the file, and "" or what is wrong with it. With a fault the record is empty.
    """
    try:
        if path.exists() and not path.is_file():
            return {}, "it is no file"
        record = json.loads(path.read_text(encoding="utf-8"))
        json.dumps(record, ensure_ascii=False).encode()
        _Record.model_validate(record)
    except FileNotFoundError:
        return {}, ""
    except OSError as error:
        return {}, f"it cannot be read: {error.strerror}"
    except ValidationError as error:
        return {}, _in_words(error)
    except (ValueError, RecursionError):
        return {}, "it is no JSON"
    return record, ""


def _in_words(error: ValidationError) -> str:
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"]) or "the whole"
    return f"{where}: {first['msg'].lower()}"


def stated_identity(folder: Path) -> dict[str, Any]:
    """What run.json of an analysis folder says of its run in the history: history, lineage, run, entered, finished.

    Empty where it says nothing, or cannot be used.
    """
    return load_record(folder / RUN_RECORD)[0].get("identity") or {}


def run_records(project: Path) -> Iterator[Path]:
    """Each run.json of a project, one an analysis.

    Hidden folders, such as the store, are left out. A linked folder counts where it is itself an analysis; what lies
    below the link may be anything, and is not walked through.
    """
    for folder, names, files in os.walk(project):
        names[:] = sorted(name for name in names if not name.startswith("."))
        inner = [Path(folder, name) for name in names]
        yield from (path / RUN_RECORD for path in inner if path.is_symlink() and (path / RUN_RECORD).is_file())
        if RUN_RECORD in files:
            yield Path(folder, RUN_RECORD)
