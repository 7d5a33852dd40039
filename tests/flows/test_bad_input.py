"""Bad input: one clear error each before any work, and nothing on disk changed."""

from __future__ import annotations

import json
import pickle
import re
import shutil

import numpy as np
import pandas as pd
import pytest

from tests.conftest import DIRECTIVE
from topicloom.errors import CorpusError, EmbeddingsError, InputError, SettingsError


def corpus_of(project) -> pd.DataFrame:
    return pd.read_csv(project.profile / "corpus.csv", dtype=str, keep_default_na=False)


def change_corpus(change):
    def apply(project):
        change(corpus_of(project)).to_csv(project.profile / "corpus.csv", index=False)

    return apply


def change_vectors(change):
    def apply(project):
        path = project.profile / "embeddings.npy"
        np.save(path, change(np.load(path)), allow_pickle=True)

    return apply


def write_pickle(content):
    def apply(project):
        (project.profile / "embeddings.npy").unlink()
        (project.profile / "embeddings.pck").write_bytes(pickle.dumps(content))

    return apply


def settings_text(text):
    return lambda project: (project.analysis / DIRECTIVE).write_text(text)


def settings(**tmo):
    return lambda project: project.write_settings(**tmo)


def with_value(vectors, row, value):
    vectors[row] = value
    return vectors


def disagreeing_folder(project):
    content = json.loads((project.analysis / DIRECTIVE).read_text())
    content["metadata"]["analysis_id"] = "a77"
    (project.analysis / DIRECTIVE).write_text(json.dumps(content))


def ids_swapped(project):
    path = project.profile / "embeddings_ids.json"
    ids = json.loads(path.read_text())
    path.write_text(json.dumps([ids[1], ids[0], *ids[2:]]))


def embeddings_gone(project):
    (project.profile / "embeddings.npy").unlink()


