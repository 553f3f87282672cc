"""What `elluminate audit` does: shows who changed what in a database, in all its projects."""

import datetime
import json
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import msgspec

from elluminate_server.operating.tables_of_text import in_one_line, table
from elluminate_server.reading.audit import audit_lines, present_audit_line
from elluminate_server.settings import MEMORY, Settings
from elluminate_server.store.columns import utc_now
from elluminate_server.store.engine import Store
from elluminate_server.store.migrating import prepare
from elluminate_server.store.probing import check_is_there, probe
from elluminate_server.store.tables import AuditEvent

__all__ = ["AuditCommandError", "show_audit_log"]

_AT_ONCE = 1000
"""Lines that are read, and laid out as one table."""

_HEAD = ("time (UTC)", "project", "who", "role", "address", "what", "object", "status")


class AuditCommandError(RuntimeError):
    """There is nothing to show; the message says why and what to do."""


async def show_audit_log(
    settings: Settings,
    *,
    age: datetime.timedelta | None,
    key: str | None,
    about: tuple[str, int | None] | None,
    newest: int | None,
    as_json: bool,
    tell: Callable[[str], None],
) -> None:
    """Tell the lines that fit everything given, the oldest first.

    Args:
        settings: Which database.
        age: How old they may be.
        key: The name of the key that asked.
        about: Kind and id of what was changed; any id for None.
        newest: Only so many of those lines, the newest; None for all.
        as_json: One JSON object a line, as the contract has it; else a table for people.
        tell: Told up to a thousand lines at a time.

    Raises:
        AuditCommandError: The database is in memory.
        DatabaseUnusableError: The database is not there.
        SchemaVersionError: It is of another version.
    """
    if settings.database_url == MEMORY:
        raise AuditCommandError(
            "A database in memory is its server's alone. Name a file or a URL with --database."
        )
    check_is_there(settings.database_url)
    probe(settings.database_url)
    kind, identifier = about or (None, None)
    query = audit_lines(
        since=None if age is None else utc_now() - age,
        key_name=key,
        object_kind=kind,
        object_id=identifier,
    )
    is_empty = True
    async with Store(settings.database_url, secret_key=settings.secret_key) as store:
        await prepare(store, unlocks=False)  # it opens no secrets
        async for rows in _in_pieces(store, query, newest):
            is_empty = False
            if as_json:
                tell("\n".join(_json(row) for row in rows))
            else:
                tell(table([_HEAD, *map(_cells, rows)]))
    if is_empty and not as_json:
        tell("The audit log has no such lines.")


async def _in_pieces(store: Store, query: Any, newest: int | None) -> AsyncIterator[Sequence[AuditEvent]]:
    last = 0
    if newest is not None:
        first = query.with_only_columns(AuditEvent.id).order_by(AuditEvent.id.desc())
        async with store.read(is_long=True) as session:
            last = (await session.scalar(first.offset(newest - 1).limit(1)) or 1) - 1
    while True:
        async with store.read(is_long=True) as session:
            later = query.where(AuditEvent.id > last).order_by(AuditEvent.id).limit(_AT_ONCE)
            rows = (await session.scalars(later)).all()
        if rows:
            yield rows
            last = rows[-1].id
        if len(rows) < _AT_ONCE:
            return


def _json(row: AuditEvent) -> str:
    """The line as JSON, in ASCII: what a terminal or a reader of lines takes for more than text is escaped."""
    return json.dumps(msgspec.to_builtins(present_audit_line(row)))


def _cells(row: AuditEvent) -> tuple[str, ...]:
    who = row.key_name if row.key_id is None else f"{row.key_name} ({row.key_id})"
    about = [
        "-" if row.object_kind is None else row.object_kind,
        "" if row.object_id is None else f":{row.object_id}",
        "" if row.object_name is None else f" {row.object_name!r}",
    ]
    return (
        row.created_at.strftime("%Y-%m-%d %H:%M:%S"),
        _or_dash(row.project_id),
        in_one_line(who),
        _or_dash(row.key_role),
        _or_dash(row.address),
        row.operation,
        in_one_line("".join(about)),
        _or_dash(row.status),
    )


def _or_dash(value: object) -> str:
    return "-" if value is None else in_one_line(str(value))
