"""Ask the model of an LLM config something small."""

from __future__ import annotations

from urllib.parse import quote

from ...models.llm_config_test import LLMConfigTest
from ...models.try_llm_config_request import TryLLMConfigRequest
from ...types import Operation, Request

OPERATION: Operation[LLMConfigTest] = Operation(
    id="try_llm_config",
    method="POST",
    path="/projects/{project_id}/llm_configs/{llm_config_id}/test",
    status=200,
    success=LLMConfigTest,
    repeatable=True,
)


def build(
    project_id: int,
    llm_config_id: int,
    *,
    body: TryLLMConfigRequest,
) -> Request[LLMConfigTest]:
    """Ask the model of an LLM config something small.

    One call of the model, as an experiment with the config would make it, with at most 2048 tokens and
    half a minute; it is made once. Nothing is stored. A model that cannot be asked is no error of this
    call: the
    answer says what is wrong.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/llm_configs/{quote(str(llm_config_id), safe='')}/test",
        body=body,
    )
