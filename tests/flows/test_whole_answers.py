"""A server gives at most 200 of anything at once; what is beyond them is not left out."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from flows.server import dead_runs, notifications
from flows.server.whole_answers import PAGE, every_page, our_deployments


class Server:
    """A client of a server that has `count` of everything, and gives no more at once than a server does."""

    def __init__(self, count: int) -> None:
        self.left = [SimpleNamespace(id=UUID(int=number), name=str(number)) for number in range(count)]
        self.asked = 0

    def _page(self, limit: int | None = None, offset: int = 0, **_: Any) -> list[Any]:
        self.asked += 1
        return self.left[offset : offset + min(limit or PAGE, PAGE)]

    read_task_runs = read_deployments = read_automations = _page

    def read_flow_runs(self, flow_run_filter: Any = None, **page: Any) -> list[Any]:
        return [] if flow_run_filter.parent_flow_run_id else self._page(**page)

    def set_task_run_state(self, task: UUID, *_: Any, **__: Any) -> None:
        """A closed task is none of those that are left."""
        self.left = [one for one in self.left if one.id != task]


@pytest.mark.parametrize(("count", "asked"), [(0, 1), (1, 1), (199, 1), (200, 2), (201, 2), (401, 3)])
def test_every_page_is_read_and_none_beyond_the_last(count: int, asked: int) -> None:
    server = Server(count)
    assert list(every_page(server.read_automations)) == server.left
    assert server.asked == asked


def test_every_task_of_a_dead_run_is_closed() -> None:
    server: Any = Server(201)
    assert dead_runs.close_tasks(server, UUID(int=0), "Its process is gone.") == 201
    assert server.left == []


def test_every_run_deployment_and_automation_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    server: Any = Server(201)
    assert len(dead_runs._unfinished(server)) == 201
    assert dead_runs._held(server, UUID(int=0)) == 201
    assert len(our_deployments(server)) == 201

    class Client:
        def __enter__(self) -> Any:
            return server

        def __exit__(self, *_: object) -> None:
            pass

    monkeypatch.setattr("prefect.client.orchestration.get_client", lambda **_: Client())
    monkeypatch.setattr("prefect.automations.Automation.model_validate", lambda item: item)
    server.left = [SimpleNamespace(model_dump=lambda number=number: number) for number in range(201)]
    assert notifications._known() == list(range(201))
