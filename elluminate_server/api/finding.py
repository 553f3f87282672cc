"""Things by id within the key's project, or a 404 that names what was looked for."""

from typing import Any, TypeVar

from sqlalchemy import bindparam, select
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

# Built once: to build a query takes longer than to run it.
_ID: Any = bindparam("identifier")
_PROJECT: Any = bindparam("project_id")
_PARENT: Any = bindparam("parent_id")


def _live(table: Any) -> Any:
    return select(table).where(table.id == _ID, table.project_id == _PROJECT, table.deleted_at.is_(None))


_PROMPT_TEMPLATE = _live(PromptTemplate)
_COLLECTION = _live(Collection).where(Collection.is_scenario_set.is_(False))
_SCENARIO_SET = _live(Collection).where(Collection.is_scenario_set.is_(True))
_CRITERION_SET = _live(CriterionSet)
_LLM_CONFIG = _live(LLMConfig)
_PERSONA = _live(Persona)
_PERSONA_GROUP = _live(PersonaGroup)
_SCENARIO_FIELD = select(CollectionColumn).where(
    CollectionColumn.id == _ID,
    CollectionColumn.collection_id == _PARENT,
    CollectionColumn.name.not_in(BUILT_IN_FIELDS),
)
_ENTRY = select(Entry).where(Entry.id == _ID, Entry.collection_id == _PARENT, Entry.deleted_at.is_(None))
_ANY_ENTRY = (
    select(Entry)
    .join(Collection, Collection.id == Entry.collection_id)
    .where(
        Entry.id == _ID,
        Collection.project_id == _PROJECT,
        Entry.deleted_at.is_(None),
        Collection.deleted_at.is_(None),
    )
)
_CRITERION = (
    select(Criterion)
    .join(CriterionSet, CriterionSet.id == Criterion.criterion_set_id)
    .where(
        Criterion.id == _ID,
        CriterionSet.project_id == _PROJECT,
        CriterionSet.deleted_at.is_(None),
        Criterion.deleted_at.is_(None),
    )
)
_CURRENT_CRITERION = _CRITERION.where(Criterion.superseded_at.is_(None))
_EXPERIMENT = select(Experiment).where(Experiment.id == _ID, Experiment.project_id == _PROJECT)
_RESPONSE = (
    select(Response)
    .join(Experiment, Experiment.id == Response.experiment_id)
    .where(Response.id == _ID, Experiment.project_id == _PROJECT)
)


async def _found(
    session: AsyncSession, query: Any, table: type[TableT], kind: str, identifier: int, **of: int
) -> TableT:
    row = await session.scalar(query, {"identifier": identifier, **of})
    if not isinstance(row, table):
        raise NotFound(kind, identifier)
    return row


async def find_prompt_template(session: AsyncSession, project_id: int, identifier: int) -> PromptTemplate:
    """The prompt template version, unless it was deleted."""
    kind = "prompt template"
    return await _found(session, _PROMPT_TEMPLATE, PromptTemplate, kind, identifier, project_id=project_id)


async def find_collection(session: AsyncSession, project_id: int, identifier: int) -> Collection:
    """The collection, unless it was deleted."""
    return await _found(session, _COLLECTION, Collection, "collection", identifier, project_id=project_id)


async def find_scenario_set(session: AsyncSession, project_id: int, identifier: int) -> Collection:
    """The scenario set, unless it was deleted."""
    kind = "scenario set"
    return await _found(session, _SCENARIO_SET, Collection, kind, identifier, project_id=project_id)


async def find_scenario_field(
    session: AsyncSession, scenario_set: Collection, identifier: int
) -> CollectionColumn:
    """The field of the scenario set; those that every set has are not found."""
    kind = f"field in scenario set {scenario_set.id} with id"
    return await _found(
        session, _SCENARIO_FIELD, CollectionColumn, kind, identifier, parent_id=scenario_set.id
    )


async def find_scenario(session: AsyncSession, scenario_set: Collection, identifier: int) -> Entry:
    """The scenario, unless it was deleted."""
    kind = f"scenario in set {scenario_set.id} with id"
    return await _found(session, _ENTRY, Entry, kind, identifier, parent_id=scenario_set.id)


async def find_entry(session: AsyncSession, collection: Collection, identifier: int) -> Entry:
    """The row, unless it was deleted."""
    kind = f"row in collection {collection.id} with id"
    return await _found(session, _ENTRY, Entry, kind, identifier, parent_id=collection.id)


async def find_any_entry(session: AsyncSession, project_id: int, identifier: int) -> Entry:
    """The row of any collection or scenario set of the project, unless it was deleted."""
    return await _found(session, _ANY_ENTRY, Entry, "row", identifier, project_id=project_id)


async def find_criterion_set(session: AsyncSession, project_id: int, identifier: int) -> CriterionSet:
    """The criterion set, unless it was deleted."""
    kind = "criterion set"
    return await _found(session, _CRITERION_SET, CriterionSet, kind, identifier, project_id=project_id)


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
    query = _CURRENT_CRITERION if current else _CRITERION
    return await _found(session, query, Criterion, "criterion", identifier, project_id=project_id)


async def find_llm_config(session: AsyncSession, project_id: int, identifier: int) -> LLMConfig:
    """The LLM config, unless it was deleted."""
    return await _found(session, _LLM_CONFIG, LLMConfig, "LLM config", identifier, project_id=project_id)


async def find_experiment(session: AsyncSession, project_id: int, identifier: int) -> Experiment:
    """The experiment."""
    return await _found(session, _EXPERIMENT, Experiment, "experiment", identifier, project_id=project_id)


async def find_response(session: AsyncSession, project_id: int, identifier: int) -> Response:
    """The response."""
    return await _found(session, _RESPONSE, Response, "response", identifier, project_id=project_id)


async def find_persona(session: AsyncSession, project_id: int, identifier: int) -> Persona:
    """The persona, unless it was deleted."""
    return await _found(session, _PERSONA, Persona, "persona", identifier, project_id=project_id)


async def find_persona_group(session: AsyncSession, project_id: int, identifier: int) -> PersonaGroup:
    """The persona group, unless it was deleted."""
    kind = "persona group"
    return await _found(session, _PERSONA_GROUP, PersonaGroup, kind, identifier, project_id=project_id)
