"""Delete an LLM config."""

from __future__ import annotations

from urllib.parse import quote

from ...types import Operation, Request

OPERATION: Operation[None] = Operation(
    id="delete_llm_config",
    method="DELETE",
    path="/projects/{project_id}/llm_configs/{llm_config_id}",
    status=204,
    success=None,
    repeatable=True,
)


def build(
    project_id: int,
    llm_config_id: int,
) -> Request[None]:
    """Delete an LLM config.

    Responses made with it stay readable, and still say which model answered.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/llm_configs/{quote(str(llm_config_id), safe='')}",
    )
