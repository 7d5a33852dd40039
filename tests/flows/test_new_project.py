"""A project made from the UI: exports on the server, its config, its deployment and its map; nothing outside the roots."""

from __future__ import annotations

import urllib.error
import urllib.request

import jsonschema
import pandas as pd
import pytest
import yaml
from prefect.utilities.callables import parameter_schema

from flows.new_config import config_for, require_configurable, root_of
from flows.new_project import _given, _name_of, new_project
from flows.server.forms import form_of
from topicloom.errors import InputError
from topicloom.intake.sources import given_files
from topicloom.settings.projects import ConfigError, read_configs

ANALYSIS = "a01_tm__f01_e01__hdbs"


@pytest.fixture
def roots(tmp_path, monkeypatch):
    """Two roots that configs name; the first holds exports."""
    monkeypatch.setenv("TOPICLOOM_CONFIGS", str(tmp_path / "configs"))
    (tmp_path / "configs").mkdir()
    for name in ("one", "two"):
        (tmp_path / name / "exports").mkdir(parents=True)
        config = {"root": name, "project": "old", "analyses": ["a01"]}
        (tmp_path / "configs" / f"{name}.yaml").write_text(yaml.safe_dump(config))
    (tmp_path / "one" / "exports" / "some.ris").write_text("TY  - JOUR\nTI  - A title\nER  - \n")
    (tmp_path / "secret.ris").write_text("TY  - JOUR\nTI  - A secret\nER  - \n")
    return tmp_path


def test_the_form_offers_the_roots(roots):
    schema = parameter_schema(new_project).model_dump()
    form = form_of(schema, read_configs(roots / "configs"))
    assert form["properties"]["root"]["enum"] == [str(roots / "one"), str(roots / "two")]
    assert form["required"] == ["project", "exports", "root"]
    assert form_of(schema, read_configs(roots / "configs")[:1])["properties"]["root"]["default"] == str(roots / "one")
    assert "analysis" not in form["properties"]
    good = {"project": "Große Karte 2", "exports": "exports", "root": str(roots / "one"), "run": False}
    jsonschema.validate(good, form)
    for wrong in ({"project": "x" * 101}, {"project": ""}, {"root": "/etc"}, {"run": "maybe"}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**good, **wrong}, form)


def test_a_root_is_one_of_those_that_configs_name(roots):
    assert root_of(str(roots / "two")) == roots / "two"
    with pytest.raises(ConfigError, match=r"No root is given; the configs name .*/one, .*/two"):
        root_of(None)
    with pytest.raises(ConfigError, match="The root is '/etc'"):
        root_of("/etc")
    (roots / "configs" / "two.yaml").unlink()
    assert root_of(None) == roots / "one"


def test_a_name_that_is_none_for_a_project_is_refused_in_a_sentence(roots):
    assert _name_of(roots / "one", " Große Karte 2 ") == "Große Karte 2"
    for wrong in ("../x", "a/b", "a\\b", ".hidden", "  ", "50%", "a:b"):
        with pytest.raises(InputError, match=r"The project's name is \".+\"; it must be one folder's name") as caught:
            _name_of(roots / "one", wrong)
        assert "Give it another name." in str(caught.value)


@pytest.mark.parametrize("exports", ["exports", "exports/some.ris", "exports/*.ris", " exports/ ", "ROOTS/two/exports"])
def test_exports_within_the_roots(roots, exports):
    assert _given(roots / "one", exports.replace("ROOTS", str(roots))).is_absolute()


@pytest.mark.parametrize(
    ("exports", "message"),
    [
        ("/etc", "It lies outside the folders"),
        ("../secret.ris", "It lies outside the folders"),
        ("../*.ris", "It lies outside the folders"),
        ("/e*/passwd", "It lies outside the folders"),
        ("exports*/../../secret.ris", "A pattern holds '..'"),
        ("link", "It lies outside the folders"),
        ("export", "There is no such file or folder. In .*/one there are: exports, link"),
    ],
)
def test_exports_outside_the_roots_or_nowhere(roots, exports, message):
    (roots / "one" / "link").symlink_to(roots / "secret.ris")
    with pytest.raises(InputError, match=message):
        _given(roots / "one", exports)


