"""manifest.json of a stage's result: its form, and its own digest, so that what another hand has spoilt is found."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from topicloom.store.files import digest_json, read_json
from topicloom.store.record_form import InnerName, Key

MANIFEST = "manifest.json"
_OWN = "manifest_sha256"


class _Output(BaseModel):
    model_config = ConfigDict(strict=True)

    sha256: Key
    bytes: int = Field(ge=0)


class _Manifest(BaseModel):
    """What topicloom reads of a manifest again; the rest is for people."""

    model_config = ConfigDict(strict=True, extra="allow")

    stage: Annotated[str, Field(pattern="^[a-z0-9-]+$")]
    key: Key
    made_from: dict[str, Any]
    outputs: dict[InnerName, _Output]
    facts: dict[str, Any]
    parts: dict[str, Key] = {}
    ended: str
    seconds: float


def sealed(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """A manifest with its own digest."""
    plain: dict[str, Any] = json.loads(json.dumps(manifest))
    return {**plain, _OWN: _digest(plain)}


def load_manifest(folder: Path) -> tuple[dict[str, Any], str]:
    """What the manifest of a result says, and why it cannot be believed.

    Args:
        folder: Of the result, STORE/<stage>/<key>.

    Returns:
        The manifest as it stands in the file, and "" or what is wrong with it. With a fault the manifest is empty.
    """
    manifest = read_json(folder / MANIFEST)
    fault = next(_faults(folder, manifest), "")
    return ({}, fault) if fault else (manifest, "")


def fault_of(manifest: Any, stage: str, key: str) -> str:
    """Why a manifest cannot be that of a result; empty where it can.

    Args:
        manifest: What was read.
        stage: The name of the stage.
        key: Of the result.
    """
    return next(_own_faults(manifest, stage, key), "")


def _faults(folder: Path, manifest: Any) -> Iterator[str]:
    yield from _own_faults(manifest, folder.parent.name, folder.name)
    unknown = sorted({*_files(folder)} - {*manifest["outputs"], MANIFEST})
    if unknown:
        yield f"{MANIFEST} does not know {unknown[0]}"


def _own_faults(manifest: Any, stage: str, key: str) -> Iterator[str]:
    try:
        _Manifest.model_validate(manifest)
    except ValidationError:
        yield f"{MANIFEST} is missing or damaged"
        return
    stated = {name: value for name, value in manifest.items() if name != _OWN}
    # One that was written before manifests had a digest has none.
    if manifest.get(_OWN, _digest(stated)) != _digest(stated):
        yield f"{MANIFEST} is not as it was written"
    if (manifest["stage"], manifest["key"]) != (stage, key):
        yield f"{MANIFEST} is that of another result"
    if digest_json(manifest["made_from"]) != manifest["key"]:
        yield f"{MANIFEST} states another origin than its key"


def _files(folder: Path) -> Iterator[str]:
    return (path.relative_to(folder).as_posix() for path in folder.rglob("[!.]*") if path.is_file())


def _digest(manifest: Mapping[str, Any]) -> str:
    # Facts may hold NaN, which canonical JSON does not.
    text = json.dumps(manifest, sort_keys=True, separators=(",", ":"))
    return digest_json(text)
