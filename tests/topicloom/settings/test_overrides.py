"""What one run asks for instead of its file: the same limits as the file's, and every setting where it belongs."""

from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from topicloom.errors import SettingsError
from topicloom.settings.overrides import PLACES, Overrides, stated
from topicloom.settings.reading import read_settings
from topicloom.settings.schema import Params, TopicModelSettings


@pytest.fixture
def analysis(tmp_path):
    folder = tmp_path / "wos" / "a01"
    folder.mkdir(parents=True)

    def write(**tmo):
        content = {
            "metadata": {"project_folder": "wos", "filtered_folder": "f01", "analysis_id": "a01"},
            "tmo": {"embeds_folder": "e01", **tmo},
        }
        (folder / "settings_analysis_directive_1.json").write_text(json.dumps(content))
        return folder

    return write


def limits(model, place: str):
    """Least and most value that a model's schema allows at a place, as (minimum, exclusive minimum, maximum, ...)."""
    schema = model.model_json_schema()
    field = schema
    for part in place.split("."):
        while "$ref" in field:
            field = schema["$defs"][field["$ref"].rpartition("/")[2]]
        field = field["properties"][part]
    options = [field, *field.get("anyOf", [])]
    number = next((option for option in options if option.get("type") in ("integer", "number")), {})
    names = ("type", "minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum")
    return {name: number[name] for name in names if name in number}


@pytest.mark.parametrize("name", PLACES)
def test_an_override_allows_what_the_setting_allows(name):
    section, _, place = PLACES[name].partition(".")
    model = {"tmo": TopicModelSettings, "params": Params}[section]
    assert limits(Overrides, name) == limits(model, place)


def test_every_override_reaches_its_setting(analysis):
    asked = Overrides(
        clusterer="kmeans",
        n_topics=7,
        min_topic_size=4,
        n_neighbors=9,
        n_components=3,
        min_samples=2,
        resolution=3.0,
        inertia=1.0,
        others_threshold=0.5,
        stop_words="english",
        language="multilingual",
        orphans="reassign",
        update="assign",
        quick=False,
        pictures="report",
        seed=5,
    )
    settings = read_settings(analysis(pictures={"figures": True}), asked)
    said = stated(settings.model_dump(mode="json", include={"tmo", "params"}))
    assert said == asked.given()
    assert settings.overrides == asked
    assert set(Overrides.model_fields) == set(asked.given())


def test_what_is_not_asked_for_stays_as_in_the_file(analysis):
    folder = analysis(n_topics=12, represent={"stop_words": ["of", "the"], "n_gram_range": [1, 2]})
    changed, plain = read_settings(folder, Overrides(seed=3)), read_settings(folder)
    assert changed.tmo == plain.tmo
    assert changed.params.seed == 3
    assert read_settings(folder, Overrides(stop_words="none")).tmo.represent.stop_words is None
    assert read_settings(folder, Overrides(clusterer="hdbscan")).tmo.n_topics == 0
    none = read_settings(folder, Overrides(pictures="none")).tmo.pictures
    assert none.model_dump() == plain.tmo.pictures.model_dump() | {"quality": False, "figures": False, "report": False}


def test_stop_words_are_those_of_a_language_that_has_a_list(analysis):
    assert read_settings(analysis(), Overrides(stop_words="spanish")).tmo.represent.stop_words == "spanish"
    with pytest.raises(ValidationError, match="'klingon' has no list of stop words; it may be none, english, arabic"):
        Overrides(stop_words="klingon")


def test_what_does_not_go_together_is_said(analysis):
    with pytest.raises(ValidationError, match="n_topics 5"):
        Overrides(clusterer="hdbscan", n_topics=5)
    with pytest.raises(ValidationError, match="KMeans needs a number of topics"):
        Overrides(clusterer="kmeans", n_topics=0)
    with pytest.raises(SettingsError, match="Give n_topics too, or leave clusterer out"):
        read_settings(analysis(), Overrides(clusterer="kmeans"))
    with pytest.raises(
        SettingsError, match=r"asks for update = auto, which does not go with the file: .*consensus.seeds"
    ):
        read_settings(analysis(consensus={"seeds": 3}), Overrides(update="auto"))
