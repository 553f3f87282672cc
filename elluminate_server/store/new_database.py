"""The tables of a new SQLite database, as they stand in a file: what all migrations come to, ten times as fast.

`python -m tests.support.write_new_database` writes the file anew, after a migration was added; a test holds the two
against each other.
"""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Connection

__all__ = ["FILE", "create", "statements_of", "write"]

FILE = Path(__file__).parent / "migrations" / "new_database.sql"

_HEAD = "-- Written by `python -m tests.support.write_new_database`, version "


def create(connection: Connection, version: str) -> bool:
    """Create the tables of an empty SQLite database in the transaction at hand; whether it was done.

    Args:
        connection: To the database.
        version: The one that it is to have; where the file has another one, nothing is done.
    """
    if connection.dialect.name != "sqlite":
        return False
    text = FILE.read_text("utf-8")
    if not text.startswith(f"{_HEAD}{version}\n"):
        return False
    for statement in _statements(text):
        connection.exec_driver_sql(statement)
    return True


def statements_of(database: sqlite3.Connection) -> list[str]:
    """What makes a database that is equal to this one."""
    return [
        statement.strip()
        for statement in database.iterdump()
        if not statement.startswith(("BEGIN ", "COMMIT", "PRAGMA ", 'DELETE FROM "sqlite_sequence"'))
    ]


def write(database: sqlite3.Connection, version: str) -> None:
    """Write the file from a database that the migrations have made."""
    lines = [f"{_HEAD}{version}", *statements_of(database)]
    FILE.write_text("\n".join(lines) + "\n", "utf-8")


def _statements(text: str) -> Iterator[str]:
    statement = ""
    for line in text.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
