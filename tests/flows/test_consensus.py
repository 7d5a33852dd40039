"""Consensus and min_topic_size: auto through whole runs."""

from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd
import pytest

from tests.flows.test_cli import topicloom
from tests.flows.test_orphans import in_corpus_order, papers
from topicloom.settings.reading import SettingsError, read_settings


def test_seeds_vote_and_the_outputs_say_how_far_they_agree(finished, run):
    from bertopic import BERTopic

    raw = in_corpus_order(finished, papers(finished)["Topic"])
    finished.write_settings(consensus={"seeds": 3})
    report = run(finished.analysis)
    assert "consensus" in report.computed
    assert {"reduce", "cluster"} <= set(report.cached)
    assert any("3 seeds agree on" in note for note in report.notes)
    found = papers(finished)
    agreement = in_corpus_order(finished, found["agreement"]).astype(float)
    topics = in_corpus_order(finished, found["Topic"])
    assert set(np.round(agreement * 3)) <= {0, 1, 2, 3}
    assert (agreement[topics >= 0] >= 0.5).all()
    assert (topics != raw).any()
    assert len(finished.store_entries("reduce")) == 3
    assert report.topics == topics.max() + 1
    model = BERTopic.load(finished.output("topic_model_object.pck"))
    assert model.topics_ == topics.tolist()
    assert run(finished.analysis).computed == []
    assert topicloom("clean", finished.analysis).returncode == 0
    assert run(finished.analysis).computed == []


@pytest.mark.parametrize("strategy", ["membership", "embedding", "c-tf-idf", "distribution"])
def test_outliers_of_a_consensus_can_be_given_to_living_topics(finished, run, strategy):
    finished.write_settings(
        consensus={"seeds": 2, "least_stability": 0.7}, orphans={"mode": "reassign", "strategy": strategy}
    )
    report = run(finished.analysis)
    found = papers(finished)
    assert report.outliers == (found["Topic"] == -1).sum()
    assert (found["orphan_method"] == strategy).any()
    assert sorted(set(found["Topic"]) - {-1}) == list(range(report.topics))
    info = pd.read_csv(finished.output("topic_model_info.csv")).set_index("Topic")
    assert info["Count"].to_dict() == found["Topic"].value_counts().to_dict()


def test_auto_takes_a_size_by_evidence_and_what_it_computed_is_reused(project, run):
    project.write_settings(min_topic_size="auto")
    report = run(project.analysis)
    assert report.stages["choose-size"].status == "computed"
    assert {"reduce", "cluster", "represent"} <= set(report.cached)
    record = json.loads(project.output("run.json").read_text())
    chosen = record["settings"]["tmo"]["min_topic_size"]
    assert chosen in (5, 8, 11)
    [note] = [note for note in report.notes if f"min_topic_size is auto: {chosen} was chosen of 5, 8, 11. " in note]
    assert re.search(r"in all of coherence \(NPMI\).* Coherence \(NPMI\): [\d.-]+, from", note)
    assert run(project.analysis).computed == []
    lines = topicloom("status", project.analysis).stdout.splitlines()[2:]
    assert all(line.split()[1] == "cached" for line in lines)
    # The size stated by hand gives the very same result.
    project.write_settings(min_topic_size=chosen)
    assert run(project.analysis).computed == []


def test_auto_and_consensus_go_together(project, run):
    project.write_settings(min_topic_size="auto", consensus={"seeds": 2})
    report = run(project.analysis)
    assert {"choose-size", "consensus"} <= set(report.computed)
    assert {"reduce", "cluster"} <= set(report.cached)
    assert report.topics >= 1


def test_settings_that_contradict_each_other_are_refused(project):
    project.write_settings(min_topic_size="auto", hdbscan={"min_cluster_size": 7})
    with pytest.raises(SettingsError, match=r"min_topic_size is auto and hdbscan\.min_cluster_size 7"):
        read_settings(project.analysis)
    project.write_settings(consensus={"seeds": 3}, update="auto")
    with pytest.raises(SettingsError, match=r"consensus\.seeds is 3 and update auto"):
        read_settings(project.analysis)
    project.write_settings(min_topic_size=1)
    with pytest.raises(SettingsError, match='a whole number of at least 2 or "auto"'):
        read_settings(project.analysis)


def test_every_stage_has_its_task_and_reads_what_earlier_stages_write(project):
    """Whatever optional stages the settings ask for."""
    from flows.prefect_runner import TASKS
    from topicloom.stage_names import STAGE_NAMES
    from topicloom.stages.registry import STAGES

    assert tuple(STAGES) == tuple(TASKS) == STAGE_NAMES
    everything = {"consensus": {"seeds": 2}, "orphans": "reassign", "pictures": {}}
    for tmo in ({}, everything, {"n_topics": 4, **everything}):
        settings = read_settings(project.write_settings(**tmo))
        for place, stage in enumerate(STAGES.values()):
            earlier = [name for name in STAGE_NAMES[:place] if STAGES[name].wanted(settings)]
            if stage.wanted(settings):
                assert set(stage.needs(settings, {})) <= set(earlier), stage.name
