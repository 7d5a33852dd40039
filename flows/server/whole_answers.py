"""All that a server has of something: it gives at most 200 at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from flows.names import TAG

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.responses import DeploymentResponse

PAGE: Final = 200  # the most that a server gives at once, and what it gives where nobody says how many
Item = TypeVar("Item")


def every_page(read: Callable[..., list[Item]]) -> Iterator[Item]:
    """All items of an answer, page by page; the next page is asked for when it is needed.

    Whoever changes what the answer is chosen by makes a list of it first, since later pages would begin elsewhere.

    Args:
        read: Takes `limit` and `offset`, as the methods of Prefect's client do, and gives one page.

    Yields:
        The items, in the order of the server.

    Example:
        >>> list(every_page(lambda limit, offset: list(range(450))[offset : offset + limit])) == list(range(450))
        True
    """
    offset = 0
    while True:
        page = read(limit=PAGE, offset=offset)
        yield from page
        if len(page) < PAGE:
            return
        offset += PAGE


def our_deployments(client: SyncPrefectClient) -> list[DeploymentResponse]:
    """The deployments of topicloom on a server."""
    from prefect.client.schemas.filters import DeploymentFilter

    ours = DeploymentFilter.model_validate({"tags": {"all_": [TAG]}})
    return list(every_page(partial(client.read_deployments, deployment_filter=ours)))
