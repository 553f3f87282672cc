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

    Form field file, file name variables.jsonl, part type application/jsonl. All rows travel in one
    request; an empty list sends nothing.
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
