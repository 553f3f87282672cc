"""The database: one writer, snapshots for readers, and versions that are never altered unasked."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, func, inspect, select, text

from elluminate_server.settings import MEMORY, normalise_database_url
from elluminate_server.store import migrating
from elluminate_server.store.columns import utc_now
from elluminate_server.store.engine import Store
from elluminate_server.store.migrating import SchemaVersionError, migrate, prepare
from elluminate_server.store.tables import Base, Organization

pytestmark = pytest.mark.anyio


@pytest.fixture
def url(tmp_path: Path) -> str:
    # A blank and a percent sign: both have a meaning in one of the layers below.
    return normalise_database_url(str(tmp_path / "with blank 100%" / "x.db"))


def names(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names())


async def test_the_migrations_make_the_tables_of_the_code(url: str) -> None:
    def differences(connection: Connection) -> list[Any]:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, Base.metadata))

    def constraints(connection: Connection) -> dict[str, str]:
        rows = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"))
        return {name: "".join(sorted(sql.split())) for name, sql in rows if name != "alembic_version"}

    async with Store(url) as migrated, Store(MEMORY) as created:
        await prepare(migrated)
        async with migrated.engine.begin() as connection:
            assert await connection.run_sync(differences) == []
            made = await connection.run_sync(constraints)
        async with created.engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
            expected = await connection.run_sync(constraints)
    assert set(made) == set(expected)
    for name in expected:
        assert ("AUTOINCREMENT" in made[name]) == ("AUTOINCREMENT" in expected[name]), name
        assert len(made[name]) == len(expected[name]), name


async def test_an_empty_database_gets_its_tables_and_a_current_one_is_left_alone(url: str) -> None:
    for _ in range(2):
        async with Store(url) as store:
            await prepare(store)
            async with store.write() as session:
                session.add(Organization(name="x"))
    async with Store(url) as store, store.read() as session:
        assert await session.scalar(select(func.count()).select_from(Organization)) == 2
        assert await session.scalar(text("SELECT version_num FROM alembic_version")) == "0001"


async def test_two_servers_prepare_one_empty_database(url: str) -> None:
    async with Store(url) as one, Store(url) as other:
        await asyncio.gather(prepare(one), prepare(other))
        async with other.engine.begin() as connection:
            assert "experiments" in await connection.run_sync(names)


async def test_a_newer_database_is_refused_and_not_altered(url: str) -> None:
    async with Store(url) as store:
        await prepare(store)
        async with store.write() as session:
            await session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        for attempt in (prepare, migrate):
            with pytest.raises(SchemaVersionError, match="newer"):
                await attempt(store)
        async with store.read() as session:
            assert await session.scalar(text("SELECT version_num FROM alembic_version")) == "9999"


async def test_an_older_database_is_refused_until_it_is_migrated(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import shutil

    scripts = tmp_path / "migrations"
    shutil.copytree(migrating._SCRIPTS, scripts, ignore=shutil.ignore_patterns("__pycache__"))
    async with Store(url) as store:
        await prepare(store)
        (scripts / "versions" / "0002_more.py").write_text(
            "from alembic import op\nimport sqlalchemy as sa\n"
            "revision, down_revision = '0002', '0001'\n"
            "def upgrade():\n    op.create_table('more', sa.Column('id', sa.Integer(), primary_key=True))\n",
            encoding="utf-8",
        )
        monkeypatch.setattr(migrating, "_SCRIPTS", scripts)
        with pytest.raises(SchemaVersionError, match="elluminate migrate"):
            await prepare(store)
        async with store.engine.begin() as connection:
            assert "more" not in await connection.run_sync(names)

        assert await migrate(store) == ("0001", "0002")
        assert await migrate(store) == ("0002", "0002")
        await prepare(store)
        async with store.engine.begin() as connection:
            assert "more" in await connection.run_sync(names)


async def test_a_failing_migration_leaves_nothing_behind(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import shutil

    scripts = tmp_path / "migrations"
    shutil.copytree(migrating._SCRIPTS, scripts, ignore=shutil.ignore_patterns("__pycache__"))
    async with Store(url) as store:
        await prepare(store)
        (scripts / "versions" / "0002_bad.py").write_text(
            "from alembic import op\nimport sqlalchemy as sa\n"
            "revision, down_revision = '0002', '0001'\n"
            "def upgrade():\n    op.create_table('more', sa.Column('id', sa.Integer()))\n    raise OSError('broken')\n",
            encoding="utf-8",
        )
        monkeypatch.setattr(migrating, "_SCRIPTS", scripts)
        with pytest.raises(OSError, match="broken"):
            await migrate(store)
        async with store.engine.begin() as connection:
            assert "more" not in await connection.run_sync(names)
        async with store.read() as session:
            assert await session.scalar(text("SELECT version_num FROM alembic_version")) == "0001"


async def test_somebody_elses_database_is_refused(url: str) -> None:
    async with Store(url) as store:
        async with store.write() as session:
            await session.execute(text("CREATE TABLE recipes (id INTEGER)"))
        with pytest.raises(SchemaVersionError, match="recipes"):
            await prepare(store)


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
