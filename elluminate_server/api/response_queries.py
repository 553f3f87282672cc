"""Responses with all that belongs to them, in a fixed number of queries for a page."""

from collections import defaultdict
from collections.abc import Sequence
from typing import cast

from elluminate_api import models
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import undefer

from elluminate_server.api.loading import load_collections, load_criteria, load_prompt_templates
from elluminate_server.api.personas import load_persona_versions
from elluminate_server.api.presenting import (
    present_prompt,
    present_rating,
    present_response,
)
from elluminate_server.store.tables import Criterion, Entry, Prompt, Rating, Response

__all__ = ["IN_ROW_ORDER", "load_responses", "present_one"]

IN_ROW_ORDER = (
    Response.experiment_id,
    Response.entry_id,
    Response.epoch,
    func.coalesce(Response.persona_version_id, 0),
    Response.id,
)
"""The order in which people read responses: that of the rows and personas, whichever answer came first."""


async def load_responses(
    session: AsyncSession, rows: Sequence[Response], *, with_trajectory: bool = False
) -> list[models.PromptResponse]:
    """Responses as the contract shows them, in the given order.

    Args:
        session: Where to read.
        rows: At most a page of responses.
        with_trajectory: Whether the trajectory of an agent's run comes along.
    """
    prompts = {
        prompt.id: prompt
        for prompt in await session.scalars(
            select(Prompt).where(Prompt.id.in_({row.prompt_id for row in rows}))
        )
    }
    entries = {
        entry.id: entry
        for entry in await session.scalars(
            select(Entry).where(Entry.id.in_({prompt.entry_id for prompt in prompts.values()}))
        )
    }
    collections = await load_collections(session, {entry.collection_id for entry in entries.values()})
    templates = await load_prompt_templates(
        session, {prompt.prompt_template_id for prompt in prompts.values()}
    )
    shown_prompts = {
        prompt.id: present_prompt(
            prompt,
            templates.get(prompt.prompt_template_id or 0),
            entries[prompt.entry_id],
            collections[entries[prompt.entry_id].collection_id].shown,
        )
        for prompt in prompts.values()
    }
    ratings = await _ratings(session, [row.id for row in rows])
    personas = await load_persona_versions(
        session, {row.persona_version_id for row in rows if row.persona_version_id is not None}
    )
    return [
        present_response(
            row,
            shown_prompts[row.prompt_id],
            ratings[row.id],
            persona=personas.get(row.persona_version_id or 0),
            with_trajectory=with_trajectory,
        )
        for row in rows
    ]


async def _ratings(session: AsyncSession, response_ids: Sequence[int]) -> dict[int, list[models.Rating]]:
    # As plain rows: a page has many more ratings than anything else, and entities cost twice as much.
    found = await session.execute(select(*Rating.__table__.c).where(Rating.response_id.in_(response_ids)))
    rows = cast("Sequence[Rating]", found.all())
    criteria = {
        criterion.id: criterion
        for criterion in await session.scalars(
            select(Criterion).where(Criterion.id.in_({row.criterion_id for row in rows}))
        )
    }
    shown = await load_criteria(session, criteria.values())
    grouped: dict[int, list[models.Rating]] = defaultdict(list)
    # A newer version of a criterion stands where the older one stood.
    for row in sorted(rows, key=lambda rating: (criteria[rating.criterion_id].position, rating.criterion_id)):
        grouped[row.response_id].append(present_rating(row, shown[row.criterion_id]))
    return grouped


async def present_one(session: AsyncSession, response_id: int) -> models.PromptResponse:
    """One stored response with its trajectory."""
    row = (
        await session.scalars(
            select(Response)
            .where(Response.id == response_id)
            .options(undefer(Response.trajectory))
            .execution_options(populate_existing=True)
        )
    ).one()
    (shown,) = await load_responses(session, [row], with_trajectory=True)
    return shown
