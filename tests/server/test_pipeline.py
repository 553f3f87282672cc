"""What every request goes through: busy databases, faults, and paths outside the contract."""

from typing import Any

import httpx
import pytest
from sqlalchemy import text
from starlette.applications import Starlette

from elluminate_server.http import pipeline
from elluminate_server.settings import Settings
from elluminate_server.store.engine import BusyError, Store
from tests.server.conftest import KEY, PROJECTS
from tests.support.databases import postgresql_only, sqlite_only

pytestmark = pytest.mark.anyio


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


@postgresql_only
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
