"""Things by id within the key's project, or a 404 that names what was looked for."""

from typing import Any, Generic, Self, TypeVar

import attrs
from sqlalchemy import Select, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.domain.scenarios import BUILT_IN_FIELDS
from elluminate_server.http.problems import NotFound
from elluminate_server.store.rows import fetch
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

_ID: Any = bindparam("identifier")
_PROJECT: Any = bindparam("project_id")
_PARENT: Any = bindparam("parent_id")


@attrs.frozen
class _Query(Generic[TableT]):
    """How to find one thing: as an entity, which a writer may change, or as a row, at a third of the cost.

    Args:
        table: What is found.
        criteria: Conditions on columns of tables.
        within: The table that it is looked for with, and how they belong together.
    """

    table: type[TableT]
    entity: Select[Any]
    row: Select[Any]

    @classmethod
    def of(cls, table: type[TableT], *criteria: Any, within: tuple[Any, Any] | None = None) -> Self:
        entity, row = select(table).where(*criteria), select(table.__table__).where(*criteria)
        if within is not None:
            entity, row = entity.join(*within), row.join(*within)
        return cls(table, entity, row)

    async def one(self, session: AsyncSession, kind: str, identifier: int, **of: int) -> TableT:
        """The thing, or a 404 that calls it by its kind."""
        parameters = {"identifier": identifier, **of}
        if session.sync_session.autoflush:
            found = (await session.scalars(self.entity, parameters)).all()
        else:  # of a reader, who only looks at columns
            found = await fetch(session, self.row, **parameters)
        if not found:
            raise NotFound(kind, identifier)
        thing: TableT = found[0]
        return thing


_of_prompt_template, _of_collection = PromptTemplate.__table__.c, Collection.__table__.c
_of_column, _of_entry = CollectionColumn.__table__.c, Entry.__table__.c
_of_criterion, _of_criterion_set = Criterion.__table__.c, CriterionSet.__table__.c
_of_experiment = Experiment.__table__.c


def _live(table: type[TableT], *more: Any) -> _Query[TableT]:
    of = table.__table__.c
    return _Query.of(table, of.id == _ID, of.project_id == _PROJECT, of.deleted_at.is_(None), *more)


_PROMPT_TEMPLATE = _live(PromptTemplate)
_COLLECTION = _live(Collection, _of_collection.is_scenario_set.is_(False))
_SCENARIO_SET = _live(Collection, _of_collection.is_scenario_set.is_(True))
_CRITERION_SET = _live(CriterionSet)
_LLM_CONFIG = _live(LLMConfig)
_PERSONA = _live(Persona)
_PERSONA_GROUP = _live(PersonaGroup)
_SCENARIO_FIELD = _Query.of(
    CollectionColumn,
    _of_column.id == _ID,
    _of_column.collection_id == _PARENT,
    _of_column.name.not_in(BUILT_IN_FIELDS),
)
_ENTRY = _Query.of(
    Entry, _of_entry.id == _ID, _of_entry.collection_id == _PARENT, _of_entry.deleted_at.is_(None)
)
_ANY_ENTRY = _Query.of(
    Entry,
    _of_entry.id == _ID,
    _of_collection.project_id == _PROJECT,
    _of_entry.deleted_at.is_(None),
    _of_collection.deleted_at.is_(None),
    within=(Collection.__table__, _of_collection.id == _of_entry.collection_id),
)
_CRITERION_LIVES = (
    _of_criterion.id == _ID,
    _of_criterion_set.project_id == _PROJECT,
    _of_criterion_set.deleted_at.is_(None),
    _of_criterion.deleted_at.is_(None),
)
_ITS_SET = (CriterionSet.__table__, _of_criterion_set.id == _of_criterion.criterion_set_id)
_CRITERION = _Query.of(Criterion, *_CRITERION_LIVES, within=_ITS_SET)
_CURRENT_CRITERION = _Query.of(
    Criterion, *_CRITERION_LIVES, _of_criterion.superseded_at.is_(None), within=_ITS_SET
)
_EXPERIMENT = _Query.of(Experiment, _of_experiment.id == _ID, _of_experiment.project_id == _PROJECT)
# Always an entity, which leaves the trajectory where it is.
_RESPONSE = (
    select(Response)
    .join(Experiment, Experiment.id == Response.experiment_id)
    .where(Response.id == _ID, Experiment.project_id == _PROJECT)
)


