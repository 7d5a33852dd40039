"""A project in an object store: runs on several machines, each with a mirror of its own."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import platform
import re
import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from flows.configs import require_configured
from flows.console import cli, display
from flows.plain_run import run_without_server
from flows.server.files import _configured_name, find_served
from flows.server.retry import _is_of
from tests.conftest import DIRECTIVE, copied
from tests.stores import BUCKET, KEY, REFUSED, SECRET, Faults, environment, moto_server
from topicloom.errors import InputError, StoreError
from topicloom.lineage.history import History
from topicloom.machine.side_process import SideProcess
from topicloom.remote.address import AddressError, address_of
from topicloom.remote.faults import RemoteUnavailableError
from topicloom.remote.objects import Objects
from topicloom.settings.overrides import Overrides
from topicloom.settings.projects import ConfigError, missing_folders, read_named
from topicloom.settings.reading import read_settings
from topicloom.stage_names import PICTURES
from topicloom.stages.registry import STAGES
from topicloom.stages.status import analysis_status
from topicloom.store.manifest import sealed
from topicloom.store.moving import move_project
from topicloom.store.shared import sweeping
from topicloom.store.shared.trees import OvertakenError
from topicloom.store.sharing import local, shared_turn


@pytest.fixture(scope="module")
def s3():
    with moto_server() as url:
        yield url


class Machine:
    """One of several machines that work on a project: what it has is its environment, and so its mirror."""

    def __init__(self, monkeypatch, url: str, cache: Path, address: str) -> None:
        self.monkeypatch, self.environment, self.address = monkeypatch, environment(url, cache), address

    def enter(self) -> None:
        for name, value in self.environment.items():
            self.monkeypatch.setenv(name, value)

    def run(self, *arguments, **named):
        self.enter()
        return run_without_server(Path(f"{self.address}/a01"), *arguments, quiet=True, **named)

    @property
    def folder(self) -> Path:
        self.enter()
        return address_of(f"{self.address}/a01").mirror

    @property
    def objects(self) -> Objects:
        self.enter()
        return Objects(address_of(self.address))

    def output(self, name: str) -> bytes:
        return (self.folder / name).read_bytes()


class Machines:
    """The small project in the store after a run, and machines that work on it. Each test has a copy of its own."""

    def __init__(self, monkeypatch, url: str, folder: Path, address: str) -> None:
        self.monkeypatch, self.url, self.folder, self.address = monkeypatch, url, folder, address

    def __getitem__(self, name: str) -> Machine:
        return Machine(self.monkeypatch, self.url, self.folder / name, self.address)

    def behind(self, faults: Faults, name: str) -> Machine:
        return Machine(self.monkeypatch, faults.url, self.folder / name, self.address)


@pytest.fixture(scope="module")
def run_once(s3, wos_project, tmp_path_factory):
    """Every object of the small project after its first run by an address, by name."""
    folder = tmp_path_factory.mktemp("run_once")
    with pytest.MonkeyPatch.context() as monkeypatch:
        address = f"s3://{BUCKET}/once/wos"
        machine = Machine(monkeypatch, s3, folder / "cache", address)
        machine.enter()
        move_project(copied(wos_project, folder / "source").path, address)
        report = machine.run()
        assert not report.cached
        objects = machine.objects
        return report, {one.name: objects.get(one.name).content for one in objects.listing()}


@pytest.fixture
def machines(s3, run_once, tmp_path, monkeypatch):
    found = Machines(monkeypatch, s3, tmp_path, f"s3://{BUCKET}/{tmp_path.name}/wos")
    objects = found["fixture"].objects
    for name, content in run_once[1].items():
        objects.put(name, content)  # the same content has the same etag
    return found


def listed(machine: Machine) -> dict[str, str]:
    """The outputs that are current, by name."""
    content = machine.objects.get(".topicloom/outputs/a01/current.json").content
    return {name: file["sha256"] for name, file in json.loads(content)["files"].items()}


def history(machine: Machine) -> dict[str, int]:
    """Runs of each line in the history that the store has."""
    machine.enter()
    settings = read_settings(local(f"{machine.address}/a01"))
    return {lineage: len(History(settings).heads(lineage)) for lineage in History(settings).folders()}


def test_what_one_machine_has_computed_another_does_not(machines, run_once):
    second = machines["second"]
    again = second.run()
    assert not again.computed
    assert (again.topics, again.outliers) == (run_once[0].topics, run_once[0].outliers)
    # What nobody has asked for on the second machine is not there.
    assert not list(second.folder.parent.glob(".topicloom/reduce/*/*.npy"))
    assert {"run.json", "dataset_minimal.csv", "topic_model_info.csv"} <= listed(second).keys()
    for name, sha256 in listed(second).items():
        assert hashlib.sha256(second.output(name)).hexdigest() == sha256


def test_machines_in_turn_go_on_with_one_history(machines):
    first, second = machines["first"], machines["second"]
    (lineage,) = history(first)
    first.run(overrides=Overrides(min_topic_size=8))
    assert history(second) == {lineage: 2}
    report = second.run(overrides=Overrides(min_topic_size=12))
    assert history(first) == {lineage: 3}
    assert report.changes
    # The first machine sees the outputs of the second, whole, before it does anything else.
    assert {name: hashlib.sha256(first.output(name)).hexdigest() for name in listed(first)} == listed(first)
    kept = first.run(overrides=Overrides(min_topic_size=12))
    assert not kept.computed
    assert history(second) == {lineage: 3}


def test_an_input_that_has_changed_is_fetched_and_others_are_not(machines):
    faults = Faults(machines.url)
    machine = machines.behind(faults, "first")
    machine.run()
    machine.objects.put("a01/labels.csv", b"topic_uid,label\n")
    dataset = machine.objects.get("f01/dataset_raw_cleaned.csv").content
    machine.objects.put("f01/dataset_raw_cleaned.csv", dataset + b"\n")
    faults.seen.clear()
    machine.run()
    read = [path for method, path in faults.seen if method == "GET" and "/f01/" in path]
    assert len(read) == 1
    assert "dataset_raw_cleaned" in read[0]
    assert machine.output("labels.csv") == b"topic_uid,label\n"
    machine.objects.delete(["a01/labels.csv"])
    machine.run()
    assert not (machine.folder / "labels.csv").exists()
    faults.end()


def test_a_reader_sees_whole_runs(machines):
    """A machine whose store fails at the last moment leaves what was current; its work is not lost."""
    faults = Faults(machines.url)
    first, second = machines.behind(faults, "first"), machines["second"]
    before = listed(second)
    faults.fault = lambda method, path: REFUSED if method == "PUT" and "outputs/a01/current.json" in path else None
    with pytest.raises(RemoteUnavailableError):
        first.run(overrides=Overrides(min_topic_size=8))
    assert listed(second) == before
    report = second.run(overrides=Overrides(min_topic_size=8))
    assert not set(report.computed) - {"export"}
    assert listed(second) != before
    assert set(history(second).values()) == {2}
    faults.end()


def test_of_two_runs_that_end_at_once_one_is_current_and_the_other_is_told(machines, caplog):
    first, second = machines["first"], machines["second"]
    first.run()
    settings = read_settings(first.folder)
    with pytest.raises(OvertakenError, match="another worker"), shared_turn(settings):
        # Its lease has been lost, and it does not know.
        first.objects.delete([".topicloom/leases/turn.json"])
        second.run(overrides=Overrides(min_topic_size=8))
        current = listed(second)
        first.enter()
        (first.folder / "topic_model_info.csv").write_text("of the first")
    assert listed(second) == current
    first.run(overrides=Overrides(min_topic_size=8))
    assert b"of the first" not in first.output("topic_model_info.csv")


@pytest.mark.parametrize("what", ["an output", "all outputs", "the history"])
def test_what_is_damaged_in_the_store_is_made_anew(machines, what, caplog):
    first = machines["first"]
    objects, before = first.objects, listed(first)
    (lineage,) = history(machines["looking"])
    match what:
        case "an output":
            (lost,) = (one.name for one in objects.listing(".topicloom/outputs") if "topic_model_info.csv" in one.name)
            objects.put(lost, b"other")
        case "all outputs":
            objects.delete([one.name for one in objects.listing(".topicloom/outputs")])
        case "the history":
            (lost,) = (one.name for one in objects.listing(".topicloom/history") if one.name.endswith(".sqlite"))
            objects.put(lost, b"other")
    report = first.run()
    assert set(report.computed) <= {"export"}
    assert (report.computed == ["export"]) == ("output" in what)
    assert {name: sha for name, sha in listed(first).items() if name.endswith(".csv")} == {
        name: sha for name, sha in before.items() if name.endswith(".csv")
    }
    second = machines["second"]
    assert not second.run().computed
    assert history(second) == {lineage: 1}
    assert ("cannot be used" in caplog.text) == (what != "all outputs")


def test_a_listing_that_is_spoilt_is_said(machines):
    machine = machines["first"]
    machine.objects.put(".topicloom/outputs/a01/current.json", b"{")
    with pytest.raises(StoreError, match="no list of files that topicloom wrote"):
        machine.run()
    machine.objects.delete([".topicloom/outputs/a01/current.json"])  # as the message says
    assert machine.run().computed == ["export"]


def test_keys_that_may_only_read_look_and_do_not_run(machines):
    faults = Faults(machines.url)
    machine = machines.behind(faults, "reader")
    before = {one.name: one.etag for one in machine.objects.listing()}
    faults.fault = lambda method, path: (403, "AccessDenied") if method in ("PUT", "POST", "DELETE") else None
    machine.enter()
    settings = read_settings(local(f"{machine.address}/a01"))
    assert {status.state for status in analysis_status(settings)} == {"cached"}
    with pytest.raises(AddressError, match="Nothing may be written there with these keys"):
        machine.run(overrides=Overrides(min_topic_size=8))
    faults.fault = lambda method, path: None
    assert {one.name: one.etag for one in machine.objects.listing()} == before
    faults.end()


def test_a_run_gets_over_a_store_that_fails_now_and_then(machines):
    faults = Faults(machines.url)
    count = [0]

    def seldom(method: str, path: str) -> int | str | None:
        count[0] += 1
        return {0: 500, 5: "cut", 11: 503}.get(count[0] % 17)

    faults.fault = seldom
    machine = machines.behind(faults, "first")
    report = machine.run(overrides=Overrides(min_topic_size=8))
    assert count[0] > 50
    assert "cluster" in report.computed
    faults.end()
    assert machines["second"].run(overrides=Overrides(min_topic_size=8)).topics == report.topics


def test_keys_are_nowhere(machines, caplog):
    caplog.set_level("DEBUG")
    machine = machines["first"]
    machine.run(overrides=Overrides(min_topic_size=8))
    objects = machine.objects
    texts = [objects.get(one.name).content for one in objects.listing()]
    texts += [path.read_bytes() for path in (machines.folder / "first").rglob("*") if path.is_file()]
    texts.append(caplog.text.encode())
    assert len(texts) > 100
    for key in (KEY, SECRET):
        assert not any(key.encode() in text for text in texts)


def test_embeddings_that_a_run_has_made_are_in_the_store(machines, wos_project, monkeypatch):
    first, second = machines["first"], machines["second"]
    first.objects.delete([one.name for one in first.objects.listing("f01/e01")])
    content = json.loads(first.objects.get(f"a01/{DIRECTIVE}").content)
    content["tmo"]["transformer_model"] = "all-MiniLM-L6-v2"
    first.objects.put(f"a01/{DIRECTIVE}", json.dumps(content).encode())
    vectors = {}

    def make(settings, failures) -> None:
        vectors["made"] = True
        for name, content in kept.items():
            (settings.embeds_path / name).parent.mkdir(parents=True, exist_ok=True)
            (settings.embeds_path / name).write_bytes(content)

    kept = {path.name: path.read_bytes() for path in wos_project.profile.glob("*") if path.is_file()}
    stage = dataclasses.replace(STAGES["load-embeddings"], make=make)
    monkeypatch.setattr("flows.stage_runner.STAGES", {**STAGES, "load-embeddings": stage})
    first.run()
    assert vectors
    vectors.clear()
    second.run()
    assert not vectors
    assert (second.folder.parent / "f01" / "e01" / "embeddings.npy").is_file()


def test_what_is_no_analysis_is_said(machines):
    machine = machines["first"]
    machine.enter()
    with pytest.raises(AddressError, match="There is no settings file there"):
        local(f"{machine.address}/a02")
    content = json.loads(machine.objects.get(f"a01/{DIRECTIVE}").content)
    content["tmo"]["min_topic_size"] = 1
    machine.objects.put(f"a01/{DIRECTIVE}", json.dumps(content).encode())
    with pytest.raises(InputError, match="min_topic_size is 1") as found:
        local(f"{machine.address}/a01")
    assert f"{machine.address}/a01/{DIRECTIVE}" in str(found.value)


def test_a_store_without_conditions_is_refused_before_anything_is_written(machines, wos_project, tmp_path):
    project = copied(wos_project, tmp_path / "plain")
    before = {path: path.read_bytes() for path in project.root.rglob("*") if path.is_file()}
    machines["first"].enter()
    with pytest.raises(AddressError, match="does not obey conditions"):
        run_without_server(Path(f"file://{project.analysis}"), quiet=True)
    assert {path: path.read_bytes() for path in project.root.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    ("ahead", "said"), [(timedelta(minutes=7), "420 s behind"), (-timedelta(hours=1), "3600 s ahead of")]
)
def test_a_clock_that_is_wrong_is_said(machines, monkeypatch, caplog, ahead, said):
    machine = machines["first"]
    machine.enter()
    now = Objects.now
    monkeypatch.setattr(Objects, "now", lambda self: now(self) + ahead)
    local(f"{machine.address}/a01")
    assert not caplog.records
    local(f"{machine.address}/a01", writing=True)
    seconds = int(re.search(r"The clock of this machine is (\d+) s", caplog.text)[1])
    assert abs(seconds - int(said.split()[0])) < 60
    assert said.partition(" s ")[2] in caplog.text


class Console:
    """The command line, in this process."""

    def __init__(self, monkeypatch, capfd) -> None:
        self.monkeypatch, self.capfd = monkeypatch, capfd

    def __call__(self, *arguments: str) -> tuple[int, str]:
        self.monkeypatch.setattr("sys.argv", ["topicloom", *arguments])
        self.monkeypatch.delenv("PREFECT_API_URL", raising=False)
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out = self.capfd.readouterr()
        return ended.value.code or 0, re.sub(r"\s+", " ", out.out + out.err)


@pytest.fixture
def console(machines, monkeypatch, capfd):
    machines["first"].enter()
    monkeypatch.setattr(display.console, "file", None)
    monkeypatch.setattr(display.errors, "file", None)
    monkeypatch.setattr(display.errors, "stderr", True)
    return Console(monkeypatch, capfd)


def test_commands_take_an_address_or_say_what_to_do(machines, console):
    address = machines.address
    code, said = console("status", f"{address}/a01")
    assert (code, said.count("cached")) == (0, 8)
    assert console("check", f"{address}/a01")[0] == 0
    assert console("diff", f"{address}/a01")[0] == 0
    code, said = console("verify", f"{address}/a01")
    assert code == 0
    assert "Each is as it was written" in said
    machine = machines["first"]
    (lost,) = (one.name for one in machine.objects.listing(".topicloom/reduce") if one.name.endswith("reduced.npy"))
    content = machine.objects.get(lost).content
    machine.objects.delete([lost])
    code, said = console("verify", f"{address}/a01")
    assert code == 1
    assert "reduced.npy is missing in the store" in said
    machine.objects.put(lost, content)
    for arguments, words in (
        (("new", f"{address}", "exports.csv"), "Exports are read into a project in a folder"),
        (("add", f"{address}"), "Exports are read into a project in a folder"),
        (("run", "s3://absent/wos/a01"), "There is no bucket absent"),
        (("run", f"{address}/a02"), "There is no settings file there"),
        (("status", f"s3://{KEY}:{SECRET}@maps/wos/a01"), "no key may be in one"),
        (("move", address, f"{address}2"), "Both are addresses"),
    ):
        code, said = console(*arguments)
        assert (code, words in said) == (2, True), said
        assert SECRET not in said


def test_a_machine_keeps_no_more_than_its_limit(machines, monkeypatch):
    machine = machines["first"]
    monkeypatch.setenv("TOPICLOOM_CACHE_GIGABYTES", "0")
    assert "cluster" in machine.run(overrides=Overrides(min_topic_size=8)).computed
    assert not list(machine.folder.parent.glob(".topicloom/*/*/*.np*"))
    assert not machine.run(overrides=Overrides(min_topic_size=8)).computed
    assert "export" in machine.run(overrides=Overrides(min_topic_size=12)).computed  # from what it fetches again


def test_keys_that_may_not_remove_run_all_the_same(machines, caplog):
    faults = Faults(machines.url)
    machine = machines.behind(faults, "first")
    machine.objects.put(".topicloom/cluster/0/left.npy", b"by a killed run")
    machine.objects.delete([".topicloom/swept"])
    faults.fault = lambda method, path: (403, "AccessDenied") if method in ("POST", "DELETE") else None
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(sweeping, "OLD", timedelta(seconds=-60))
        assert not machine.run().computed
    assert "What killed runs have left in the store stays there" in caplog.text
    faults.end()


def test_clean_removes_what_is_old_and_no_analysis_needs(machines, console, monkeypatch):
    machine, address = machines["first"], f"{machines.address}/a01"
    needed = {one.name for one in machine.objects.listing(".topicloom/cluster")}
    machine.run(overrides=Overrides(min_topic_size=8))
    machine.run()  # as it was: what the run before it has computed, nobody needs
    console.capfd.readouterr()
    code, said = console("clean", address)
    assert (code, "0 B in 0 results" in said) == (0, True), said  # they may be of a run that goes on elsewhere
    monkeypatch.setattr(sweeping, "OLD", timedelta(seconds=-60))
    code, said = console("clean", "--dry-run", address)
    assert (code, "would be removed" in said, "cluster/" in said) == (0, True, True)
    assert {one.name for one in machine.objects.listing(".topicloom/cluster")} > needed
    code, said = console("clean", address)
    assert {one.name for one in machine.objects.listing(".topicloom/cluster")} == needed
    assert not machines["second"].run().computed


@pytest.mark.parametrize("name", ["+tmp+evil", "..+..+evil"])
def test_what_others_write_into_the_bucket_leads_nowhere_else(machines, name, tmp_path):
    machine = machines["first"]
    current = machine.objects.get(".topicloom/outputs/a01/current.json").content
    machine.objects.put(f".topicloom/outputs/{name}/current.json", current)
    machine.enter()
    for work in (
        lambda: local(f"{machine.address}/a01"),
        lambda: move_project(machine.address, tmp_path / "elsewhere" / "wos"),
    ):
        with pytest.raises(StoreError, match="of no analysis"):
            work()
    assert not list(tmp_path.rglob("evil"))
    machine.objects.delete([f".topicloom/outputs/{name}/current.json"])
    listing = json.loads(current)
    listing["files"]["settings_analysis_directive_2027-01-01-00-00.json"] = listing["files"]["run.json"]
    machine.objects.put(".topicloom/outputs/a01/current.json", json.dumps(listing).encode())
    with pytest.raises(StoreError, match="topicloom writes none such"):
        local(f"{machine.address}/a01")


@pytest.mark.parametrize(
    "variable", ["TOPICLOOM_CACHE_GIGABYTES", "TOPICLOOM_LEASE_SECONDS", "TOPICLOOM_STORE_PATIENCE"]
)
def test_a_wrong_variable_is_said_before_anything_is_computed(machines, monkeypatch, variable):
    monkeypatch.setenv(variable, "a lot")
    with pytest.raises(AddressError, match=f"{variable}=a lot"):
        machines["first"].run()


def test_messages_name_the_address_of_a_file(machines, console):
    machines["first"].objects.put("f01/e01/corpus.csv", b"no corpus\n")
    code, said = console("run", f"{machines.address}/a01")
    assert code == 2
    assert f"{machines.address}/f01/e01/corpus.csv" in said
    assert "mirrors" not in said


def test_status_says_on_which_machine_a_result_was_computed(machines, console):
    machine = machines["first"]
    _, said = console("status", f"{machine.address}/a01")
    assert platform.node() not in said  # all here
    for one in machine.objects.listing(".topicloom/reduce"):
        if one.name.endswith("manifest.json"):
            entry = json.loads(machine.objects.get(one.name).content)
            del entry["manifest"]["manifest_sha256"]
            entry["manifest"] = sealed({**entry["manifest"], "host": "elsewhere"})
            machine.objects.put(one.name, json.dumps(entry).encode())
    shutil.rmtree(machine.folder.parent)
    _, said = console("status", f"{machine.address}/a01")
    assert re.search(r"reduce cached \S+ \S+ \S+ s \S+ \S+ elsewhere", said), said
    assert platform.node() in said


def test_the_server_gives_out_what_is_current_and_needs_no_inputs(machines, tmp_path, monkeypatch, caplog):
    (tmp_path / "configs").mkdir()
    root = machines.address.removesuffix("/wos")
    (tmp_path / "configs" / "maps.yaml").write_text(f"root: {root}\nproject: wos\nanalyses: [a01]\n")
    monkeypatch.setenv("TOPICLOOM_CONFIGS", str(tmp_path / "configs"))
    server, worker = machines["server"], machines["worker"]
    server.enter()
    found = find_served("maps/a01/topic_model_info.csv")
    assert found == server.folder / "topic_model_info.csv"
    assert not (server.folder.parent / "f01").exists()
    before = found.read_bytes()
    worker.run(overrides=Overrides(min_topic_size=8))
    assert _configured_name(worker.folder) == "maps/a01"
    server.enter()
    assert find_served("maps/a01/topic_model_info.csv").read_bytes() == worker.output("topic_model_info.csv") != before
    server.enter()
    assert find_served("maps/a01/.topicloom/x") is None
    assert find_served("maps/a01/absent.csv") is None
    server.objects.put(".topicloom/outputs/a01/current.json", b"{")
    assert find_served("maps/a01/topic_model_info.csv") is None
    assert "no list of files" in caplog.text


def test_a_config_may_name_an_address_as_its_root(tmp_path, monkeypatch):
    (tmp_path / "configs").mkdir()
    path = tmp_path / "configs" / "wos.yaml"
    path.write_text("root: s3://maps/group\nproject: wos\nanalyses: [a01]\n")
    monkeypatch.setenv("TOPICLOOM_CONFIGS", str(path.parent))
    named = read_named(path)
    assert str(address_of(named.analysis_path("a01"))) == "s3://maps/group/wos/a01"
    assert named.is_there
    assert list(missing_folders([named])) == []
    require_configured(Path("s3://maps/group/wos/a02"))
    assert _is_of({"analysis": "wos/a01"}, Path("s3://maps/group/wos/a01"))
    assert not _is_of({"analysis": "wos/a01"}, Path("s3://maps/group/wos/a02"))
    for other in ("s3://other/group/wos/a01", "s3://maps/secret/a01", str(tmp_path)):
        with pytest.raises(ConfigError, match="outside the folders"):
            require_configured(Path(other))


def test_what_is_drawn_beside_the_run_is_in_the_store_too(machines, monkeypatch):
    """The process beside has the machine's own mirror and keys; another machine then draws nothing."""
    first = machines["first"]
    name = f"a01/{DIRECTIVE}"
    settings = json.loads(first.objects.get(name).content)
    settings["tmo"] |= {"pictures": {}, "min_topic_size": 9}
    first.objects.put(name, json.dumps(settings).encode())
    monkeypatch.setattr("flows.drawing.WORTH_IT", 0)
    monkeypatch.setattr("topicloom.machine.threads.available_threads", lambda: 3)
    beside = []
    call = SideProcess.call
    monkeypatch.setattr(
        SideProcess, "call", lambda *given, **named: (beside.append(given[2]), call(*given, **named))[1]
    )
    report = first.run()
    assert set(PICTURES) <= set(report.computed)
    assert set(beside) & set(PICTURES)
    second = machines["second"]
    assert second.run().computed == []
    for output in ("report.html", "topic_summary.csv", "figures/map.png"):
        assert second.output(output) == first.output(output)