class Attack:
    """A pickle that would make a file when it is opened."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (self.path, "w"))


def dangerous_pickle(project):
    write_pickle({"embeddings": Attack(str(project.root / "attacked"))})(project)


CASES = {
    "no settings": (lambda p: (p.analysis / DIRECTIVE).unlink(), SettingsError, "The folder holds no settings file"),
    "no folder": (lambda p: shutil.rmtree(p.analysis), SettingsError, "There is no such file or folder"),
    "not JSON": (settings_text("{'a': 1}"), SettingsError, "It is not JSON"),
    "JSON list": (settings_text("[]"), SettingsError, "It holds a list"),
    "no tmo": (
        settings_text('{"metadata": {"project_folder": "wos", "filtered_folder": "f01", "analysis_id": "a01"}}'),
        SettingsError,
        "The section tmo is missing",
    ),
    "wrong type": (settings(n_topics="many"), SettingsError, 'tmo.n_topics is "many"; it must be a whole number'),
    "out of range": (settings(others_threshold=1.5), SettingsError, "above 0 and at most 1"),
    "folders disagree": (
        disagreeing_folder,
        SettingsError,
        'metadata.analysis_id is "a77", but the file lies in "a01"',
    ),
    "no corpus": (lambda p: (p.profile / "corpus.csv").unlink(), CorpusError, "There is no such file"),
    "no text column": (change_corpus(lambda c: c.rename(columns={"text": "txt"})), CorpusError, "no column text"),
    "empty corpus": (change_corpus(lambda c: c.head(0)), CorpusError, "It holds no papers"),
    "empty file": (lambda p: (p.profile / "corpus.csv").write_text(""), CorpusError, "It is empty"),
    "texts empty": (change_corpus(lambda c: c.assign(text=" ")), CorpusError, "None of its 240 texts has a word"),
    "texts of stop words": (change_corpus(lambda c: c.assign(text="the of And")), CorpusError, "stop words only"),
    "duplicate UT": (
        change_corpus(lambda c: c.assign(UT=["X", "X", *c["UT"][2:]])),
        CorpusError,
        "1 UT occur more than",
    ),
    "blank UT": (change_corpus(lambda c: c.assign(UT=["", *c["UT"][1:]])), CorpusError, "1 paper has no UT"),
    "no embeddings": (embeddings_gone, EmbeddingsError, "add tmo.transformer_model"),
    "another row count": (change_vectors(lambda v: v[:-2]), EmbeddingsError, "238 rows and corpus.csv has 240 papers"),
    "ids in another order": (ids_swapped, EmbeddingsError, "the same ids in another order"),
    "NaN rows": (change_vectors(lambda v: with_value(v, 3, np.nan)), EmbeddingsError, "1 rows hold NaN or infinite"),
    "infinite rows": (
        change_vectors(lambda v: with_value(v, 5, np.inf)),
        EmbeddingsError,
        "1 rows hold NaN or infinite",
    ),
    "zero vectors": (change_vectors(lambda v: with_value(v, 9, 0)), SettingsError, "1 embedding is all zeros"),
    "one dimension": (change_vectors(lambda v: v[:, 0]), EmbeddingsError, "an array of shape (240,)"),
    "object dtype": (change_vectors(lambda v: v.astype(object)), EmbeddingsError, "an array of objects"),
    "no array": (lambda p: (p.profile / "embeddings.npy").write_text("x"), EmbeddingsError, "It holds no array"),
    "object pickle": (write_pickle(np.array([[1, "a"]], dtype=object)), EmbeddingsError, "an array of object"),
    "dict without embeddings": (write_pickle({"vectors": 1}), EmbeddingsError, "without the entry embeddings"),
    "list pickle": (write_pickle([[0.1, 0.2]]), EmbeddingsError, "It holds a list"),
    "half a pickle": (lambda p: write_pickle(np.ones((3, 2)))(p) or cut(p), EmbeddingsError, "It is no whole pickle"),
    "dangerous pickle": (dangerous_pickle, EmbeddingsError, "It was refused and not run: it asks for io.open"),
    "n_topics above documents": (settings(n_topics=241), SettingsError, "tmo.n_topics is 241 and the corpus has 240"),
    "n_neighbors too large": (settings(umap={"n_neighbors": 240}), SettingsError, "tmo.umap.n_neighbors is 240"),
    "min_topic_size too large": (settings(min_topic_size=241), SettingsError, "tmo.min_topic_size is 241"),
    "min_samples too large": (settings(hdbscan={"min_samples": 300}), SettingsError, "tmo.hdbscan.min_samples is 300"),
}


def cut(project):
    path = project.profile / "embeddings.pck"
    path.write_bytes(path.read_bytes()[:-20])


def contents(folder):
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize("case", CASES)
def test_one_clear_error_and_the_outputs_untouched(finished, run, case):
    spoil, kind, message = CASES[case]
    spoil(finished)
    before = contents(finished.analysis)
    with pytest.raises(kind) as caught:
        run(finished.analysis)
    text = str(caught.value)
    assert message in text
    assert text.startswith(f"{kind.__name__}: {finished.root}")
    assert len(text.splitlines()) % 2 == 1  # the file, then a finding and a way out for each problem
    assert contents(finished.analysis) == before
    assert not (finished.root / "attacked").exists()


@pytest.mark.parametrize("case", CASES)
def test_check_finds_the_same(project, case):
    from topicloom.settings.checks import require_fitting_settings
    from topicloom.settings.reading import read_settings
    from topicloom.stages.load_embeddings import check_inputs

    spoil, kind, message = CASES[case]
    spoil(project)
    with pytest.raises(kind, match=re.escape(message)):
        require_fitting_settings(read := read_settings(project.analysis), check_inputs(read).facts)
    assert not (project.path / ".topicloom").exists()


def test_bad_input_is_not_tried_again(finished, run, monkeypatch):
    """Files that change after they were looked at fail the stage that reads them, once."""
    monkeypatch.setattr("flows.opening.require_sound", lambda _: None)
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import FlowRunFilter

    change_vectors(lambda v: v[:-2])(finished)
    state = run(finished.analysis, return_state=True)
    runs = get_client(sync_client=True).read_task_runs(
        flow_run_filter=FlowRunFilter(id={"any_": [state.state_details.flow_run_id]})
    )
    (loading,) = [task for task in runs if task.name.startswith("load-embeddings")]
    assert loading.state_name == "Failed"
    assert loading.run_count == 1


def test_folder_that_cannot_be_written_to(project, run, monkeypatch):
    from topicloom.settings import checks as fitness

    def refuse(**_):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(fitness.tempfile, "mkstemp", refuse)
    with pytest.raises(InputError, match="Nothing can be written into this folder \\(Read-only file system\\)"):
        run(project.analysis)


def test_all_documents_outliers_is_a_result(project, run):
    """So few neighbours that nothing is dense: files with no topics, said clearly, no crash."""
    project.write_settings(min_topic_size=120)
    report = run(project.analysis)
    assert report.topics == 0
    assert report.outliers == 240
    assert any("All documents are outliers" in note for note in report.notes)
    assert len(pd.read_csv(project.output("orphans.csv"))) == 240
    dataset = pd.read_csv(project.output("dataset_minimal.csv"))
    assert len(dataset) == 0
    assert "level0" in dataset.columns
    assert list(pd.read_csv(project.output("topic_model_info.csv"))["Topic"]) == [-1]
    from bertopic import BERTopic

    assert BERTopic.load(str(project.output("topic_model_object.pck"))).get_topic_info()["Count"].sum() == 240
    assert run(project.analysis).computed == []


def test_one_single_cluster_and_no_outliers(finished, run):
    assert finished.output("orphans.csv").exists()
    finished.write_settings(n_topics=1)
    report = run(finished.analysis)
    assert (report.topics, report.outliers) == (1, 0)
    assert not finished.output("orphans.csv").exists()
    dataset = pd.read_csv(finished.output("dataset_minimal.csv"))
    assert set(dataset["level0"]) == {1}  # the largest cluster is a main one, though it passes the threshold
    assert not dataset["cl99"].any()


def test_path_with_spaces_and_non_latin_letters(project, run, tmp_path):
    from tests.conftest import Project

    root = tmp_path / "мои данные 研究 é"
    shutil.copytree(project.root, root)
    (root / "wos").rename(root / "Q 338 合成生物学")
    odd = Project(root, "Q 338 合成生物学")
    analysis = odd.write_settings("a 01 тм")
    report = run(analysis)
    assert report.documents == 240
    assert (analysis / "dataset_minimal.csv").is_file()
    assert run(analysis).computed == []


def test_texts_that_look_like_missing_values_stay_texts(project, run):
    texts = ["NA", "None", "null", "", "nan", "NaN", "N/A"]
    corpus = corpus_of(project)
    corpus.loc[: len(texts) - 1, "text"] = texts
    corpus["UT"] = [str(173 + number) for number in range(len(corpus))]
    corpus.to_csv(project.profile / "corpus.csv", index=False)
    (project.profile / "embeddings_ids.json").unlink()
    run(project.analysis)
    names = ("dataset_minimal.csv", "orphans.csv")
    frames = [pd.read_csv(project.output(name), dtype=str, keep_default_na=False) for name in names]
    documents = pd.concat(frames).set_index("UT")["Document"]
    assert [documents[str(173 + number)] for number in range(len(texts))] == texts


def test_repeated_texts_are_decided_by_row(project, run):
    corpus = corpus_of(project)
    corpus["text"] = ["a study of citation counts", *["a survey of library loans"] * 40, *corpus["text"][41:]]
    corpus.to_csv(project.profile / "corpus.csv", index=False)
    report = run(project.analysis)
    assert any("39 texts repeat an earlier one" in note for note in report.notes)
    frames = [pd.read_csv(project.output(name)) for name in ("dataset_minimal.csv", "orphans.csv")]
    documents = pd.concat(frames)
    marked = documents[documents["Representative_document"]].groupby("Topic").size()
    assert (marked <= 3).all()


def test_columns_of_the_corpus_travel_and_give_way(project, run):
    corpus = corpus_of(project).assign(note="kept", Score="mine")
    corpus.to_csv(project.profile / "corpus.csv", index=False)
    report = run(project.analysis)
    dataset = pd.read_csv(project.output("dataset_minimal.csv"))
    assert set(dataset["note"]) == {"kept"}
    assert dataset["Score"].dtype == float
    assert any("gave way" in note and "Score" in note for note in report.notes)


def test_uuid_comes_from_the_dataset_where_the_corpus_has_none(project, run):
    corpus = corpus_of(project)
    known = pd.read_csv(project.dataset, dtype=str).set_index("UT")["uuid"]
    corpus.drop(columns="uuid").to_csv(project.profile / "corpus.csv", index=False)
    run(project.analysis)
    dataset = pd.read_csv(project.output("dataset_minimal.csv"), dtype=str)
    assert list(dataset.columns[:2]) == ["UT", "uuid"]
    assert (dataset["uuid"] == dataset["UT"].map(known)).all()
    project.dataset.unlink()
    report = run(project.analysis)
    # Only what names the papers changes; texts and vectors are the same.
    assert report.computed == ["load-embeddings", "identify", "export"]
    assert "uuid" not in pd.read_csv(project.output("dataset_minimal.csv")).columns


def test_texts_can_be_left_out_of_the_files(finished, run):
    finished.write_settings(export={"texts": False})
    run(finished.analysis)
    for name in ("dataset_minimal.csv", "orphans.csv", "topic_model_info.csv"):
        columns = set(pd.read_csv(finished.output(name)).columns)
        assert not columns & {"text", "Document", "Representative_Docs"}
        assert "Representation" in columns


@pytest.mark.parametrize("way", ["sweep", "stage"])
def test_a_sweep_and_a_stage_alone_refuse_what_a_run_refuses(finished, prefect_server, way):
    from flows.single_stage import stage
    from flows.sweep import sweep
    from topicloom.sweep.grid import SweepPlan

    corpus = finished.profile / "corpus.csv"
    header, _, rows = corpus.read_text(encoding="utf-8").partition("\n")
    corpus.write_text(f"{header},{header.split(',')[0]}\n{rows}", encoding="utf-8")
    before = {path: path.read_bytes() for path in finished.path.rglob("*") if path.is_file()}
    with pytest.raises(InputError, match=r"corpus\.csv"):
        if way == "sweep":
            sweep(finished.analysis, SweepPlan(vary={"min_topic_size": [5, 8]}))
        else:
            stage(finished.analysis, "cluster")
    after = {path: path.read_bytes() for path in finished.path.rglob("*") if path.is_file()}
    # Digests that have been found are noted as soon as a file is two seconds old.
    noted = {path for path in before if "prefect" in path.parts or path.name.startswith("digests.sqlite")}
    assert {path: content for path, content in after.items() if path in before and path not in noted} == {
        path: content for path, content in before.items() if path not in noted
    }
