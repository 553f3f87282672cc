"""What every request goes through: keys, projects, idempotency, faults, and what must never come out."""

import asyncio
import datetime
import logging
import os
import sqlite3
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from starlette.applications import Starlette

from elluminate_server.api import http as pipeline
from elluminate_server.settings import Settings
from elluminate_server.store.columns import utc_now
from elluminate_server.store.engine import BusyError, Store
from elluminate_server.store.tables import ApiKey, IdempotencyKey
from tests.server.conftest import KEY, OTHER_KEY, World, client, created

pytestmark = pytest.mark.anyio

PROJECTS = "/api/v0/projects"

sqlite_only = pytest.mark.skipif(
    bool(os.environ.get("ELLUMINATE_TEST_POSTGRESQL")), reason="looks into an SQLite file"
)


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


async def test_a_repetition_with_the_same_key_gets_the_first_answer(api: httpx.AsyncClient) -> None:
    headers = {"Idempotency-Key": "one"}
    body = {"name": "Once"}

    first = await api.post("/collections", json=body, headers=headers)
    second = await api.post("/collections", json=body, headers=headers)

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    assert second.headers["idempotent-replayed"] == "true"
    assert (await api.get("/collections")).json()["count"] == 1


async def test_concurrent_repetitions_have_one_effect(api: httpx.AsyncClient) -> None:
    body = {"messages": [{"role": "user", "content": "hi"}]}

    answers = await asyncio.gather(
        *(api.post("/prompt_templates", json=body, headers={"Idempotency-Key": "k"}) for _ in range(20))
    )

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert (await api.get("/prompt_templates")).json()["count"] == 1


async def test_a_key_for_another_content_or_path_is_422(api: httpx.AsyncClient) -> None:
    headers = {"Idempotency-Key": "one"}
    await api.post("/collections", json={"name": "A"}, headers=headers)

    other_body = await api.post("/collections", json={"name": "B"}, headers=headers)
    other_path = await api.post("/criterion_sets", json={"name": "A"}, headers=headers)

    assert other_body.status_code == other_path.status_code == 422
    assert "Idempotency-Key" in other_body.json()["detail"]
    assert (await api.get("/collections")).json()["count"] == 1


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "\u00e9".encode("latin-1")])
async def test_unusable_idempotency_keys_are_422(api: httpx.AsyncClient, key: Any) -> None:
    response = await api.post("/collections", json={"name": "A"}, headers={"Idempotency-Key": key})

    assert response.status_code == 422
    assert "Idempotency-Key" in response.json()["detail"]


async def test_a_refusal_is_not_kept_for_the_key(api: httpx.AsyncClient) -> None:
    headers = {"Idempotency-Key": "one"}
    taken = await created(api, "/collections", {"name": "A"})
    assert (await api.post("/collections", json={"name": "A"}, headers=headers)).status_code == 409
    await api.delete(f"/collections/{taken['id']}")

    assert (await api.post("/collections", json={"name": "A"}, headers=headers)).status_code == 201


async def test_a_key_may_be_used_again_after_a_day(api: httpx.AsyncClient, store: Store) -> None:
    headers = {"Idempotency-Key": "one"}
    await api.post("/collections", json={"name": "A"}, headers=headers)
    async with store.write() as session:
        row = await session.get_one(IdempotencyKey, 1)
        row.created_at = utc_now() - datetime.timedelta(hours=24, seconds=1)

    assert (await api.post("/collections", json={"name": "B"}, headers=headers)).status_code == 201


async def test_keys_of_different_projects_do_not_meet(
    api: httpx.AsyncClient, other: httpx.AsyncClient
) -> None:
    headers = {"Idempotency-Key": "one"}
    await api.post("/collections", json={"name": "A"}, headers=headers)

    assert (await other.post("/collections", json={"name": "B"}, headers=headers)).status_code == 201


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/collections", {"name": "Same"}),
        ("/prompt_templates", {"name": "Same", "messages": [{"role": "user", "content": "hi"}]}),
        ("/criterion_sets", {"name": "Same"}),
        ("/llm_configs", {"name": "Same", "llm_model_name": "m", "api_key": "k"}),
        ("/experiments", {"name": "Same", "description": ""}),
    ],
)
async def test_of_fifty_simultaneous_creations_one_wins(
    api: httpx.AsyncClient, world: World, path: str, body: dict[str, Any]
) -> None:
    if path == "/experiments":
        body = {
            **body,
            "prompt_template_id": world.prompt_template_id,
            "collection_id": world.collection_id,
        }

    answers = await asyncio.gather(*(api.post(path, json=body) for _ in range(50)))

    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 49
    assert all("already" in answer.json()["detail"] for answer in answers if answer.status_code == 409)


async def test_simultaneous_versions_are_numbered_without_gaps(api: httpx.AsyncClient) -> None:
    bodies = [{"name": "T", "messages": [{"role": "user", "content": f"{n}"}]} for n in range(20)]

    answers = await asyncio.gather(*(api.post("/prompt_templates", json=body) for body in bodies))

    assert sorted(answer.json()["version"] for answer in answers) == list(range(1, 21))


