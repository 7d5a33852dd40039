"""What a webhook is told: JSON, whatever a run is called and whatever its error says."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from prefect.server.events.jinja_filters import all_filters
from prefect.server.utilities.user_templates import register_user_template_filters, render_user_template_sync

from flows.server.notifications import _PAYLOAD


@pytest.mark.parametrize(
    "text", ["plain", 'a "quoted" name', "a \\ and\na line", '", "run": "another', "Größe {{ 1 }}"]
)
def test_every_value_is_json(text):
    register_user_template_filters(all_filters)  # as Prefect's server does before it calls a webhook
    state = SimpleNamespace(name=text, message=text)
    said = json.loads(
        render_user_template_sync(_PAYLOAD, {"flow_run": SimpleNamespace(name=text, state=state, id="1")})
    )
    assert said["text"] == f"topicloom: {text} ended as {text}"
    assert (said["run"], said["state"], said["message"]) == (text, text, text)
    assert set(said) == {"text", "run", "state", "message", "url"}
