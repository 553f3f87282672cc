"""Create a collection, optionally with rows."""

from __future__ import annotations

from urllib.parse import quote

from ...models.create_collection_request import CreateCollectionRequest
from ...models.template_variables_collection_with_entries import (
    TemplateVariablesCollectionWithEntries,
)
from ...types import Operation, Request

OPERATION: Operation[TemplateVariablesCollectionWithEntries] = Operation(
    id="create_collection",
    method="POST",
    path="/projects/{project_id}/collections",
    status=201,
    success=TemplateVariablesCollectionWithEntries,
)


def build(
    project_id: int,
    *,
    body: CreateCollectionRequest,
) -> Request[TemplateVariablesCollectionWithEntries]:
    """Create a collection, optionally with rows.

    Stores the collection, its columns and its first rows in one step, all or nothing. Columns that
    only the rows name are added in the order in which they first appear. A column without a type gets
    one from the server: `raw_input` for a column `instruction` that only the rows of an AGENTIC
    collection name, `text` otherwise. The order of columns is that of the list, whatever their
    positions say. An AGENTIC collection needs a text column `task` in which every row has its own
    name; otherwise 422.

    409 when the project has a collection (or a scenario set) of that name.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/collections",
        body=body,
    )
