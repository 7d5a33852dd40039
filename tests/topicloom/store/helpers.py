"""A result, a swap and what a folder holds, for the tests of the store."""

from __future__ import annotations

from pathlib import Path

from topicloom.store.digests import DigestBook
from topicloom.store.files import write_json
from topicloom.store.store import StagePlan, StageRef, Store
from topicloom.store.swap import Names, swapped_in


def plan(**parameters) -> StagePlan:
    return StagePlan(stage="reduce", version=1, parameters=parameters, inputs={"a": "1"}, libraries={"numpy": "2"})


def writer(text: str, calls: list[str] | None = None):
    def compute(out):
        if calls is not None:
            calls.append(text)
        out.path("result.txt").write_text(text)
        out.facts = {"length": len(text)}

    return compute


def book(folder: Path) -> DigestBook:
    return DigestBook(folder / "digests.sqlite", folder)


NAMES = Names(frozenset(("a", "b", "c", "gone")), frozenset(("d", "e")))


def swap(folder: Path, files: dict[str, str], gone: tuple[str, ...] = ()) -> None:
    with swapped_in(folder, NAMES, gone=gone) as staging:
        for name, text in files.items():
            (staging / name).parent.mkdir(parents=True, exist_ok=True)
            (staging / name).write_text(text)


def tree(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


OLD = {"a": "1", "b": "1", "d/x": "1", "d/y": "1", "gone": "1"}


NEW = {"a": "2", "b": "2", "c": "2", "d/x": "2", "e/x": "2"}


def failing_at(monkeypatch, *names: str) -> None:
    """Files that cannot be replaced or removed, as if they were immutable, or folders that cannot be renamed."""
    replace, unlink = Path.replace, Path.unlink

    def require(path: Path) -> None:
        if path.name in names:
            raise PermissionError(1, "Operation not permitted", str(path))

    monkeypatch.setattr(Path, "replace", lambda self, to: (require(Path(to)), require(self), replace(self, to))[2])
    monkeypatch.setattr(Path, "unlink", lambda self, **how: (require(self), unlink(self, **how))[1])


def record(store: Store, analysis: str, *refs: StageRef) -> Path:
    """run.json of an analysis that needs these results."""
    path = store.root.parent / analysis / "run.json"
    write_json(path, {"stages": {ref.stage: {"key": ref.key} for ref in refs}})
    return path


def entries(store: Store, stage: str = "reduce") -> set[str]:
    return {path.name for path in (store.root / stage).iterdir()}
