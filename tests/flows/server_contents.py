"""All that a Prefect server holds of a kind: it gives at most 200 at a time, and a server of many tests holds more."""

from __future__ import annotations

from typing import Any

PAGE = 200


def everything_of(kind: str) -> list[dict[str, Any]]:
    """Every object of a kind ("artifacts", "logs" ...) that the server has."""
    from prefect.client.orchestration import get_client

    found: list[dict[str, Any]] = []
    with get_client(sync_client=True) as client:
        while True:
            answer = client._client.post(f"/{kind}/filter", json={"limit": PAGE, "offset": len(found)})
            answer.raise_for_status()
            page = answer.json()
            found += page
            if len(page) < PAGE:
                return found
