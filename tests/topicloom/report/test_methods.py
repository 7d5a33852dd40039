"""The description of methods: it states what the run has used and cites that alone, in a form that BibTeX reads."""

from __future__ import annotations

import re

import pytest

from topicloom.intake.readers.bibtex import BIBTEX
from topicloom.intake.record import Export, Record
from topicloom.report.methods import Recorded, methods_of
from topicloom.report.references import WORKS, bibtex, listed
from topicloom.settings.schema import Params, TopicModelSettings

FACTS = {
    "load-embeddings": {"documents": 12000, "dimensions": 384},
    "reduce": {"start": "spectral", "neighbours": "approximate, nearest-neighbour descent"},
    "represent": {"topics": 40, "outliers": 3000},
    "cluster": {"resolution": 2.5, "anchored_to": None},
    "describe": {"names": "statistical", "names_by_language_model": 0, "levels_of_groups": 2},
    "quality": {"npmi": 0.0745, "c_v": None, "silhouette": 0.5},
}


def described(facts=FACTS, years=(1999, 2021, 12000), made=None, account=None, **tmo):
    settings = TopicModelSettings(embeds_folder="e01", **tmo)
    versions = {"topicloom": "1.2", "python": "3.11", "numpy": "2.4"}
    return methods_of(Recorded(settings, Params(seed=7), facts, versions, years, "f" * 64, made or {}, account or {}))


def test_it_states_what_was_used_and_what_came_of_it():
    text = described(umap={"n_neighbors": 30}, min_topic_size=25).text
    for stated in (
        "12,000 papers from 1999 to 2021",
        "384 dimensions",
        "ffffffffffffffff",
        "n_neighbors 30",
        "min_cluster_size 25, min_samples 25",
        "40 topics; 3,000 papers (25.0 %)",
        "n-grams of 1 to 3 words",
        "NPMI 0.074",
        "seed 7",
        "topicloom 1.2, Python 3.11, numpy 2.4",
    ):
        assert stated in text, stated
    assert not re.search(r"C_v|  |\{|None", text)


@pytest.mark.parametrize(
    ("tmo", "cited", "not_cited"),
    [
        (
            {},
            {"campello2013", "mcinnes2017", "dong2011", "ward1963"},
            {"traag2019", "lloyd1982", "roder2015", "reimers2019"},
        ),
        ({"n_topics": 9}, {"lloyd1982"}, {"campello2013", "traag2019"}),
        ({"clusterer": "graph"}, {"traag2019", "jarvis1973", "clauset2004"}, {"campello2013", "lloyd1982", "ward1963"}),
    ],
    ids=["hdbscan", "kmeans", "graph"],
)
def test_it_cites_what_the_run_has_used_and_nothing_else(tmo, cited, not_cited):
    found = described(**tmo)
    assert cited <= set(found.works)
    assert not_cited.isdisjoint(found.works)
    assert {"grootendorst2022", "mcinnes2018", "bouma2009"} <= set(found.works)
    for key in WORKS:
        assert (WORKS[key].cited in found.text) == (key in found.works)
        assert (f"{{{key}," in found.bibtex) == (key in found.works)


@pytest.mark.parametrize("tmo", [{}, {"clusterer": "graph"}])
def test_without_groups_no_way_of_grouping_is_stated(tmo):
    few = {**FACTS, "describe": {**FACTS["describe"], "levels_of_groups": 0}}
    assert "joined to groups" in described(**tmo).text
    assert "joined to groups" not in described(few, **tmo).text


@pytest.mark.parametrize("model", ["all-MiniLM-L6-v2", None])
def test_a_quick_look_names_no_model(model):
    made = {"text_columns": ["TI", "AB"], "transformer_model": model, "quick": True, "scikit_learn": "1.9.1"}
    found = described(made=made)
    assert "(columns TI and AB) was represented by the words that it shares with others: TF-IDF" in found.text
    assert "scikit-learn 1.9.1" in found.text
    assert not re.search("MiniLM|static|sentence-transformers|not recorded", found.text)
    assert "reimers2019" not in found.works