def test_a_link_in_a_folder_of_exports_leads_nowhere_else(roots, tmp_path):
    (roots / "one" / "exports" / "more.ris").symlink_to(roots / "secret.ris")
    (tmp_path / "scratch").mkdir()
    given = given_files([roots / "one" / "exports"], tmp_path / "scratch", {}, within=[roots / "one"])
    assert given.exports == []
    assert "more.ris in it leads out of the folders that may be read" in given.faults[0][1].finding
    assert not given_files([roots / "one" / "exports"], tmp_path / "scratch", {}, within=[roots]).faults


def test_a_config_is_written_once_and_no_other_is_touched(roots):
    before = {path: path.read_text() for path in (roots / "configs").iterdir()}
    require_configurable(roots / "one", "Field 1", ANALYSIS)
    named = config_for(roots / "one", "Field 1", ANALYSIS)
    assert named.analysis_path(ANALYSIS) == roots / "one" / "Field 1" / ANALYSIS
    assert named.config.root == "one"
    require_configurable(roots / "one", "Field 1", ANALYSIS)
    assert config_for(roots / "one", "Field 1", ANALYSIS) == named
    for other in ("field-1", "ONE"):
        with pytest.raises(ConfigError, match="It is the config of another project, too like"):
            require_configurable(roots / "one", other, ANALYSIS)
    with pytest.raises(ConfigError, match="would share the queue"):
        require_configurable(roots / "one", "Sweep", ANALYSIS)
    assert {path: path.read_text() for path in before} == before


def test_from_exports_to_a_map_on_the_server(serving):
    exports = serving.project.root / "exports"
    exports.mkdir()
    papers = pd.read_csv(serving.project.dataset, dtype=str).head(60)[["TI", "AB", "PY"]]
    papers.columns = ["title", "abstract", "year"]
    papers.to_csv(exports / "mine.csv", index=False)
    with pytest.raises(urllib.error.HTTPError) as caught:
        serving.start("new-project/new-project", project="fresh", exports="exports", root="/etc")
    assert caught.value.code in (409, 422)

    run = serving.start("new-project/new-project", project="fresh", exports="exports")
    assert serving.end_of(run) == "COMPLETED"
    found = serving.api(f"/flow_runs/{run}", method="GET")
    assert found["name"] == "new project fresh"
    made = serving.project.root / "fresh"
    assert len(pd.read_csv(made / "f01" / "dataset_raw_cleaned.csv")) == 60
    artifacts = serving.api("/artifacts/filter", {"artifacts": {"flow_run_id": {"any_": [run]}}})
    assert any("60 papers in the dataset" in artifact["data"] for artifact in artifacts)

    deployment = serving.api("/deployments/name/topic-model/fresh", method="GET")
    of_map = {"flow_runs": {"deployment_id": {"any_": [deployment["id"]]}}}
    (begun,) = serving.api("/flow_runs/filter", of_map)
    assert begun["name"] == f"fresh/{ANALYSIS}"
    assert serving.end_of(begun["id"], seconds=500) == "COMPLETED"
    address = f"http://127.0.0.1:{serving.port}/files/fresh/{ANALYSIS}/report.html"
    request = urllib.request.Request(address, headers=serving.headers)
    assert b"Map of the papers" in urllib.request.urlopen(request, timeout=30).read()

    again = serving.start("new-project/new-project", project="fresh", exports="exports")
    assert serving.end_of(again) == "FAILED"
    assert "It is a project already" in serving.api(f"/flow_runs/{again}", method="GET")["state"]["message"]
    (serving.folder / "configs" / "fresh.yaml").unlink()
