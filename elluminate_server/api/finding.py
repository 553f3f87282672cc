"""Things by id within the key's project, or a 404 that names what was looked for."""

from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.api.problems import NotFound
from elluminate_server.domain.scenarios import BUILT_IN_FIELDS
from elluminate_server.store.tables import (
    Base,
    Collection,
    CollectionColumn,
    Criterion,
    CriterionSet,
    Entry,
    Experiment,
    LLMConfig,
    Persona,
    PersonaGroup,
    PromptTemplate,
    Response,
)

__all__ = [
    "find_any_entry",
    "find_collection",
    "find_criterion",
    "find_criterion_set",
    "find_entry",
    "find_experiment",
    "find_llm_config",
    "find_persona",
    "find_persona_group",
    "find_prompt_template",
    "find_response",
    "find_scenario",
    "find_scenario_field",
    "find_scenario_set",
]

TableT = TypeVar("TableT", bound=Base)


async def _found(
    session: AsyncSession, query: Any, table: type[TableT], kind: str, identifier: int
) -> TableT:
    row = await session.scalar(query)
    if not isinstance(row, table):
        raise NotFound(kind, identifier)
    return row


async def find_prompt_template(session: AsyncSession, project_id: int, identifier: int) -> PromptTemplate:
    """The prompt template version, unless it was deleted."""
    query = select(PromptTemplate).where(
        PromptTemplate.id == identifier,
        PromptTemplate.project_id == project_id,
        PromptTemplate.deleted_at.is_(None),
    )
    return await _found(session, query, PromptTemplate, "prompt template", identifier)


async def find_collection(session: AsyncSession, project_id: int, identifier: int) -> Collection:
    """The collection, unless it was deleted."""
    return await _found(
        session, _collection(project_id, identifier, False), Collection, "collection", identifier
    )


def _collection(project_id: int, identifier: int, is_scenario_set: bool) -> Any:
    return select(Collection).where(
        Collection.id == identifier,
        Collection.project_id == project_id,
        Collection.is_scenario_set.is_(is_scenario_set),
        Collection.deleted_at.is_(None),
    )


async def find_scenario_set(session: AsyncSession, project_id: int, identifier: int) -> Collection:
    """The scenario set, unless it was deleted."""
    query = _collection(project_id, identifier, True)
    return await _found(session, query, Collection, "scenario set", identifier)


async def find_scenario_field(
    session: AsyncSession, scenario_set: Collection, identifier: int
) -> CollectionColumn:
    """The field of the scenario set; those that every set has are not found."""
    query = select(CollectionColumn).where(
        CollectionColumn.id == identifier,
        CollectionColumn.collection_id == scenario_set.id,
        CollectionColumn.name.not_in(BUILT_IN_FIELDS),
    )
    kind = f"field in scenario set {scenario_set.id} with id"
    return await _found(session, query, CollectionColumn, kind, identifier)


async def find_scenario(session: AsyncSession, scenario_set: Collection, identifier: int) -> Entry:
    """The scenario, unless it was deleted."""
    query = select(Entry).where(
        Entry.id == identifier, Entry.collection_id == scenario_set.id, Entry.deleted_at.is_(None)
    )
    return await _found(session, query, Entry, f"scenario in set {scenario_set.id} with id", identifier)


async def find_entry(session: AsyncSession, collection: Collection, identifier: int) -> Entry:
    """The row, unless it was deleted."""
    query = select(Entry).where(
        Entry.id == identifier, Entry.collection_id == collection.id, Entry.deleted_at.is_(None)
    )
    return await _found(session, query, Entry, f"row in collection {collection.id} with id", identifier)


async def find_any_entry(session: AsyncSession, project_id: int, identifier: int) -> Entry:
    """The row of any collection or scenario set of the project, unless it was deleted."""
    query = (
        select(Entry)
        .join(Collection, Collection.id == Entry.collection_id)
        .where(
            Entry.id == identifier,
            Collection.project_id == project_id,
            Entry.deleted_at.is_(None),
            Collection.deleted_at.is_(None),
        )
    )
    return await _found(session, query, Entry, "row", identifier)


async def find_criterion_set(session: AsyncSession, project_id: int, identifier: int) -> CriterionSet:
    """The criterion set, unless it was deleted."""
    query = select(CriterionSet).where(
        CriterionSet.id == identifier,
        CriterionSet.project_id == project_id,
        CriterionSet.deleted_at.is_(None),
    )
    return await _found(session, query, CriterionSet, "criterion set", identifier)


async def find_criterion(
    session: AsyncSession, project_id: int, identifier: int, *, current: bool = False
) -> Criterion:
    """The criterion, unless it was deleted.

    Args:
        session: Where to read.
        project_id: The key's project.
        identifier: Id of any version.
        current: Whether a version that an edit has replaced counts as not found.
    """
    query = (
        select(Criterion)
        .join(CriterionSet, CriterionSet.id == Criterion.criterion_set_id)
        .where(
            Criterion.id == identifier,
            CriterionSet.project_id == project_id,
            CriterionSet.deleted_at.is_(None),
            Criterion.deleted_at.is_(None),
        )
    )
    if current:
        query = query.where(Criterion.superseded_at.is_(None))
    return await _found(session, query, Criterion, "criterion", identifier)


async def find_llm_config(session: AsyncSession, project_id: int, identifier: int) -> LLMConfig:
    """The LLM config, unless it was deleted."""
    query = select(LLMConfig).where(
        LLMConfig.id == identifier, LLMConfig.project_id == project_id, LLMConfig.deleted_at.is_(None)
    )
    return await _found(session, query, LLMConfig, "LLM config", identifier)


async def find_experiment(session: AsyncSession, project_id: int, identifier: int) -> Experiment:
    """The experiment."""
    query = select(Experiment).where(Experiment.id == identifier, Experiment.project_id == project_id)
    return await _found(session, query, Experiment, "experiment", identifier)


async def find_response(session: AsyncSession, project_id: int, identifier: int) -> Response:
    """The response."""
    query = (
        select(Response)
        .join(Experiment, Experiment.id == Response.experiment_id)
        .where(Response.id == identifier, Experiment.project_id == project_id)
    )
    return await _found(session, query, Response, "response", identifier)


async def find_persona(session: AsyncSession, project_id: int, identifier: int) -> Persona:
    """The persona, unless it was deleted."""
    query = select(Persona).where(
        Persona.id == identifier, Persona.project_id == project_id, Persona.deleted_at.is_(None)
    )
    return await _found(session, query, Persona, "persona", identifier)


async def find_persona_group(session: AsyncSession, project_id: int, identifier: int) -> PersonaGroup:
    """The persona group, unless it was deleted."""
    query = select(PersonaGroup).where(
        PersonaGroup.id == identifier,
        PersonaGroup.project_id == project_id,
        PersonaGroup.deleted_at.is_(None),
    )
    return await _found(session, query, PersonaGroup, "persona group", identifier)
