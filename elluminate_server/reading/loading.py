"""Whatever belongs to a list of things, in a fixed number of queries however long the list is."""

import itertools
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import attrs
from elluminate_api import models
from sqlalchemy import Executable, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.reading.presenting import (
    present_collection,
    present_criterion,
    present_criterion_set,
    present_entry,
    present_llm_config,
    present_prompt_template,
)
from elluminate_server.store.rows import fetch_by_ids
from elluminate_server.store.tables import (
    Collection,
    CollectionColumn,
    Criterion,
    CriterionSet,
    Entry,
    LLMConfig,
    PromptTemplate,
    Response,
)

__all__ = [
    "LoadedCollection",
    "columns_of",
    "current_criteria",
    "dropped_trajectories",
    "load_collection",
    "load_collections",
    "load_criteria",
    "load_criterion_set",
    "load_criterion_sets",
    "load_llm_configs",
    "load_prompt_templates",
    "show_criterion_set",
]


_IDS: Any = bindparam("ids", expanding=True)
_of_column, _of_entry = CollectionColumn.__table__.c, Entry.__table__.c
_of_template, _of_criterion = PromptTemplate.__table__.c, Criterion.__table__.c
_of_response = Response.__table__.c
_COLUMNS = (
    select(CollectionColumn)
    .where(CollectionColumn.collection_id.in_(_IDS))
    .order_by(CollectionColumn.position, CollectionColumn.id)
)
_COLUMNS_SHOWN = (
    select(CollectionColumn.__table__)
    .where(_of_column.collection_id.in_(_IDS))
    .order_by(_of_column.position, _of_column.id)
)
_ROW_COUNTS = (
    select(_of_entry.collection_id, func.count())
    .where(_of_entry.collection_id.in_(_IDS), _of_entry.deleted_at.is_(None))
    .group_by(_of_entry.collection_id)
)
_COLLECTIONS = select(Collection.__table__).where(Collection.__table__.c.id.in_(_IDS))
_PROMPT_TEMPLATES = select(PromptTemplate.__table__).where(_of_template.id.in_(_IDS))
_LLM_CONFIGS = select(LLMConfig.__table__).where(LLMConfig.__table__.c.id.in_(_IDS))
_ENTRIES = select(Entry.__table__).where(_of_entry.id.in_(_IDS))
_CRITERION_SETS = select(CriterionSet.__table__).where(CriterionSet.__table__.c.id.in_(_IDS))
_CURRENT_CRITERIA = (
    select(Criterion)
    .where(Criterion.criterion_set_id.in_(_IDS), Criterion.superseded_at.is_(None))
    .order_by(Criterion.position, Criterion.id)
)
_CRITERIA_SHOWN = (
    select(Criterion.__table__)
    .where(_of_criterion.criterion_set_id.in_(_IDS), _of_criterion.superseded_at.is_(None))
    .order_by(_of_criterion.position, _of_criterion.id)
)
_LINKED_TEMPLATES = (
    select(PromptTemplate.__table__)
    .where(_of_template.criterion_set_id.in_(_IDS), _of_template.deleted_at.is_(None))
    .order_by(_of_template.id)
)
_DROPPED_TRAJECTORIES = (
    select(_of_response.experiment_id, func.count())
    .where(_of_response.experiment_id.in_(_IDS), _of_response.trajectory_ingest_error.is_not(None))
    .group_by(_of_response.experiment_id)
)


@attrs.frozen
class LoadedCollection:
    """A collection's columns in order, and both as the contract shows them."""

    columns: list[CollectionColumn]
    shown: models.TemplateVariablesCollection


async def _counts(session: AsyncSession, query: Executable, ids: Iterable[int]) -> dict[int, int]:
    return {row[0]: row[1] for row in await fetch_by_ids(session, query, ids)}


async def columns_of(session: AsyncSession, collection_id: int) -> list[CollectionColumn]:
    """The columns of one collection, in order."""
    return list(await session.scalars(_COLUMNS, {"ids": [collection_id]}))


async def load_collection(session: AsyncSession, collection: Collection) -> LoadedCollection:
    """One collection with its columns."""
    return (await load_collections(session, [collection.id]))[collection.id]


