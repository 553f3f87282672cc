"""Long writes in pieces, so that no other writer waits for longer than one of them takes."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.store.engine import Store

__all__ = ["FIRST_SIZE", "write_in_pieces"]

FIRST_SIZE = 2_000
"""Rows that any machine writes in a moment: what is no more than that need not be written in pieces."""

PIECE_SECONDS = 0.25
"""How long a piece should take; the next one is made larger or smaller by what the last one took."""

SMALLEST, LARGEST = 100, 50_000

GAP_SECONDS = 0.1
"""Between two pieces. Writers of this process queue up anyway; those of others ask SQLite for the lock this often."""


async def write_in_pieces(store: Store, write: Callable[[AsyncSession, int], Awaitable[bool]]) -> None:
    """Write in one transaction after another, until nothing is left to write.

    Between the pieces others write. So what is written by and by has to be invisible until it is whole, or marked as
    unfinished; and where it stands has to be in the database, in the same transaction, because the process
    may end between two pieces.

    Args:
        store: The database.
        write: Writes about so many rows (its second argument), and says whether that was the last of them. A fault in
            it ends the writing, and rolls back its piece alone.
    """
    size = FIRST_SIZE
    while True:
        async with store.write() as session:
            began = time.monotonic()  # from when the lock was taken
            is_over = await write(session, size)
        if is_over:
            return
        took = max(time.monotonic() - began, 0.001)
        size = max(SMALLEST, min(int(size * PIECE_SECONDS / took), 2 * size, LARGEST))
        await asyncio.sleep(GAP_SECONDS)
