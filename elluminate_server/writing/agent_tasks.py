"""What AGENTIC collections hold: tasks, one for each row, each with a name of its own."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from elluminate_api.models import ColumnType
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.domain.agent_trials import TASK_COLUMN
from elluminate_server.domain.conversations import PROMPT_TYPES
from elluminate_server.http.problems import Conflict, Invalid, quoted
from elluminate_server.store.tables import Collection, CollectionColumn, Entry

__all__ = ["check_task_column", "check_task_names", "check_unused_names", "infer_types"]

_INSTRUCTION_COLUMN = "instruction"


def infer_types(new: Iterable[CollectionColumn], present: Sequence[CollectionColumn]) -> None:
    """Let a column `instruction` that only the rows name hold the prompt, unless another column does."""
    if any(column.column_type in PROMPT_TYPES for column in present):
        return
    for column in new:
        if column.name == _INSTRUCTION_COLUMN:
            column.column_type = ColumnType.RAW_INPUT.value


def check_task_column(columns: Iterable[CollectionColumn]) -> None:
    """Refuse an AGENTIC collection without a text column for the tasks' names.

    Raises:
        Invalid: There is no such column, or it has another type.
    """
    found = next((column for column in columns if column.name == TASK_COLUMN), None)
    if found is None:
        raise Invalid(
            f"An AGENTIC collection needs a text column {TASK_COLUMN!r} with the name of each row's task, and this "
            "one has none. Add it to the columns, or to the rows."
        )
    if found.column_type != ColumnType.TEXT:
        raise Invalid(
            f"Column {TASK_COLUMN!r} of an AGENTIC collection holds the names of the tasks: it has to be a text "
            f"column, not a {found.column_type} column."
        )


def check_task_names(rows: Iterable[Mapping[str, Any]], where: Callable[[int], str]) -> None:
    """Refuse rows of an AGENTIC collection without a task name, or with the same one.

    Args:
        rows: The rows as stored.
        where: Where the row of that place stands, the start of a message.

    Raises:
        Invalid: Names the row and its task.
    """
    seen: dict[str, int] = {}
    for index, row in enumerate(rows):
        name = row.get(TASK_COLUMN, "")
        if not name.strip():
            raise Invalid(
                f"{where(index)}.{TASK_COLUMN}: every row of an AGENTIC collection needs the name of its task."
            )
        if name in seen:
            raise Invalid(
                f"{where(index)}.{TASK_COLUMN}: {quoted(name)} is the task of {where(seen[name])} "
                "already; every row needs a task of its own."
            )
        seen[name] = index


async def check_unused_names(
    session: AsyncSession,
    collection: Collection,
    rows: Sequence[Mapping[str, Any]],
    *,
    other_than: int | None = None,
) -> None:
    """Refuse tasks that other rows of the AGENTIC collection have; none may be added at the same time.

    Args:
        session: The write transaction that adds the rows.
        collection: Where to.
        rows: The rows as stored.
        other_than: Id of the row that gets these values.

    Raises:
        Conflict: Names the task and the row that has it.
    """
    await session.execute(select(Collection.id).where(Collection.id == collection.id).with_for_update())
    wanted = Counter(row[TASK_COLUMN] for row in rows)
    present = await session.execute(
        select(Entry.id, Entry.input_values).where(
            Entry.collection_id == collection.id, Entry.deleted_at.is_(None)
        )
    )
    for entry_id, values in present:
        name = values.get(TASK_COLUMN, "")
        if name in wanted and entry_id != other_than:
            raise Conflict(
                f"Collection {collection.name!r} has a row with the task {quoted(name)} already (id {entry_id}). "
                "Give the new row another task, or update that one."
            )
