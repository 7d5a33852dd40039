"""Progress of long work: lines in the run's log, a bar on its page, and nothing of short work but the lines."""

from __future__ import annotations

import pytest

from tasks import progress
from topicloom.progress import Part


@pytest.fixture
def clock(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(progress, "monotonic", lambda: now[0])
    return now


def bars_of(run_id):
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId

    with get_client(sync_client=True) as client:
        found = client.read_artifacts(
            artifact_filter=ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[run_id]))
        )
    return {artifact.description: artifact.data for artifact in found if artifact.type == "progress"}


def test_long_work_gets_a_bar_and_short_work_none(prefect_server, clock, monkeypatch):
    from prefect import flow
    from prefect.runtime import flow_run

    said = []

    class Log:
        def info(self, message, *values):
            said.append(message % values)

    monkeypatch.setattr(progress, "get_run_logger", Log)

    @flow
    def work() -> str:
        listener = progress.log_progress()
        for done in range(5):
            listener(Part("short work", done, 4))
        for done in range(101):
            clock[0] += 0.1
            listener(Part("long work", done, 100))
        return str(flow_run.get_id())

    assert bars_of(work()) == {"long work": 100.0}
    assert "short work: 4 of 4" in said
    assert len([line for line in said if line.startswith("long work")]) == 11


def test_a_bar_that_cannot_be_drawn_does_not_stop_the_work(prefect_server, clock, monkeypatch):
    from prefect import flow

    monkeypatch.setattr(progress, "create_progress_artifact", lambda *_, **__: 1 / 0)

    @flow
    def work() -> int:
        listener = progress.log_progress()
        for done in range(11):
            clock[0] += 1.0
            listener(Part("work", done, 10))
        return 7

    assert work() == 7
