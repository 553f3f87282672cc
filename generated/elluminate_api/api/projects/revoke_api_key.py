"""Revoke an API key."""

from __future__ import annotations

from urllib.parse import quote

from ...types import Operation, Request

OPERATION: Operation[None] = Operation(
    id="revoke_api_key",
    method="DELETE",
    path="/projects/{project_id}/api-keys/{key_id}",
    status=204,
    success=None,
    repeatable=True,
)


def build(
    project_id: int,
    key_id: int,
) -> Request[None]:
    """Revoke an API key.

    From now on the key opens nothing: requests with it are answered 401, and the detail says that it
    was revoked. It stays listed. Revoking a revoked key changes nothing. 409 for the key that the
    request itself comes with, so that nobody locks themselves out: make another one first, and revoke
    this one with it. 403 for a key that the request's own key could not have made, because it lasts
    longer.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/api-keys/{quote(str(key_id), safe='')}",
    )
