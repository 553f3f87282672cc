"""List samples of two experiments to compare."""

from __future__ import annotations

from urllib.parse import quote

from ...models.comparison_filter import ComparisonFilter
from ...models.responses_sample import ResponsesSample
from ...types import UNSET, Operation, Request, Unset, encode_query

OPERATION: Operation[list[ResponsesSample]] = Operation(
    id="list_comparison_samples",
    method="GET",
    path="/projects/{project_id}/responses/comparison/samples",
    status=200,
    success=list[ResponsesSample],
    repeatable=True,
)


def build(
    project_id: int,
    *,
    experiment_a_id: int,
    experiment_b_id: int,
    filter_samples_by: ComparisonFilter | None | Unset = UNSET,
    criterion_ids: list[int] | None | Unset = UNSET,
    categorical_filters: str | None | Unset = UNSET,
) -> Request[list[ResponsesSample]]:
    """List samples of two experiments to compare.

    The samples of both experiments in one flat array, not paged, those of a row next to each other,
    experiment A first. Improved and regressed are seen from experiment B, and compare the shares of YES
    among the ratings that count: rows that only one experiment has rated are neither.

    Args:
        filter_samples_by: Direction of change from experiment A to experiment B.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/responses/comparison/samples",
        query=encode_query(
            {
                "experiment_a_id": experiment_a_id,
                "experiment_b_id": experiment_b_id,
                "filter_samples_by": filter_samples_by,
                "criterion_ids": criterion_ids,
                "categorical_filters": categorical_filters,
            }
        ),
    )
