"""Read an LLM config."""

from __future__ import annotations

from urllib.parse import quote

from ...models.llm_config import LLMConfig
from ...types import Operation, Request

OPERATION: Operation[LLMConfig] = Operation(
    id="get_llm_config",
    method="GET",
    path="/projects/{project_id}/llm_configs/{llm_config_id}",
    status=200,
    success=LLMConfig,
    repeatable=True,
)


def build(
    project_id: int,
    llm_config_id: int,
) -> Request[LLMConfig]:
    """Read an LLM config.

    The API key is masked, as in the list.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/llm_configs/{quote(str(llm_config_id), safe='')}",
    )
