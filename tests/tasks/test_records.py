"""Records of results that say they are to be decoded by anything but plain JSON are not obeyed."""

from __future__ import annotations

import base64
import json
import os
import pickle

import pytest

from tasks.records import forget_unless_plain, is_plain


class Attack:
    def __init__(self, target):
        self.target = target

    def __reduce__(self):
        return os.mkdir, (str(self.target),)


def forged(record: dict, kind: str, target) -> dict:
    metadata = record["metadata"]
    result = json.loads(record["result"])
    match kind:
        case "pickle" | "compressed/pickle" | "cloudpickle":
            metadata["serializer"] = {"type": "pickle", "picklelib": "cloudpickle"}
            record["result"] = base64.encodebytes(pickle.dumps(Attack(target))).decode()
        case "decoder":
            metadata["serializer"]["object_decoder"] = "os.system"
        case "class":
            record["result"] = json.dumps({"__class__": "os.system", "data": f"mkdir {target}"})
        case "class inside":
            result["data"]["facts"]["more"] = [{"__class__": "antigravity.x", "data": 1}]
            record["result"] = json.dumps(result)
        case "error inside":
            result["data"]["facts"]["more"] = {"__exc_type__": "builtins.SystemExit", "message": "1"}
            record["result"] = json.dumps(result)
        case "class twice":
            record["result"] = record["result"].replace("{", '{"__class__": "antigravity.x", ', 1)
        case "elsewhere":
            metadata["storage_key"] = "/etc/passwd"
    return record


KINDS = ["pickle", "decoder", "class", "class inside", "error inside", "class twice", "elsewhere"]


def test_an_unchanged_run_obeys_no_record_that_runs_code(finished, run, tmp_path):
    records = [path for path in (finished.path / ".topicloom" / "prefect").iterdir() if path.suffix != ".lock"]
    assert records
    assert all(is_plain(path.read_bytes(), path.name) for path in records)
    target = tmp_path / "attacked"
    for path, kind in zip(records, KINDS * len(records), strict=False):
        path.write_text(json.dumps(forged(json.loads(path.read_text()), kind, target)))
        assert not is_plain(path.read_bytes(), path.name), kind
    run(finished.analysis)
    assert not target.exists()


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"[" * 100_000, b"\xff"])
def test_a_record_of_another_form_is_removed(tmp_path, content):
    record = tmp_path / "reduce-1"
    record.write_bytes(content)
    assert forget_unless_plain(record)
    assert not record.exists()
    assert not forget_unless_plain(record)
