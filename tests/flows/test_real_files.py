"""Files as databases and spreadsheets write them, from check to the outputs."""

from __future__ import annotations

import re
import shutil
import unicodedata

import pandas as pd
import pytest

from tests.flows.test_cli import topicloom
from topicloom.errors import SettingsError

ADVICE = 'Set "represent": {"language": "japanese", "tokenizer": "icu"} in section tmo.'
JAPANESE = (
    "機械学習を用いた画像の分類手法を提案する。",
    "細胞における遺伝子変異の解析を行った。",
    "東京の大気汚染と健康への影響を調査した。",
)


def corpus_of(project) -> pd.DataFrame:
    return pd.read_csv(project.profile / "corpus.csv", dtype=str, keep_default_na=False)


def documents_of(project) -> pd.DataFrame:
    tables = [pd.read_csv(project.output(name), dtype=str, keep_default_na=False) for name in TABLES]
    return pd.concat(tables).set_index("UT")["Document"]


TABLES = ("dataset_minimal.csv", "orphans.csv")


def test_odd_texts_reach_the_outputs_whole(project, run):
    """A bare carriage return, a NUL and letters apart from their accents: one row a paper, and its text as it was."""
    corpus = corpus_of(project)
    texts = corpus["text"]
    texts[0::3] = [text.replace(" ", "\r", 1) for text in texts[0::3]]
    texts[1] = f"{texts[1]} naïve café"
    texts[2] = unicodedata.normalize("NFD", f"{texts[2]} naïve café")
    rows = "".join(f'{ut},"{text}"\n' for ut, text in zip(corpus["UT"], texts.str.replace('"', '""'), strict=True))
    (project.profile / "corpus.csv").write_bytes(f"UT,text\n{rows}".replace("naïve", "na\0ïve").encode())
    report = run(project.analysis)
    documents = documents_of(project)
    assert len(documents) == len(corpus)
    assert dict(documents) == dict(zip(corpus["UT"], texts, strict=True))
    assert any("NUL characters left out of corpus.csv: 1, " in note for note in report.notes)
    assert any(
        "topics have stop words in the name" in note and '"stop_words": "english"' in note for note in report.notes
    )
    words = " ".join(pd.read_csv(project.output("topic_model_info.csv"))["Representation"])
    assert "cafe" not in words


def test_japanese_texts_get_words_with_the_setting_that_is_named(project, run):
    corpus = corpus_of(project)
    corpus["text"] = [JAPANESE[row % 3] for row in range(len(corpus))]
    corpus.to_csv(project.profile / "corpus.csv", index=False)
    with pytest.raises(SettingsError, match=re.escape(ADVICE)):
        run(project.analysis)
    project.write_settings(represent={"language": "japanese", "stop_words": "japanese", "tokenizer": "icu"})
    found = run(project.analysis)
    assert not any("language" in note or "no words" in note for note in found.notes)
    words = set(" ".join(pd.read_csv(project.output("dataset_minimal.csv"))["Top_n_words"]).split(" - "))
    assert words & {"学習", "遺伝子", "大気", "機械 学習", "細胞", "調査"}
    _require_usable_model(project)


def _require_usable_model(project) -> None:
    """The saved model takes texts that are split the same way."""
    from bertopic import BERTopic

    from topicloom.words.splitting import split_text

    model = BERTopic.load(project.output("topic_model_object.pck"))
    analyze = model.vectorizer_model.build_analyzer()
    assert set(analyze(split_text(JAPANESE[0]))) & set(model.vectorizer_model.vocabulary_)


def test_check_says_what_is_odd_about_files_and_texts(project):
    corpus = corpus_of(project)
    corpus["text"] = corpus["text"] + " © 2001 The Authors. All rights reserved."
    corpus.to_csv(project.profile / "corpus.csv", index=False)
    dataset = pd.read_csv(project.dataset, dtype=str, keep_default_na=False)
    dataset["UT"] = dataset["UT"] + "é"
    dataset.to_csv(project.dataset, index=False, encoding="cp1252", errors="replace")
    done = topicloom("check", project.analysis, COLUMNS="1000")
    assert done.returncode == 0, done.stderr
    assert "0 of 240 papers of corpus.csv are in dataset_raw_cleaned.csv by UT" in done.stdout
    assert "dataset_raw_cleaned.csv is not UTF-8; it is read as Windows-1252" in done.stdout
    assert "240 texts end in a rights notice; " in done.stdout
    assert '"represent": {"stop_words": "english"}' in done.stdout


def test_notices_are_left_out_of_what_is_embedded(project):
    """The corpus that is made keeps them, for Document."""
    from topicloom.inputs.encoder import texts_to_embed
    from topicloom.settings.reading import read_settings

    shutil.rmtree(project.profile)
    titles = [f"A study of number {row}" for row in range(30)]
    rows = "".join(f"S{row},{title},[No abstract available]\n" for row, title in enumerate(titles))
    project.dataset.write_bytes(f"UT,TI,AB\n{rows}".replace("study", "\u2018study\u2019").encode("cp1252"))
    project.write_settings(transformer_model="no-such-model", cut_notices=True)
    texts = texts_to_embed(read_settings(project.analysis))
    assert texts == [title.replace("study", "‘study’") for title in titles]
    project.write_settings(transformer_model="no-such-model")
    done = topicloom("check", project.analysis, COLUMNS="1000")
    assert done.returncode == 0, done.stderr
    assert "dataset_raw_cleaned.csv is not UTF-8; it is read as Windows-1252" in done.stdout
    assert '30 texts end in a placeholder such as "[No abstract available]"; ' in done.stdout


def test_a_tokenizer_that_is_not_installed_is_said_before_any_work(project, monkeypatch):
    from topicloom.settings import checks
    from topicloom.settings.reading import read_settings

    project.write_settings(represent={"language": "japanese", "tokenizer": "icu"})
    monkeypatch.setattr(checks.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(SettingsError, match="the package icu4py, which it needs, is not installed"):
        checks.require_fitting_settings(read_settings(project.analysis), {"documents": 240})
