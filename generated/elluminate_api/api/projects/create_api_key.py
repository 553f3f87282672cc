"""Create an API key."""

from __future__ import annotations

from urllib.parse import quote

from ...models.api_key import ApiKey
from ...models.create_api_key_request import CreateApiKeyRequest
from ...types import Operation, Request

OPERATION: Operation[ApiKey] = Operation(
    id="create_api_key",
    method="POST",
    path="/projects/{project_id}/api-keys",
    status=201,
    success=ApiKey,
)


def build(
    project_id: int,
    *,
    body: CreateApiKeyRequest,
) -> Request[ApiKey]:
    """Create an API key.

    A key opens this project and no other, until it expires or is revoked. The answer is the only one
    that shows the key: the server keeps nothing but a digest of it.

    A key makes none that outlives it: 403 when the request comes with a key that expires, and
    `expires_at` is later or missing. The project's first key is the exception: it makes any. Only an
    admin makes
    keys, so that none has a higher role than the one that made it.

    409 when the request is repeated with its Idempotency-Key: the key was made and shown before, and
    cannot be shown again. 422 when `expires_at` is not in the future.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/api-keys",
        body=body,
    )
