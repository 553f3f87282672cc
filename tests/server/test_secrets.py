"""Secrets at rest: nothing of them is in the database's files, whatever was done, and each opens in its place alone."""

import asyncio
import hashlib
import json
import logging
import os
import sqlite3
import stat
import subprocess
import sys
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select, text

from elluminate_server.app import create_app
from elluminate_server.keys import keep_first_key, known_digest, new_key, stored_digest
from elluminate_server.settings import Settings, SettingsError, normalise_database_url
from elluminate_server.store import unlocking
from elluminate_server.store.engine import Store
from elluminate_server.store.migrating import migrate, prepare
from elluminate_server.store.sealing import SEALED, add_with_secrets, opened
from elluminate_server.store.secret_keys import SecretKey, SecretKeyError
from elluminate_server.store.tables import ApiKey, LLMConfig
from elluminate_server.store.unlocking import change_key
from elluminate_server.store.vault import UnreadableSecretError
from tests.server.conftest import KEY, client, created
from tests.server.test_database import make_version
from tests.support.databases import sqlite_only

pytestmark = pytest.mark.anyio

PROVIDER_KEY = "sk-provider-0123456789abcdef"
HEADER = "Bearer-secret-of-a-header-42"
DELETED_KEY = "sk-deleted-0123456789abcdef"
CUSTOM = {
    "headers": {"X-Auth": HEADER, "X-Key": "{{api_key}}"},
    "body": {"q": "{{prompt}}"},
    "path": "/ask?key=" + HEADER,
}
CONFIG = {"name": "Paid", "llm_model_name": "m", "api_key": PROVIDER_KEY, "custom_api_config": CUSTOM}
SECRETS = (PROVIDER_KEY, HEADER, DELETED_KEY)
OLD, NEW, OTHER = ("old-key-" * 5, "new-key-" * 5, "other-key-" * 4)


def found_in(folder: Path, *secrets: str) -> list[tuple[str, str]]:
    files = [file for file in folder.rglob("*") if file.is_file()]
    assert any(file.suffix == ".db" for file in files)
    return [
        (file.name, secret) for file in files for secret in secrets if secret.encode() in file.read_bytes()
    ]


async def configs(store: Store) -> list[tuple[Any, Any]]:
    async with store.read() as session:
        rows = await session.scalars(select(LLMConfig).order_by(LLMConfig.id))
        return [(opened(session, row).api_key, opened(session, row).custom_api_config) for row in rows]


async def add_config(store: Store, **fields: Any) -> None:
    async with store.write() as session:
        for statement in (
            "INSERT INTO organizations (id, name, domain, created_at, updated_at) SELECT 1, 'O', '', :now, :now "
            "WHERE NOT EXISTS (SELECT 1 FROM organizations)",
            "INSERT INTO projects (id, organization_id, name, description, public_in_org, created_at, updated_at) "
            "SELECT 1, 1, 'P', '', :no, :now, :now WHERE NOT EXISTS (SELECT 1 FROM projects)",
        ):
            await session.execute(text(statement), {"now": "2026-01-01", "no": False})
        await add_with_secrets(session, LLMConfig(project_id=1, **{**CONFIG, **fields}))


# What is stored


@sqlite_only
async def test_no_secret_is_in_the_files_of_a_database(api: httpx.AsyncClient, tmp_path: Path) -> None:
    made = await created(api, "/llm_configs", CONFIG)
    again = (await api.get(f"/llm_configs/{made['id']}")).json()
    key = (await created(api, "/api-keys", {"name": "k"}))["key"]

    assert (made["api_key"], again) == ("****cdef", made)
    assert made["custom_api_config"]["headers"] == {"X-Auth": "****r-42", "X-Key": "{{api_key}}"}
    assert made["custom_api_config"]["path"] == "/ask?key=****"
    assert HEADER not in str(again)
    assert found_in(tmp_path, *SECRETS, key, KEY) == []
    keys = tmp_path / "test.db.secret-key"
    assert stat.S_IMODE(keys.stat().st_mode) == 0o600
    # And what seals them is in no other file.
    (line,) = [line for line in keys.read_text("utf-8").splitlines() if not line.startswith("#")]
    assert found_in(tmp_path, line) == [(keys.name, line)]


async def test_what_is_sealed_is_opened_for_the_call(
    api: httpx.AsyncClient, store: Store, settings: Settings
) -> None:
    await created(api, "/llm_configs", CONFIG)
    assert await configs(store) == [(PROVIDER_KEY, CUSTOM)]
    async with Store(settings.database_url) as other:
        await prepare(other)
        assert await configs(other) == [(PROVIDER_KEY, CUSTOM)]


