"""Roles of keys: what each may ask for, of all operations that there are."""

from pathlib import Path

import httpx
import pytest
from sqlalchemy import select
from starlette.applications import Starlette

from elluminate_server.app import create_app
from elluminate_server.settings import Settings
from elluminate_server.store.engine import Store
from elluminate_server.store.tables import ApiKey
from tests.server.conftest import KEY, client, created
from tests.server.contract_inputs import OPERATIONS
from tests.server.whole_project import UNKNOWN, Ids, Whole, whole_server

pytestmark = pytest.mark.anyio

READING_POSTS = {"check_version_compatible", "preview_agent_results_matching"}
ADMINS_ONLY = {"create_project", "create_api_key", "revoke_api_key", "list_audit_events"}


async def key_of(whole: Whole, role: str) -> dict[str, str]:
    made = await created(whole.api, "/api-keys", {"name": f"the {role}", "role": role})
    assert made["role"] == role
    return {"X-API-Key": made["key"]}


async def test_a_reader_changes_nothing_by_any_operation(tmp_path: Path) -> None:
    wrong = []
    async with whole_server(tmp_path) as whole:
        headers = await key_of(whole, "reader")
        before = await whole.stored()
        for name, operation in OPERATIONS.items():
            reads = (operation.method == "GET" and name not in ADMINS_ONLY) or name in READING_POSTS
            url = "http://testserver/healthz" if name == "get_health" else None
            answer = await whole.send(name, headers=headers, url=url)
            if f"{answer.status_code}" != (operation.success if reads else "403"):
                wrong.append((name, answer.status_code, answer.text[:200]))
            elif not reads:
                needed = "an admin" if name in ADMINS_ONLY else "an editor"
                told = answer.json()["detail"]
                assert f"The API key 'the reader' is a reader: {name} takes {needed}." in told
        assert wrong == []
        assert await whole.stored() == before


async def test_an_editor_may_ask_for_all_but_what_is_an_admin_s(tmp_path: Path) -> None:
    async with whole_server(tmp_path) as whole:
        headers = await key_of(whole, "editor")
        # Of things that are not there, so that nothing is deleted before the next one is asked for.
        unknown: Ids = {name: UNKNOWN if isinstance(one, int) else one for name, one in whole.mine.items()}
        unknown["project_id"] = 1
        refused = set()
        for name in OPERATIONS.keys() - {"get_health"}:
            answer = await whole.send(name, headers=headers, ids=unknown)
            if answer.status_code == 403:
                refused.add(name)
    assert refused == ADMINS_ONLY


@pytest.mark.parametrize("body", [{"name": "Pipeline"}, {"name": "Pipeline", "role": None}], ids=str)
async def test_a_key_is_an_admin_unless_something_else_is_said(
    api: httpx.AsyncClient, body: dict[str, object]
) -> None:
    made = await created(api, "/api-keys", body)
    first, last = (await api.get("/api-keys")).json()["items"]
    assert (first["role"], made["role"], last["role"]) == ("admin", "admin", "admin")


async def test_a_role_that_there_is_not_is_refused(api: httpx.AsyncClient) -> None:
    refused = await api.post("/api-keys", json={"name": "Pipeline", "role": "owner"})
    assert refused.status_code == 422
    assert all(word in refused.json()["detail"] for word in ("'owner'", "reader", "editor", "admin"))


async def test_a_reader_does_not_get_the_answer_to_another_key_s_request(
    app: Starlette, api: httpx.AsyncClient
) -> None:
    once = {"Idempotency-Key": "one-request"}
    body = {"name": "Topics"}
    assert (await api.post("/collections", json=body, headers=once)).status_code == 201
    made = await created(api, "/api-keys", {"name": "Dashboard", "role": "reader"})
    async with client(app, "/api/v0/projects/1", made["key"]) as theirs:
        assert (await theirs.post("/collections", json=body, headers=once)).status_code == 403
        assert (await theirs.get("/collections")).json()["count"] == 1


async def test_a_start_does_not_raise_the_role_of_the_key_that_it_is_given(
    settings: Settings, app: Starlette, store: Store
) -> None:
    async with store.write() as session:
        (await session.scalars(select(ApiKey))).one().role = "reader"
    again = create_app(settings)
    async with again.router.lifespan_context(again), client(again, "/api/v0/projects/1", KEY) as theirs:
        assert (await theirs.get("/collections")).status_code == 200
        assert (await theirs.post("/collections", json={"name": "Topics"})).status_code == 403