async def test_a_twin_that_came_in_between_is_a_conflict_not_a_fault(
    api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    from elluminate_server.api import collections

    await created(api, "/collections", {"name": "A"})

    async def sees_nothing(*_: object, **__: object) -> None:
        return None

    monkeypatch.setattr(collections, "_refuse_taken", sees_nothing)
    response = await api.post("/collections", json={"name": "A"})

    assert response.status_code == 409
    assert "same time" in response.json()["detail"]


@sqlite_only
async def test_a_locked_database_is_503_with_a_time_to_come_back(
    api: httpx.AsyncClient, app: Starlette, settings: Settings
) -> None:
    await api.get("/collections")
    store = app.state.store
    impatient = Store(settings.database_url, busy_timeout=0.05)
    app.state.store = impatient
    try:
        async with store.write() as session:
            await session.execute(text("SELECT 1"))  # the transaction begins with its first statement
            response = await api.post("/collections", json={"name": "A"})
            reading = await api.get("/collections")
    finally:
        app.state.store = store
        await impatient.close()

    assert response.status_code == 503
    assert float(response.headers["retry-after"]) > 0
    assert reading.status_code == 200
    assert (await api.post("/collections", json={"name": "A"})).status_code == 201


@sqlite_only
async def test_writers_queue_up_in_the_process(store: Store) -> None:
    impatient = Store(store.url.render_as_string(hide_password=False), busy_timeout=0.05)
    async with impatient, impatient.write():
        with pytest.raises(BusyError, match="kept writing"):
            async with impatient.write():
                pytest.fail("two writers at once")


@pytest.mark.skipif(not os.environ.get("ELLUMINATE_TEST_POSTGRESQL"), reason="SQLite locks whole databases")
async def test_a_locked_row_is_503_with_a_time_to_come_back(
    api: httpx.AsyncClient, app: Starlette, settings: Settings
) -> None:
    store = app.state.store
    impatient = Store(settings.database_url, busy_timeout=0.05)
    app.state.store = impatient
    try:
        async with store.write() as session:
            await session.execute(text("SELECT id FROM projects FOR UPDATE"))
            response = await api.post("/prompt_templates", json={"messages": []})
    finally:
        app.state.store = store
        await impatient.close()

    assert response.status_code == 503
    assert float(response.headers["retry-after"]) > 0


async def test_a_fault_is_500_without_its_insides(
    api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(_: object) -> None:
        raise RuntimeError("the inside of it")

    monkeypatch.setitem(pipeline.HANDLERS, "list_collections", broken)
    response = await api.get("/collections")

    assert response.status_code == 500
    assert "the inside of it" not in response.text
    incident = response.json()["detail"].split("incident ")[1].rstrip(".")
    assert incident in caplog.text
    assert "the inside of it" in caplog.text


async def test_a_handler_that_forgets_its_answer_stores_nothing(
    api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def forgetful(call: pipeline.Call) -> Any:
        async with call.write():
            pass
        return call.answer({})

    monkeypatch.setitem(pipeline.HANDLERS, "create_collection", forgetful)
    response = await api.post("/collections", json={}, headers={"Idempotency-Key": "k"})

    assert response.status_code == 500


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


async def test_paths_and_methods_outside_the_contract(root: httpx.AsyncClient) -> None:
    unknown = await root.get("/api/v0/nothing")
    slash = await root.get(f"{PROJECTS}/")
    method = await root.patch(PROJECTS)

    assert unknown.status_code == slash.status_code == 404
    assert "/api/v0/nothing" in unknown.json()["detail"]
    assert method.status_code == 405
    assert method.headers["allow"] == "GET, HEAD, POST"


async def test_what_is_not_built_is_501_and_named(
    api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(pipeline.HANDLERS, "list_collections")
    response = await api.get("/collections")

    assert response.status_code == 501
    assert "list_collections" in response.json()["detail"]


async def test_health_needs_no_key(root: httpx.AsyncClient) -> None:
    response = await root.get("/healthz")

    assert response.status_code == 200
    assert response.json()["status"] == "ok"


@pytest.mark.parametrize("path", ["/api/v0/docs", "/api/v0/docs/"])
async def test_the_docs_list_every_operation_and_load_nothing_from_elsewhere(
    root: httpx.AsyncClient, path: str
) -> None:
    page = await root.get(path)
    contract = (await root.get("/api/v0/openapi.json")).json()

    for item in contract["paths"].values():
        for operation in item.values():
            if isinstance(operation, dict):
                assert operation["operationId"] in page.text
    assert "http://" not in page.text
    assert "https://" not in page.text


async def test_a_client_of_any_version_is_compatible(root: httpx.AsyncClient) -> None:
    body = {"current_sdk_version": "1.5.2"}
    headers = {"X-API-Key": KEY, "SDK-Version": "1.5.2"}
    response = await root.post("/api/v0/version/compatible", json=body, headers=headers)

    assert response.json() == {"is_compatible": True}


async def test_projects_are_unique_in_their_organization(api: httpx.AsyncClient) -> None:
    body = {"name": "Default project", "description": "", "organization_id": 1}
    taken = await api.post(f"http://testserver{PROJECTS}", json=body)
    foreign = await api.post(f"http://testserver{PROJECTS}", json={**body, "organization_id": 7})

    assert taken.status_code == 409
    assert foreign.status_code == 403
    assert (await api.get("http://testserver/api/v0/projects/1")).json()["name"] == "Default project"
