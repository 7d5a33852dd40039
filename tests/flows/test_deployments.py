"""Deployments made from configs/, and a real server, process pool and worker: runs, retries of each stage, schedules."""

from __future__ import annotations

import http.server
import json
import os
import subprocess
import sys
import threading
import time

import pytest
import yaml

from flows import configs
from flows.configs import REPOSITORY
from flows.console import serving
from flows.server.deployments import prefect_yaml, shipped_configs
from tests.flows.serving import MAIN
from topicloom.errors import InputError, Problem
from topicloom.settings.projects import ConfigError, config_schema, missing_folders, read_config, read_configs

STAGES = [
    *("load-settings", "load-embeddings", "reduce", "cluster", "represent", "distribution"),
    *("orphan-split", "identify", "export"),
]


def test_prefect_yaml_and_schema_are_those_of_the_configs():
    """Those that come with topicloom; what a person adds to configs/ changes no file of the checkout."""
    assert (REPOSITORY / "prefect.yaml").read_text() == prefect_yaml(shipped_configs())
    assert (REPOSITORY / "configs" / "schema.json").read_text() == config_schema()


def test_the_schema_admits_the_demo_and_refuses_nonsense():
    import jsonschema

    schema = json.loads(config_schema())
    jsonschema.validate(yaml.safe_load((REPOSITORY / "configs" / "demo.yaml").read_text()), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"root": "x", "project": "y", "analyses": [], "tags": 5}, schema)


GOOD = {"root": "r", "project": "p", "analyses": ["a", "b"]}
BAD = {
    "a bad cron": ({"schedules": [{"cron": "61 * * * *"}]}, "no cron expression"),
    "a bad time zone": ({"schedules": [{"cron": "0 6 * * *", "timezone": "Mars/Base"}]}, "'Mars/Base' is no time zone"),
    "both forms of schedule": ({"schedules": [{"cron": "0 6 * * *", "interval_hours": 2}]}, "and not both"),
    "no form of schedule": ({"schedules": [{}]}, "either cron or interval_hours"),
    "another's analysis": ({"schedules": [{"analysis": "z", "interval_hours": 1}]}, "not among analyses: a, b"),
    "an unknown setting": ({"overrides": {"n_topic": 3}}, "overrides.n_topic is no name that is known here"),
    "a value out of range": ({"overrides": {"min_topic_size": 1}}, "overrides.min_topic_size is 1"),
    "a folder outside": ({"project": "../x"}, "not a folder inside the project"),
    "a webhook that is none": ({"notifications": {"webhook": "mailto:x"}}, "notifications.webhook"),
    "no analyses": ({"analyses": []}, "analyses is []"),
    "a folder to be spread": ({"spread": True}, "needs a project in an object store, and root is r, a folder"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_config_is_said_with_file_and_field(tmp_path, case):
    change, message = BAD[case]
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump({**GOOD, **change}))
    with pytest.raises(ConfigError) as caught:
        read_config(path)
    assert message in str(caught.value)
    assert str(caught.value).startswith(f"ConfigError: {path}")


def test_a_config_in_an_object_store_may_be_spread(tmp_path):
    (tmp_path / "configs").mkdir()
    shared = {**GOOD, "root": "s3://maps/group"}

    def deployed(**more):
        (tmp_path / "configs" / "mine.yaml").write_text(yaml.safe_dump({**shared, **more}))
        found = yaml.safe_load(prefect_yaml(read_configs(tmp_path / "configs")))["deployments"]
        return {one["name"]: one for one in found}

    assert deployed()["mine"]["parameters"] == {"analysis": "mine/a"}
    spread = deployed(spread=True, schedules=[{"analysis": "b", "interval_hours": 1}])
    assert spread["mine"]["parameters"] == {"analysis": "mine/a", "spread": True}
    assert spread["mine"]["schedules"][0]["parameters"] == {"analysis": "mine/b", "spread": True}
    # Stages have a queue of their own: the project's limit counts runs.
    assert spread["spread-stage"]["work_pool"]["work_queue_name"] == "spread-stage"
    assert spread["spread-stage"]["concurrency_limit"] is None
    (tmp_path / "configs" / "spread-stage.yaml").write_text(yaml.safe_dump(shared))
    with pytest.raises(ConfigError, match="would share the queue of the deployment spread-stage"):
        read_configs(tmp_path / "configs")


def test_two_configs_for_one_analysis(tmp_path):
    (tmp_path / "configs").mkdir()
    for name in ("one", "two"):
        (tmp_path / "configs" / f"{name}.yaml").write_text(yaml.safe_dump(GOOD))
    with pytest.raises(ConfigError, match=r"stands in one\.yaml too"):
        read_configs(tmp_path / "configs")


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["stage.yaml"], "would share the queue of the deployment stage"),
        (["Sweep.yml"], "would share the queue of the deployment sweep"),
        (["a%b.yaml"], "a deployment's name must not hold"),
        (["---.yaml"], "no letter from a to z and no digit"),
        (["one.yaml", "one.yml"], r"too like that of one\.yaml"),
        (["a_b.yaml", "A-B.yaml"], "both would be a-b to Prefect"),
    ],
)
def test_a_name_that_no_deployment_can_have(tmp_path, names, message):
    (tmp_path / "configs").mkdir()
    for number, name in enumerate(names):
        (tmp_path / "configs" / name).write_text(yaml.safe_dump({**GOOD, "project": f"p{number}"}))
    with pytest.raises(ConfigError, match=message):
        read_configs(tmp_path / "configs")


