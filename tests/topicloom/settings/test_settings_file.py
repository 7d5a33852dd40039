"""Settings as JSON and as config_analysis.yml, scalars and lists of one, limits in words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from topicloom.errors import SettingsError
from topicloom.settings.allowed import allowed_values, default_hint
from topicloom.settings.reading import find_settings_file, read_settings
from topicloom.settings.schema import Settings, TopicModelSettings

METADATA = {"project_folder": "Q338", "filtered_folder": "f01", "analysis_id": "a01"}


def write(root: Path, tmo: dict, name: str = "settings_analysis_directive_2025-08-04-10-59.json", **more) -> Path:
    folder = root / "Q338" / "a01"
    folder.mkdir(parents=True, exist_ok=True)
    content = {"metadata": METADATA, "tmo": {"embeds_folder": "e01", **tmo}, **more}
    (folder / name).write_text(json.dumps(content))
    return folder


def test_defaults_are_the_notebooks(tmp_path):
    tmo = read_settings(write(tmp_path, {})).tmo
    assert (tmo.umap.n_neighbors, tmo.umap.n_components, tmo.umap.min_dist, tmo.umap.metric) == (15, 5, 0.0, "cosine")
    assert (tmo.hdbscan.metric, tmo.hdbscan.cluster_selection_method, tmo.min_cluster_size) == ("euclidean", "eom", 10)
    assert (tmo.represent.n_gram_range, tmo.represent.language, tmo.represent.top_n_words) == ((1, 3), "english", 10)
    assert tmo.distribution.model_dump() == {
        "batch_size": 1000,
        "window": 4,
        "stride": 1,
        "min_similarity": 0.1,
        "padding": False,
    }
    assert (tmo.others_threshold, tmo.n_topics, tmo.text_columns, tmo.year_column) == (0.9, 0, ["TI", "AB"], "PY")
    assert read_settings(tmp_path / "Q338" / "a01").params.seed == 100


def test_scalars_and_lists_of_one_are_read_alike(tmp_path):
    tmo = {"text_columns": "TI", "n_topics": [5], "min_topic_size": [7.0], "score": ["centroid"]}
    read = read_settings(write(tmp_path, {**tmo, "embeds_folder": ["e01"], "represent": {"stop_words": ["the"]}})).tmo
    assert (read.text_columns, read.n_topics, read.min_topic_size, read.score) == (["TI"], 5, 7, "centroid")
    assert read.represent.stop_words == ["the"]
    assert read.embeds_folder == "e01"


def test_null_and_unknown_keys_count_as_left_out(tmp_path):
    folder = write(tmp_path, {"n_topics": None, "seed": [], "tint": "red"}, llm={"theme": "x"}, rp={"top": 1})
    settings = read_settings(folder)
    assert settings.tmo.n_topics == 0
    assert settings.notes == ()


def test_a_key_that_looks_misspelt_is_noted(tmp_path):
    folder = write(tmp_path, {"min_topics_size": 4, "umap": {"n_neighbours": 5, "random_state": 3}})
    assert read_settings(folder).notes == (
        "tmo.min_topics_size is no setting of topicloom and is ignored; did you mean min_topic_size?",
        "tmo.umap.n_neighbours is no setting of topicloom and is ignored; did you mean n_neighbors, neighbors?",
        "tmo.umap.random_state is ignored: params.seed decides all randomness.",
    )


def test_the_newest_directive_by_name_is_taken(tmp_path):
    write(tmp_path, {"n_topics": 1}, "settings_analysis_directive_2025-08-04-10-59.json")
    folder = write(tmp_path, {"n_topics": 2}, "settings_analysis_directive_2025-11-01-08-00.json")
    assert read_settings(folder).tmo.n_topics == 2
    assert read_settings(folder / "settings_analysis_directive_2025-08-04-10-59.json").tmo.n_topics == 1


YAML = """
metadata:
  bibliometrics_directory: "{root}"
  project_folder: Q338
  filtered_folder: [f01]
  analysis_id: a01
params: {{type_of_analysis: topic_model, seed: 7}}
topic_model: {{embeds_folder: e01, min_topic_size: 8, others_threshold: 0.99}}
embeds:
  e01: {{transformer_model: all-MiniLM-L6-v2}}
