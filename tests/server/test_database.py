"""The versions of the database, which are never altered unasked."""

import asyncio
import contextlib
import hashlib
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, func, inspect, select, text
from sqlalchemy.engine import make_url

from elluminate_server.settings import MEMORY, normalise_database_url
from elluminate_server.store import migrating, new_database
from elluminate_server.store.engine import Store
from elluminate_server.store.migrating import Migration, SchemaVersionError, migrate, prepare
from elluminate_server.store.shrinking import give_back_pages
from elluminate_server.store.tables import Base, Organization
from tests.support.write_new_database import migrated

pytestmark = pytest.mark.anyio

HEAD = "0017"


def names(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names())


# A database somewhere has been made by each of these files: a change of the tables is a new file, never an edit.
PUBLISHED_MIGRATIONS = {
    "0001_the_first_tables.py": "c608dbc22dcb8c1c",
    "0002_personas_and_agents.py": "ddec52d250018187",
    "0003_responses_in_row_order.py": "b3b15f39814d0684",
    "0004_live_rows.py": "09b0dc926c7d26f0",
    "0005_missing_verdicts.py": "f802f1a9e53e7b08",
    "0006_rows_in_pieces.py": "d28e9f34fe2f000e",
    "0007_flaws.py": "3963e3e3089e94e7",
    "0008_kept_results.py": "cb9b8a54b6fa4be3",
    "0009_judged_as_of.py": "2ffc3a8cd719a698",
    "0010_kept_calls.py": "023bdc2113c2421a",
    "0011_server_secrets.py": "d459fd637c3ac829",
    "0012_costs.py": "583b1589d0672fb8",
    "0013_shared_work.py": "286105f2f04cdeb6",
    "0014_roles_and_audit.py": "c5f5e63d8d728017",
    "0015_answers_from_elsewhere.py": "a77d01f835815373",
    "0016_labels.py": "f866cdf575b72228",
    "0017_checks.py": "7f3ac9bbb2faf4a8",
}


def test_migrations_that_are_out_are_never_edited() -> None:
    versions = migrating._SCRIPTS / "versions"
    found = {
        file.name: hashlib.sha256(file.read_bytes().replace(b"\r\n", b"\n")).hexdigest()[:16]
        for file in sorted(versions.glob("[0-9]*.py"))
    }
    assert found == PUBLISHED_MIGRATIONS


def structure(connection: Connection) -> dict[str, Any]:
    """Everything of the tables but the order of columns, which differs where one was added later."""
    found = inspect(connection)
    return {
        table: {
            "columns": {c["name"]: (str(c["type"]), c["nullable"]) for c in found.get_columns(table)},
            "keys": found.get_pk_constraint(table),
            # Not the inspector's, which does not see what a column's own REFERENCES says.
            "references": sorted(
                tuple(row)[2:] for row in connection.execute(text(f"PRAGMA foreign_key_list({table})"))
            ),
            "unique": sorted(map(str, found.get_unique_constraints(table))),
            "indexes": sorted(
                connection.scalars(
                    text(
                        "SELECT sql FROM sqlite_master WHERE type = 'index' AND tbl_name = :name AND sql > ''"
                    ),
                    {"name": table},
                )
            ),
            "numbered": "AUTOINCREMENT"
            in (
                connection.scalar(text("SELECT sql FROM sqlite_master WHERE name = :name"), {"name": table})
                or ""
            ),
        }
        for table in found.get_table_names()
        if table != "alembic_version"
    }


async def test_the_migrations_make_the_tables_of_the_code(url: str) -> None:
    def differences(connection: Connection) -> list[Any]:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        found = compare_metadata(context, Base.metadata)
        # What a column's own REFERENCES says is not seen there; `structure` compares the references.
        return [difference for difference in found if difference[0] not in ("add_fk", "remove_fk")]

    async with Store(url) as migrated, Store(MEMORY) as created:
        async with migrated.engine.begin() as connection:
            await connection.run_sync(migrating.run_all)
            assert await connection.run_sync(differences) == []
            made = await connection.run_sync(structure)
        async with created.engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
            expected = await connection.run_sync(structure)
    assert made == expected


async def test_a_new_database_is_what_all_migrations_come_to(tmp_path: Path) -> None:
    files = {name: tmp_path / f"{name}.db" for name in ("migrated", "new")}
    version = await migrated(files["migrated"])
    async with (
        Store(f"sqlite+aiosqlite:///{files['new'].as_posix()}") as new,
        new.engine.begin() as connection,
    ):
        written = await connection.run_sync(new_database.create, version)
    made = {}
    for name, file in files.items():
        with contextlib.closing(sqlite3.connect(file)) as database:
            made[name] = new_database.statements_of(database)
    how = "write it anew: python -m tests.support.write_new_database"
    assert written, how
    assert made["new"] == made["migrated"], how


async def make_version(store: Store, version: str) -> None:
    def upgrade(connection: Connection) -> None:
        config = migrating._config()
        config.attributes["connection"] = connection
        command.upgrade(config, version)

    async with store.engine.begin() as connection:
        await connection.run_sync(upgrade)


