"""Settings as a run states them: those that came later only where they are set, so that an upgrade changes none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from topicloom.settings.outputs import ColumnsSettings, TakeAwaySettings

# With their defaults. Runs of before say nothing of them, and are to compare as equal with a run that leaves them out.
LATER: Mapping[str, Any] = {
    "tmo": {
        "id_column": "UT",
        "cut_notices": False,
        "precision": "full",
        "umap": {"map_layout": None, "neighbors": "pynndescent"},
        "quick": False,
        "represent": {"tokenizer": None},
        "names": {"authors_keywords": True, "language_model": {"groups": False}},
        "take_away": {name: field.default for name, field in TakeAwaySettings.model_fields.items()},
        "columns": dict.fromkeys(ColumnsSettings.model_fields),
    },
}
_SET = object()  # what no value equals


def stated(dumped: Mapping[str, Any], later: Mapping[str, Any] = LATER) -> dict[str, Any]:
    """Dumped settings without those that came later and have their default. later: such settings, nested alike."""
    kept: dict[str, Any] = {}
    for name, value in dumped.items():
        default = later.get(name, _SET)
        if isinstance(default, Mapping) and isinstance(value, Mapping):
            inner = stated(value, default)
            if inner or value.keys() - default.keys():
                kept[name] = inner
        elif value != default:
            kept[name] = value
    return kept
