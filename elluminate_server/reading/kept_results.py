"""Results of experiments that are over: computed once, and read until something changes that they are made of.

The database drops them itself, by triggers (migration 0008), so that no writer can forget to. What is left to this
module is to keep nothing that was out of date before it was there. So a token is written first, then the results are
read, and they are stored only if the token is still there: a change in between has dropped it.
"""

import asyncio
import contextlib
import logging
import uuid
from collections.abc import AsyncIterator, Collection

import msgspec
from elluminate_api import models
from sqlalchemy import bindparam, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.reading.results import load_results
from elluminate_server.store.engine import BusyError, DatabaseDamagedError, Store
from elluminate_server.store.rows import fetch_by_ids
from elluminate_server.store.tables import Experiment, KeptResults
from elluminate_server.store.upserts import upsert

__all__ = ["ResultsKeeper", "keep_results", "keeping_results", "load_kept_results"]

_logger = logging.getLogger("elluminate_server.store")

WORTH_KEEPING = 500
"""Responses from which on results are kept: those of fewer are computed in a few milliseconds."""

_KEPT = select(KeptResults.__table__.c.experiment_id, KeptResults.__table__.c.body).where(
    KeptResults.__table__.c.experiment_id.in_(bindparam("ids", expanding=True)),
    KeptResults.__table__.c.body.is_not(None),
)


async def load_kept_results(session: AsyncSession, experiment_ids: Collection[int]) -> dict[int, msgspec.Raw]:
    """The results that are kept, by experiment, as JSON of the contract's `ExperimentResults`."""
    return {
        experiment_id: msgspec.Raw(body)
        for experiment_id, body in await fetch_by_ids(session, _KEPT, experiment_ids)
    }


async def keep_results(store: Store, experiment_id: int) -> bool:
    """Compute the results of an experiment that does not run, and keep them; whether they are kept now.

    Those that are there are left, since whatever changes them drops them. They are not kept when something has changed
    meanwhile, or is about to: verdicts are pending, say.

    Raises:
        BusyError, DatabaseDamagedError: See `Store.write`.
    """
    token = uuid.uuid4().hex
    async with store.write() as session:
        experiment = await session.get(Experiment, experiment_id)
        if (
            experiment is None
            or experiment.generation_task_id is not None
            or experiment.deleted_at is not None
        ):
            return False
        dialect = session.get_bind().dialect.name
        insert = upsert(dialect, KeptResults).values(experiment_id=experiment_id, token=token, body=None)
        announced = await session.execute(
            insert.on_conflict_do_update(
                index_elements=[KeptResults.experiment_id],
                set_={"token": token},
                where=KeptResults.body.is_(None),
            ).returning(KeptResults.experiment_id)
        )
        if announced.scalar_one_or_none() is None:
            return True
    await _wait_for_writers(store)
    async with store.read(is_long=True) as session:
        experiment = await session.get(Experiment, experiment_id)
        found = {} if experiment is None else await load_results(session, [experiment], {})
    results = found.get(experiment_id)
    if results is None or results.verdicts is None or results.verdicts.pending:
        return False
    async with store.write() as session:
        kept = await session.execute(
            update(KeptResults)
            .where(KeptResults.experiment_id == experiment_id, KeptResults.token == token)
            .values(body=msgspec.json.encode(results))
            .returning(KeptResults.experiment_id)
        )
        return kept.scalar_one_or_none() is not None


async def _wait_for_writers(store: Store) -> None:
    """Wait for those who, on PostgreSQL, may have changed something before the token was there for them to drop.

    Whoever changes what results are made of locks the table by the trigger, until the end of the transaction.
    """
    if not store.is_sqlite:  # which has one writer at a time
        async with store.write() as session:
            await session.execute(text(f"LOCK TABLE {KeptResults.__tablename__} IN SHARE MODE"))


class ResultsKeeper:
    """Keeps results that somebody has read and that it took long to compute, one experiment after the other.

    Args:
        store: The database.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._wished: dict[int, None] = {}
        self._arrived = asyncio.Event()
        self._changed = asyncio.Condition()

    def wish(self, experiments: Collection[models.Experiment]) -> None:
        """Have the results of those experiments kept that are over and were not kept yet."""
        for experiment in experiments:
            results = experiment.results
            if isinstance(results, models.ExperimentResults) and experiment.generation_task_id is None:
                answered = len(results.duration_seconds_per_response) + results.num_failed_responses
                if max(answered, results.num_rated_responses) >= WORTH_KEEPING:
                    self.wish_for(experiment.id)

    def wish_for(self, experiment_id: int) -> None:
        """Have the results of an experiment kept that is over; see `wish`."""
        self._wished[experiment_id] = None
        self._arrived.set()

    async def settled(self) -> None:
        """Wait until nothing is wished for."""
        async with self._changed:
            await self._changed.wait_for(lambda: not self._wished)

    async def run(self) -> None:
        """Keep what is wished for, until cancelled."""
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            while self._wished:
                experiment_id = next(iter(self._wished))
                try:
                    await keep_results(self._store, experiment_id)
                except (BusyError, DatabaseDamagedError) as error:
                    # Nobody waits for this, and whoever reads them the next time wishes for them again.
                    _logger.info("The results of experiment %d are not kept: %s", experiment_id, error)
                except Exception as error:  # noqa: BLE001 - whatever it was, those of others are kept all the same
                    _logger.warning("The results of experiment %d are not kept: %r", experiment_id, error)
                async with self._changed:
                    self._wished.pop(experiment_id, None)
                    self._changed.notify_all()


@contextlib.asynccontextmanager
async def keeping_results(store: Store) -> AsyncIterator[ResultsKeeper]:
    """A keeper at work for as long as the block lasts."""
    keeper = ResultsKeeper(store)
    task = asyncio.create_task(keeper.run(), name="elluminate-results")
    try:
        yield keeper
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
