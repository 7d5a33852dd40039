"""JSON and YAML that would hang or crash a reader, and keys given twice: refused with a sentence, or noted."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import yaml

from topicloom.errors import InputError, SettingsError
from topicloom.settings import documents
from topicloom.settings.documents import read_document
from topicloom.settings.projects import ConfigError, read_config
from topicloom.settings.reading import read_settings
from topicloom.sweep.grid import SweepError, SweepPlan, combinations, read_plan

METADATA = {"project_folder": "Q338", "filtered_folder": "f01", "analysis_id": "a01"}
LAUGHS = "".join(f"l{level}: &l{level} [{', '.join([f'*l{level - 1}'] * 10)}]\n" for level in range(1, 12))


def analysis(root: Path, text: str, name: str = "settings_analysis_directive_2026-01-01-00-00.json") -> Path:
    folder = root / "Q338" / "a01"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8", errors="surrogatepass")
    return folder


def with_tmo(text: str) -> str:
    return json.dumps({"metadata": METADATA, "tmo": {"embeds_folder": "e01"}}).replace('"e01"', '"e01", ' + text)


JSON = {
    "deep nesting": ('"x": ' + "[" * 200_000 + "]" * 200_000, "It is nested deeper than 50 levels"),
    "nested a little too deep": ('"x": ' + "[" * 60 + "]" * 60, "It is nested deeper than 50 levels"),
    "a huge number": (f'"n_topics": {"9" * 5000}', "It holds a whole number of 5000 digits"),
    "a huge number where none is read": (f'"other": {"9" * 5000}', "It holds a whole number of 5000 digits"),
    "half a letter": ('"transformer_model": "\\ud800"', "tmo.transformer_model holds half a letter"),
    "half a letter in a key": ('"\\udfff": 1', "tmo holds half a letter"),
    "twice": ('"n_topics": 5, "n_topics": 7', "tmo.n_topics is given twice: 5 and 7; it must be given once"),
    "twice, deeper": (
        '"umap": {"spread": 1.0, "n_neighbors": 5, "spread": 2.0}',
        "tmo.umap.spread is given twice: 1.0 and 2.0",
    ),
    "a section twice": ('"umap": {"spread": 1.0}, "umap": {}', 'tmo.umap is given twice: {"spread": 1.0} and {}'),
    "infinite": ('"others_threshold": 1e999', "tmo.others_threshold is Infinity"),
    "no number": ('"others_threshold": NaN', "tmo.others_threshold is NaN"),
    "a tiny spread": ('"umap": {"spread": 1e-300}', "a number of at least 0.01 and at most 100"),
    "a wide spread": ('"umap": {"spread": 1e300}', "a number of at least 0.01 and at most 100"),
    "more iterations than any machine counts": ('"kmeans": {"max_iter": 1e30}', "at most 1000000"),
    "a long folder": (f'"embeds_folder": "{"x" * 5000}"', "at most 255 bytes"),
    "many folders": (f'"embeds_folder": "{"x/" * 2000}e01"', "at most 255 bytes"),
    "a control character": ('"embeds_folder": "e\\u0000"', "control characters"),
}


PRIVATE = [
    "root:hidden:0:0:hidden:/root: x\n\t- a: [\n",
    "hidden",
    "- hidden\n- hidden: 1\n",
    'key: "hidden\n',
    "hidden: [hidden, \n",
    "%hidden x\n---\n",
    "{hidden",
    '"hidden"',
    "\x01hidden",
]


@pytest.mark.parametrize("case", JSON)
def test_json_that_cannot_be_used(tmp_path, case):
    text, message = JSON[case]
    text = with_tmo(text).replace('"embeds_folder": "e01", "embeds_folder"', '"embeds_folder"')
    with pytest.raises(SettingsError) as caught:
        read_settings(analysis(tmp_path, text))
    assert message in str(caught.value)
    assert len(str(caught.value)) < 1000


YAML = f"metadata: {json.dumps(METADATA)}\ntopic_model:\n  embeds_folder: e01\n"
IN_YAML = {
    "nested references": ("l0: &l0 [a, b]\n" + LAUGHS, "It holds more than 200,000 values"),
    "nested references in a value": (
        "l0: &l0 [a, b]\n" + LAUGHS + "params: {seed: *l11}\n",
        "It holds more than 200,000 values",
    ),
    "nested merges": (
        "m0: &m0 {a: 1, b: 2}\n"
        + "".join(f"m{n}: &m{n} {{<<: [{', '.join([f'*m{n - 1}'] * 10)}]}}\n" for n in range(1, 12)),
        "It holds more than 200,000 values",
    ),
    "a mapping in itself": ("more: &m {a: *m}\n", "holds itself"),
    "a list in itself": ("  stop: &m [1, *m]\n", "holds itself"),
    "an impossible date": ("other: 2024-13-45\n", 'Line 4 holds "2024-13-45", which cannot be: month must be in 1..12'),
    # By the version of PyYAML it is the reader that gives up, or the limit.
    "deep nesting": ("x: " + "[" * 3000 + "]" * 3000, "It is n"),
    "nested a little too deep": ("x: " + "[" * 60 + "]" * 60, "It is nested deeper than 50 levels"),
    "a huge number": (f"  n_topics: {'9' * 5000}\n", "it has too many digits"),
    "a tag that runs code": ("x: !!python/object/apply:os.system [ls]\n", "which has no place here"),
    "a set": ("x: !!set {a, b}\n", "Line 4 holds a set, which has no place here"),
    "a tag that lies": ("x: !!bool maybe\n", 'Line 4 holds "maybe", which cannot be'),
    "a key that is a list": ("[1, 2]: x\n", "Line 4 has a key that is no text"),
    "twice": ("  n_topics: 5\n  n_topics: 7\n", "topic_model.n_topics is given twice: 5 and 7"),
    "two documents": ("---\na: 1\n", "It is not YAML"),
}


@pytest.mark.timeout(60)  # some would otherwise be read for ever
@pytest.mark.parametrize("case", IN_YAML)
def test_yaml_that_cannot_be_used(tmp_path, case):
    text, message = IN_YAML[case]
    with pytest.raises(SettingsError) as caught:
        read_settings(analysis(tmp_path, YAML + text, "config_analysis.yml"))
    assert message in str(caught.value)


def test_yaml_is_read_as_json_would_be(tmp_path):
    """A date is a text and may name a folder, a key is a text, 1e-1 a number, and merges are carried out."""
    text = (
        "metadata: {project_folder: Q338, filtered_folder: 2024-01-31, analysis_id: a01}\n"
        "common: &c {spread: 2.0, min_dist: 1e-1}\n"
        "topic_model: {embeds_folder: e01, umap: {<<: *c, spread: 3.0}}\n"
        "labels: {1: one, yes: two}\n"
    )
    folder = analysis(tmp_path, text, "config_analysis.yml")
    settings = read_settings(folder)
    assert settings.metadata.filtered_folder == "2024-01-31"
    assert (settings.tmo.umap.spread, settings.tmo.umap.min_dist) == (3.0, 0.1)
    assert read_document(settings.source, SettingsError).content["labels"] == {"1": "one", "yes": "two"}


def test_keys_given_twice_that_mislead_nobody_are_noted(tmp_path):
    text = with_tmo('"n_topics": 5, "n_topics": 5').replace("{", '{"llm": {"theme": 1, "theme": 2}, ', 1)
    settings = read_settings(analysis(tmp_path, text))
    assert settings.tmo.n_topics == 5
    assert settings.notes == (
        "llm.theme is given twice; the last one, 2, is read.",
        "tmo.n_topics is given twice; the last one, 5, is read.",
    )


def test_keys_in_the_wrong_section_are_noted(tmp_path):
    content = {
        "metadata": METADATA,
        "min_topic_size": 4,
        "umap": {"n_neighbors": 5},
        "names": {"of": "another program"},
        "params": {"n_topics": 7, "type_of_analysis": "topic_model"},
        "tmo": {"embeds_folder": "e01", "seed": 3, "n_neighbors": 9, "metric": "cosine", "umap": {"min_topic_size": 2}},
        "topic_model": {"n_topics": 3},
    }
    assert read_settings(analysis(tmp_path, json.dumps(content))).notes == (
        "The section topic_model is ignored, because there is a section tmo.",
        "min_topic_size is ignored in this place; its place is tmo.min_topic_size.",
        "umap is ignored in this place; its place is tmo.umap.",
        "params.n_topics is ignored in this place; its place is tmo.n_topics.",
        "tmo.seed is ignored in this place; its place is params.seed.",
        "tmo.n_neighbors is ignored in this place; its place is tmo.umap.n_neighbors.",
        "tmo.metric is ignored in this place; its place is tmo.umap.metric or tmo.hdbscan.metric.",
        "tmo.umap.min_topic_size is ignored in this place; its place is tmo.min_topic_size.",
    )


def test_a_setting_that_its_own_place_repeats_is_not_noted(tmp_path):
    content = {"metadata": METADATA, "params": {"n_topics": 7}, "tmo": {"embeds_folder": "e01", "n_topics": 7}}
    assert read_settings(analysis(tmp_path, json.dumps(content))).notes == ()


def pipe(path: Path) -> None:
    os.mkfifo(path)


def device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def folder(path: Path) -> None:
    path.mkdir()


def broken_link(path: Path) -> None:
    path.symlink_to("nowhere")


def long(path: Path) -> None:
    path.write_bytes(b" " * (5 << 20))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (pipe, "It is a pipe; it must be a file"),
        (device, "It is a device; it must be a file"),
        (folder, "It is a folder; it must be a file"),
        (broken_link, "It is a link to a file that is not there"),
        (long, "It is longer than 4,194,304 bytes"),
    ],
)
def test_what_is_no_file_is_refused_and_never_waited_for(tmp_path, make, message):
    content = analysis(tmp_path, "{}")
    (content / "settings_analysis_directive_2026-01-01-00-00.json").unlink()
    make(content / "settings_analysis_directive_2026-01-01-00-00.json")
    with pytest.raises(SettingsError) as caught:
        read_settings(content)
    assert message in str(caught.value)
    path = tmp_path / "plan.yaml"
    make(path)
    with pytest.raises(SweepError) as caught:
        read_plan(path)
    assert message in str(caught.value)
    with pytest.raises(ConfigError) as caught:
        read_config(path)
    assert message in str(caught.value)


def test_a_path_that_no_file_system_admits(tmp_path):
    with pytest.raises(SettingsError, match="It cannot be read: File name too long"):
        read_settings(tmp_path / ("x" * 5000))
    with pytest.raises(SettingsError, match="There is no such file or folder"):
        read_settings("~nobody-of-this-name/x")


def test_many_problems_of_one_list_are_not_all_said(tmp_path):
    text = with_tmo(
        f'"text_columns": {json.dumps([1] * 20_000)}, "other": {json.dumps({str(n): 1 for n in range(9000)})}'
    )
    with pytest.raises(SettingsError) as caught:
        read_settings(analysis(tmp_path, text))
    assert len(str(caught.value)) < 10_000


PLANS = {
    "a milliard": ("vary: {n_neighbors: {from: 1, to: 1000000000}}", "are more than 10,000 numbers"),
    "a tiny step": ("vary: {n_neighbors: {from: 1, to: 2, step: 1.0e-300}}", "are more than 10,000 numbers"),
    "a step below all numbers": ("vary: {n_neighbors: {from: -1.0e308, to: 1.0e308, step: 5.0e-324}}", "are more than"),
    "nan": ("vary: {n_neighbors: {from: .nan, to: 5}}", "input should be a finite number"),
    "inf": ("vary: {n_neighbors: {from: 1, to: .inf}}", "input should be a finite number"),
    "itself": ("vary: &v {n_neighbors: [*v]}", "holds itself"),
    "twice": ("vary: {n_neighbors: [1], n_neighbors: [2]}", "vary.n_neighbors is given twice"),
    "seeds without end": ("vary: {n_neighbors: [5]}\nseeds: 1000000000", "less than or equal to 50"),
    "workers without end": ("vary: {n_neighbors: [5]}\nworkers: 1000000000", "less than or equal to 1024"),
    "nothing": ("", "the sweep is null"),
    "minutes": ("vary: {n_neighbors: [5]}\nbudget: {minutes: .inf}", "finite number"),
}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("case", PLANS)
def test_sweeps_that_cannot_be_made(tmp_path, case):
    text, message = PLANS[case]
    path = tmp_path / "plan.yaml"
    path.write_text(text)
    with pytest.raises(SweepError) as caught:
        read_plan(path)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("vary", "message"),
    [
        ("{n_neighbors: [.nan, .inf]}", "No combination of the sweep is allowed"),
        ("{n_neighbors: [2024-01-31]}", 'tmo.umap.n_neighbors is "2024-01-31"'),
        ("{n_neighbors: [[[1]]]}", "No combination of the sweep is allowed"),
        ("{" + "x" * 1000 + ": [1]}", "is no setting"),
        ("{min_topic_size: {from: 1, to: 101}, n_neighbors: {from: 1, to: 101}}", "The sweep has 10,201 combinations"),
    ],
)
def test_sweeps_of_values_that_cannot_be(tmp_path, vary, message):
    path = tmp_path / "plan.yaml"
    path.write_text(f"vary: {vary}")
    settings = read_settings(analysis(tmp_path, with_tmo('"n_topics": 0')))
    with pytest.raises(SweepError) as caught:
        combinations(settings, read_plan(path))
    assert message in str(caught.value)


def test_a_sweep_may_be_json(tmp_path):
    path = tmp_path / "plan.json"
    path.write_text('{"vary": {"min_dist": [1e-1, 0]}}')
    assert read_plan(path) == SweepPlan(vary={"min_dist": [0.1, 0]})


@pytest.mark.parametrize("loader", [documents._Loader, yaml.SafeLoader], ids=["as installed", "without libyaml"])
@pytest.mark.parametrize("text", PRIVATE)
def test_an_error_shows_the_place_and_not_the_text(tmp_path, monkeypatch, loader, text):
    """Whoever may name a file to read need not be one who may read it."""
    monkeypatch.setattr(documents, "_Loader", loader)
    for name in ("config_analysis.yml", "any.json"):
        path = tmp_path / name
        path.write_text(text)
        for read in (read_settings, read_plan):
            with pytest.raises(InputError) as error:
                read(path)
            assert "hidden" not in str(error.value)
