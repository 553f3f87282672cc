"""Prompts as rows: one for each row of an experiment, and the first one that was answered stays.

Where a row is edited while a run goes on, two epochs may have been sent different prompts. The later answer is refused
then, so that a response says what was sent for it, and its model is asked again, with the prompt that is there.
"""

import functools
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, select

from elluminate_server.execution.generation import PROMPTS_OF, Subject, prompt_row
from elluminate_server.execution.plans import Plan
from elluminate_server.store.columns import utc_now
from elluminate_server.store.ids import next_ids
from elluminate_server.store.prepared import execute, execute_many
from elluminate_server.store.tables import Base, Prompt
from elluminate_server.store.upserts import upsert

__all__ = ["store_prompts"]

_PROMPTS = Base.metadata.tables[Prompt.__tablename__]


def store_prompts(connection: Connection, subjects: Sequence[tuple[Plan, Subject]]) -> list[int | None]:
    """Add those of the prompts that are new.

    Returns:
        The prompts' ids, in the same order; None where the row has another prompt by now than the model was sent.
    """
    asked = [
        None if subject.prompt_id is not None else prompt_row(plan, subject) for plan, subject in subjects
    ]
    # Another epoch's answer may have brought it meanwhile, in another process too: the first one stays.
    new: dict[tuple[int, int], dict[str, Any]] = {}
    for row in asked:
        if row is not None:
            new.setdefault(_place_of(row), row)
    there = _put_prompts(connection, new)
    return [
        subject.prompt_id if row is None else _id_of(there[_place_of(row)], row)
        for (_, subject), row in zip(subjects, asked, strict=True)
    ]


def _place_of(row: Mapping[str, Any]) -> tuple[int, int]:
    return row["experiment_id"], row["entry_id"]


def _put_prompts(
    connection: Connection, new: Mapping[tuple[int, int], Mapping[str, Any]]
) -> dict[tuple[int, int], Mapping[str, Any]]:
    """The rows' prompts by experiment and row: the new ones where there was none."""
    if not new:
        return {}
    now = utc_now()
    ids = next_ids(connection, _PROMPTS, len(new))
    rows = [{**row, "id": new_id, "created_at": now} for new_id, row in zip(ids, new.values(), strict=True)]
    if execute_many(connection, _add_prompts(connection.dialect.name), rows) < len(rows):
        added = set(execute(connection, _ADDED, {"ids": list(ids)}).scalars())
        rows = [row for row in rows if row["id"] in added]
    there: dict[tuple[int, int], Mapping[str, Any]] = {_place_of(row): row for row in rows}
    older: dict[int, list[int]] = defaultdict(list)
    for experiment_id, entry_id in new.keys() - there.keys():
        older[experiment_id].append(entry_id)
    for experiment_id, entry_ids in older.items():
        found = connection.execute(PROMPTS_OF, {"of_experiment": experiment_id, "ids": entry_ids})
        there.update({(experiment_id, prompt["entry_id"]): dict(prompt) for prompt in found.mappings()})
    return there


def _id_of(stored: Mapping[str, Any], asked: Mapping[str, Any]) -> int | None:
    """The stored prompt's id, if it is what the model was sent, and made of the same values."""
    prompt_id: int = stored["id"]
    return prompt_id if all(asked[name] == stored[name] for name in _SENT) else None


_SENT = ("input_values", "messages", "resolved_tools", "resolved_tool_choice", "resolved_response_format")


@functools.cache
def _add_prompts(dialect: str) -> Any:
    return upsert(dialect, _PROMPTS).on_conflict_do_nothing(index_elements=["experiment_id", "entry_id"])


_ADDED = select(_PROMPTS.c.id).where(_PROMPTS.c.id.in_(bindparam("ids", expanding=True)))
