"""List the samples of an experiment."""

from __future__ import annotations

from urllib.parse import quote

from ...models.responses_sample import ResponsesSample
from ...models.responses_sample_sort_by import ResponsesSampleSortBy
from ...types import UNSET, Operation, Request, Unset, encode_query

OPERATION: Operation[list[ResponsesSample]] = Operation(
    id="list_response_samples",
    method="GET",
    path="/projects/{project_id}/responses/samples",
    status=200,
    success=list[ResponsesSample],
    repeatable=True,
)


def build(
    project_id: int,
    *,
    experiment_id: int,
    exclude_perfect_responses: bool | None | Unset = UNSET,
    show_only_annotated_responses: bool | None | Unset = UNSET,
    sort_by: ResponsesSampleSortBy | None | Unset = UNSET,
    criteria_filter_by: str | None | Unset = UNSET,
    duration_seconds_min: float | None | Unset = UNSET,
    duration_seconds_max: float | None | Unset = UNSET,
    input_tokens_min: int | None | Unset = UNSET,
    input_tokens_max: int | None | Unset = UNSET,
    output_tokens_min: int | None | Unset = UNSET,
    output_tokens_max: int | None | Unset = UNSET,
) -> Request[list[ResponsesSample]]:
    """List the samples of an experiment.

    A sample holds all responses to one row. In order of the rows unless `sort_by` is given; samples
    without the number to sort by come last. A plain array, not paged. Filters decide on whole samples
    by
    their responses, and narrow together: a sample is within bounds when one of its responses is within
    all of them, and an unknown number is within none.

    Args:
        sort_by: Order of samples, ascending or descending.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/responses/samples",
        query=encode_query(
            {
                "experiment_id": experiment_id,
                "exclude_perfect_responses": exclude_perfect_responses,
                "show_only_annotated_responses": show_only_annotated_responses,
                "sort_by": sort_by,
                "criteria_filter_by": criteria_filter_by,
                "duration_seconds_min": duration_seconds_min,
                "duration_seconds_max": duration_seconds_max,
                "input_tokens_min": input_tokens_min,
                "input_tokens_max": input_tokens_max,
                "output_tokens_min": output_tokens_min,
                "output_tokens_max": output_tokens_max,
            }
        ),
    )
