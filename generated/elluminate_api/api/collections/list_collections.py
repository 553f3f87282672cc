"""List collections."""

from __future__ import annotations

from urllib.parse import quote

from ...models.paged_template_variables_collection import (
    PagedTemplateVariablesCollection,
)
from ...types import UNSET, Operation, Request, Unset, encode_query

OPERATION: Operation[PagedTemplateVariablesCollection] = Operation(
    id="list_collections",
    method="GET",
    path="/projects/{project_id}/collections",
    status=200,
    success=PagedTemplateVariablesCollection,
    repeatable=True,
)


def build(
    project_id: int,
    *,
    name: str | None | Unset = UNSET,
    compatible_prompt_template_id: int | None | Unset = UNSET,
    filters: str | None | Unset = UNSET,
    sort_options: str | None | Unset = UNSET,
    page: int | None | Unset = UNSET,
) -> Request[PagedTemplateVariablesCollection]:
    """List collections.

    In order of creation, without rows, paged. A lookup by name takes the first item and then reads
    that collection by its id.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/collections",
        query=encode_query(
            {
                "name": name,
                "compatible_prompt_template_id": compatible_prompt_template_id,
                "filters": filters,
                "sort_options": sort_options,
                "page": page,
            }
        ),
    )
