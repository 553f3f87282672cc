"""API keys over HTTP: shown once, kept as digests, ended by revocation or expiry."""

import datetime
import re

import httpx
import pytest
from sqlalchemy import select
from starlette.applications import Starlette

from elluminate_server.http.access import open_default_project
from elluminate_server.keys import add_key, digest_of
from elluminate_server.settings import Settings, SettingsError
from elluminate_server.store.engine import Store
from elluminate_server.store.tables import ApiKey, IdempotencyKey
from tests.server.conftest import OTHER_KEY, client, created

pytestmark = pytest.mark.anyio

FAR = "2200-01-01T00:00:00Z"


async def test_a_key_is_shown_once_and_stored_as_a_digest(api: httpx.AsyncClient, store: Store) -> None:
    made = await created(api, "/api-keys", {"name": "Pipeline", "expires_at": FAR})

    assert re.fullmatch(r"elm_[\w-]{43}", made["key"])
    assert made["key"].startswith(made["prefix"])
    listed = (await api.get("/api-keys")).json()["items"][-1]
    assert listed == {**made, "key": None}
    async with store.read() as session:
        row = await session.get_one(ApiKey, made["id"])
        assert row.digest == digest_of(made["key"])
        assert made["key"] not in row.prefix


async def test_a_made_key_opens_its_project_until_it_is_revoked(
    app: Starlette, api: httpx.AsyncClient
) -> None:
    made = await created(api, "/api-keys", {"name": "Pipeline"})
    async with client(app, "/api/v0/projects/1", made["key"]) as theirs:
        assert (await theirs.get("/collections")).status_code == 200
        used = (await api.get("/api-keys")).json()["items"][-1]["last_used_at"]
        assert used is not None
        assert (await theirs.get("/collections")).status_code == 200
        assert (await api.get("/api-keys")).json()["items"][-1]["last_used_at"] == used

        assert (await theirs.delete(f"/api-keys/{made['id']}")).status_code == 409
        for _ in range(2):
            assert (await api.delete(f"/api-keys/{made['id']}")).status_code == 204
        refused = await theirs.get("/collections")

    assert refused.status_code == 401
    assert "'Pipeline' was revoked" in refused.json()["detail"]
    assert (await api.get("/api-keys")).json()["items"][-1]["revoked_at"] is not None


async def test_an_expired_key_says_so(app: Starlette, api: httpx.AsyncClient, store: Store) -> None:
    async with store.write() as session:
        _, key = await add_key(session, 1, "Old", datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC))
    async with client(app, "/api/v0/projects/1", key) as theirs:
        refused = await theirs.get("/collections")

    assert refused.status_code == 401
    assert "'Old' expired at 2020-01-01" in refused.json()["detail"]


@pytest.mark.parametrize(
    "moment", ["2020-01-01T00:00:00Z", "9999-12-31T23:59:59-12:00", "2020-01-01T00:00:00"]
)
async def test_a_key_cannot_expire_before_it_is_made(api: httpx.AsyncClient, moment: str) -> None:
    refused = await api.post("/api-keys", json={"name": "Old", "expires_at": moment})

    assert refused.status_code == 422
    assert "$.expires_at" in refused.json()["detail"]


async def test_a_repeated_request_neither_makes_nor_shows_another_key(
    api: httpx.AsyncClient, store: Store
) -> None:
    headers = {"Idempotency-Key": "one-request"}
    first, second = [
        await api.post("/api-keys", json={"name": "Pipeline"}, headers=headers) for _ in range(2)
    ]

    assert (first.status_code, second.status_code) == (201, 409)
    assert "shown then" in second.json()["detail"]
    assert [one["name"] for one in (await api.get("/api-keys")).json()["items"]].count("Pipeline") == 1
    async with store.read() as session:
        bodies = (await session.scalars(select(IdempotencyKey.body))).all()
    assert bodies
    assert not any(first.json()["key"].encode() in body for body in bodies)


async def test_other_projects_keys_are_not_there(api: httpx.AsyncClient, other: httpx.AsyncClient) -> None:
    made = await created(api, "/api-keys", {"name": "Pipeline"})

    assert (await other.delete(f"/api-keys/{made['id']}")).status_code == 404
    assert "Pipeline" not in (await other.get("/api-keys")).text


async def test_a_server_refuses_another_project_s_key_as_its_own(
    other: httpx.AsyncClient, store: Store
) -> None:
    with pytest.raises(SettingsError, match="ELLUMINATE_API_KEY is the key 'other' of project 2") as refused:
        await open_default_project(store, Settings(api_key=OTHER_KEY))

    assert OTHER_KEY not in str(refused.value)
