"""List the project's API keys."""

from __future__ import annotations

from urllib.parse import quote

from ...models.paged_api_key import PagedApiKey
from ...types import UNSET, Operation, Request, Unset, encode_query

OPERATION: Operation[PagedApiKey] = Operation(
    id="list_api_keys",
    method="GET",
    path="/projects/{project_id}/api-keys",
    status=200,
    success=PagedApiKey,
    repeatable=True,
)


def build(
    project_id: int,
    *,
    page: int | None | Unset = UNSET,
) -> Request[PagedApiKey]:
    """List the project's API keys.

    In order of creation, paged, revoked and expired keys too. The keys themselves are never shown.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/api-keys",
        query=encode_query(
            {
                "page": page,
            }
        ),
    )