def test_a_checkout_that_is_not_there_is_said(tmp_path, monkeypatch):
    monkeypatch.delenv("TOPICLOOM_CONFIGS", raising=False)
    monkeypatch.setattr(configs, "REPOSITORY", tmp_path)
    with pytest.raises(ConfigError, match="Set TOPICLOOM_CONFIGS to the folder of yours"):
        configs.configs_folder()


@pytest.mark.parametrize("root", ["demo", "elsewhere"])
def test_the_demo_is_made_only_where_a_config_names_it_and_serving_goes_on_without(tmp_path, monkeypatch, root):
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "one.yaml").write_text(yaml.safe_dump({**GOOD, "root": root}))
    monkeypatch.setenv("TOPICLOOM_CONFIGS", str(tmp_path / "configs"))
    asked = []

    def without_extra(folder):
        asked.append(folder)
        raise InputError(folder, Problem("The extra demo is not installed.", "Install it."))

    monkeypatch.setattr(serving, "make_demo_project", without_extra)
    said = []
    monkeypatch.setattr(serving, "show_error", said.append)
    serving._make_demo()
    assert asked == ([tmp_path / "demo"] if root == "demo" else [])
    assert ["The extra demo is not installed" in line for line in said] == [True] * len(asked)


def test_a_folder_that_is_not_there_is_said(tmp_path):
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "one.yaml").write_text(yaml.safe_dump(GOOD))
    first, _ = missing_folders(read_configs(tmp_path / "configs"))
    assert str(tmp_path / "r" / "p" / "a") in first


def test_each_schedule_has_its_own_parameters_and_slug(tmp_path):
    (tmp_path / "configs").mkdir()
    schedules = [
        {"cron": "0 6 * * 1", "timezone": "Asia/Tokyo", "overrides": {"seed": 7}},
        {"analysis": "b", "interval_hours": 12, "active": False},
    ]
    config = {**GOOD, "schedules": schedules, "overrides": {"n_topics": 5}, "concurrency": {"on_collision": "cancel"}}
    (tmp_path / "configs" / "one.yaml").write_text(yaml.safe_dump(config))
    first, new, stage, sweep = yaml.safe_load(prefect_yaml(read_configs(tmp_path / "configs")))["deployments"]
    assert [new["name"], stage["name"], sweep["name"]] == ["new-project", "stage", "sweep"]
    assert sweep["parameters"]["analysis"] == first["parameters"]["analysis"] == "one/a"
    assert first["concurrency_limit"] == {"limit": 1, "collision_strategy": "CANCEL_NEW"}
    assert [entry["slug"] for entry in first["schedules"]] == ["a-1", "b-1", "b-2"]
    assert first["schedules"][1] == {
        "slug": "b-1",
        "cron": "0 6 * * 1",
        "timezone": "Asia/Tokyo",
        "active": True,
        "parameters": {"analysis": "one/b", "overrides": {"n_topics": 5, "seed": 7}},
    }
    assert first["schedules"][2]["interval"] == 12 * 3600
    assert first["description"].splitlines()[-3:] == [
        "- a: `0 6 * * 1` Asia/Tokyo, seed = 7",
        "- b: `0 6 * * 1` Asia/Tokyo, seed = 7",
        "- b: every 12 hours (not active)",
    ]
    assert first["schedules"][2]["active"] is False


