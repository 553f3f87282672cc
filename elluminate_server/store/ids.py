"""Ids that are known before their rows are: so many rows are inserted by a statement that returns nothing.

Which row of many has got which id, SQLite does not say, and PostgreSQL only in a roundabout way.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

__all__ = ["next_ids"]


def next_ids(connection: Connection, table: Any, count: int) -> Sequence[int]:
    """Ids that no row has had, counting up.

    Args:
        connection: In a write transaction, which inserts rows with all of them before it inserts any without one.
        table: Its ids are `id_column`, and never used again (`COUNTED`).
        count: How many.
    """
    if connection.dialect.name == "sqlite":
        # Whoever writes is alone.
        found = connection.exec_driver_sql("SELECT seq FROM sqlite_sequence WHERE name = ?", (table.name,))
        first = (found.scalar() or 0) + 1
        return range(first, first + count)
    drawn = connection.exec_driver_sql(
        "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)", (table.name, count)
    )
    return sorted(drawn.scalars())