async def test_answers_of_repeated_requests_hold_no_secret(api: httpx.AsyncClient, store: Store) -> None:
    headers = {"Idempotency-Key": "one"}
    first, second = [await api.post("/llm_configs", json=CONFIG, headers=headers) for _ in range(2)]
    assert (first.status_code, first.json()) == (201, second.json())
    assert second.headers["Idempotent-Replayed"] == "true"
    async with store.read() as session:
        (body,) = await session.scalars(text("SELECT body FROM idempotency_keys"))
    assert b"****cdef" in bytes(body)
    assert not any(secret.encode() in bytes(body) for secret in SECRETS)


async def test_a_config_that_is_deleted_leaves_nothing_of_its_secrets(
    api: httpx.AsyncClient, store: Store
) -> None:
    config = await created(api, "/llm_configs", CONFIG)
    template = await created(
        api, "/prompt_templates", {"name": "T", "messages": [{"role": "user", "content": "Hello"}]}
    )
    collection = await created(api, "/collections", {"name": "C", "variables": [{"a": "b"}]})
    body = {
        "name": "E",
        "description": "",
        "prompt_template_id": template["id"],
        "collection_id": collection["id"],
    }
    await created(api, "/experiments", {**body, "llm_config_id": config["id"]})
    assert (await api.delete(f"/llm_configs/{config['id']}")).status_code == 204
    assert await configs(store) == [(None, None)]


async def test_a_secret_that_was_copied_to_another_row_or_column_opens_nothing(
    api: httpx.AsyncClient, store: Store
) -> None:
    for name in ("Mine", "Theirs"):
        await created(api, "/llm_configs", {**CONFIG, "name": name})
    async with store.write() as session:
        await session.execute(
            text(
                "UPDATE llm_configs SET api_key = (SELECT api_key FROM llm_configs WHERE id = 2) WHERE id = 1"
            )
        )
    with pytest.raises(
        UnreadableSecretError, match="api_key in row 1 of llm_configs was not sealed for that place"
    ):
        await configs(store)
    shown = (await api.get("/llm_configs/1")).json()
    assert (shown["api_key"], shown["custom_api_config"]) == ("****", None)
    assert (await api.get("/llm_configs/2")).json()["api_key"] == "****cdef"


@pytest.mark.parametrize("stored", ["sk-in-clear", "sealed:1:", "sealed:1:abc:xyz", "sealed:1:abc"])
async def test_what_was_never_sealed_is_not_taken_for_a_secret(
    api: httpx.AsyncClient, store: Store, stored: str
) -> None:
    await created(api, "/llm_configs", CONFIG)
    async with store.write() as session:
        await session.execute(text("UPDATE llm_configs SET api_key = :key"), {"key": stored})
    with pytest.raises(SecretKeyError):
        await configs(store)


def test_every_column_that_may_hold_a_provider_s_secret_is_sealed() -> None:
    names = {f"{table.name}.{column}" for table, columns in SEALED.items() for column in columns}
    assert names == {"server_secrets.value", "llm_configs.api_key", "llm_configs.custom_api_config"}


async def test_a_database_without_secrets_has_no_secret_key(tmp_path: Path) -> None:
    url = normalise_database_url(str(tmp_path / "x.db"))
    async with Store(url) as store:
        await prepare(store)
    assert [file.name for file in tmp_path.iterdir() if "secret" in file.name] == []


# Databases of older versions


