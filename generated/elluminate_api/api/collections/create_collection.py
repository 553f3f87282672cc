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

    Text, raw_input and persona_goal columns hold text; numbers and booleans become their JSON text. A
    json column keeps any value as it is, and placeholders show it as JSON text. A category column takes
    one of its `categorical_values`, or nothing. A conversation column takes a payload
    (`UCEPayloadV1`), or its JSON text, or nothing; it has no default value, and 422 names what is
    wrong with a payload by its path. A collection has at most one column that holds the rows' prompts:
    one raw_input, or one conversation column, not both.

    409 when the project has a collection (or a scenario set) of that name.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/collections",
        body=body,
    )
