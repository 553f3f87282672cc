"""List versions of prompt templates."""

from __future__ import annotations

from urllib.parse import quote

from ...models.paged_prompt_template import PagedPromptTemplate
from ...types import UNSET, Operation, Request, Unset, encode_query

OPERATION: Operation[PagedPromptTemplate] = Operation(
    id="list_prompt_templates",
    method="GET",
    path="/projects/{project_id}/prompt_templates",
    status=200,
    success=PagedPromptTemplate,
    repeatable=True,
)


def build(
    project_id: int,
    *,
    name: str | None | Unset = UNSET,
    version: int | None | Unset = UNSET,
    criterion_set_id: int | None | Unset = UNSET,
    compatible_collection_id: int | None | Unset = UNSET,
    search: str | None | Unset = UNSET,
    sort_options: str | None | Unset = UNSET,
    page: int | None | Unset = UNSET,
) -> Request[PagedPromptTemplate]:
    """List versions of prompt templates.

    Every version is an item of its own. Newest first: with `name` and without `version`, the first
    item is the latest version of that name, which is how a client looks it up. Filters narrow
    together; a name or version that does not exist yields an empty list. Paged.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/prompt_templates",
        query=encode_query(
            {
                "name": name,
                "version": version,
                "criterion_set_id": criterion_set_id,
                "compatible_collection_id": compatible_collection_id,
                "search": search,
                "sort_options": sort_options,
                "page": page,
            }
        ),
    )
