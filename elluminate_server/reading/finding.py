"""Things by id within the key's project, or a 404 that names what was looked for.

`find_...` is for who changes a thing or what belongs to it, `see_...` for who only looks at it.
"""

from collections.abc import Iterable
from typing import Any, Generic, TypeVar

import attrs
from sqlalchemy import Select, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.domain.scenarios import BUILT_IN_FIELDS
from elluminate_server.http.problems import NotFound
from elluminate_server.store.chunks import chunks
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
    "check_rows",
    "find_collection",
    "find_criterion_set",
    "find_current_criterion",
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
    "see_any_entry",
    "see_collection",
    "see_criterion",
    "see_criterion_set",
    "see_entry",
    "see_experiment",
    "see_llm_config",
    "see_persona",
    "see_persona_group",
    "see_prompt_template",
    "see_scenario",
    "see_scenario_set",
]

TableT = TypeVar("TableT", bound=Base)

_ID: Any = bindparam("identifier")
_PARENT: Any = bindparam("parent_id")


@attrs.frozen
class _Lookup(Generic[TableT]):
    """How to get one thing by its id.

    Attributes:
        kind: What it is called when it is not there; `{}` stands for the id of what it was looked for in.
        entity: Selects it as an entity, with the parameters `identifier` and `parent_id`.
        row: Selects its columns, with the same parameters.
    """

    kind: str
    entity: Select[Any]
    row: Select[Any]

    async def find(self, session: AsyncSession, parent_id: int, identifier: int) -> TableT:
        """The thing itself, which a writer may change.

        Args:
            session: Where to read.
            parent_id: Id of the project; for rows, scenarios and fields that of their collection or set.
            identifier: Id of the thing.

        Raises:
            NotFound: There is none of that id there, or it was deleted.
        """
        parameters = {"identifier": identifier, "parent_id": parent_id}
        found: TableT | None = await session.scalar(self.entity, parameters)
        if found is None:
            raise NotFound(self.kind.format(parent_id), identifier)
        return found

    async def see(self, session: AsyncSession, parent_id: int, identifier: int) -> TableT:
        """What stands in its columns, for who only looks at them: a third of the cost of the thing itself.

        It is a plain row, typed as its table because it has the columns of that, and nothing else.

        Args:
            session: Where to read.
            parent_id: See `find`.
            identifier: Id of the thing.

        Raises:
            NotFound: There is none of that id there, or it was deleted.
        """
        rows = await fetch(session, self.row, identifier=identifier, parent_id=parent_id)
        if not rows:
            raise NotFound(self.kind.format(parent_id), identifier)
        row: TableT = rows[0]
        return row


def _lookup(
    kind: str, table: type[TableT], *criteria: Any, within: tuple[Any, Any] | None = None
) -> _Lookup[TableT]:
    """A lookup in a table.

    Args:
        kind: See `_Lookup`.
        table: What is found.
        criteria: Conditions on columns of tables, one of them on the id.
        within: Another table that the conditions are about, and how the two belong together.
    """
    entity, row = select(table).where(*criteria), select(table.__table__).where(*criteria)
    if within is not None:
        entity, row = entity.join(*within), row.join(*within)
    return _Lookup(kind, entity, row)


def _in_project(kind: str, table: type[TableT], *more: Any) -> _Lookup[TableT]:
    """A lookup of what belongs to a project, unless it was deleted."""
    columns = table.__table__.c
    return _lookup(
        kind, table, columns.id == _ID, columns.project_id == _PARENT, columns.deleted_at.is_(None), *more
    )


_of_collection, _of_column = Collection.__table__.c, CollectionColumn.__table__.c
_of_entry, _of_experiment = Entry.__table__.c, Experiment.__table__.c
_of_criterion, _of_criterion_set = Criterion.__table__.c, CriterionSet.__table__.c