async def make_older(store: Store, version: str) -> str:
    """A database of an older version with everything in clear; returns an API key of it."""
    await make_version(store, version)
    key = new_key()
    now = "2026-01-01 00:00:00.000000"
    body = json.dumps({"id": 1, "custom_api_config": CUSTOM}, separators=(",", ":")).encode()
    rows: list[tuple[str, dict[str, Any]]] = [
        (
            "INSERT INTO organizations (id, name, domain, created_at, updated_at) VALUES (1, 'O', '', :now, :now)",
            {},
        ),
        (
            "INSERT INTO projects (id, organization_id, name, description, public_in_org, created_at, updated_at) "
            "VALUES (1, 1, 'P', '', :no, :now, :now)",
            {"no": False},
        ),
        (
            "INSERT INTO api_keys (project_id, name, digest, prefix, created_at) "
            "VALUES (1, 'k', :digest, 'elm_', :now)",
            {"digest": hashlib.sha256(key.encode()).hexdigest()},
        ),
        *(
            (
                "INSERT INTO llm_configs (id, project_id, name, description, llm_model_name, api_key, "
                "max_connections, inference_type, custom_api_config, created_at) "
                "VALUES (:id, 1, :name, '', 'm', :key, 1, 'openai', :custom, :now)",
                {"id": number, "name": f"c{number}", "key": secret, "custom": custom},
            )
            for number, secret, custom in (
                (1, PROVIDER_KEY, json.dumps(CUSTOM)),
                (2, DELETED_KEY, None),
                (3, None, None),
            )
        ),
        ("DELETE FROM llm_configs WHERE id = 2", {}),
        (
            "INSERT INTO idempotency_keys (project_id, key, fingerprint, status, body, created_at) "
            "VALUES (1, 'clear', '', 201, :body, :now), (1, 'other', '', 201, :empty, :now)",
            {"body": body, "empty": b"{}"},
        ),
    ]
    async with store.write() as session:
        for statement, values in rows:
            await session.execute(text(statement), {"now": now, **values})
        if version >= "0006":
            await session.execute(
                text(
                    "INSERT INTO idempotency_keys (project_id, key, fingerprint, status, body, is_compressed, "
                    "created_at) VALUES (1, 'packed', '', 201, :body, :yes, :now)"
                ),
                {"yes": True, "body": zlib.compress(body), "now": now},
            )
    return key


@pytest.mark.parametrize("version", ["0006", "0009"])
async def test_what_an_older_version_stored_in_clear_is_sealed(settings: Settings, version: str) -> None:
    async with Store(settings.database_url) as store:
        key = await make_older(store, version)
        await migrate(store)
        assert await configs(store) == [(PROVIDER_KEY, CUSTOM), (None, None)]
        assert len(await _stored(store)) == 3
        assert all(value.startswith("sealed:1:") for value in await _stored(store))
        async with store.read() as session:
            assert await session.scalar(select(ApiKey.digest)) == await known_digest(session, key)


@sqlite_only
@pytest.mark.parametrize("version", ["0001", "0005", "0009"])
async def test_what_an_older_version_stored_in_clear_is_sealed_and_in_no_file_any_more(
    tmp_path: Path, version: str
) -> None:
    url = normalise_database_url(str(tmp_path / "x.db"))
    async with Store(url) as store:
        key = await make_older(store, version)
    assert found_in(tmp_path, *SECRETS) != []
    async with Store(url) as store:
        done = await migrate(store)
        assert found_in(tmp_path, *SECRETS) == []
        assert await configs(store) == [(PROVIDER_KEY, CUSTOM), (None, None)]
        async with store.read() as session:
            assert await session.scalar(select(ApiKey.digest)) == await known_digest(session, key)
            assert list(await session.scalars(text("SELECT key FROM idempotency_keys"))) == ["other"]

    # The copy, put back, is as good as before.
    (tmp_path / "x.db").unlink()
    assert done.backup is not None
    done.backup.rename(tmp_path / "x.db")
    async with Store(url) as store:
        await prepare(store, upgrade=True)
        assert await configs(store) == [(PROVIDER_KEY, CUSTOM), (None, None)]
        async with store.read() as session:
            assert await session.scalar(select(ApiKey.digest)) == await known_digest(session, key)
    assert found_in(tmp_path, *SECRETS) == []


@sqlite_only
async def test_a_start_that_died_before_the_file_was_rewritten_is_made_up_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    url = normalise_database_url(str(tmp_path / "x.db"))

    def fail(_file: Path) -> None:
        raise sqlite3.OperationalError("others are reading it")

    async with Store(url) as store:
        await make_older(store, "0009")
        with monkeypatch.context() as patch:
            patch.setattr(unlocking, "_vacuum", fail)
            with pytest.raises(Exception, match="others are reading it"):
                await migrate(store)  # the copy cannot be without it
            patch.setattr(unlocking, "seal_copy", lambda *_: None)
            patch.setattr("elluminate_server.store.migrating.seal_copy", lambda *_: None)
            await migrate(store)
        assert "that is tried again at the next start" in caplog.text
    for copy in tmp_path.glob("*.backup"):
        copy.unlink()
    async with Store(url) as store:
        await prepare(store)
        assert found_in(tmp_path, *SECRETS) == []
        assert await configs(store) == [(PROVIDER_KEY, CUSTOM), (None, None)]


# Another key


