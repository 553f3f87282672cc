"""Rows that are told apart by some of their columns: which stored ones new ones update, and which are added. No I/O."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import attrs
import msgspec

from elluminate_server.domain.agent_trials import TASK_COLUMN
from elluminate_server.http.problems import Conflict, quoted
from elluminate_server.reading.rows import ShownRow
from elluminate_server.writing.agent_tasks import check_task_names
from elluminate_server.writing.cells import ColumnRule, rules_of
from elluminate_server.writing.prepared_rows import PreparedRow, PreparedRows, key_of
from elluminate_server.writing.stored_rows import Change, StoredRows, change_of

__all__ = ["Matched", "match_rows"]


@attrs.frozen
class Matched:
    """What becomes of prepared rows.

    Attributes:
        new: Those that are added.
        changes: Those that change a stored row.
        places: For each prepared row, in order, the stored row as it is then; None for one that is added.
    """

    new: list[PreparedRow]
    changes: list[Change]
    places: list[ShownRow | None]

    def in_order(self, added: Iterable[ShownRow]) -> list[ShownRow]:
        """All of them, once those that are added are stored."""
        following = iter(added)
        return [next(following) if row is None else row for row in self.places]


def match_rows(
    stored: StoredRows,
    prepared: PreparedRows,
    key: Sequence[str],
    where: Callable[[int], str],
    *,
    is_agentic: bool,
) -> Matched:
    """Find the stored row that each prepared one is, and what it becomes; for a thread, where there are many.

    A prepared row changes the columns that it names.

    Args:
        stored: The collection's rows.
        prepared: The rows, prepared with this key.
        key: Columns that tell rows apart.
        where: Where the row of that number stands, the start of a message.
        is_agentic: Whether each row is a task, with a name of its own.

    Raises:
        Conflict: Two stored rows have the key of one; or two rows would have one task.
        Invalid: A row would have no task, or that of one before it.
    """
    rules = {**prepared.rules, **rules_of(prepared.new)}
    wanted = {row.key for row in prepared.rows}
    found: dict[bytes, tuple[Any, dict[str, Any]]] = {}
    tasks: dict[str, int] = {}
    for row in stored.rows:
        values = msgspec.json.decode(row.input_values)
        row_key = key_of(values, key, rules)
        if row_key not in wanted:
            if is_agentic:
                tasks[values.get(TASK_COLUMN, "")] = row.id
            continue
        if row_key in found:
            raise Conflict(
                f"Rows {found[row_key][0].id} and {row.id} of the collection have the same "
                f"{', '.join(map(quoted, key))}, so that it is open which of them is meant. Delete one of them, or "
                "name more columns that tell rows apart. Nothing was stored."
            )
        found[row_key] = row, values
    matched = Matched([], [], [])
    named = []
    for prepared_row in prepared.rows:
        given = msgspec.json.decode(prepared_row.values)
        if prepared_row.key not in found:
            matched.new.append(prepared_row)
            matched.places.append(None)
            named.append(given)
            continue
        row, before = found[prepared_row.key]
        after = {**before, **given}
        change, shown = _changed(row, after, rules)
        matched.places.append(shown)
        if after != before:
            matched.changes.append(change)
        named.append(after)
    if is_agentic:
        check_task_names(named, lambda index: where(prepared.rows[index].number))
        for index, values in enumerate(named):
            if values[TASK_COLUMN] in tasks:
                raise Conflict(
                    f"{where(prepared.rows[index].number)}.{TASK_COLUMN}: {quoted(values[TASK_COLUMN])} is the task of "
                    f"row {tasks[values[TASK_COLUMN]]} already. Give this row another task. Nothing was stored."
                )
    return matched


def _changed(row: Any, values: Mapping[str, Any], rules: Mapping[str, ColumnRule]) -> tuple[Change, ShownRow]:
    cells = {name: values[name] for name in rules if name in values}
    shown = msgspec.json.encode({name: cells.get(name, rule.default_value) for name, rule in rules.items()})
    return change_of(row, cells), ShownRow(row.id, shown, row.environment_config, row.created_at)
