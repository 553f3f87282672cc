"""Keys open their project and nothing else, and no secret ever comes out."""

import asyncio
import datetime
import logging
import sqlite3
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from elluminate_server.settings import Settings
from elluminate_server.store.columns import utc_now
from elluminate_server.store.engine import Store
from elluminate_server.store.tables import ApiKey
from tests.server.conftest import (
    KEY,
    OTHER_KEY,
    PROJECTS,
    World,
    client,
)
from tests.support.databases import sqlite_only

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-API-Key": ""},
        {"X-API-Key": "wrong"},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Bearer "},
        {"Authorization": f"Basic {KEY}"},
        {"X-API-Key": "wrong", "Authorization": f"Bearer {KEY}"},
        {"X-API-Key": "schl\u00fcssel".encode("latin-1")},
    ],
)
async def test_wrong_credentials_are_401(root: httpx.AsyncClient, headers: Any) -> None:
    response = await root.get(PROJECTS, headers=headers)

    assert response.status_code == 401
    assert "key" in response.json()["detail"].lower()
    assert response.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("headers", [{"X-API-Key": KEY}, {"Authorization": f"Bearer {KEY}"}])
async def test_a_key_lists_its_project_alone(
    root: httpx.AsyncClient, other: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    listed = (await root.get(PROJECTS, headers=headers)).json()

    assert listed["count"] == 1
    assert [project["name"] for project in listed["items"]] == ["Default project"]
    assert listed["items"][0]["organization"]["stripe_subscription_id"] is None


async def test_a_key_opens_no_other_project(root: httpx.AsyncClient, other: httpx.AsyncClient) -> None:
    for project, key in ((2, KEY), (1, OTHER_KEY), (99, KEY)):
        response = await root.get(f"{PROJECTS}/{project}/collections", headers={"X-API-Key": key})

        assert response.status_code == 404
        assert "this key does not open it" in response.json()["detail"]


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"revoked_at": utc_now()}, "revoked"),
        ({"expires_at": utc_now() - datetime.timedelta(seconds=1)}, "expired"),
    ],
)
async def test_revoked_and_expired_keys_are_401(
    other: httpx.AsyncClient, store: Store, change: dict[str, Any], word: str
) -> None:
    assert (await other.get("/collections")).status_code == 200
    async with store.write() as session:
        key = await session.get_one(ApiKey, 2)
        assert key.last_used_at is not None
        for name, value in change.items():
            setattr(key, name, value)

    response = await other.get("/collections")

    assert response.status_code == 401
    assert word in response.json()["detail"]


@sqlite_only
async def test_the_process_key_opens_the_default_project_and_is_not_stored(settings: Settings) -> None:
    import attrs

    from elluminate_server.app import create_app

    app = create_app(attrs.evolve(settings, api_key=None, process_key="key-of-this-process"))
    async with app.router.lifespan_context(app), client(app, "", "key-of-this-process") as found:
        assert (await found.get(PROJECTS)).json()["items"][0]["name"] == "Default project"
    assert "key-of-this-process" not in repr(app.state.settings)
    assert b"key-of-this-process" not in await asyncio.to_thread(_whole, settings)


@sqlite_only
async def test_keys_are_stored_as_digests(api: httpx.AsyncClient, settings: Settings) -> None:
    assert (await api.get("/collections")).status_code == 200

    assert KEY.encode() not in await asyncio.to_thread(_whole, settings)


def _whole(settings: Settings) -> bytes:
    """The whole database as SQL text."""
    connection = sqlite3.connect(settings.database_url.removeprefix("sqlite+aiosqlite:///"))
    try:
        return "\n".join(connection.iterdump()).encode()
    finally:
        connection.close()


async def test_a_restart_keeps_projects_and_keys(settings: Settings) -> None:
    from elluminate_server.app import create_app

    for _ in range(2):
        app = create_app(settings)
        async with app.router.lifespan_context(app), client(app, "", KEY) as found:
            listed = (await found.get(PROJECTS)).json()
            assert [project["id"] for project in listed["items"]] == [1]


async def test_provider_keys_never_come_out(
    api: httpx.AsyncClient, app: Starlette, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    secret = "sk-very-secret-value-4711"
    caplog.set_level(logging.DEBUG)
    body = {"name": "Mine", "llm_model_name": "m", "api_key": secret}
    config = (await api.post("/llm_configs", json=body, headers={"Idempotency-Key": "k"})).json()
    texts = [str(config)]
    wrong: list[dict[str, Any]] = [
        {**body, "api_key": [secret]},
        {**body, "api_key": secret * 1000},
        {**body, "api_key": f"{secret}\0"},
        {**body, "name": 1},
        {**body, "temperature": 9},
        {**body, "llm_base_url": f"https://user:{secret}@llm.example"},
        body,
    ]
    for one in wrong:
        answer = await api.post("/llm_configs", json=one)
        assert answer.status_code in {409, 422}
        texts.append(answer.text)
    experiment = {
        "name": "Second",
        "description": "",
        "prompt_template_id": world.prompt_template_id,
        "collection_id": world.collection_id,
        "llm_config_id": config["id"],
    }
    texts.append((await api.post("/experiments", json=experiment)).text)
    paths = ("/llm_configs", f"/llm_configs/{config['id']}", "/experiments", "/responses")
    texts += [(await api.get(path)).text for path in paths]

    assert config["api_key"] == "****4711"
    assert all(secret not in text for text in texts)
    assert secret not in caplog.text
    assert KEY not in caplog.text
    assert KEY not in repr(app.state.settings)


async def test_projects_are_unique_in_their_organization(api: httpx.AsyncClient) -> None:
    body = {"name": "Default project", "description": "", "organization_id": 1}
    taken = await api.post(f"http://testserver{PROJECTS}", json=body)
    foreign = await api.post(f"http://testserver{PROJECTS}", json={**body, "organization_id": 7})

    assert taken.status_code == 409
    assert foreign.status_code == 403
    assert (await api.get("http://testserver/api/v0/projects/1")).json()["name"] == "Default project"
