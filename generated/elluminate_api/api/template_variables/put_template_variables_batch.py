"""Add or update many rows from a JSON Lines file."""

from __future__ import annotations

from urllib.parse import quote

from ...models.entries_batch_upload import EntriesBatchUpload
from ...models.put_entries import PutEntries
from ...types import Operation, Request, encode_query

OPERATION: Operation[PutEntries] = Operation(
    id="put_template_variables_batch",
    method="PUT",
    path="/projects/{project_id}/collections/{collection_id}/entries/batches",
    status=200,
    success=PutEntries,
    media_type="multipart/form-data",
    repeatable=True,
)


def build(
    project_id: int,
    collection_id: int,
    *,
    body: EntriesBatchUpload,
    key: list[str],
) -> Request[PutEntries]:
    """Add or update many rows from a JSON Lines file.

    Takes the same form as adding does. A row with the same values in the columns that `key` names as a
    stored one updates it: the columns that the line names get its values, the others keep theirs, and
    id and
    environment config stay. The other rows are added. All of it is done, or nothing; a repetition
    changes
    nothing any more.

    422 when a line lacks a column of the key, or has the same as an earlier line; 409 when two stored
    rows
    have the same, so that it is open which one is meant, when the collection is read-only, and in an
    AGENTIC
    collection when two rows would have the same task name. Otherwise as for adding.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/collections/{quote(str(collection_id), safe='')}/entries/batches",
        query=encode_query(
            {
                "key": key,
            }
        ),
        body=body,
    )
