"""What runs write goes past SQLAlchemy's execution: it is stored as if it had not, and slips are told."""

import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import (
    Column,
    Connection,
    Integer,
    MetaData,
    Table,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.exc import OperationalError, StatementError

from elluminate_server.store.ids import next_ids
from elluminate_server.store.prepared import execute, execute_many
from elluminate_server.store.rows import fetch
from elluminate_server.store.tables import Base, LogLine, Task
from tests.execution.scene import scene
from tests.support.databases import sqlite_only

pytestmark = pytest.mark.anyio

TASKS = Base.metadata.tables[Task.__tablename__]
LINES = Base.metadata.tables[LogLine.__tablename__]

ADD_TASKS, ADD_LINES = insert(TASKS), insert(LINES)
END = update(TASKS).where(TASKS.c.id == bindparam("task")).values(status="SUCCESS", payload=bindparam("new"))
FIND = select(TASKS.c.id).where(TASKS.c.id.in_(bindparam("ids", expanding=True)), TASKS.c.status == "SUCCESS")

MOMENTS = (
    datetime.datetime(2024, 2, 29, 23, 30, tzinfo=datetime.timezone(datetime.timedelta(hours=-2))),
    datetime.datetime(2024, 3, 1, 1, 30, 0, 7, tzinfo=datetime.UTC),
    None,
)


def row(project_id: int, task_id: str, moment: datetime.datetime | None) -> dict[str, Any]:
    return {
        "id": task_id,
        "project_id": project_id,
        "kind": "responses",
        "status": "STARTED",
        "payload": {"ö": [None, 1.5, "\x7f"]},
        "attempts": 0,
        "is_open": False,
        "created_at": MOMENTS[0],
        "started_at": moment,
    }


async def test_prepared_statements_store_what_others_would(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        rows = [row(here.project_id, str(place), moment) for place, moment in enumerate(MOMENTS)]

        def both_ways(connection: Connection) -> tuple[int, int, list[str]]:
            added = execute_many(connection, ADD_TASKS, rows)
            connection.execute(ADD_TASKS, [{**each, "id": f"{each['id']}?"} for each in rows])
            ended = execute_many(connection, END, [{"task": "0", "new": {}}, {"task": "none", "new": None}])
            found = execute(connection, FIND, {"ids": ["2", "1", "0"]}).scalars()
            return added, ended, list(found)

        assert await here.store.write_at_once(both_ways) == (3, 1, ["0"])
        stored = {task.id: task for task in await here.all(Task)}
        assert [stored[str(place)].started_at for place in range(3)] == list(MOMENTS)
        assert (stored["0"].payload, stored["0"].status) == ({}, "SUCCESS")
        for place in "12":
            one, other = stored[place], stored[f"{place}?"]
            assert one.payload == other.payload == rows[0]["payload"]
            assert one.started_at == other.started_at


async def test_values_that_sqlalchemy_would_fill_in_are_missed(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        forgotten = {"task_id": "t", "line": "a line"}
        with pytest.raises(TypeError, match="need values, too: created_at"):
            await here.store.write_at_once(
                lambda connection: execute_many(connection, ADD_LINES, [forgotten])
            )
        naive = {**forgotten, "created_at": datetime.datetime(2024, 1, 1)}
        with pytest.raises(ValueError, match="has no time zone"):
            await here.store.write_at_once(lambda connection: execute_many(connection, ADD_LINES, [naive]))
        with pytest.raises(StatementError, match="has no time zone"):
            await here.store.write_at_once(lambda connection: connection.execute(ADD_LINES, naive))


async def test_ids_are_known_before_their_rows_and_never_come_twice(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:

        def add(connection: Connection, count: int) -> list[int]:
            ids = next_ids(connection, LINES, count)
            lines = [{"id": new, "task_id": "t", "line": "", "created_at": MOMENTS[0]} for new in ids]
            assert execute_many(connection, ADD_LINES, lines) == count
            return list(ids)

        def use(connection: Connection) -> list[int]:
            execute_many(connection, ADD_TASKS, [row(here.project_id, "t", None)])
            ids = add(connection, 2)
            line = {"task_id": "t", "line": ""}
            ids += connection.execute(insert(LINES).returning(LINES.c.id), line).scalars()
            connection.execute(delete(LINES))
            return ids + add(connection, 3)

        assert await here.store.write_at_once(use) == [1, 2, 3, 4, 5, 6]


ALL_OF_TASKS = select(
    TASKS,
    TASKS.c.is_open.is_(False).label("is_closed"),
    func.count(TASKS.c.id).over().label("count"),
    TASKS.c.kind.label("class"),
    TASKS.c.payload["ö"][1].as_float(),
).where(TASKS.c.id.in_(bindparam("ids", expanding=True)))
NONE_OF_TASKS = ALL_OF_TASKS.where(TASKS.c.kind == bindparam("kind")).order_by(TASKS.c.id)


async def test_rows_that_are_read_again_have_the_values_that_they_had_the_first_time(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        rows = [row(here.project_id, str(place), moment) for place, moment in enumerate(MOMENTS)]
        await here.store.write_at_once(lambda connection: execute_many(connection, ADD_TASKS, rows))
        async with here.store.read() as session:
            for ids in ([], ["1"], ["0", "1", "2"]):
                first, second, third = [await fetch(session, ALL_OF_TASKS, ids=ids) for _ in range(3)]
                assert [tuple(each) for each in first] == [tuple(each) for each in second] == list(third)
                assert len(first) == len(ids)
            assert [(each.started_at, each.payload, each.is_open, each.count) for each in third] == [
                (moment, {"ö": [None, 1.5, "\x7f"]}, False, 3) for moment in MOMENTS
            ]
            assert [await fetch(session, NONE_OF_TASKS, ids=["1"], kind="ratings") for _ in range(2)] == [
                [],
                [],
            ]


@sqlite_only
async def test_what_is_wrong_with_a_statement_is_told_as_of_any_other(tmp_path: Path) -> None:
    nowhere = Table("nowhere", MetaData(), Column("id", Integer))
    query = select(nowhere.c.id)
    async with scene(tmp_path) as here, here.store.read() as session:
        for _ in range(3):
            with pytest.raises(OperationalError, match="no such table: nowhere"):
                await fetch(session, query)