async def test_rotation_seals_everything_anew_and_a_running_server_goes_on(settings: Settings) -> None:
    async with Store(settings.database_url) as running, Store(settings.database_url) as command:
        await prepare(running)
        key = new_key()
        await add_config(running)
        async with running.write() as session:
            session.add(
                ApiKey(project_id=1, name="k", digest=await stored_digest(session, key), prefix="elm_")
            )
        await prepare(command)
        before = await _stored(command)
        done = await change_key(command)
        after = await _stored(command)

        assert done.before != done.now
        assert len(before) == len(after) == 3
        assert not set(before) & set(after)
        assert all(str(done.now) in value for value in after)
        assert await configs(running) == [(PROVIDER_KEY, CUSTOM)]
        await add_config(running, name="Later")
        assert all(str(done.now) in value for value in await _stored(running))
    file = running.vault.keys.file
    assert file is not None
    assert len(keys_in(file)) == 1
    async with Store(settings.database_url) as store:
        await prepare(store)
        assert await configs(store) == [(PROVIDER_KEY, CUSTOM)] * 2
        async with store.read() as session:
            assert await session.scalar(select(ApiKey.digest)) == await known_digest(session, key)


@sqlite_only
async def test_after_a_rotation_nothing_that_the_old_key_opens_is_left_in_the_file(tmp_path: Path) -> None:
    async with Store(normalise_database_url(str(tmp_path / "x.db"))) as store:
        await prepare(store)
        await add_config(store)
        before = await _stored(store)
        assert len(found_in(tmp_path, *before)) >= len(before)
        await change_key(store)
        assert found_in(tmp_path, *before, *SECRETS) == []


