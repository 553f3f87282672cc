"""Requests that meet a database or a machine that cannot do it for the moment: 503, and when to come again."""

import contextlib
import errno
import sqlite3
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, OperationalError
from starlette.applications import Starlette

from elluminate_server.http.outages import outage_problem
from elluminate_server.store.engine import Store
from elluminate_server.store.failures import BusyError, DatabaseAwayError, outage_of
from tests.support.databases import sqlite_only
from tests.support.descriptors import needs_a_limit, no_descriptors
from tests.support.full_disk import Disk

pytestmark = pytest.mark.anyio


def assert_comes_again(response: httpx.Response, reason: str) -> None:
    assert response.status_code == 503, response.text
    assert float(response.headers["retry-after"]) == 5
    assert reason in response.json()["detail"] and "Nothing was done." in response.json()["detail"]


@sqlite_only
async def test_a_full_disk_is_503_until_there_is_room(api: httpx.AsyncClient, store: Store) -> None:
    disk = Disk(store)
    rows = {"name": "Large", "variables": [{"text": "word " * 2000} for _ in range(10)]}
    disk.is_full = True
    assert_comes_again(await api.post("/collections", json=rows), "database or disk is full")
    assert (await api.get("/collections")).json()["count"] == 0
    disk.is_full = False
    assert (await api.post("/collections", json=rows)).status_code == 201


@sqlite_only
@needs_a_limit
async def test_a_process_without_file_descriptors_answers_503_to_reads_too(
    api: httpx.AsyncClient, app: Starlette, store: Store
) -> None:
    await app.state.executor.stop()
    await store.close()  # what is open stays usable
    with no_descriptors():
        response = await api.get("/collections")
    assert_comes_again(response, "unable to open database file")
    assert (await api.get("/collections")).status_code == 200


@sqlite_only
async def test_a_database_that_may_not_be_written_any_more_is_503_to_writes(
    api: httpx.AsyncClient, app: Starlette, store: Store
) -> None:
    await app.state.executor.stop()
    for is_short in (True, False):
        async with store.write(is_short=is_short) as session:
            await session.execute(text("PRAGMA query_only = ON"))
    for rows in ([], [{"text": "a"}]):  # written in the event loop's thread, and in another
        asked = await api.post("/collections", json={"name": "A", "variables": rows})
        assert_comes_again(asked, "readonly database")


def sqlite_error(statement: str, database: str = ":memory:") -> sqlite3.Error:
    with contextlib.closing(sqlite3.connect(database)) as connection, pytest.raises(sqlite3.Error) as caught:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (id INTEGER PRIMARY KEY)")
        connection.execute("INSERT OR IGNORE INTO kept VALUES (1)")
        connection.execute(statement)
    return caught.value


def server_error(state: str | None) -> DBAPIError:
    cause: Any = Exception("the server said so\nand more")
    cause.sqlstate = state
    return OperationalError("SELECT 1", {}, cause)


def test_what_an_outage_is(tmp_path: Path) -> None:
    with pytest.raises(sqlite3.OperationalError) as cannot_open:
        sqlite3.connect(tmp_path)
    assert outage_of(cannot_open.value) == "unable to open database file"
    for state in (None, "08006", "25006", "40P01", "53100", "57P01", "58030"):
        assert outage_of(server_error(state)) == "the server said so"
    for fault in (
        sqlite_error("SELECT * FROM nowhere"),
        sqlite_error("INSERT INTO kept VALUES (1)"),
        server_error("42P01"),
        ValueError("no"),
    ):
        assert outage_of(fault) is None


def test_a_commit_whose_end_is_unknown_is_only_sent_again_where_that_is_safe() -> None:
    error = DatabaseAwayError("server closed the connection unexpectedly")
    error.may_be_done = True
    safe, unsafe = (outage_problem(error, is_idempotent=known) for known in (True, False))
    assert safe is not None and unsafe is not None
    assert (safe.status, unsafe.status) == (503, 500)
    assert "may have been done" in str(unsafe.body)


def test_other_scarcities_are_outages_too_and_faults_are_not() -> None:
    for number in (errno.EMFILE, errno.ENFILE, errno.ENOSPC, errno.ENOMEM, errno.ENOBUFS):
        problem = outage_problem(OSError(number, "scarce"), is_idempotent=False)
        assert problem is not None and problem.status == 503
    busy = outage_problem(BusyError("Locked."), is_idempotent=False)
    assert busy is not None and busy.headers == {"Retry-After": "1"}
    for fault in (OSError(errno.EPERM, "not allowed"), ValueError("no")):
        assert outage_problem(fault, is_idempotent=True) is None
