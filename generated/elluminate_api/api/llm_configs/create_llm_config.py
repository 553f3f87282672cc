"""Create an LLM config."""

from __future__ import annotations

from urllib.parse import quote

from ...models.create_llm_config_request import CreateLLMConfigRequest
from ...models.llm_config import LLMConfig
from ...types import Operation, Request

OPERATION: Operation[LLMConfig] = Operation(
    id="create_llm_config",
    method="POST",
    path="/projects/{project_id}/llm_configs",
    status=201,
    success=LLMConfig,
)


def build(
    project_id: int,
    *,
    body: CreateLLMConfigRequest,
) -> Request[LLMConfig]:
    """Create an LLM config."""
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/llm_configs",
        body=body,
    )