async def find_prompt_template(session: AsyncSession, project_id: int, identifier: int) -> PromptTemplate:
    """The prompt template version, unless it was deleted."""
    kind = "prompt template"
    return await _PROMPT_TEMPLATE.one(session, kind, identifier, project_id=project_id)


async def find_collection(session: AsyncSession, project_id: int, identifier: int) -> Collection:
    """The collection, unless it was deleted."""
    return await _COLLECTION.one(session, "collection", identifier, project_id=project_id)


async def find_scenario_set(session: AsyncSession, project_id: int, identifier: int) -> Collection:
    """The scenario set, unless it was deleted."""
    kind = "scenario set"
    return await _SCENARIO_SET.one(session, kind, identifier, project_id=project_id)


async def find_scenario_field(
    session: AsyncSession, scenario_set: Collection, identifier: int
) -> CollectionColumn:
    """The field of the scenario set; those that every set has are not found."""
    kind = f"field in scenario set {scenario_set.id} with id"
    return await _SCENARIO_FIELD.one(session, kind, identifier, parent_id=scenario_set.id)


async def find_scenario(session: AsyncSession, scenario_set: Collection, identifier: int) -> Entry:
    """The scenario, unless it was deleted."""
    kind = f"scenario in set {scenario_set.id} with id"
    return await _ENTRY.one(session, kind, identifier, parent_id=scenario_set.id)


async def find_entry(session: AsyncSession, collection: Collection, identifier: int) -> Entry:
    """The row, unless it was deleted."""
    kind = f"row in collection {collection.id} with id"
    return await _ENTRY.one(session, kind, identifier, parent_id=collection.id)


async def find_any_entry(session: AsyncSession, project_id: int, identifier: int) -> Entry:
    """The row of any collection or scenario set of the project, unless it was deleted."""
    return await _ANY_ENTRY.one(session, "row", identifier, project_id=project_id)


async def find_criterion_set(session: AsyncSession, project_id: int, identifier: int) -> CriterionSet:
    """The criterion set, unless it was deleted."""
    kind = "criterion set"
    return await _CRITERION_SET.one(session, kind, identifier, project_id=project_id)


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
    return await query.one(session, "criterion", identifier, project_id=project_id)


async def find_llm_config(session: AsyncSession, project_id: int, identifier: int) -> LLMConfig:
    """The LLM config, unless it was deleted."""
    return await _LLM_CONFIG.one(session, "LLM config", identifier, project_id=project_id)


async def find_experiment(session: AsyncSession, project_id: int, identifier: int) -> Experiment:
    """The experiment."""
    return await _EXPERIMENT.one(session, "experiment", identifier, project_id=project_id)


async def find_response(session: AsyncSession, project_id: int, identifier: int) -> Response:
    """The response."""
    row = await session.scalar(_RESPONSE, {"identifier": identifier, "project_id": project_id})
    if row is None:
        raise NotFound("response", identifier)
    return row


async def find_persona(session: AsyncSession, project_id: int, identifier: int) -> Persona:
    """The persona, unless it was deleted."""
    return await _PERSONA.one(session, "persona", identifier, project_id=project_id)


async def find_persona_group(session: AsyncSession, project_id: int, identifier: int) -> PersonaGroup:
    """The persona group, unless it was deleted."""
    kind = "persona group"
    return await _PERSONA_GROUP.one(session, kind, identifier, project_id=project_id)
