"""List LLM configs."""

from __future__ import annotations

from urllib.parse import quote

from ...models.paged_llm_config import PagedLLMConfig
from ...types import UNSET, Operation, Request, Unset, encode_query

OPERATION: Operation[PagedLLMConfig] = Operation(
    id="list_llm_configs",
    method="GET",
    path="/projects/{project_id}/llm_configs",
    status=200,
    success=PagedLLMConfig,
    repeatable=True,
)


def build(
    project_id: int,
    *,
    name: str | None | Unset = UNSET,
    page: int | None | Unset = UNSET,
) -> Request[PagedLLMConfig]:
    """List LLM configs.

    In order of creation, paged. API keys are never shown in clear: at most their last four
    characters, after four asterisks.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/llm_configs",
        query=encode_query(
            {
                "name": name,
                "page": page,
            }
        ),
    )
