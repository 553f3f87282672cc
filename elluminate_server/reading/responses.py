"""Responses with all that belongs to them, in a fixed number of queries for a page."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TypeVar, cast

import msgspec
from elluminate_api import models
from sqlalchemy import BindParameter, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.reading.labels import labels_of_responses
from elluminate_server.reading.loading import load_collections, load_criteria, load_prompt_templates
from elluminate_server.reading.personas import load_persona_versions
from elluminate_server.reading.presenting import present_prompt, present_rating, present_response
from elluminate_server.reading.verdicts import load_accounts_of_responses
from elluminate_server.store.columns import as_stored
from elluminate_server.store.rows import fetch_by_ids
from elluminate_server.store.tables import Criterion, Entry, Prompt, Rating, Response

__all__ = ["IN_ROW_ORDER", "load_response", "load_responses"]

T = TypeVar("T")

IN_ROW_ORDER = (
    Response.experiment_id,
    Response.entry_id,
    Response.epoch,
    Response.persona_version_id,
    Response.id,
)
"""The order in which people read responses: that of the rows and personas, whichever answer came first."""

# A page has thousands of values: they are read as plain rows, JSON as the text that the answer will hold.
_IDS: BindParameter[Sequence[int]] = bindparam("ids", expanding=True)
_of_response, _of_prompt = Response.__table__.c, Prompt.__table__.c
_of_entry, _of_rating = Entry.__table__.c, Rating.__table__.c
_RESPONSES = select(
    _of_response.id,
    _of_response.experiment_id,
    _of_response.entry_id,
    _of_response.prompt_id,
    as_stored(_of_response.messages),
    as_stored(_of_response.generation_metadata),
    _of_response.error,
    _of_response.epoch,
    _of_response.termination_reason,
    _of_response.persona_version_id,
    _of_response.annotation,
    _of_response.created_at,
).where(_of_response.id.in_(_IDS))
_WITH_TRAJECTORY = _RESPONSES.add_columns(as_stored(_of_response.trajectory))
_PROMPTS = select(
    _of_prompt.id,
    _of_prompt.prompt_template_id,
    _of_prompt.entry_id,
    _of_prompt.entry_identity,
    as_stored(_of_prompt.input_values),
    as_stored(_of_prompt.messages),
    as_stored(_of_prompt.resolved_tools),
    as_stored(_of_prompt.resolved_tool_choice),
    as_stored(_of_prompt.resolved_response_format),
    _of_prompt.created_at,
).where(_of_prompt.id.in_(_IDS))
_ENTRIES = select(
    _of_entry.id,
    _of_entry.collection_id,
    _of_entry.identity,
    as_stored(_of_entry.environment_config),
    _of_entry.created_at,
    _of_entry.deleted_at,
).where(_of_entry.id.in_(_IDS))
_CRITERIA = select(Criterion.__table__).where(Criterion.__table__.c.id.in_(_IDS))
_RATINGS = select(
    _of_rating.id,
    _of_rating.response_id,
    _of_rating.criterion_id,
    _of_rating.rating,
    _of_rating.reasoning,
    as_stored(_of_rating.generation_metadata),
    _of_rating.origin,
    _of_rating.created_at,
).where(_of_rating.response_id.in_(_IDS))


async def load_responses(
    session: AsyncSession, ids: Sequence[int], *, with_trajectory: bool = False
) -> list[models.PromptResponse]:
    """Responses as the contract shows them, in the given order; for an answer, not to be looked into.

    Args:
        session: Where to read.
        ids: At most a page of them; those that are gone are left out.
        with_trajectory: Whether the trajectory of an agent's run comes along.
    """
    query = _WITH_TRAJECTORY if with_trajectory else _RESPONSES
    found = {row.id: row for row in await fetch_by_ids(session, query, ids)}
    rows = [found[response_id] for response_id in ids if response_id in found]
    prompts = await _load_prompts(session, {row.prompt_id for row in rows})
    ratings = await _load_ratings(session, ids)
    personas = await load_persona_versions(
        session, {row.persona_version_id for row in rows if row.persona_version_id is not None}
    )
    accounts = await load_accounts_of_responses(session, {row.experiment_id for row in rows}, ids)
    return [
        present_response(
            row,
            prompts[row.prompt_id],
            [rating for _, rating in ratings[row.id]],
            accounts[row.experiment_id]
            .lack(row.id, row.entry_id, row.error, {criterion_id for criterion_id, _ in ratings[row.id]})
            .missing,
            persona=personas.get(row.persona_version_id or 0),
            trajectory=row.trajectory if with_trajectory else None,
        )
        for row in rows
    ]


async def _load_prompts(session: AsyncSession, ids: set[int]) -> dict[int, models.Prompt]:
    rows = await fetch_by_ids(session, _PROMPTS, ids)
    entries = {row.id: row for row in await fetch_by_ids(session, _ENTRIES, {row.entry_id for row in rows})}
    loaded = await load_collections(session, {entry.collection_id for entry in entries.values()})
    collections = _encoded_once({number: collection.shown for number, collection in loaded.items()})
    templates = _encoded_once(await load_prompt_templates(session, {row.prompt_template_id for row in rows}))
    return {
        row.id: present_prompt(
            row,
            templates.get(row.prompt_template_id or 0),
            entries[row.entry_id],
            collections[entries[row.entry_id].collection_id],
        )
        for row in rows
    }


async def _load_ratings(
    session: AsyncSession, response_ids: Sequence[int]
) -> dict[int, list[tuple[int, models.Rating]]]:
    """(Criterion id, rating) pairs by response, in the order of the criteria."""
    rows = await fetch_by_ids(session, _RATINGS, response_ids)
    criteria = await fetch_by_ids(session, _CRITERIA, {row.criterion_id for row in rows})
    presented = _encoded_once(await load_criteria(session, criteria))
    # A newer version of a criterion stands where the older one stood.
    places = {criterion.id: (criterion.position, criterion.id) for criterion in criteria}
    labels = await labels_of_responses(session, response_ids)
    grouped: dict[int, list[tuple[int, models.Rating]]] = defaultdict(list)
    for row in sorted(rows, key=lambda rating: places[rating.criterion_id]):
        said = labels.get((row.response_id, row.criterion_id))
        grouped[row.response_id].append(
            (row.criterion_id, present_rating(row, presented[row.criterion_id], said))
        )
    return grouped


def _encoded_once(presented: Mapping[int, T]) -> dict[int, T]:
    """What every response of a page repeats, as its JSON."""
    return {number: cast(T, msgspec.Raw(msgspec.json.encode(value))) for number, value in presented.items()}


async def load_response(session: AsyncSession, response_id: int) -> models.PromptResponse:
    """One stored response with its trajectory."""
    (response,) = await load_responses(session, [response_id], with_trajectory=True)
    return response