_PROMPT_TEMPLATE = _in_project("prompt template", PromptTemplate)
_COLLECTION = _in_project("collection", Collection, _of_collection.is_scenario_set.is_(False))
_SCENARIO_SET = _in_project("scenario set", Collection, _of_collection.is_scenario_set.is_(True))
_CRITERION_SET = _in_project("criterion set", CriterionSet)
_LLM_CONFIG = _in_project("LLM config", LLMConfig)
_PERSONA = _in_project("persona", Persona)
_PERSONA_GROUP = _in_project("persona group", PersonaGroup)
_EXPERIMENT = _in_project("experiment", Experiment)
_RESPONSE = _lookup(
    "response",
    Response,
    Response.__table__.c.id == _ID,
    _of_experiment.project_id == _PARENT,
    _of_experiment.deleted_at.is_(None),
    within=(Experiment.__table__, _of_experiment.id == Response.__table__.c.experiment_id),
)
_SCENARIO_FIELD = _lookup(
    "field in scenario set {} with id",
    CollectionColumn,
    _of_column.id == _ID,
    _of_column.collection_id == _PARENT,
    _of_column.name.not_in(BUILT_IN_FIELDS),
)
_LIVE_ENTRY = (_of_entry.id == _ID, _of_entry.collection_id == _PARENT, _of_entry.deleted_at.is_(None))
_ENTRY = _lookup("row in collection {} with id", Entry, *_LIVE_ENTRY)
_SCENARIO = _lookup("scenario in set {} with id", Entry, *_LIVE_ENTRY)
_ANY_ENTRY = _lookup(
    "row",
    Entry,
    _of_entry.id == _ID,
    _of_collection.project_id == _PARENT,
    _of_entry.deleted_at.is_(None),
    _of_collection.deleted_at.is_(None),
    within=(Collection.__table__, _of_collection.id == _of_entry.collection_id),
)
_LIVE_CRITERION = (
    _of_criterion.id == _ID,
    _of_criterion_set.project_id == _PARENT,
    _of_criterion_set.deleted_at.is_(None),
    _of_criterion.deleted_at.is_(None),
)
_ITS_SET = (CriterionSet.__table__, _of_criterion_set.id == _of_criterion.criterion_set_id)
_CRITERION = _lookup("criterion", Criterion, *_LIVE_CRITERION, within=_ITS_SET)
_CURRENT_CRITERION = _lookup(
    "criterion", Criterion, *_LIVE_CRITERION, _of_criterion.superseded_at.is_(None), within=_ITS_SET
)

find_prompt_template, see_prompt_template = _PROMPT_TEMPLATE.find, _PROMPT_TEMPLATE.see
find_collection, see_collection = _COLLECTION.find, _COLLECTION.see
find_entry, see_entry = _ENTRY.find, _ENTRY.see
see_any_entry = _ANY_ENTRY.see
"""A row of any collection or scenario set of the project."""
find_scenario_set, see_scenario_set = _SCENARIO_SET.find, _SCENARIO_SET.see
find_scenario, see_scenario = _SCENARIO.find, _SCENARIO.see
find_scenario_field = _SCENARIO_FIELD.find
"""A field of the scenario set; those that every set has are not found."""
find_criterion_set, see_criterion_set = _CRITERION_SET.find, _CRITERION_SET.see
see_criterion = _CRITERION.see
"""A criterion, or a version of one that an edit has replaced."""
find_current_criterion = _CURRENT_CRITERION.find
"""A criterion that no edit has replaced."""
find_llm_config, see_llm_config = _LLM_CONFIG.find, _LLM_CONFIG.see
find_persona, see_persona = _PERSONA.find, _PERSONA.see
find_persona_group, see_persona_group = _PERSONA_GROUP.find, _PERSONA_GROUP.see
find_experiment, see_experiment = _EXPERIMENT.find, _EXPERIMENT.see
find_response = _RESPONSE.find
"""A response without its trajectory, which is read when it is asked for."""


async def check_rows(session: AsyncSession, collection_id: int, entry_ids: Iterable[int]) -> None:
    """Let nothing pass but rows of the collection.

    Raises:
        NotFound: It has not all of them.
    """
    for chunk in chunks(sorted(set(entry_ids))):
        found = await session.scalars(
            select(Entry.id).where(
                Entry.id.in_(chunk), Entry.collection_id == collection_id, Entry.deleted_at.is_(None)
            )
        )
        missing = sorted(set(chunk) - set(found))
        if missing:
            raise NotFound(f"row in collection {collection_id} with id", missing)
