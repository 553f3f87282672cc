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
    """Create an LLM config.

    Stores how a model is called; the model is not contacted. The API key is stored for later calls
    and not shown again. There is no update: delete the config and create another. 409 when the
    project has a config of that name; 422 when temperature and reasoning effort are both given.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/llm_configs",
        body=body,
    )