def test_wrong_values_are_refused_before_a_run_is_made(serving):
    import urllib.error

    for parameters in (
        {"overrides": {"n_topics": -1}},
        {"overrides": {"min_topic_size": 1}},
        {"overrides": {"others_threshold": 1.5}},
        {"overrides": {"colour": "red"}},
        {"refresh": "everything"},
        {"validate_only": "perhaps"},
        {"analysis": "/etc"},
        {"analysis": "wos/a02"},
    ):
        with pytest.raises(urllib.error.HTTPError) as caught:
            serving.start("topic-model/wos", **parameters)
        assert caught.value.code in (409, 422), parameters


def test_only_validating_computes_nothing(serving):
    run = serving.start("topic-model/wos", validate_only=True)
    assert serving.end_of(run) == "COMPLETED"
    assert set(serving.task_states(run)) == {"load-settings", "load-embeddings"}


@pytest.mark.slow
def test_a_retry_runs_only_the_failed_stage_and_those_after_it(serving):
    """One run fails in each of the stages in turn; a retry takes up those before from their results."""
    serving.fault.write_text(STAGES[0])
    run = serving.start("topic-model/wos", refresh="load-embeddings", overrides={"seed": 3})
    assert serving.end_of(run) == "FAILED"
    for attempt, stage in enumerate(STAGES, 1):
        states = serving.task_states(run)
        assert states[stage] == "Failed", states
        assert set(states) == set(STAGES[: STAGES.index(stage) + 1])
        following = STAGES[STAGES.index(stage) + 1 :]
        serving.fault.write_text(following[0] if following else "")
        if attempt % 2:
            done = serving.command("retry", serving.project.analysis)
            assert "is scheduled again" in done.stdout, done
        else:
            prefect = [sys.executable, "-m", "prefect", "flow-run", "retry", run]
            subprocess.run(prefect, env=serving.env, check=True, capture_output=True)
        assert serving.end_of(run, after=attempt) == ("FAILED" if following else "COMPLETED")
        states = serving.task_states(run)
        before = STAGES[: STAGES.index(stage)]
        assert {name: states[name] for name in before} == dict.fromkeys(before, "Cached"), stage
        assert states[stage] == "Completed"
    record = json.loads(serving.project.output("run.json").read_text())
    assert record["settings"]["overrides"]["seed"] == 3
    assert record["settings"]["params"]["seed"] == 3
    settings = next(serving.project.analysis.glob("settings*.json")).read_text()
    assert "seed" not in settings


def test_the_page_of_a_run_tells_its_topics(serving):
    for _ in range(2):
        run = serving.start("topic-model/wos", overrides={"seed": 3})
        assert serving.end_of(run) == "COMPLETED"
    states = serving.task_states(run)
    assert {states[name] for name in STAGES[1:]} == {"Cached"}
    artifacts = serving.api("/artifacts/filter", {"artifacts": {"flow_run_id": {"any_": [run]}}})
    table, summary = (next(a for a in artifacts if a["key"] == f"wos-a01-{name}") for name in ("topics", "summary"))
    rows = json.loads(table["data"])
    assert sum(row["papers"] for row in rows) == 240
    assert "since run " in summary["data"]
    assert "seed = 3" in summary["data"]
    assert serving.api(f"/flow_runs/{run}", method="GET")["name"] == "wos/a01"


WAY = {
    "load-settings": ["load-embeddings"],
    "load-embeddings": ["reduce"],
    "reduce": ["cluster"],
    "cluster": ["represent"],
    "represent": ["distribution", "identify", "orphan-split"],
    "distribution": ["export"],
    "orphan-split": ["export"],
    "identify": ["export"],
    "export": ["publish", "remember"],
    "remember": [],
    "publish": [],
}