def test_other_ways_to_topics_are_told():
    facts = {
        **FACTS,
        "update": {"mode": "assign", "new": 50, "run": 3},
        "reassign": {"outliers_before": 4000},
        "consensus": {},
        "choose-size": {"tried": [5, 10]},
        "profiles": {"fields": ["authors", "sources", "countries"]},
        "describe": {"names": "keybert", "names_by_language_model": 2},
    }
    text = described(facts, (2001, 2001, 11000), orphans="reassign", names={"language_model": {"model": "m<b>1"}}).text
    for stated in (
        "papers of 2001 (11,000 of them have a year)",
        "50 new papers were placed in the model that run 3",
        "Of 4,000 outliers 1,000 were given",
        "chosen among 5, 10",
        "The language model m b 1 named 2",
        "Lifts of authors, sources and countries have",
        "Wilson, 1927",
        "(diversity 0.3)",
    ):
        assert stated in text, stated
    assert described(years=None).text.startswith("The corpus holds 12,000 papers.")
    assert "Quality" not in described({name: FACTS[name] for name in FACTS if name not in ("quality", "describe")}).page


def test_trends_are_told_where_years_allow_them_and_every_parameter_of_words():
    moved = {**FACTS, "moves": {}, "profiles": {"fields": []}}
    found = described(moved)
    assert {"mccullagh1989", "kleinberg2003", "callon1991", "monroe2008"} <= set(found.works)
    assert "topics with fewer than 15 papers" in found.text
    assert "Chapman and Hall" in found.page
    assert not re.search("Lifts|Wilson", found.text)
    undated = described(moved, years=None)
    assert not {"mccullagh1989", "kleinberg2003", "monroe2008"} & set(undated.works)
    assert "callon1991" in undated.works
    assert "kleinberg2003" not in described(moved, years=(2001, 2002, 9)).works
    words = {"bm25_weighting": True, "min_df": 3, "top_n_words": 7, "language": "spanish", "stop_words": "spanish"}
    text = described(represent=words).text
    assert "7 words of a topic, stop words: those of spanish left out, language spanish" in text
    assert "only n-grams of 3 topics or more, weighted by BM25." in text


def test_databases_duplicates_and_the_model_are_told_where_they_are_known_and_hostile_names_are_no_markup():
    account = {"records": 15000, "by_database": {"Scopus": 9000, "<img src=x>[a](b)": 6000}, "duplicates": 2900}
    account |= {"kept": 12100, "without_text": 100}
    made = {
        "transformer_model": "/home/me/models/mini`*",
        "text_columns": ["TI", "A|B"],
        "sentence_transformers": "5.1",
    }
    found = described(account=account, made=made)
    assert "15,000 records (Scopus 9,000, img src=x a (b) 6,000); 2,900 duplicates" in found.text
    assert "the model models/mini (sentence-transformers 5.1; Reimers & Gurevych, 2019)" in found.text
    assert "/home/me" not in found.page
    assert not re.search(r"[<>`|]", found.text)


def test_every_reference_is_read_back_from_bibtex_and_listed_once(tmp_path):
    (tmp_path / "w.bib").write_text(bibtex(WORKS), encoding="utf-8")
    found = list(BIBTEX.read(Export(tmp_path / "w.bib", "w.bib")))
    assert [type(one) for one in found] == [Record] * len(WORKS)
    by_title = {one.fields["TI"]: one.fields for one in found}
    for work in WORKS.values():
        assert by_title[work.title]["PY"] == str(work.year)
        assert by_title[work.title].get("DI", "").lower() == work.more.get("doi", "").lower()
    assert len(listed(WORKS)) == len(WORKS)
    assert any("Röder" in line for line in listed(WORKS))
    assert any("Großberger" in line for line in listed(WORKS))
