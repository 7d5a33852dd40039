"""How much of earlier results is kept."""

from __future__ import annotations

import os

import pytest

from tests.topicloom.store.helpers import entries, plan, record, writer
from topicloom.settings.schema import RetentionSettings
from topicloom.store.retention import apply_retention
from topicloom.store.store import GATE


@pytest.mark.parametrize(
    ("policy", "left"),
    [
        ({}, [0, 1, 2, 3, 4]),
        ({"keep_results": 0}, [2]),
        ({"keep_results": 1}, [2, 4]),
        ({"keep_results": 3}, [1, 2, 3, 4]),
        ({"keep_days": 2}, [2, 3, 4]),
        ({"keep_days": 0}, [2]),
        ({"keep_gigabytes": 0.0035}, [2, 3, 4]),
        ({"keep_gigabytes": 0.0021}, [2, 4]),
        ({"keep_gigabytes": 0}, [2]),
        ({"keep_results": 3, "keep_days": 4, "keep_gigabytes": 0.0035}, [2, 3, 4]),
    ],
    ids=str,
)
def test_a_policy_keeps_the_latest_and_what_is_needed(store, five, policy, left):
    (store.root / "prefect").mkdir()
    for key in five:
        (store.root / "prefect" / f"reduce-{key}").write_text("{}")
    removed = apply_retention(store, RetentionSettings(**policy))
    kept = {five[number] for number in left}
    assert entries(store) == kept
    assert entries(store, "prefect") == {f"reduce-{key}" for key in kept}
    assert {one.path.name for one in removed} == {*five} - kept
    assert all(one.bytes > 1_000_000 for one in removed)


def test_what_kept_results_rest_on_is_kept(store):
    part, _ = store.obtain(plan().model_copy(update={"stage": "tokens"}), writer("old"))

    def compute(out):
        out.path("result.txt").write_text("x")
        out.parts["tokens"] = part.key

    store.obtain(plan(n=1), compute)
    os.utime(store.folder("tokens", part.key), (0, 0))
    assert apply_retention(store, RetentionSettings(keep_days=1)) == []
    assert len(apply_retention(store, RetentionSettings(keep_results=0))) == 2


def test_nothing_is_removed_while_another_run_is_under_way_or_the_store_is_cleaned(store, five):
    policy = RetentionSettings(keep_results=0)
    with store.run():
        assert apply_retention(store, policy) == []
    with store.lock(GATE):
        assert apply_retention(store, policy) == []
    assert len(apply_retention(store, policy)) == 4


def test_nothing_is_removed_where_a_record_cannot_be_read(store, five, caplog):
    record(store, "a02").write_text("{")
    assert apply_retention(store, RetentionSettings(keep_results=0)) == []
    assert "Earlier results are all kept" in caplog.text
    assert entries(store) == {*five}