def way_of(serving, run: str) -> dict[str, list[str]]:
    """The tasks after each task, as the page of a run draws them."""
    nodes = [node for _, node in serving.api(f"/flow_runs/{run}/graph-v2", method="GET")["nodes"]]
    labels = {node["id"]: node["label"] for node in nodes}
    return {node["label"]: sorted({labels[one["id"]] for one in node["children"]}) for node in nodes}


def test_the_graph_of_a_run_shows_the_way_of_the_data(serving):
    """Where all is computed as where all is kept: arrows from the last results that a stage rests on, and no others."""
    for refresh in ({"refresh": "load-embeddings"}, {}):
        run = serving.start("topic-model/wos", overrides={"seed": 3}, **refresh)
        assert serving.end_of(run) == "COMPLETED"
        serving.task_states(run)
        assert serving.settled(lambda run=run: way_of(serving, run), WAY) == WAY, refresh


@pytest.fixture
def unknown_settings(serving):
    """Settings that no run has had, as long as a test lasts."""
    serving.project.write_settings(params={"seed": 20261})
    yield
    serving.project.write_settings()


@pytest.mark.usefixtures("unknown_settings")
def test_one_stage_alone(serving):
    run = serving.start("stage/stage", analysis="wos/a01", stage="orphan-split")
    assert serving.end_of(run) == "FAILED"
    message = serving.api(f"/flow_runs/{run}", method="GET")["state"]["message"]
    assert "which is not kept for these settings. Run topic-model, or the stage" in message
    assert serving.end_of(serving.start("topic-model/wos")) == "COMPLETED"
    run = serving.start("stage/stage", analysis="wos/a01", stage="orphan-split")
    assert serving.end_of(run) == "COMPLETED"
    assert serving.task_states(run) == {"load-settings": "Completed", "orphan-split": "Completed"}


def test_a_sweep_from_its_form(serving):
    plan = {"vary": {"min_topic_size": {"from": 5, "to": 6}, "n_neighbors": [15]}, "seeds": 1}
    run = serving.start("sweep/sweep", analysis="wos/a01", plan=plan)
    assert serving.end_of(run) == "COMPLETED"
    assert (serving.project.analysis / "sweep" / "sweep.html").is_file()
    artifacts = serving.api("/artifacts/filter", {"artifacts": {"flow_run_id": {"any_": [run]}}})
    assert any("Take min_topic_size" in artifact["data"] for artifact in artifacts)


def test_removing_a_config_pauses_its_deployment_and_says_so(serving):
    other = serving.project.path.parent / "wos"
    (other / "a02").mkdir(exist_ok=True)
    serving.write_config("second", analyses=["a02"])
    done = serving.command("deploy")
    assert "deployed topic-model/second" in done.stdout, done
    assert "no worker" not in done.stdout
    (serving.folder / "configs" / "second.yaml").unlink()
    done = serving.command("deploy")
    assert "paused second: configs/ has no second.yaml any more" in done.stdout, done
    assert serving.api("/deployments/name/topic-model/second", method="GET")["paused"]
    assert not serving.api("/deployments/name/topic-model/wos", method="GET")["paused"]


class Receiver(http.server.BaseHTTPRequestHandler):
    """A local webhook that keeps what it is told."""

    told: list[dict]

    def do_POST(self):
        self.told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        return


