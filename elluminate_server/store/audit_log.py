"""Lines of the audit log: who did what to what, in the transaction in which it was done.

Nothing that a request or a command was given stands in them, but names: no body, no prompt, no secret.
"""

import functools
from typing import Any, Literal, get_args

from sqlalchemy import Insert, bindparam, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.store.tables import (
    ApiKey,
    AuditEvent,
    Collection,
    CriterionSet,
    Experiment,
    LLMConfig,
    Persona,
    PersonaGroup,
    Project,
    PromptTemplate,
)

__all__ = ["COMMANDS", "COMMAND_LINE", "add_line", "log_command"]

COMMAND_LINE = "command line"
"""Who does what a command does, which needs no key."""

Command = Literal["backup", "keys create", "keys revoke", "keys rotate-secret", "prune", "serve"]
COMMANDS: tuple[str, ...] = get_args(Command)
"""Commands that have lines, as they are called there."""

_NAMED: dict[str, Any] = {
    "project": Project,
    "api_key": ApiKey,
    "prompt_template": PromptTemplate,
    "collection": Collection,
    "criterion_set": CriterionSet,
    "llm_config": LLMConfig,
    "experiment": Experiment,
    "scenario_set": Collection,  # which it is stored as
    "persona": Persona,
    "persona_group": PersonaGroup,
}
"""Tables of what has a name, by its kind in the contract; nothing else has one."""


async def add_line(session: AsyncSession, line: dict[str, Any], *, finds_name: bool) -> None:
    """Write a line: one INSERT.

    Args:
        session: Of the transaction that does what the line says.
        line: Columns of `AuditEvent`.
        finds_name: Whether to take the name that its object has now from the object's own table.
    """
    kind, identifier = line.get("object_kind"), line.get("object_id")
    if finds_name and kind in _NAMED and identifier is not None:
        values = {name: value for name, value in line.items() if name != "object_name"}
        await session.execute(_with_name_of(kind), {**values, "named_id": identifier})
    else:
        await session.execute(_PLAIN, line)


async def log_command(
    session: AsyncSession,
    command: Command,
    project_id: int | None = None,
    about: tuple[str, int, str] | None = None,
) -> None:
    """Write the line of a command of the server.

    Args:
        session: Of the transaction that does it, or a later one.
        command: What was typed, without its arguments.
        project_id: Where it was done; None for a whole database.
        about: Kind (of the contract), id and name of what it was done to.
    """
    kind, identifier, name = about or (None, None, None)
    line = {
        "key_name": COMMAND_LINE,
        "operation": command,
        "project_id": project_id,
        "object_kind": kind,
        "object_id": identifier,
        "object_name": name,
    }
    await add_line(session, line, finds_name=False)


_TABLE: Any = AuditEvent.__table__
# Not ORM's, and without asking for the new id: a line costs one small statement.
_PLAIN: Insert = insert(_TABLE).inline()


@functools.cache
def _with_name_of(kind: str) -> Insert:
    table = _NAMED[kind].__table__
    name = select(table.c.name).where(table.c.id == bindparam("named_id")).scalar_subquery()
    return _PLAIN.values(object_name=name)