reporting: {{text_columns: [TI]}}
"""


def test_config_analysis_by_path_with_its_root(tmp_path):
    (tmp_path / "root" / "Q338").mkdir(parents=True)
    path = tmp_path / "config_analysis.yml"
    path.write_text(YAML.format(root=tmp_path / "root"))
    settings = read_settings(path)
    assert settings.analysis_path == tmp_path / "root" / "Q338" / "a01"
    assert (settings.params.seed, settings.tmo.min_topic_size, settings.tmo.others_threshold) == (7, 8, 0.99)
    assert (settings.tmo.text_columns, settings.tmo.transformer_model) == (["TI"], "all-MiniLM-L6-v2")


def test_config_analysis_in_its_folder_without_that_root(tmp_path):
    folder = write(tmp_path, {})
    (folder / "config_analysis.yml").write_text(YAML.format(root="/Users/elsewhere/Drive"))
    settings = read_settings(folder)
    assert settings.root == tmp_path
    assert settings.tmo.min_topic_size == 8
    assert any("config_analysis.yml is read" in note for note in settings.notes)


def test_config_analysis_whose_root_is_nowhere(tmp_path):
    path = tmp_path / "config_analysis.yml"
    path.write_text(YAML.format(root="/nowhere"))
    with pytest.raises(SettingsError, match='bibliometrics_directory is "/nowhere", and no folder "Q338" is there'):
        read_settings(path)


def test_a_broken_yaml_is_said_with_its_place(tmp_path):
    path = tmp_path / "config_analysis.yml"
    path.write_text("metadata: [1,\n")
    with pytest.raises(SettingsError, match=r"It is not YAML: .*line 2"):
        read_settings(path)


def test_a_citation_network_is_said_to_be_one(tmp_path):
    folder = write(tmp_path, {}, params={"type_of_analysis": "citation_network"})
    assert read_settings(folder).tmo.n_topics == 0  # with a section tmo it is a topic model too
    content = {"metadata": METADATA, "params": {"type_of_analysis": "citation_network"}, "cno": {}}
    find_settings_file(folder).write_text(json.dumps(content))
    with pytest.raises(SettingsError, match="this analysis is a citation network, not a topic model"):
        read_settings(folder)


def test_all_problems_of_a_file_are_said_at_once(tmp_path):
    folder = write(tmp_path, {"n_topics": -1, "umap": {"metric": "hamming"}, "represent": {"n_gram_range": [3, 1]}})
    with pytest.raises(SettingsError) as caught:
        read_settings(folder)
    text = str(caught.value)
    assert "tmo.n_topics is -1; it must be a whole number of at least 0." in text
    assert 'tmo.umap.metric is "hamming"; it must be "cosine" or "euclidean"' in text
    assert "In tmo.represent, n_gram_range is [3, 1]" in text


@pytest.mark.parametrize("name", ["../e01", "/etc", "", "C:/x"])
def test_folders_cannot_lead_out_of_the_project(tmp_path, name):
    with pytest.raises(SettingsError, match="a folder inside the project"):
        read_settings(write(tmp_path, {"embeds_folder": name}))


@pytest.mark.parametrize(
    ("there", "stated"),
    [("f01/e01", "e01"), ("f01/f01_e01", "f01_e01"), ("f01/e01", "f01_e01"), ("f01/e01", "f01/e01")],
)
def test_names_of_the_profile_folder(tmp_path, there, stated):
    (tmp_path / "Q338" / there).mkdir(parents=True)
    settings = read_settings(write(tmp_path, {"embeds_folder": stated}))
    assert settings.embeds_path == tmp_path / "Q338" / there


def test_every_limit_has_words():
    def fields(model):
        for field in model.model_fields.values():
            if isinstance(field.annotation, type) and hasattr(field.annotation, "model_fields"):
                yield from fields(field.annotation)
            else:
                yield field

    found = list(fields(TopicModelSettings))
    assert len(found) > 40
    for field in found:
        assert "class" not in allowed_values(field)
        assert field.description
        assert default_hint(field).startswith("Change it")


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists, max_leaves=4))
def test_any_value_is_read_or_refused_but_never_crashes(value):
    for name in TopicModelSettings.model_fields:
        try:
            read = TopicModelSettings.model_validate({"embeds_folder": "e01", name: value})
        except ValidationError:
            continue
        assert isinstance(read.n_topics, int)
        assert read.min_topic_size >= 2


def test_settings_survive_json_and_defaults_may_be_written_out(tmp_path):
    settings = read_settings(write(tmp_path, {}))
    assert Settings.model_validate_json(settings.model_dump_json()) == settings
    assert Settings.model_validate(settings.model_dump(mode="json")) == settings
    written = json.loads(settings.model_dump_json())
    written_out = write(tmp_path, written["tmo"], params=written["params"])
    assert read_settings(written_out).tmo == settings.tmo


@pytest.mark.parametrize(("value", "fine"), [("auto", True), (3, True), (0, False), ("many", False)])
def test_n_init_is_a_number_or_auto(tmp_path, value, fine):
    folder = write(tmp_path, {"kmeans": {"n_init": value}})
    if fine:
        assert read_settings(folder).tmo.kmeans.n_init == value
        return
    with pytest.raises(
        SettingsError, match=r'tmo\.kmeans.n_init is .* it must be a whole number of at least 1 or "auto"'
    ):
        read_settings(folder)


def test_yaml_and_json_of_one_content_agree(tmp_path):
    folder = write(tmp_path, {"n_topics": 3})
    from_json = read_settings(folder)
    content = json.loads(from_json.source.read_text())
    (folder / "config_analysis.yml").write_text(yaml.safe_dump(content))
    assert read_settings(folder).tmo == from_json.tmo