def receiver() -> tuple[list[dict], http.server.ThreadingHTTPServer, str]:
    """What a new webhook is told, its server, and its address."""
    told: list[dict] = []
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), type("One", (Receiver,), {"told": told}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return told, server, f"http://127.0.0.1:{server.server_port}/hook"


def test_people_hear_of_failure_and_success(serving):
    heard, server, webhook = receiver()
    serving.write_config("wos", notifications={"webhook": webhook, "when": ["failure", "success"]})
    assert "deployed topic-model/wos" in serving.command("deploy").stdout
    serving.fault.write_text("load-settings")
    assert serving.end_of(serving.start("topic-model/wos")) == "FAILED"
    serving.fault.write_text("")
    assert serving.end_of(serving.start("topic-model/wos")) == "COMPLETED"
    told = serving.wait_until(lambda: len(heard) >= 2 and heard, 60)
    assert sorted(message["state"] for message in told) == ["Completed", "Failed"]
    failed = next(message for message in told if message["state"] == "Failed")
    assert "injected into load-settings" in failed["message"]
    assert failed["text"] == "topicloom: wos/a01 ended as Failed"
    server.shutdown()
    names = [item["name"] for item in serving.api("/automations/filter", {})]
    assert sorted(names) == ["topicloom: wos failure", "topicloom: wos success", "topicloom: zombies"]
    serving.write_config("wos")
    serving.command("deploy")
    assert [item["name"] for item in serving.api("/automations/filter", {})] == ["topicloom: zombies"]


def test_cancel_stops_the_computation_within_seconds(serving):
    """Cancelled while it reduces: the process goes, and with it its locks and what it was writing."""
    store = serving.project.path / ".topicloom" / "reduce"
    run = serving.start("topic-model/wos", overrides={"seed": 99})
    serving.wait_until(lambda: list(store.glob(".*.tmp")), 90)
    assert serving.processes_of(run)
    started = time.monotonic()
    body = {"state": {"type": "CANCELLING", "name": "Cancelling"}, "force": False}
    serving.api(f"/flow_runs/{run}/set_state", body)
    assert serving.end_of(run, seconds=60) == "CANCELLED"
    assert time.monotonic() - started < 30
    assert not serving.processes_of(run)
    serving.wait_until(lambda: not list(store.glob(".*.tmp")), 30)
    assert serving.end_of(serving.start("topic-model/wos", overrides={"seed": 99})) == "COMPLETED"
    assert serving.command("clean", serving.project.analysis).returncode == 0


def test_the_libraries_speak_in_the_runs_log(serving):
    run = serving.start("topic-model/wos", refresh="reduce")
    assert serving.end_of(run) == "COMPLETED"
    said = ("UMAP: Construct fuzzy simplicial set", "UMAP: Epochs completed: 100 %", "c-TF-IDF: ", "HDBSCAN: ")
    wanted = {"logs": {"flow_run_id": {"any_": [run]}}, "limit": 200}
    # The run's process hands its last lines over when it ends, after its state.
    for _ in range(40):
        messages = [log["message"] for log in serving.api("/logs/filter", wanted)]
        if all(any(message.startswith(start) for message in messages) for start in said):
            break
        time.sleep(0.5)
    for start in said:
        assert any(message.startswith(start) for message in messages), (start, messages)
    assert any("HDBSCAN: " in message and "papers are outliers" in message for message in messages)
    assert len(messages) < 80


def test_a_schedule_fires_and_picks_up_a_corpus_that_has_grown(serving):
    import pandas as pd

    assert serving.end_of(serving.start("topic-model/wos")) == "COMPLETED"
    told, server, webhook = receiver()
    corpus = pd.read_csv(serving.project.profile / "corpus.csv", dtype=str, keep_default_na=False)
    corpus.loc[0, "text"] += " gravitational lensing"
    corpus.to_csv(serving.project.profile / "corpus.csv", index=False)  # before the schedule: it may fire at once
    notified = {"webhook": webhook, "when": ["success"]}
    serving.write_config("wos", schedules=[{"interval_hours": 0.01}], notifications=notified)
    assert "deployed topic-model/wos" in serving.command("deploy").stdout

    def scheduled():
        body = {"flow_runs": {"state": {"type": {"any_": ["COMPLETED"]}}}, "sort": "START_TIME_DESC"}
        return [run for run in serving.api("/flow_runs/filter", body) if run["auto_scheduled"]]

    found = serving.wait_until(scheduled, 400)
    # Also of a run that the scheduler has put down since the deployment; Prefect alone would wait a quarter of an hour.
    assert serving.wait_until(lambda: told, 120)[0]["state"] == "Completed"
    server.shutdown()
    assert serving.task_states(found[-1]["id"])["reduce"] == "Cached"
    texts = [pd.read_csv(serving.project.output(name))["Document"] for name in ("dataset_minimal.csv", "orphans.csv")]
    assert pd.concat(texts).str.contains("gravitational lensing").sum() == 1
    serving.write_config("wos")
    assert "deployed topic-model/wos" in serving.command("deploy").stdout
    left = {"flow_runs": {"state": {"type": {"any_": ["SCHEDULED", "PENDING", "RUNNING"]}}}}
    serving.wait_until(lambda: not serving.api("/flow_runs/filter", left), 300)


def test_schedules_that_a_config_no_longer_has_are_gone(serving):
    """All of them, or one of several, and the runs that they had put down for later."""

    def schedules():
        deployment = serving.api("/deployments/name/topic-model/wos", method="GET")
        return {schedule["slug"]: schedule["schedule"] for schedule in deployment["schedules"]}

    for hours in ([24, 48], [24], []):
        serving.write_config("wos", schedules=[{"interval_hours": interval} for interval in hours])
        said = serving.command("deploy").stdout
        assert "deployed topic-model/wos" in said
        assert ("removed the schedule wos/a01-2" in said) == (hours == [24])
        assert sorted(schedules()) == [f"a01-{number}" for number, _ in enumerate(hours, 1)]
        # Each deployment would begin the interval anew if it were counted from then.
        assert {schedule["anchor_date"] for schedule in schedules().values()} <= {"2026-01-01T00:00:00Z"}
    scheduled = {"flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}}}
    serving.wait_until(lambda: not serving.api("/flow_runs/filter", scheduled), 120)


@pytest.mark.slow
def test_two_runs_that_overlap_wait_for_each_other(serving):
    """The second waits for the first (one run of a project at a time), and finds everything done."""
    runs = [serving.start("topic-model/wos", overrides={"seed": 11}) for _ in range(2)]
    runs += [serving.start("topic-model/wos", validate_only=True) for _ in range(2)]
    assert [serving.end_of(run) for run in runs] == ["COMPLETED"] * 4
    found = [serving.api(f"/flow_runs/{run}", method="GET") for run in runs]
    begun = [run["start_time"] for run in found]
    assert begun == sorted(begun)  # first come, first served
    first, second = found[:2]
    assert second["start_time"] >= first["end_time"]
    assert {serving.task_states(second["id"])[stage] for stage in STAGES[1:]} == {"Cached"}


def test_a_pool_without_a_worker_is_said(prefect_server, tmp_path):
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "one.yaml").write_text(yaml.safe_dump({**GOOD, "root": str(tmp_path)}))
    optional = {**GOOD, "root": str(tmp_path / "gone"), "optional": True, "schedules": [{"interval_hours": 1}]}
    (tmp_path / "configs" / "two.yaml").write_text(yaml.safe_dump(optional))
    before = subprocess.run(["git", "status", "--short"], cwd=REPOSITORY, capture_output=True, check=False).stdout
    env = {
        **os.environ,
        "PREFECT_API_URL": prefect_server,
        "TOPICLOOM_CONFIGS": str(tmp_path / "configs"),
        "COLUMNS": "200",
    }
    done = subprocess.run([*MAIN, "deploy"], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "deployed topic-model/one (2 analyses)" in done.stdout
    assert (
        "no worker is polling the pool topicloom; start one with: prefect worker start --pool topicloom" in done.stdout
    )
    assert f"{tmp_path / 'p' / 'a'} is not there" in done.stdout
    assert "left out two: it is optional, and its folder is not there" in done.stdout
    assert "topic-model/two" not in done.stdout
    assert (tmp_path / "prefect.deployed.yaml").is_file()
    after = subprocess.run(["git", "status", "--short"], cwd=REPOSITORY, capture_output=True, check=False).stdout
    assert after == before


def test_an_unreachable_server_is_said_in_one_line():
    env = {**os.environ, "PREFECT_API_URL": "http://127.0.0.1:9/api", "PREFECT_CLIENT_MAX_RETRIES": "0"}
    done = subprocess.run([*MAIN, "deploy"], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "No Prefect server answers at PREFECT_API_URL=http://127.0.0.1:9/api" in done.stderr
