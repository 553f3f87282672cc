"""Add many rows from a JSON Lines file."""

from __future__ import annotations

from urllib.parse import quote

from ...models.entries_batch_upload import EntriesBatchUpload
from ...models.template_variables import TemplateVariables
from ...types import UNSET, Operation, Request, Unset, encode_query

OPERATION: Operation[list[TemplateVariables]] = Operation(
    id="create_template_variables_batch",
    method="POST",
    path="/projects/{project_id}/collections/{collection_id}/entries/batches",
    status=201,
    success=list[TemplateVariables],
    media_type="multipart/form-data",
)


def build(
    project_id: int,
    collection_id: int,
    *,
    body: EntriesBatchUpload,
    skip_existing: bool | None | Unset = UNSET,
) -> Request[list[TemplateVariables]]:
    """Add many rows from a JSON Lines file.

    A multipart form with one part `file` (file name `variables.jsonl`, type `application/jsonl`):
    JSON Lines in UTF-8, one object of column values per line. All rows of the file are stored, or
    none. The answer comes when they are stored and lists the created rows in the order of the file,
    as a plain array.

    With `skip_existing` a row is left out when a stored row, or an earlier line, has the same values
    and the same environment config as stored; two uploads at the same time can still both add it. A
    name
    that no column has becomes a new text column at the end, as in a collection that was made without
    columns. 422 names the line that is no object or that breaks a column's type, or with which the
    collection would have more columns than the server allows; 413 when the file has more cells (rows
    times
    columns) than it takes at once, or the answer would be too long, and names how many rows it would
    take;
    409 when the collection is read-only.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/collections/{quote(str(collection_id), safe='')}/entries/batches",
        query=encode_query(
            {
                "skip_existing": skip_existing,
            }
        ),
        body=body,
    )
