"""Store verdicts that a program gave."""

from __future__ import annotations

from urllib.parse import quote

from ...models.ratings_upload_response import RatingsUploadResponse
from ...models.upload_ratings_request import UploadRatingsRequest
from ...types import Operation, Request

OPERATION: Operation[RatingsUploadResponse] = Operation(
    id="upload_ratings",
    method="POST",
    path="/projects/{project_id}/ratings/uploads",
    status=200,
    success=RatingsUploadResponse,
    repeatable=True,
)


def build(
    project_id: int,
    *,
    body: UploadRatingsRequest,
) -> Request[RatingsUploadResponse]:
    """Store verdicts that a program gave.

    Stores verdicts on criteria whose check is of the type `python`: the caller's program gives them,
    and no server
    runs it. A verdict takes the place of an older one of the same response and criterion. Where
    `rating` is null
    the program gave none, and `reasoning` says why: the verdict is missing, and an older one is
    dropped.

    All of them are stored, or nothing. 404 names a response or criterion that does not exist; 422 a
    criterion
    that is none of the response's experiment, or that the server or a judge decides, and a verdict on a
    failed
    response.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/ratings/uploads",
        body=body,
    )
