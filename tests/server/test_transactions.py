"""The database: one writer, and snapshots for readers."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import func, select

from elluminate_server.settings import MEMORY
from elluminate_server.store.columns import utc_now
from elluminate_server.store.engine import Store
from elluminate_server.store.migrating import prepare
from elluminate_server.store.tables import Organization

pytestmark = pytest.mark.anyio


async def test_a_memory_database_is_gone_when_it_is_closed() -> None:
    store = Store(MEMORY)
    await prepare(store)
    file = Path(store.url.database or "")
    assert file.exists()
    await store.close()

    assert not file.exists()


async def test_writers_of_two_processes_take_turns(url: str) -> None:
    async with Store(url) as one, Store(url) as other:
        await prepare(one)

        async def write(store: Store, number: int) -> None:
            async with store.write() as session:
                count = await session.scalar(select(func.count()).select_from(Organization))
                session.add(Organization(name=f"{count}"))

        await asyncio.gather(*(write(store, n) for n in range(50) for store in (one, other)))
        async with one.read() as session:
            found = (await session.scalars(select(Organization.name))).all()
        assert sorted(found, key=int) == [str(number) for number in range(100)]


async def test_a_reader_sees_one_state_while_others_write(url: str) -> None:
    async with Store(url) as store:
        await prepare(store)
        async with store.read() as session:
            before = await session.scalar(select(func.count()).select_from(Organization))
            async with store.write() as writing:
                writing.add(Organization(name="x"))
            after = await session.scalar(select(func.count()).select_from(Organization))
        async with store.read() as session:
            later = await session.scalar(select(func.count()).select_from(Organization))
    assert (before, after, later) == (0, 0, 1)


async def test_an_exception_takes_everything_back_and_frees_the_writer(url: str) -> None:
    async with Store(url, busy_timeout=1) as store:
        await prepare(store)
        with pytest.raises(ZeroDivisionError):
            async with store.write() as session:
                session.add(Organization(name="x"))
                await session.flush()
                raise ZeroDivisionError
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05), store.write() as session:
                session.add(Organization(name="y"))
                await session.flush()
                await asyncio.Event().wait()
        async with store.write() as session:
            assert await session.scalar(select(func.count()).select_from(Organization)) == 0


async def test_ids_are_never_used_again_and_times_are_aware(url: str) -> None:
    async with Store(url) as store:
        await prepare(store)
        ids = []
        for _ in range(2):
            async with store.write() as session:
                row = Organization(name="x")
                session.add(row)
                await session.flush()
                ids.append(row.id)
            async with store.write() as session:
                found = await session.get_one(Organization, ids[-1])
                assert found.created_at.utcoffset() is not None
                assert abs((utc_now() - found.created_at).total_seconds()) < 60
                await session.delete(found)
    assert ids == [1, 2]
