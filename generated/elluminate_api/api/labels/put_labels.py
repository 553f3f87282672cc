"""Say what is right."""

from __future__ import annotations

from urllib.parse import quote

from ...models.label import Label
from ...models.put_labels_request import PutLabelsRequest
from ...types import Operation, Request

OPERATION: Operation[list[Label]] = Operation(
    id="put_labels",
    method="PUT",
    path="/projects/{project_id}/labels",
    status=200,
    success=list[Label],
    repeatable=True,
)


def build(
    project_id: int,
    *,
    body: PutLabelsRequest,
) -> Request[list[Label]]:
    """Say what is right.

    A label is what a person says of one response by one criterion. It stands beside the judge's
    verdict, never in
    its place, and stays when the response is rated again. It belongs to the key that gave it: each key
    has one for
    each pair, and a new one replaces its earlier one, which is kept (`superseded_at`). What is there
    already is
    left as it is, so that a repetition changes nothing.

    All of them are stored, or none. 404 names a response or a criterion that does not exist; 422 when a
    criterion
    is not one that the response is judged by, when the response is a failed one without an answer, and
    when a pair comes twice.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/labels",
        body=body,
    )
