"""Add criteria, or have them generated."""

from __future__ import annotations

from urllib.parse import quote

from ...models.create_criteria_request import CreateCriteriaRequest
from ...models.criterion import Criterion
from ...types import Operation, Request

OPERATION: Operation[list[Criterion]] = Operation(
    id="create_criteria",
    method="POST",
    path="/projects/{project_id}/criteria",
    status=201,
    success=list[Criterion],
)


def build(
    project_id: int,
    *,
    body: CreateCriteriaRequest,
) -> Request[list[Criterion]]:
    """Add criteria, or have them generated.

    A list of criteria is stored; null has the project's default model write criteria for the
    template, three to eight of them, and the call waits for it. The model is asked again where some
    cannot be used;
    then those are left out, and 400 says so where fewer than three are left. Criteria for a template go
    into the set that is linked to it;
    a template without one gets a new set, named after it and linked to it and to the other versions
    of its name that have none. Exactly one of
    `prompt_template_id` and `criterion_set_id` is given, and generation needs the template; otherwise
    422.

    With `template_variables_id` the criteria are for one row: responses to that row are rated by them
    and by those for all rows, other responses are not. Such criteria are generated for the template as
    the row fills it. They go when the row is deleted.

    A text that the set already holds for the same rows is not stored again: its criterion is answered
    in
    that place, so that the answer follows the order of the request. `delete_existing` removes the
    present
    criteria of the set first, or, with `template_variables_id`, those of that row only; with an empty
    list that clears the set, or the row. Ratings made earlier keep the wording they were made with.

    409 when generation is asked for, the set has criteria and `delete_existing` is false;
    get-or-generate turns that into listing them.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/criteria",
        body=body,
    )
