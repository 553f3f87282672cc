"""Responses: listed, read, stored from elsewhere, annotated, deleted."""

from collections.abc import Sequence
from typing import Any, cast

from elluminate_api import models
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate._collector import collector_at_rest
from elluminate_server.execution.queueing import store_given
from elluminate_server.http.pages import page_of, paged
from elluminate_server.http.pipeline import Answer, Call, operation
from elluminate_server.http.problems import Invalid
from elluminate_server.reading.finding import find_response
from elluminate_server.reading.responses import IN_ROW_ORDER, load_response, load_responses
from elluminate_server.store.chunks import chunks
from elluminate_server.store.tables import Experiment, Prompt, Response, WorkItem
from elluminate_server.writing.response_orders import checked_orders

MAX_IDS = 10_000


@operation("list_responses")
async def list_responses(call: Call) -> Answer:
    """Row by row as in the collection, or in the order of `response_ids`."""
    query = _filtered(call)
    size = call.settings.response_page_size
    async with call.read() as session:
        ids: Sequence[int]
        if call.query["response_ids"] is not None:
            wanted = await _in_order(session, query, call.query["response_ids"])
            start = (call.query["page"] - 1) * size
            ids, count = wanted[start : start + size], len(wanted)
        else:
            ids, count = await page_of(call, session, query, *IN_ROW_ORDER, size=size)
        with collector_at_rest():
            return call.answer(paged(await load_responses(session, ids), count))


def _filtered(call: Call) -> Any:
    asked = call.query
    query = (
        select(Response.id)
        .join(Experiment, Experiment.id == Response.experiment_id)
        .where(Experiment.project_id == call.project_id, Experiment.deleted_at.is_(None))
    )
    for name, column in (
        ("experiment_id", Response.experiment_id),
        ("prompt_id", Response.prompt_id),
        ("template_variables_id", Response.entry_id),
        ("collection_id", Experiment.collection_id),
        ("llm_model_name", Response.llm_model_name),
        ("epoch", Response.epoch),
    ):
        if asked[name] is not None:
            query = query.where(cast(Any, column) == asked[name])
    if asked["prompt_template_id"] is not None:
        query = query.join(Prompt, Prompt.id == Response.prompt_id).where(
            Prompt.prompt_template_id == asked["prompt_template_id"]
        )
    for name in ("duration_seconds", "input_tokens", "output_tokens"):
        bounded = getattr(Response, name)
        if asked[f"{name}_min"] is not None:
            query = query.where(bounded >= asked[f"{name}_min"])
        if asked[f"{name}_max"] is not None:
            query = query.where(bounded <= asked[f"{name}_max"])
    return query


async def _in_order(session: AsyncSession, query: Any, wanted: Sequence[int]) -> list[int]:
    """The wanted ids that the filters let through, in their order; clients match them by position."""
    found: set[int] = set()
    for chunk in chunks(wanted, MAX_IDS):
        found.update(await session.scalars(query.where(Response.id.in_(chunk))))
    return [response_id for response_id in wanted if response_id in found]


@operation("get_response")
async def get_response(call: Call) -> Answer:
    """One response, with the trajectory of an agent's run."""
    async with call.read() as session:
        row = await find_response(session, call.project_id, call.path["response_id"])
        return call.answer(await load_response(session, row.id))


@operation("create_response")
async def create_response(call: Call) -> Answer:
    """Store an answer that was made elsewhere."""
    request = call.decode(models.CreatePromptResponseRequest)
    if not request.messages and not request.error:
        raise Invalid("$.messages: is empty. To have a response generated, POST /responses/generate.")
    async with call.write(is_short=True) as session:
        (order,) = await checked_orders(session, call.project_id, [request], where="$")
        (response_id,) = await store_given(session, [order])
        return call.answer(await load_response(session, response_id))


@operation("update_response_annotation")
async def update_response_annotation(call: Call) -> Answer:
    """Replace the note that a person wrote; the empty text clears it."""
    request = call.decode(models.UpdateResponseAnnotationRequest)
    async with call.write(is_short=True) as session:
        row = await find_response(session, call.project_id, call.path["response_id"])
        row.annotation = request.annotation
        await session.flush()
        return call.answer(await load_response(session, row.id))


@operation("delete_response")
async def delete_response(call: Call) -> Answer:
    """One response and its ratings. Work that is still to be done on it is dropped."""
    async with call.write() as session:
        row = await find_response(session, call.project_id, call.path["response_id"])
        await session.execute(delete(WorkItem).where(WorkItem.response_id == row.id))
        await session.execute(delete(Response).where(Response.id == row.id))
        return call.answer()