PART_OF_2 = ("ALTER TABLE collections ADD COLUMN is_scenario_set BOOLEAN NOT NULL DEFAULT 0",)
WITHOUT_DELETIONS = ("ALTER TABLE experiments DROP COLUMN deleted_at",)


@pytest.mark.parametrize(
    ("version", "halfway"),
    [
        pytest.param("0001", (), id="0001"),
        pytest.param("0001", PART_OF_2, id="0001 with a part of 0002"),
        pytest.param("0005", (), id="0005"),
        pytest.param("0005", WITHOUT_DELETIONS, id="0005 as it was in development"),
    ],
)
async def test_an_older_database_keeps_its_rows_and_leaves_a_copy(
    url: str, version: str, halfway: tuple[str, ...]
) -> None:
    async with Store(url) as store:
        await make_version(store, version)
        async with store.write() as session:
            for statement in (
                *halfway,
                "INSERT INTO organizations (id, name, domain, created_at, updated_at) VALUES (7, 'O', '', 0, 0)",
                "INSERT INTO projects (id, organization_id, name, description, public_in_org, created_at, "
                "updated_at) VALUES (8, 7, 'P', '', 0, 0, 0)",
                "INSERT INTO criterion_sets (id, project_id, name, created_at, updated_at) VALUES (9, 8, 'S', 0, 0)",
            ):
                await session.execute(text(statement))
        with pytest.raises(
            SchemaVersionError,
            match=rf"version {version}, .* needs {HEAD}.* `elluminate migrate --database .*db'?`",
        ):
            await prepare(store)

        await prepare(store, upgrade=True)
        await prepare(store)
        async with store.engine.begin() as connection:
            made = await connection.run_sync(structure)
        async with store.read() as session:
            assert await session.scalar(text("SELECT name FROM criterion_sets WHERE id = 9")) == "S"
            assert list(await session.scalars(text("PRAGMA foreign_key_check"))) == []
    async with Store(MEMORY) as created, created.engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
        assert made == await connection.run_sync(structure)

    folder = Path(store.url.database or "").parent
    (backup,) = folder.glob("*.backup*")
    assert backup.name.startswith(f"x.db.{version}-")
    async with Store(normalise_database_url(str(backup))) as copy, copy.read() as session:
        assert await session.scalar(text("SELECT version_num FROM alembic_version")) == version
        assert await session.scalar(text("SELECT name FROM criterion_sets WHERE id = 9")) == "S"


async def test_keys_from_before_roles_are_admins(url: str) -> None:
    async with Store(url) as store:
        await make_version(store, "0013")
        with contextlib.closing(sqlite3.connect(store.url.database or "")) as connection, connection:
            connection.execute(
                "INSERT INTO api_keys (id, project_id, name, digest, prefix, created_at) "
                "VALUES (1, 1, 'K', 'd', 'p', 0)"
            )
        await prepare(store, upgrade=True)
        async with store.read() as session:
            assert list(await session.scalars(text("SELECT role FROM api_keys"))) == ["admin"]


async def test_what_is_wrong_with_an_answer_is_known_of_older_ones(url: str) -> None:
    async with Store(url) as store:
        await make_version(store, "0006")
        # A connection of its own holds no row to its experiment.
        with contextlib.closing(sqlite3.connect(store.url.database or "")) as connection, connection:
            connection.executemany(
                "INSERT INTO responses (id, experiment_id, prompt_id, entry_id, epoch, messages, annotation, "
                "finish_reason, created_at) VALUES (?, 1, 1, 1, 1, '[]', '', ?, 0)",
                enumerate(("length", "content_filter", "stop", None), start=1),
            )
        await prepare(store, upgrade=True)
        async with store.read() as session:
            flaws = await session.scalars(text("SELECT flaw FROM responses ORDER BY id"))
            assert list(flaws) == ["truncated", "refused", None, None]


async def test_what_older_verdicts_took_is_read_out_of_their_metadata(url: str) -> None:
    told = ['{"input_tokens": 7, "output_tokens": 3}', '{"input_tokens": null}', None]
    async with Store(url) as store:
        await make_version(store, "0009")
        with contextlib.closing(sqlite3.connect(store.url.database or "")) as connection, connection:
            connection.executemany(
                "INSERT INTO ratings (id, response_id, criterion_id, rating, generation_metadata, created_at) "
                "VALUES (?, 1, ?, 'YES', ?, 0)",
                [(number, number, metadata) for number, metadata in enumerate(told)],
            )
            connection.execute("INSERT INTO kept_results (experiment_id, token) VALUES (1, 't')")
        await prepare(store, upgrade=True)
        async with store.read() as session:
            rows = await session.execute(
                text("SELECT input_tokens, output_tokens, cost_usd FROM ratings ORDER BY id")
            )
            assert [tuple(row) for row in rows] == [(7, 3, None), (None, None, None), (None, None, None)]
            assert await session.scalar(text("SELECT count(*) FROM kept_results")) == 0