async def load_collections(session: AsyncSession, ids: Iterable[int]) -> dict[int, LoadedCollection]:
    """Collections by id, deleted ones included: experiments still show them."""
    wanted = set(ids)
    columns: dict[int, list[CollectionColumn]] = defaultdict(list)
    for column in await fetch_by_ids(session, _COLUMNS_SHOWN, wanted):
        columns[column.collection_id].append(column)
    counts = await _counts(session, _ROW_COUNTS, wanted)
    return {
        row.id: LoadedCollection(
            columns[row.id], present_collection(row, columns[row.id], counts.get(row.id, 0))
        )
        for row in await fetch_by_ids(session, _COLLECTIONS, wanted)
    }


async def load_prompt_templates(
    session: AsyncSession, ids: Iterable[int | None]
) -> dict[int, models.PromptTemplate]:
    """Prompt templates by id, deleted ones included."""
    rows = await fetch_by_ids(session, _PROMPT_TEMPLATES, {wanted for wanted in ids if wanted is not None})
    return {row.id: present_prompt_template(row) for row in rows}


async def load_llm_configs(session: AsyncSession, ids: Iterable[int | None]) -> dict[int, models.LLMConfig]:
    """LLM configs by id, deleted ones included."""
    rows = await fetch_by_ids(session, _LLM_CONFIGS, {wanted for wanted in ids if wanted is not None})
    return {row.id: present_llm_config(session, row) for row in rows}


async def current_criteria(session: AsyncSession, criterion_set_id: int) -> list[Criterion]:
    """The criteria of one set, in order, without replaced versions."""
    return list(await session.scalars(_CURRENT_CRITERIA, {"ids": [criterion_set_id]}))


async def dropped_trajectories(session: AsyncSession, experiment_ids: Iterable[int]) -> dict[int, int]:
    """How many responses have lost an invalid trajectory, by experiment id; none is not in it."""
    return await _counts(session, _DROPPED_TRAJECTORIES, set(experiment_ids))


async def load_criteria(session: AsyncSession, rows: Iterable[Criterion]) -> dict[int, models.Criterion]:
    """Criteria as the contract shows them, by id, each with the row that it is for."""
    found = list(rows)
    stored = await fetch_by_ids(
        session, _ENTRIES, {row.entry_id for row in found if row.entry_id is not None}
    )
    entries: dict[int, models.TemplateVariables] = {}
    if stored:
        collections = await load_collections(session, {entry.collection_id for entry in stored})
        for entry in stored:
            collection = collections[entry.collection_id]
            entries[entry.id] = present_entry(entry, collection.columns, collection.shown)
    return {row.id: present_criterion(row, entries.get(row.entry_id or 0)) for row in found}


async def load_criterion_set(session: AsyncSession, criterion_set_id: int) -> models.CriterionSet:
    """One criterion set with its criteria and linked templates."""
    return (await load_criterion_sets(session, [criterion_set_id]))[criterion_set_id]


async def show_criterion_set(session: AsyncSession, row: CriterionSet) -> models.CriterionSet:
    """One criterion set, which was found already, with its criteria and linked templates."""
    return (await _show_criterion_sets(session, [row]))[row.id]


async def load_criterion_sets(session: AsyncSession, ids: Iterable[int]) -> dict[int, models.CriterionSet]:
    """Criterion sets by id with criteria and linked templates, deleted sets included."""
    return await _show_criterion_sets(session, await fetch_by_ids(session, _CRITERION_SETS, set(ids)))


async def _show_criterion_sets(
    session: AsyncSession, rows: Sequence[CriterionSet]
) -> dict[int, models.CriterionSet]:
    ids = [row.id for row in rows]
    criteria: dict[int, list[Criterion]] = defaultdict(list)
    for criterion in await fetch_by_ids(session, _CRITERIA_SHOWN, ids):
        criteria[criterion.criterion_set_id].append(criterion)
    presented = await load_criteria(session, itertools.chain.from_iterable(criteria.values()))
    templates: dict[int, list[PromptTemplate]] = defaultdict(list)
    for template in await fetch_by_ids(session, _LINKED_TEMPLATES, ids):
        if template.criterion_set_id is not None:
            templates[template.criterion_set_id].append(template)
    return {
        row.id: present_criterion_set(
            row, [presented[criterion.id] for criterion in criteria[row.id]], templates[row.id]
        )
        for row in rows
    }
