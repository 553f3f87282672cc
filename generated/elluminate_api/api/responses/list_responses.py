"""List responses."""

from __future__ import annotations

from urllib.parse import quote

from ...models.paged_prompt_response import PagedPromptResponse
from ...types import UNSET, Operation, Request, Unset, encode_query

OPERATION: Operation[PagedPromptResponse] = Operation(
    id="list_responses",
    method="GET",
    path="/projects/{project_id}/responses",
    status=200,
    success=PagedPromptResponse,
    repeatable=True,
)


def build(
    project_id: int,
    *,
    experiment_id: int | None | Unset = UNSET,
    prompt_id: int | None | Unset = UNSET,
    prompt_template_id: int | None | Unset = UNSET,
    template_variables_id: int | None | Unset = UNSET,
    collection_id: int | None | Unset = UNSET,
    llm_model_name: str | None | Unset = UNSET,
    epoch: int | None | Unset = UNSET,
    response_ids: list[int] | None | Unset = UNSET,
    duration_seconds_min: float | None | Unset = UNSET,
    duration_seconds_max: float | None | Unset = UNSET,
    input_tokens_min: int | None | Unset = UNSET,
    input_tokens_max: int | None | Unset = UNSET,
    output_tokens_min: int | None | Unset = UNSET,
    output_tokens_max: int | None | Unset = UNSET,
    page: int | None | Unset = UNSET,
) -> Request[PagedPromptResponse]:
    """List responses.

    With prompt, messages and ratings, paged; by experiment, then in the order of the collection's rows,
    then by epoch. Filters narrow together. With
    `response_ids` the answer keeps the order of the ids, because clients match it by position; ids
    that do not exist are left out.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/responses",
        query=encode_query(
            {
                "experiment_id": experiment_id,
                "prompt_id": prompt_id,
                "prompt_template_id": prompt_template_id,
                "template_variables_id": template_variables_id,
                "collection_id": collection_id,
                "llm_model_name": llm_model_name,
                "epoch": epoch,
                "response_ids": response_ids,
                "duration_seconds_min": duration_seconds_min,
                "duration_seconds_max": duration_seconds_max,
                "input_tokens_min": input_tokens_min,
                "input_tokens_max": input_tokens_max,
                "output_tokens_min": output_tokens_min,
                "output_tokens_max": output_tokens_max,
                "page": page,
            }
        ),
    )
