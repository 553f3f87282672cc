"""Everything that a server has in the end: as clients read and export it, and as it is counted in its database."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from elluminate import Client
from tests.congruence.caller import plain

__all__ = ["audited", "counted", "stored"]

_OF_THE_WAY = {
    "alembic_version",
    "audit_events",
    "call_places",
    "idempotency_keys",
    "log_cursors",
    "server_secrets",
}
"""Tables of what comes and goes (places of killed processes, too), and of what is the server's own. The audit log has
a line for each time that a change was asked for (`audited`)."""


def stored(client: Client) -> dict[str, Any]:
    """All that a project has, as a client reads it."""
    return {
        "projects": plain(client.list_projects()),
        "prompt templates": plain(client.list_prompt_templates()),
        "criterion sets": plain(
            [client.get_criterion_set(id=one.id) for one in client.list_criterion_sets()]
        ),
        "llm configs": plain(client.list_llm_configs()),
        "personas": plain(client.list_personas()),
        "persona groups": plain(client.list_persona_groups()),
        "scenario sets": plain([one.list_scenarios() for one in client.list_scenario_sets()]),
        "collections": [
            (plain(one), one.to_dicts())
            for one in (client.get_collection(id=listed.id) for listed in client.list_collections())
        ],
        "experiments": [
            (plain(one), plain(one.to_dicts()) if list(one.responses()) else None)
            for one in (client.get_experiment(id=listed.id) for listed in client.list_experiments())
        ],
        "keys that work": sum(key.revoked_at is None for key in client.list_api_keys()),
    }


def counted(database: Path) -> dict[str, int]:
    """How many rows each table has."""
    with closing(sqlite3.connect(f"file:{database.as_posix()}?mode=ro", uri=True)) as connection:
        return {
            name: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0]
            for name in _tables(connection)
        }


def audited(database: Path) -> Counter[tuple[str, str]]:
    """How many requests the audit log tells of, by method and operation, each counted once however often it came."""
    with closing(sqlite3.connect(f"file:{database.as_posix()}?mode=ro", uri=True)) as connection:
        lines = connection.execute(
            "SELECT DISTINCT method, operation, request_id, object_id FROM audit_events WHERE method IS NOT NULL"
        )
        return Counter((method, operation) for method, operation, _, _ in lines)


def _tables(connection: sqlite3.Connection) -> Iterator[str]:
    for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name"):
        if name not in _OF_THE_WAY and not name.startswith("sqlite_"):
            yield name
