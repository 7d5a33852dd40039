"""Sweeps without running them: what is tried, how stable clusterings are, what no other beats, the adopting file."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import adjusted_rand_score

from topicloom.measures.stability import overlaps, stability
from topicloom.settings.reading import read_settings
from topicloom.store.store import StageRef
from topicloom.sweep import grid, outcome
from topicloom.sweep.grid import Range, SweepError, SweepPlan, combinations, full_name, read_plan, seeds_of
from topicloom.sweep.outcome import TABLE, Trial, adopting_file, write_sweep
from topicloom.sweep.verdict import AIMS, judge


@pytest.fixture
def settings(project):
    return read_settings(project.analysis)


def plan(**given) -> SweepPlan:
    return SweepPlan.model_validate(given)


@pytest.mark.parametrize(
    ("name", "full"),
    [
        ("min_topic_size", "tmo.min_topic_size"),
        ("n_neighbors", "tmo.umap.n_neighbors"),
        ("seed", "params.seed"),
        ("embeds_folder", "tmo.embeds_folder"),
        ("tmo.hdbscan.metric", "tmo.hdbscan.metric"),
        ("threshold", "tmo.orphans.threshold"),
    ],
)
def test_settings_are_known_by_their_last_name(name, full):
    assert full_name(name) == full


@pytest.mark.parametrize(
    ("name", "says"),
    [("n_neighbours", "did you mean n_neighbors"), ("metric", r"may be tmo\.umap\.metric, tmo\.hdbscan")],
)
def test_unknown_and_ambiguous_names_are_refused(settings, name, says):
    with pytest.raises(SweepError, match=says):
        combinations(settings, plan(vary={name: [1]}))


@pytest.mark.parametrize(
    ("given", "values"),
    [
        ({"from": 5, "to": 20, "step": 5}, [5, 10, 15, 20]),
        ({"from": 0, "to": 0.3, "step": 0.1}, [0, 0.1, 0.2, 0.3]),
        ({"from": 2, "to": 3}, [2, 3]),
        ({"from": 4, "to": 4}, [4]),
    ],
)
def test_a_range_holds_both_ends(given, values):
    found = Range.model_validate(given).values
    assert found == values
    assert [type(value) for value in found] == [type(value) for value in values]


def test_every_combination_is_made_once_with_the_values_in_place(settings):
    found, left_out = combinations(settings, plan(vary={"min_topic_size": [5, 9, 5], "n_neighbors": [10, 15]}))
    assert left_out == []
    made = [(one.settings.tmo.min_topic_size, one.settings.tmo.umap.n_neighbors) for one in found]
    assert made == [(5, 10), (5, 15), (9, 10), (9, 15)]
    assert found[0].values == {"tmo.min_topic_size": 5, "tmo.umap.n_neighbors": 10}


def test_combinations_are_made_once_a_sweep(project, settings, monkeypatch):
    made = []
    tried = grid._tried
    monkeypatch.setattr(grid, "_tried", lambda *given: (made.append(1), tried(*given))[1])
    wanted = plan(vary={"min_topic_size": [5, 6, 7]})
    chosen, _ = combinations(settings, wanted)
    chosen.clear()
    assert len(combinations(read_settings(project.analysis), plan(vary={"min_topic_size": [5, 6, 7]}))[0]) == 3
    assert len(made) == 3
    other = read_settings(project.write_settings(others_threshold=0.5))
    assert {one.settings.tmo.others_threshold for one in combinations(other, wanted)[0]} == {0.5}
    assert len(combinations(settings, plan(vary={"min_topic_size": [5]}))[0]) == 1


def test_seeds_share_the_neighbour_search_of_the_settings(settings):
    found, _ = combinations(settings, plan(vary={"seed": [100, 7]}))
    assert [one.settings.params.seed for one in found] == [100, 7]
    assert [one.settings.tmo.umap.neighbors_seed for one in found] == [None, 100]
    assert seeds_of(settings, plan(vary={"seed": [1]}, seeds=3)) == [100]
    assert seeds_of(settings, plan(vary={"n_topics": [1]}, seeds=3)) == [100, 101, 102]


def test_combinations_that_are_not_allowed_are_left_out_with_the_reason(settings):
    found, left_out = combinations(settings, plan(vary={"min_dist": [0.0, 2.0], "n_neighbors": [15]}))
    assert len(found) == 1
    assert left_out[0].startswith("min_dist 2.0, n_neighbors 15: ")
    assert "min_dist must be at most spread" in left_out[0]


def test_a_sweep_without_an_allowed_combination_is_refused(settings):
    with pytest.raises(SweepError) as refused:
        combinations(settings, plan(vary={"min_topic_size": [0, 1]}))
    assert "No combination of the sweep is allowed. min_topic_size 0: " in str(refused.value)
    assert "must be a whole number of at least 2" in str(refused.value)
    with pytest.raises(SweepError, match="gives no value for min_topic_size"):
        combinations(settings, plan(vary={"min_topic_size": []}))
    with pytest.raises(SweepError, match="40,000 combinations"):
        combinations(settings, plan(vary={"seed": {"from": 1, "to": 200}, "n_topics": {"from": 1, "to": 200}}))


def test_a_sweep_looks_at_seeds_one_by_one(project):
    settings = read_settings(project.write_settings(consensus={"seeds": 4}))
    found, _ = combinations(settings, plan(vary={"n_neighbors": [10]}))
    assert found[0].settings.tmo.consensus.seeds == 1
    with pytest.raises(SweepError, match=r"varies tmo\.consensus\.seeds; it looks at seeds one by one"):
        combinations(settings, plan(vary={"tmo.consensus.seeds": [2, 3]}))


def test_a_size_that_is_auto_is_varied_or_stated(project):
    settings = read_settings(project.write_settings(min_topic_size="auto"))
    with pytest.raises(SweepError, match=r"min_topic_size is auto; vary it, or state a number"):
        combinations(settings, plan(vary={"n_neighbors": [10]}))
    assert len(combinations(settings, plan(vary={"min_topic_size": [5, 6]}))[0]) == 2


def test_a_budget_of_combinations_is_a_seeded_sample(settings):
    wanted = plan(vary={"min_topic_size": {"from": 2, "to": 41}}, budget={"combinations": 6})
    found = [[one.values["tmo.min_topic_size"] for one in combinations(settings, wanted)[0]] for _ in range(2)]
    assert found[0] == found[1] == sorted(found[0])
    assert len(set(found[0])) == 6


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("vary: {}", "vary is {}"),
        ("vary: {n_topics: [2]}\nrunner: slurm", 'runner is "slurm"'),
        ("vary: {n_topics: [2]}\nbudget: {minutes: 0}", r"budget\.minutes is 0"),
        ("vary: {n_topics: {from: 9, to: 2}}", "from is 9 and to is 2"),
        ("vary: [", "cannot be read as YAML"),
        ("vary: {n_topics: [2]}\ntopics: 3", "topics is 3"),
    ],
)
def test_a_sweep_file_that_is_wrong_says_where(tmp_path, text, says):
    path = tmp_path / "sweep.yaml"
    path.write_text(text)
    with pytest.raises(SweepError, match=says):
        read_plan(path)


CLUSTERS = arrays(np.int64, st.integers(1, 40), elements=st.integers(-1, 4))


@given(CLUSTERS, st.randoms(use_true_random=False))
@hypothesis_settings(deadline=None)
def test_overlaps_are_jaccard_indices(one, random):
    other = np.array(random.choices(range(-1, 4), k=len(one)))
    found = overlaps(one, other)
    for row in range(found.shape[0]):
        for column in range(found.shape[1]):
            a, b = set(np.flatnonzero(one == row)), set(np.flatnonzero(other == column))
            assert found[row, column] == pytest.approx(len(a & b) / max(len(a | b), 1))


def test_stability_is_the_mean_of_all_pairs_and_of_the_best_topics():
    one = np.array([0, 0, 0, 1, 1, 1, -1])
    other = np.array([1, 1, 0, 0, 0, 0, -1])
    third = np.array([-1, 0, 0, 1, 1, 1, 1])
    found = stability([one, other, third])
    pairs = [(one, other), (one, third), (other, third)]
    expected = [adjusted_rand_score(a[(a >= 0) & (b >= 0)], b[(a >= 0) & (b >= 0)]) for a, b in pairs]
    assert found.rand == pytest.approx(np.mean(expected))
    assert found.of_topics.tolist() == pytest.approx([(2 / 3 + 2 / 3) / 2, (3 / 4 + 3 / 4) / 2])
    assert stability([one]).rand is None
    assert stability([one, one]).topics == 1.0
    nothing = np.full(7, -1)
    assert stability([nothing, one]).rand == 0.0


TRIALS = st.lists(st.tuples(*[st.sampled_from([0.0, 0.2, 0.5, 0.9])] * 4, st.integers(0, 5)), min_size=1, max_size=12)


@given(TRIALS)
@hypothesis_settings(deadline=None)
def test_the_front_is_what_no_other_beats_and_the_best_is_on_it(rows):
    trials = pd.DataFrame(rows, columns=[*AIMS, "topics"]).assign(n=range(len(rows)))
    verdict = judge(trials, ["n"], {"n": 0})
    signs = np.array(list(AIMS.values()))
    usable = [row for row in range(len(rows)) if rows[row][4] >= 2]
    for row in range(len(rows)):
        mine = np.array(rows[row][:4]) * signs
        beaten = any(
            (np.array(rows[other][:4]) * signs >= mine).all() and (np.array(rows[other][:4]) * signs > mine).any()
            for other in usable
        )
        assert verdict.front[row] == (row in usable and not beaten)
    if usable:
        assert verdict.front[verdict.best]
        assert verdict.score[verdict.best] == np.nanmax(verdict.score[verdict.front])
    else:
        assert verdict.best is None
        assert "No combination found two topics" in verdict.why[0]


def test_the_recommendation_is_in_plain_words_and_knows_the_present_settings():
    trials = pd.DataFrame(
        {"tmo.min_topic_size": [5, 10], "topics": [20, 9], "npmi": [0.05, 0.11], "diversity": [0.6, 0.7]}
    ).assign(outlier_share=[0.3, 0.2], stability=[0.4, 0.8])
    why = judge(trials, ["tmo.min_topic_size"], {"tmo.min_topic_size": 5}).why
    assert why[0] == "Take min_topic_size 10: 9 topics."
    assert "Coherence (NPMI): 0.110, from 0.050 to 0.110 in the sweep; 0.050 with the present settings." in why
    why = judge(trials, ["tmo.min_topic_size"], {"tmo.min_topic_size": 10}).why
    assert why[-1] == "These are the present settings: there is nothing to change."


def test_the_adopting_file_is_the_analysis_own_with_the_values_set(project, settings, tmp_path):
    content = json.loads(settings.source.read_text())
    content["rp"] = {"kept": "as it was"}
    settings.source.write_text(json.dumps(content))
    path = adopting_file(settings, {"tmo.umap.n_neighbors": 10, "params.seed": 7}, tmp_path)
    made = json.loads(path.read_text())
    assert made["rp"] == {"kept": "as it was"}
    assert made["tmo"]["umap"] == {"n_neighbors": 10, "neighbors_seed": 100}
    (project.analysis / path.name).write_bytes(path.read_bytes())
    adopted = read_settings(project.analysis)
    assert adopted.source.name == path.name
    assert (adopted.tmo.umap.n_neighbors, adopted.params.seed) == (10, 7)


@pytest.mark.parametrize("escapes", [False, True])
def test_formulas_in_the_table_are_as_the_settings_say(project, tmp_path, monkeypatch, escapes):
    settings = read_settings(project.write_settings(export={"escape_formulas": escapes}))
    chosen, _ = combinations(settings, plan(vary={"year_column": ["=PY"]}))
    measures = {name: [0.5] for name in (*AIMS, "c_v", "topic_stability")}
    rows = pd.DataFrame({"tmo.year_column": ["=PY"], "topics": [3], **measures, "seconds": [1.0]})
    monkeypatch.setattr(outcome, "trials_table", lambda _: rows)
    ref = StageRef(stage="reduce", key="k", outputs={}, facts={})
    write_sweep(settings, [Trial(chosen[0], {"reduce": ref}, [])], [], tmp_path)
    assert list(pd.read_csv(tmp_path / TABLE)["tmo.year_column"]) == ["'=PY" if escapes else "=PY"]


def test_a_yaml_analysis_gets_a_yaml_file(project, tmp_path):
    content = json.loads(next(project.analysis.glob("*.json")).read_text())
    content["topic_model"] = content.pop("tmo")
    (project.analysis / "config_analysis.yml").write_text(yaml.safe_dump(content))
    path = adopting_file(read_settings(project.analysis), {"tmo.min_topic_size": 9}, tmp_path)
    assert path.name == "config_analysis.yml"
    assert yaml.safe_load(path.read_text())["topic_model"]["min_topic_size"] == 9
