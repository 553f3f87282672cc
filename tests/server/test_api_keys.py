"""API keys over HTTP: shown once, kept as digests, ended by revocation or expiry."""

import datetime
import re

import httpx
import pytest
from sqlalchemy import select
from starlette.applications import Starlette

from elluminate_server.http.access import open_default_project
from elluminate_server.keys import add_key, stored_digest
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
        assert row.digest == await stored_digest(session, made["key"])
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


async def test_a_key_makes_none_that_outlives_it(app: Starlette, api: httpx.AsyncClient) -> None:
    soon = datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=5)
    made = await created(api, "/api-keys", {"name": "Short", "expires_at": soon.isoformat()})
    later = soon + datetime.timedelta(seconds=1)
    async with client(app, "/api/v0/projects/1", made["key"]) as theirs:
        for expires_at in (None, FAR, later.isoformat()):
            refused = await theirs.post("/api-keys", json={"name": "Longer", "expires_at": expires_at})
            assert refused.status_code == 403
            assert "makes none that outlives it" in refused.json()["detail"]
        for moment in (soon, soon - datetime.timedelta(minutes=1)):
            await created(theirs, "/api-keys", {"name": "As short", "expires_at": moment.isoformat()})

    names = [key["name"] for key in (await api.get("/api-keys")).json()["items"]]
    assert names[-3:] == ["Short", "As short", "As short"]


async def test_a_key_revokes_none_that_outlives_it(app: Starlette, api: httpx.AsyncClient) -> None:
    soon = datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=5)
    short = await created(api, "/api-keys", {"name": "Short", "expires_at": soon.isoformat()})
    twin = await created(api, "/api-keys", {"name": "Twin", "expires_at": soon.isoformat()})
    longer = await created(api, "/api-keys", {"name": "Longer", "expires_at": FAR})
    endless = await created(api, "/api-keys", {"name": "Endless"})
    async with client(app, "/api/v0/projects/1", short["key"]) as theirs:
        first = (await api.get("/api-keys")).json()["items"][0]
        for key in (first, longer, endless):
            refused = await theirs.delete(f"/api-keys/{key['id']}")
            assert refused.status_code == 403
            assert "could not have made it" in refused.json()["detail"]
        assert (await theirs.delete(f"/api-keys/{twin['id']}")).status_code == 204
    async with client(app, "/api/v0/projects/1", endless["key"]) as theirs:
        assert (await theirs.delete(f"/api-keys/{longer['id']}")).status_code == 204


async def test_a_project_s_first_key_may_do_all_that_its_project_may(
    app: Starlette, api: httpx.AsyncClient, store: Store
) -> None:
    endless = await created(api, "/api-keys", {"name": "Endless"})
    async with store.write() as session:
        first = (await session.scalars(select(ApiKey).order_by(ApiKey.id).limit(1))).one()
        first.expires_at = datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=5)

    await created(api, "/api-keys", {"name": "More"})
    assert (await api.delete(f"/api-keys/{endless['id']}")).status_code == 204


async def test_other_projects_keys_are_not_there(api: httpx.AsyncClient, other: httpx.AsyncClient) -> None:
    made = await created(api, "/api-keys", {"name": "Pipeline"})

    assert (await other.delete(f"/api-keys/{made['id']}")).status_code == 404
    assert "Pipeline" not in (await other.get("/api-keys")).text


@pytest.mark.parametrize(("ended", "words"), [("revoked_at", "was revoked at"), ("expires_at", "expired at")])
async def test_a_server_refuses_a_key_that_opens_nothing_as_its_own(
    api: httpx.AsyncClient, store: Store, ended: str, words: str
) -> None:
    made = await created(api, "/api-keys", {"name": "Old"})
    async with store.write() as session:
        row = await session.get_one(ApiKey, made["id"])
        setattr(row, ended, datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC))
    with pytest.raises(SettingsError, match=f"ELLUMINATE_API_KEY is the key 'Old' .*{words} 2020") as refused:
        await open_default_project(store, Settings(api_key=made["key"]))

    assert made["key"] not in str(refused.value)


async def test_a_server_refuses_another_project_s_key_as_its_own(
    other: httpx.AsyncClient, store: Store
) -> None:
    with pytest.raises(SettingsError, match="ELLUMINATE_API_KEY is the key 'other' of project 2") as refused:
        await open_default_project(store, Settings(api_key=OTHER_KEY))

    assert OTHER_KEY not in str(refused.value)
