"""The form of a deployment: choices, limits and today's values, and nowhere None as a type of its own."""

from __future__ import annotations

import json

import jsonschema
import pytest
import yaml
from prefect.utilities.callables import parameter_schema

from flows.announcement import intention
from flows.configs import analysis_folder, analysis_label
from flows.server.forms import form_of
from flows.single_stage import stage
from flows.sweep import sweep
from flows.topic_model import topic_model
from topicloom.settings.projects import ConfigError, read_configs
from topicloom.stages.status import StageStatus


@pytest.fixture
def configs(tmp_path, monkeypatch):
    """A config with two analyses whose files say something else, and one whose analysis is not there."""
    monkeypatch.setenv("TOPICLOOM_CONFIGS", str(tmp_path / "configs"))
    (tmp_path / "configs").mkdir()
    for name, tmo in (("a01", {}), ("deep/a02", {"n_topics": 40, "umap": {"n_neighbors": 30}})):
        folder = tmp_path / "wos" / name
        folder.mkdir(parents=True)
        metadata = {"project_folder": "wos", "filtered_folder": "f01", "analysis_id": name}
        content = {"metadata": metadata, "tmo": {"embeds_folder": "e01", "min_topic_size": 7, **tmo}}
        (folder / "settings_analysis_directive_1.json").write_text(json.dumps(content))
    two = {"root": str(tmp_path), "project": "wos", "analyses": ["a01", "deep/a02"]}
    (tmp_path / "configs" / "two.yaml").write_text(yaml.safe_dump(two))
    (tmp_path / "configs" / "other.yml").write_text(yaml.safe_dump({**two, "project": "gone", "analyses": ["z"]}))
    return read_configs(tmp_path / "configs")


def form(flow, configs):
    return form_of(parameter_schema(flow).model_dump(), configs)


@pytest.mark.parametrize("flow", [topic_model, stage, sweep], ids=lambda flow: flow.name)
def test_no_field_offers_none(flow, configs):
    assert "null" in json.dumps(parameter_schema(flow).model_dump()) or flow is stage
    assert "null" not in json.dumps(form(flow, configs))


def test_the_analyses_are_a_choice_and_so_are_the_stages(configs):
    fields = form(topic_model, configs[1:])["properties"]
    assert fields["analysis"]["enum"] == ["two/a01", "two/deep/a02"]
    assert fields["refresh"]["enum"][:2] == ["load-embeddings", "update"]
    assert form(sweep, configs)["properties"]["analysis"]["enum"] == ["other/z", "two/a01", "two/deep/a02"]


def test_only_what_lies_in_an_object_store_can_be_spread(configs, tmp_path):
    assert "spread" not in form(topic_model, configs)["properties"]
    content = {"root": "s3://maps/group", "project": "wos", "analyses": ["a01"]}
    (tmp_path / "configs" / "shared.yaml").write_text(yaml.safe_dump(content))
    shared = [named for named in read_configs(tmp_path / "configs") if named.is_shared]
    assert form(topic_model, shared)["properties"]["spread"]["title"] == "Let any worker compute each stage"


def test_a_form_without_any_project_says_so():
    """As where every config is optional, and no folder is there."""
    field = form(stage, [])["properties"]["analysis"]
    assert field["enum"] == []
    assert field["description"] == "There is none yet: no project of configs/ is there."


def test_a_field_says_its_range_and_what_the_file_says_today(configs):
    fields = form(topic_model, configs[1:])["definitions"]["Overrides"]["properties"]
    assert fields["n_topics"]["description"].endswith("In the settings files: 0 (a01), 40 (deep/a02).")
    assert fields["clusterer"]["description"].endswith("In the settings files: hdbscan (a01), kmeans (deep/a02).")
    assert fields["stop_words"]["enum"][:2] == ["none", "english"]
    assert fields["min_topic_size"]["description"].endswith("In the settings file: 7.")
    assert fields["min_topic_size"] | {"type": "integer", "minimum": 2} == fields["min_topic_size"]
    assert (
        "settings file"
        not in form(topic_model, configs[:1])["definitions"]["Overrides"]["properties"]["seed"]["description"]
    )


def test_the_form_takes_what_a_run_takes_and_nothing_else(configs):
    schema = form(topic_model, configs[1:])
    good = {"analysis": "two/a01", "refresh": "cluster", "overrides": {"min_topic_size": 2, "pictures": "none"}}
    jsonschema.validate(good, schema)
    for bad in (
        {"analysis": "/etc"},
        {"analysis": "other/z"},
        {"analysis": "two/a01", "overrides": {"min_topic_size": 1}},
        {"analysis": "two/a01", "refresh": "everything"},
    ):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(bad, schema)


def test_an_analysis_by_name_and_by_path(configs, tmp_path):
    folder = tmp_path / "wos" / "deep" / "a02"
    assert topic_model.validate_parameters({"analysis": "two/deep/a02"})["analysis"] == folder
    assert analysis_folder(str(folder)) == analysis_folder(folder) == folder
    assert analysis_label("two/a01") == analysis_label(str(tmp_path / "wos" / "a01" / "x.json")) == "wos/a01"
    (tmp_path / "configs" / "two.yaml").write_text("root: [")
    with pytest.raises(ConfigError, match="cannot be read as YAML"):
        analysis_folder("two/a01")


def statuses(**states: str) -> list[StageStatus]:
    return [
        StageStatus(name.replace("_", "-"), *state.split(":"), ended="" if state == "missing" else "2026")
        for name, state in states.items()
    ]


def test_a_run_says_first_what_it_will_compute_and_why():
    new = statuses(load_embeddings="missing", reduce="missing")
    assert intention(new, None) == "nothing is kept yet, so all 2 stages are to be computed."
    kept = statuses(load_embeddings="cached", reduce="cached", cluster="cached")
    assert intention(kept, None) == "every result is kept, so nothing is to be computed."
    assert intention(kept, "reduce") == "to be computed: reduce (as was asked), then cluster. Kept: load-embeddings."
    stale = statuses(
        load_embeddings="cached", cluster="stale:min_topic_size 5 → 8", represent="stale:cluster comes first"
    )
    assert intention(stale, None) == (
        "to be computed: cluster (min_topic_size 5 → 8), then represent. Kept: load-embeddings."
    )
