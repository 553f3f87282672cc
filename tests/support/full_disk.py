"""A full disk, for real and for any user: SQLite itself is not allowed to let its file grow."""

from typing import Any

from sqlalchemy import event

from elluminate_server.store.engine import Store

__all__ = ["Disk"]


class Disk:
    """What the file of a store lies on; `is_full` may be changed at any time.

    A writer notices at its next transaction. What needs no more room still succeeds, as it does on a disk.
    """

    def __init__(self, store: Store) -> None:
        self.is_full = False
        for engine in store.writing_engines:
            event.listen(engine, "checkout", self._limit)

    def _limit(self, connection: Any, *_: Any) -> None:
        # A limit below the file's size means its size (https://www.sqlite.org/pragma.html#pragma_max_page_count).
        connection.cursor().execute(f"PRAGMA max_page_count = {1 if self.is_full else 1_000_000_000}")
