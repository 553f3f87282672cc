"""List experiments."""

from __future__ import annotations

import datetime
from urllib.parse import quote

from ...models.paged_experiment import PagedExperiment
from ...types import UNSET, Operation, Request, Unset, encode_query

OPERATION: Operation[PagedExperiment] = Operation(
    id="list_experiments",
    method="GET",
    path="/projects/{project_id}/experiments",
    status=200,
    success=PagedExperiment,
    repeatable=True,
)


def build(
    project_id: int,
    *,
    experiment_name: str | None | Unset = UNSET,
    prompt_template_id: int | None | Unset = UNSET,
    collection_id: int | None | Unset = UNSET,
    llm_config_id: int | None | Unset = UNSET,
    experiment_name_search: str | None | Unset = UNSET,
    date_from: datetime.datetime | None | Unset = UNSET,
    date_to: datetime.datetime | None | Unset = UNSET,
    prompt_template_name: str | None | Unset = UNSET,
    created_by_schedule_id: int | None | Unset = UNSET,
    page: int | None | Unset = UNSET,
) -> Request[PagedExperiment]:
    """List experiments.

    Newest first, paged, without responses. Filters narrow together. A lookup by name takes the first
    item.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/experiments",
        query=encode_query(
            {
                "experiment_name": experiment_name,
                "prompt_template_id": prompt_template_id,
                "collection_id": collection_id,
                "llm_config_id": llm_config_id,
                "experiment_name_search": experiment_name_search,
                "date_from": date_from,
                "date_to": date_to,
                "prompt_template_name": prompt_template_name,
                "created_by_schedule_id": created_by_schedule_id,
                "page": page,
            }
        ),
    )
