"""Which files of a project could run code when they are opened: those that docs/security.md names, and no others."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np

FITTED = {"umap.joblib", "clusterer.joblib", "index.joblib"}
EXPORTED = {"topic_model_object.pck"}
PAGE = Path(__file__).resolve().parents[2] / "docs" / "security.md"


def holds_no_code(path: Path) -> bool:
    """Whether a file is of a form that is data alone, by its content."""
    content = path.read_bytes()
    if path.suffix == ".npy":
        return np.load(path, allow_pickle=False).dtype != object
    if path.suffix == ".npz":
        with np.load(path, allow_pickle=False) as arrays:
            return all(arrays[name].dtype != object for name in arrays)
    if path.suffix == ".safetensors":
        return content[8:9] == b"{"
    if path.suffix == ".lock" or not content:
        return not content
    begins = (b"PAR1", b"SQLite format 3\0", b"\x1f\x8b", b"\x89PNG", b"<!", b"<?xml", b"<html")
    if content.startswith(begins):
        return True
    text = content.decode()  # a pickle of protocol 2 and later is no UTF-8, one of protocol 0 no JSON
    if path.suffix in (".csv", ".md", ".yml", ".html"):
        return True
    json.loads(text)
    return True


def test_the_page_names_every_file_that_could_run_code(finished):
    files = [path for path in finished.path.rglob("*") if path.is_file()]
    pickles = {path.name for path in files if path.suffix in (".joblib", ".pck", ".pkl", ".pickle")}
    assert pickles == (FITTED | EXPORTED) & pickles
    assert pickles >= EXPORTED | {"umap.joblib", "clusterer.joblib"}
    unread = [path for path in files if path.name not in pickles and not holds_no_code(path)]
    assert unread == []
    assert not list((finished.analysis / "topic_model_object").glob("*.p*k*"))
    page = PAGE.read_text(encoding="utf-8")
    assert set(re.findall(r"`(\w+\.joblib)`", page)) == FITTED
    assert "`topic_model_object.pck`" in page
