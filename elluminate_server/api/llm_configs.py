"""LLM configs: how a model is called. Keys go in and never come out."""

import urllib.parse
from typing import Any

import attrs
import msgspec
from elluminate_api.models import CreateLLMConfigRequest
from sqlalchemy import delete, select

from elluminate_server.api.finding import find_llm_config
from elluminate_server.api.http import Answer, Call, operation
from elluminate_server.api.pages import page_of, paged
from elluminate_server.api.presenting import present_llm_config
from elluminate_server.api.problems import Conflict, Invalid, shown
from elluminate_server.store.columns import utc_now
from elluminate_server.store.tables import Experiment, LLMConfig


@operation("list_llm_configs")
async def list_llm_configs(call: Call) -> Answer:
    """In order of creation."""
    live = select(LLMConfig).where(LLMConfig.project_id == call.project_id, LLMConfig.deleted_at.is_(None))
    if call.query["name"] is not None:
        live = live.where(LLMConfig.name == call.query["name"])
    async with call.read() as session:
        rows, count = await page_of(call, session, live, LLMConfig.id)
    return call.answer(paged([present_llm_config(row) for row in rows], count))


@operation("create_llm_config")
async def create_llm_config(call: Call) -> Answer:
    """Store how a model is called, without calling it."""
    request = call.decode(CreateLLMConfigRequest)
    if request.temperature is not None and request.reasoning_effort is not None:
        raise Invalid(
            f"temperature ({request.temperature:g}) and reasoning_effort ({str(request.reasoning_effort)!r}) "
            "exclude each other; give one of them."
        )
    _check_url(request.llm_base_url)
    values: dict[str, Any] = {
        field.name: msgspec.to_builtins(getattr(request, field.name))
        for field in attrs.fields(CreateLLMConfigRequest)
    }
    async with call.write() as session:
        taken = await session.scalar(
            select(LLMConfig.id).where(
                LLMConfig.project_id == call.project_id,
                LLMConfig.name == request.name,
                LLMConfig.deleted_at.is_(None),
            )
        )
        if taken is not None:
            raise Conflict(f"The project has an LLM config named {request.name!r} already (id {taken}).")
        row = LLMConfig(project_id=call.project_id, **values)
        session.add(row)
        await session.flush()
        return call.answer(present_llm_config(row))


def _check_url(url: str | None) -> None:
    if url is None:
        return
    try:
        parts = urllib.parse.urlsplit(url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname)
        secret = parts.username is not None or parts.password is not None
    except ValueError:
        usable, secret = False, False
    if secret:
        raise Invalid(
            "$.llm_base_url: holds a user name or a password (not shown). Put the key into api_key."
        )
    if not usable:
        raise Invalid(
            f"$.llm_base_url: {shown(url)} is no address of an API. Give one like 'https://llm.example/v1'."
        )


@operation("get_llm_config")
async def get_llm_config(call: Call) -> Answer:
    """One config, its key masked."""
    async with call.read() as session:
        row = await find_llm_config(session, call.project_id, call.path["llm_config_id"])
    return call.answer(present_llm_config(row))


@operation("delete_llm_config")
async def delete_llm_config(call: Call) -> Answer:
    """Hide a config that experiments refer to, without its key; delete any other."""
    async with call.write() as session:
        row = await find_llm_config(session, call.project_id, call.path["llm_config_id"])
        users = (
            await session.execute(
                select(Experiment.id, Experiment.generation_task_id).where(Experiment.llm_config_id == row.id)
            )
        ).all()
        for experiment_id, task_id in users:
            if task_id is not None:
                raise Conflict(
                    f"Experiment {experiment_id} is running with LLM config {row.name!r}. "
                    "Wait for it, or delete the experiment first."
                )
        if users:
            row.deleted_at = utc_now()
            row.api_key = None
        else:
            await session.execute(delete(LLMConfig).where(LLMConfig.id == row.id))
        return call.answer()
