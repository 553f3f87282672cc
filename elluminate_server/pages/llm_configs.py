"""LLM configs: how models are called, and a call that tries one. Keys are never shown."""

import json
from typing import Any

import msgspec
from elluminate_api.models import LLMConfigTest, TryLLMConfigRequest
from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from elluminate_server.llm.trying import try_config
from elluminate_server.pages.paging import Paging
from elluminate_server.pages.visits import Visit, form, page
from elluminate_server.reading.finding import see_llm_config
from elluminate_server.reading.presenting import present_llm_config
from elluminate_server.reading.usable_configs import usable_config
from elluminate_server.store.tables import Experiment, LLMConfig
from elluminate_server.writing.naming import of_project

__all__: list[str] = []

_SIZE = 25
_CONFIG = "/projects/{project_id:int}/llm-configs/{llm_config_id:int}"
_NOT_SETTINGS = {"id", "name", "description", "api_key", "created_at", "llm_model_name", "llm_base_url"}
_QUESTION = "Reply with the one word: OK"


@page("/projects/{project_id:int}/llm-configs")
async def llm_configs(visit: Visit) -> Response:
    """By name."""
    session = visit.session
    query = of_project(LLMConfig, visit.project_id)
    if visit.asked("q"):
        query = query.where(LLMConfig.name.icontains(visit.asked("q"), autoescape=True))
    count = await session.scalar(query.with_only_columns(func.count())) or 0
    paging = Paging(visit.asked_number("page", 1), _SIZE, count)
    ordered = query.order_by(LLMConfig.name, LLMConfig.id).limit(_SIZE).offset(paging.offset)
    found = [present_llm_config(session, row) for row in await session.scalars(ordered)]
    return visit.show("llm_configs.html", place="llm-configs", configs=found, paging=paging)


@page(_CONFIG)
async def llm_config(visit: Visit) -> Response:
    """One of them."""
    row = await see_llm_config(visit.session, visit.project_id, visit.path["llm_config_id"])
    return await _shown(visit, visit.session, row, _QUESTION, None)


@form(_CONFIG + "/test", does="try_llm_config")
async def try_it(visit: Visit) -> Response:
    """Ask its model once. What it says is in this answer alone: it belongs into no address, and is not kept."""
    request = visit.wanted(TryLLMConfigRequest, prompt=visit.text("prompt"))
    async with visit.store.read() as session:
        row = await see_llm_config(session, visit.project_id, visit.path["llm_config_id"])
        config = usable_config(session, row)
    if isinstance(config, LLMConfigTest):
        result = config
    else:
        result = await try_config(visit.models, config, request.prompt)
    async with visit.write():
        pass  # its line of the audit log
    async with visit.store.read() as session:
        return await _shown(visit, session, row, request.prompt, result)


async def _shown(
    visit: Visit, session: AsyncSession, row: Any, prompt: str, result: LLMConfigTest | None
) -> Response:
    config = present_llm_config(session, row)
    settings = {
        name: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for name, value in msgspec.to_builtins(config).items()
        if value is not None and name not in _NOT_SETTINGS
    }
    used = of_project(Experiment, visit.project_id).where(Experiment.llm_config_id == row.id)
    return visit.show(
        "llm_config.html",
        place="llm-configs",
        config=config,
        settings=settings,
        uses=await session.scalar(used.with_only_columns(func.count())) or 0,
        prompt=prompt,
        result=result,
    )