async def test_a_database_that_lacks_a_column_of_its_version_is_refused(url: str) -> None:
    async with Store(url) as store:
        await prepare(store)
        async with store.write() as session:
            await session.execute(text("ALTER TABLE responses DROP COLUMN agent_trial"))
        for attempt in (prepare, migrate):
            with pytest.raises(SchemaVersionError, match=r"lacks responses\.agent_trial: something else"):
                await attempt(store)


async def test_an_empty_database_gets_its_tables_and_a_current_one_is_left_alone(empty_url: str) -> None:
    for _ in range(2):
        async with Store(empty_url) as store:
            await prepare(store)
            async with store.write() as session:
                session.add(Organization(name="x"))
    async with Store(empty_url) as store, store.read() as session:
        assert await session.scalar(select(func.count()).select_from(Organization)) == 2
        assert await session.scalar(text("SELECT version_num FROM alembic_version")) == HEAD


async def test_two_servers_prepare_one_empty_database(empty_url: str) -> None:
    async with Store(empty_url) as one, Store(empty_url) as other:
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


def with_a_newer_version(tmp_path: Path, upgrade: str) -> Path:
    """The migrations, and one more that does this."""
    scripts = tmp_path / "migrations"
    shutil.copytree(migrating._SCRIPTS, scripts, ignore=shutil.ignore_patterns("__pycache__"))
    (scripts / "versions" / "9999_newer.py").write_text(
        "from alembic import op\nimport sqlalchemy as sa\n"
        f"revision, down_revision = '9999', '{HEAD}'\n"
        f"def upgrade():\n    {upgrade}\n",
        encoding="utf-8",
    )
    return scripts


async def test_an_older_database_is_refused_until_it_is_migrated(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Store(url) as store:
        await prepare(store)
        monkeypatch.setattr(
            migrating,
            "_SCRIPTS",
            with_a_newer_version(
                tmp_path, "op.create_table('more', sa.Column('id', sa.Integer(), primary_key=True))"
            ),
        )
        with pytest.raises(SchemaVersionError, match="elluminate migrate"):
            await prepare(store)
        async with store.engine.begin() as connection:
            assert "more" not in await connection.run_sync(names)

        done = await migrate(store)
        assert (done.before, done.now) == (HEAD, "9999")
        assert done.backup is not None
        assert await migrate(store) == Migration("9999", "9999", None)
        await prepare(store)
        async with store.engine.begin() as connection:
            assert "more" in await connection.run_sync(names)


async def test_a_failing_migration_leaves_nothing_behind(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Store(url) as store:
        await prepare(store)
        monkeypatch.setattr(
            migrating,
            "_SCRIPTS",
            with_a_newer_version(
                tmp_path, "op.create_table('more', sa.Column('id', sa.Integer())); raise OSError('broken')"
            ),
        )
        with pytest.raises(OSError, match="broken"):
            await migrate(store)
        async with store.engine.begin() as connection:
            assert "more" not in await connection.run_sync(names)
        async with store.read() as session:
            assert await session.scalar(text("SELECT version_num FROM alembic_version")) == HEAD


async def test_somebody_elses_database_is_refused(url: str) -> None:
    async with Store(url) as store:
        async with store.write() as session:
            await session.execute(text("CREATE TABLE recipes (id INTEGER)"))
        with pytest.raises(SchemaVersionError, match="recipes"):
            await prepare(store)


async def test_a_file_of_an_older_version_can_give_pages_back_once_it_is_migrated(url: str) -> None:
    file = Path(make_url(url).database or "")
    file.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE made_before (x)")
        connection.execute("DROP TABLE made_before")
    async with Store(url) as store:
        await make_version(store, "0004")
        async with store.write() as session:
            session.add(Organization(name="kept"))
        await give_back_pages(store)
        assert await vacuum_of(store) == 0

        await migrate(store)

        assert await vacuum_of(store) == INCREMENTAL
        async with store.read() as session:
            assert list(await session.scalars(select(Organization.name))) == ["kept"]
    async with Store(MEMORY) as made:
        await prepare(made)
        assert await vacuum_of(made) == INCREMENTAL


async def test_a_file_that_cannot_be_rewritten_is_migrated_all_the_same(
    url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def no_room(_: Path) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(migrating, "make_shrinkable", no_room)
    async with Store(url) as store:
        await make_version(store, "0004")
        assert (await migrate(store)).now == HEAD
        await prepare(store)
    assert "disk is full" in caplog.text and "`elluminate migrate` again" in caplog.text


async def vacuum_of(store: Store) -> int | None:
    async with store.write() as session:
        found: int | None = await session.scalar(text("PRAGMA auto_vacuum"))
        return found


INCREMENTAL = 2


def test_versions_are_what_the_migrations_say() -> None:
    script = ScriptDirectory.from_config(migrating._config())
    said = [revision.revision for revision in script.walk_revisions()]
    assert list(migrating._versions()) == said[::-1]