@pytest.mark.skipif(os.name != "posix", reason="kills itself")
@pytest.mark.parametrize(
    "moment",
    ["SecretKeys.make", "reseal", "SecretKeys.keep_only"],
    ids=["after the file, before the database", "before the commit", "after the database, before the file"],
)
async def test_a_rotation_that_is_killed_leaves_what_opens(settings: Settings, moment: str) -> None:
    async with Store(settings.database_url) as store:
        await prepare(store)
        await add_config(store)
        assert store.vault.keys.file is not None
        keys_before = keys_in(store.vault.keys.file)
    ended = subprocess.run(
        [sys.executable, "-c", _KILLED, settings.database_url, moment],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == -9, ended.stderr
    async with Store(settings.database_url) as store:
        await prepare(store)
        assert await configs(store) == [(PROVIDER_KEY, CUSTOM)]
        assert store.vault.keys.file is not None
        assert set(keys_before) < set(keys_in(store.vault.keys.file))
        await change_key(store)
        assert await configs(store) == [(PROVIDER_KEY, CUSTOM)]
        assert len(keys_in(store.vault.keys.file)) == 1


_KILLED = """
import asyncio, os, signal, sys
from elluminate_server.store import unlocking
from elluminate_server.store.engine import Store
from elluminate_server.store.migrating import prepare
from elluminate_server.store.secret_keys import SecretKeys

def killed(after):
    def run(*args):
        if after is not None:
            after(*args)
        os.kill(os.getpid(), signal.SIGKILL)
    return run

match sys.argv[2]:
    case "SecretKeys.make": SecretKeys.make = killed(SecretKeys.make)
    case "reseal": unlocking.reseal = killed(unlocking.reseal)
    case "SecretKeys.keep_only": SecretKeys.keep_only = killed(None)

async def main():
    async with Store(sys.argv[1]) as store:
        await prepare(store)
        await unlocking.change_key(store)

asyncio.run(main())
"""


async def test_two_rotations_at_once_leave_what_opens(settings: Settings) -> None:
    async with Store(settings.database_url) as one, Store(settings.database_url) as other:
        await prepare(one)
        await add_config(one)
        await prepare(other)
        await asyncio.gather(change_key(one), change_key(other))
        for store in (one, other):
            assert await configs(store) == [(PROVIDER_KEY, CUSTOM)]
    async with Store(settings.database_url) as store:
        await prepare(store)
        assert await configs(store) == [(PROVIDER_KEY, CUSTOM)]


async def test_the_setting_s_first_key_seals_and_further_ones_open(settings: Settings) -> None:
    url = settings.database_url
    async with Store(url, secret_key=OLD) as store:
        await prepare(store)
        await add_config(store)
        assert not store.vault.keys.has_file
    for given, words in (
        (NEW, "ELLUMINATE_SECRET_KEY is another one"),
        (None, "ELLUMINATE_SECRET_KEY is not set"),
    ):
        async with Store(url, secret_key=given) as store:
            with pytest.raises(SecretKeyError, match=f"{words}.* there is no file .*rotate-secret --forget"):
                await prepare(store)
    async with Store(url, secret_key=f"{NEW},{OLD}") as store:
        await prepare(store)
        await add_config(store, name="Before the rotation")
        assert await configs(store) == [(PROVIDER_KEY, CUSTOM)] * 2
        done = await change_key(store)
        assert (done.before, done.now) == (SecretKey(OLD).id, SecretKey(NEW).id)
        assert await change_key(store) == type(done)(done.now, done.now)
    async with Store(url, secret_key=NEW) as store:
        await prepare(store)
        assert await configs(store) == [(PROVIDER_KEY, CUSTOM)] * 2
        assert not store.vault.keys.has_file


async def test_a_server_whose_key_was_replaced_stores_nothing_and_says_why(settings: Settings) -> None:
    old = Settings(database_url=settings.database_url, api_key=KEY, secret_key=OLD)
    app = create_app(old)
    async with app.router.lifespan_context(app), client(app, "/api/v0/projects/1", KEY) as api:
        await created(api, "/llm_configs", CONFIG)
        async with Store(settings.database_url, secret_key=f"{NEW},{OLD}") as store:
            await prepare(store)
            await change_key(store)
        refused = await api.post("/llm_configs", json={**CONFIG, "name": "Next"})
        assert refused.status_code == 500
        assert "does not have the secret key" in refused.json()["detail"]
        assert str(settings.database_url) not in refused.text


async def test_a_lost_key_costs_the_secrets_and_nothing_else(settings: Settings) -> None:
    async with Store(settings.database_url, secret_key=OLD) as store:
        await prepare(store)
        await add_config(store)
        async with store.write() as session:
            session.add(
                ApiKey(project_id=1, name="k", digest=await stored_digest(session, "k" * 20), prefix="elm_")
            )
    async with Store(settings.database_url) as store:
        await prepare(store, unlocks=False)
        done = await change_key(store, is_lost=True)
        assert (done.before, await configs(store)) == (SecretKey(OLD).id, [(None, None)])
        async with store.read() as session:
            assert await session.scalar(select(ApiKey.revoked_at)) is not None
            assert await session.scalar(select(LLMConfig.name)) == "Paid"
        assert await keep_first_key(store, new_key()) is False
    async with Store(settings.database_url) as store:
        await prepare(store)


# Keys that are none, and words that hold none


@pytest.mark.parametrize("given", ["short", "a" * 31, "with blank " * 5, "x" * 513, f"{OLD},short"])
def test_a_setting_that_is_no_secret_key_is_refused_without_showing_it(given: str) -> None:
    with pytest.raises(SettingsError, match="ELLUMINATE_SECRET_KEY must be 32 to 512") as caught:
        Settings.from_environment({"ELLUMINATE_SECRET_KEY": given})
    assert given not in str(caught.value)


@sqlite_only
async def test_a_key_file_that_is_damaged_or_open_to_others_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    url = normalise_database_url(str(tmp_path / "x.db"))
    async with Store(url) as store:
        await prepare(store)
        await add_config(store)
    file = tmp_path / "x.db.secret-key"
    file.chmod(0o644)
    async with Store(url) as store:
        await prepare(store)
    assert (stat.S_IMODE(file.stat().st_mode), "its owner's alone now" in caplog.text) == (0o600, True)
    file.write_text("half\n", encoding="utf-8")
    with pytest.raises(SecretKeyError, match=r"secret-key cannot be read: it holds something that is no key"):
        Store(url)


async def test_nothing_that_is_shown_of_them_holds_a_secret(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await add_config(store)
    async with store.read() as session:
        row = await session.get_one(LLMConfig, 1)
        shown = [row, opened(session, row), row.__dict__]
    key = SecretKey(OLD)
    shown += [key, store.vault, store.vault.keys, store, Settings(secret_key=OLD, database_url=":memory:")]
    words = " ".join(map(repr, shown)) + caplog.text
    assert not any(secret in words for secret in (*SECRETS, OLD, *keys_in(store.vault.keys.file)))


def keys_in(file: Path | None) -> list[str]:
    assert file is not None
    return [line for line in file.read_text("utf-8").splitlines() if not line.startswith("#")]


async def _stored(store: Store) -> list[str]:
    async with store.read() as session:
        rows: Iterable[Any] = [
            value
            for table, columns in SEALED.items()
            for column in columns
            for value in await session.scalars(select(table.c[column]).where(table.c[column].is_not(None)))
        ]
    return [value["sealed"] if isinstance(value, dict) else value for value in rows]
