"""What a server tidies up while it runs: uploads that were broken off, answers whose time is over, free pages."""

import asyncio
import contextlib
import datetime
import logging
import sqlite3
from collections.abc import AsyncIterator

from sqlalchemy.exc import SQLAlchemyError

from elluminate_server.http.idempotency import forget_answers
from elluminate_server.settings import Settings
from elluminate_server.store.columns import utc_now
from elluminate_server.store.engine import BusyError, Store
from elluminate_server.store.shrinking import give_back_pages
from elluminate_server.writing.row_uploads import discard_abandoned_uploads

__all__ = ["keeping_house", "tidy_up"]

_logger = logging.getLogger("elluminate_server.store")

INTERVAL = 10 * 60.0
"""Seconds from one time to the next."""


@contextlib.asynccontextmanager
async def keeping_house(store: Store, settings: Settings) -> AsyncIterator[None]:
    """Tidy up now and from time to time, for as long as the block lasts."""
    task = asyncio.create_task(_keep_house(store, settings))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def tidy_up(store: Store, settings: Settings) -> float:
    """Tidy up once; in how many seconds to do it again."""
    next_upload = await discard_abandoned_uploads(store)
    await forget_answers(store, datetime.timedelta(seconds=settings.idempotency_lifetime))
    await give_back_pages(store)
    if next_upload is None:
        return INTERVAL
    return min(INTERVAL, max(1.0, (next_upload - utc_now()).total_seconds()))


async def _keep_house(store: Store, settings: Settings) -> None:
    while True:
        wait = INTERVAL
        try:
            wait = await tidy_up(store, settings)
        except (SQLAlchemyError, sqlite3.Error, BusyError) as error:
            # The next time will do; nobody waits for this.
            _logger.warning("Tidying up failed, and is tried again: %s", error)
        await asyncio.sleep(wait)
