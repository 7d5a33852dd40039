"""Settings that came later change neither the history nor the page of a run that leaves them out."""

from __future__ import annotations

from collections.abc import Mapping

from topicloom.lineage.database import stated_digest
from topicloom.settings.schema import TopicModelSettings
from topicloom.settings.stated import LATER, stated


def dumped(**tmo) -> dict:
    return {"tmo": TopicModelSettings(embeds_folder="e01", **tmo).model_dump(mode="json"), "params": {"seed": 100}}


def _require_defaults(later: Mapping, values: Mapping) -> None:
    for name, default in later.items():
        if isinstance(default, Mapping):
            _require_defaults(default, values[name])
        else:
            assert values[name] == default


def test_what_is_left_out_is_the_default_of_the_schema():
    _require_defaults(LATER, dumped())


def test_a_run_of_before_states_the_same():
    now = dumped()
    before = dumped()
    del (
        before["tmo"]["id_column"],
        before["tmo"]["cut_notices"],
        before["tmo"]["precision"],
        before["tmo"]["quick"],
        before["tmo"]["umap"]["map_layout"],
        before["tmo"]["umap"]["neighbors"],
        before["tmo"]["represent"]["tokenizer"],
        before["tmo"]["names"]["authors_keywords"],
        before["tmo"]["names"]["language_model"]["groups"],
        before["tmo"]["take_away"],
        before["tmo"]["columns"],
    )
    assert stated(now) == before
    assert stated_digest(now, {}) == stated_digest(before, {})


def test_what_is_set_is_stated():
    chosen = dumped(cut_notices=True, represent={"language": "thai", "tokenizer": "icu"}, min_topic_size=7)
    found = stated(chosen)["tmo"]
    assert found["cut_notices"] is True
    assert found["represent"]["tokenizer"] == "icu"
    assert found["min_topic_size"] == 7
    assert "id_column" not in found
    assert stated_digest(chosen, {}) != stated_digest(dumped(), {})
