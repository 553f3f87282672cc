"""LLM configs: how a model is called. Keys go in and never come out."""

import urllib.parse
from typing import Any

import attrs
import msgspec
from elluminate_api.models import (
    CreateLLMConfigRequest,
    InferenceType,
    LLMConfigTest,
    TryLLMConfigRequest,
)
from sqlalchemy import select

from elluminate_server.domain.shapes import suggestion
from elluminate_server.http.pages import page_of, paged
from elluminate_server.http.pipeline import Answer, Call, operation
from elluminate_server.http.problems import Conflict, Invalid, quoted
from elluminate_server.llm.model_config import ModelConfig
from elluminate_server.llm.providers import PROVIDER_NAMES
from elluminate_server.llm.reach import AddressRefusedError
from elluminate_server.llm.trying import try_config
from elluminate_server.llm.types import ModelError
from elluminate_server.reading.finding import find_llm_config, see_llm_config
from elluminate_server.reading.presenting import present_llm_config
from elluminate_server.reading.usable_configs import usable_config
from elluminate_server.store.sealing import add_with_secrets
from elluminate_server.store.tables import Experiment, LLMConfig
from elluminate_server.writing.deleting import hide_or_delete
from elluminate_server.writing.naming import of_project, refuse_taken
from elluminate_server.writing.sampling import refuse_both


@operation("list_llm_configs")
async def list_llm_configs(call: Call) -> Answer:
    """In order of creation."""
    live = of_project(LLMConfig, call.project_id, call.query["name"])
    async with call.read() as session:
        rows, count = await page_of(call, session, live, LLMConfig.id)
        return call.answer(paged([present_llm_config(session, row) for row in rows], count))


@operation("create_llm_config")
async def create_llm_config(call: Call) -> Answer:
    """Store how a model is called, without calling it."""
    request = call.decode(CreateLLMConfigRequest)
    refuse_both(request.temperature, request.reasoning_effort)
    _check_url(request.llm_base_url)
    _check_reach(call, request.llm_base_url)
    values: dict[str, Any] = {
        field.name: msgspec.to_builtins(getattr(request, field.name))
        for field in attrs.fields(CreateLLMConfigRequest)
        if field.name != "provider"
    }
    if request.provider:
        _check_provider(request.provider)
        values["inference_type"] = request.provider
    row = LLMConfig(project_id=call.project_id, **values)
    if request.provider or row.inference_type == InferenceType.CUSTOM_API:
        _check_settings(call, row)
    async with call.write() as session:
        await refuse_taken(session, call.project_id, LLMConfig, "an LLM config", request.name)
        await add_with_secrets(session, row)
        return call.answer(present_llm_config(session, row))


def _check_provider(provider: str) -> None:
    if provider not in PROVIDER_NAMES:
        known = suggestion(provider, PROVIDER_NAMES) or f": {', '.join(PROVIDER_NAMES)}."
        raise Invalid(
            f"$.provider: {quoted(provider)} is no provider that this server knows{known} "
            "Leave it out for an OpenAI-compatible endpoint."
        )


def _check_settings(call: Call, config: LLMConfig) -> None:
    """Refuse what the provider's own protocol does not have, before a run finds out."""
    try:
        call.models.model_for(ModelConfig.from_contract(config))
    except ModelError as error:
        raise Invalid(str(error)) from None


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
            f"$.llm_base_url: {quoted(url)} is no address of an API. Give one like 'https://llm.example/v1'."
        )


def _check_reach(call: Call, url: str | None) -> None:
    """Refuse an endpoint that is not asked, as far as its host says that by itself; the rest shows when it is asked."""
    try:
        if url is not None:
            call.models.reach.check_written(url)
    except AddressRefusedError as error:
        raise Invalid(f"$.llm_base_url: {quoted(url)} {error.refused}. {error.way_out}") from None


@operation("get_llm_config")
async def get_llm_config(call: Call) -> Answer:
    """One config, its key masked."""
    async with call.read() as session:
        row = await see_llm_config(session, call.project_id, call.path["llm_config_id"])
        return call.answer(present_llm_config(session, row))


@operation("try_llm_config")
async def try_llm_config(call: Call) -> Answer:
    """Ask its model once, outside any transaction."""
    request = call.decode(TryLLMConfigRequest)
    async with call.read() as session:
        row = await see_llm_config(session, call.project_id, call.path["llm_config_id"])
        config = usable_config(session, row)
    if isinstance(config, LLMConfigTest):
        return call.answer(config)
    return call.answer(await try_config(call.models, config, request.prompt))


@operation("delete_llm_config")
async def delete_llm_config(call: Call) -> Answer:
    """Hide a config that experiments refer to, without its key; delete any other."""
    async with call.write() as session:
        row = await find_llm_config(session, call.project_id, call.path["llm_config_id"])
        users = select(Experiment.id).where(Experiment.llm_config_id == row.id)
        running = await session.scalar(users.where(Experiment.generation_task_id.is_not(None)).limit(1))
        if running is not None:
            raise Conflict(
                f"Experiment {running} is running with LLM config {row.name!r}. "
                "Wait for it (wait_until_finished()), stop it (cancel()), or delete the experiment first."
            )
        if await hide_or_delete(session, row, users):
            row.api_key = row.custom_api_config = None
        return call.answer()
