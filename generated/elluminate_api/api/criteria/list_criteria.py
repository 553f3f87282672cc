"""List the criteria of a prompt template."""

from __future__ import annotations

from urllib.parse import quote

from ...models.paged_criterion import PagedCriterion
from ...types import UNSET, Operation, Request, Unset, encode_query

OPERATION: Operation[PagedCriterion] = Operation(
    id="list_criteria",
    method="GET",
    path="/projects/{project_id}/criteria",
    status=200,
    success=PagedCriterion,
    repeatable=True,
)


def build(
    project_id: int,
    *,
    prompt_template_id: int,
    page: int | None | Unset = UNSET,
) -> Request[PagedCriterion]:
    """List the criteria of a prompt template.

    All criteria of the criterion sets that are linked to the template, in order of creation, paged. A
    template without a linked set has none.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/criteria",
        query=encode_query(
            {
                "prompt_template_id": prompt_template_id,
                "page": page,
            }
        ),
    )
