"""Writes the tables of a new SQLite database anew, after a migration was added.

python -m tests.support.write_new_database
"""

import asyncio
import contextlib
import sqlite3
import tempfile
from pathlib import Path

from elluminate_server.store import migrating, new_database
from elluminate_server.store.engine import Store

__all__ = ["migrated"]


async def migrated(file: Path) -> str:
    """Make a database by running all migrations; its version."""
    async with (
        Store(f"sqlite+aiosqlite:///{file.as_posix()}") as store,
        store.engine.begin() as connection,
    ):
        return await connection.run_sync(migrating.run_all)


def _main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "new.db"
        version = asyncio.run(migrated(file))
        with contextlib.closing(sqlite3.connect(file)) as database:
            new_database.write(database, version)
    print(f"{new_database.FILE.name} has version {version} now.")


if __name__ == "__main__":
    _main()
