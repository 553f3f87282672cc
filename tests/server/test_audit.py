"""The audit log: a line for every request that changes something, with the change or not at all."""

import asyncio
import datetime
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import delete, event, select
from starlette.applications import Starlette

from elluminate_server.http import auditing, call, notes
from elluminate_server.http.idempotency import Idempotency
from elluminate_server.store.audit_log import COMMAND_LINE, log_command
from elluminate_server.store.engine import BusyError, Store
from elluminate_server.store.tables import ApiKey, AuditEvent, Collection
from tests.server.conftest import KEY, World, client, created
from tests.server.contract_inputs import OPERATIONS
from tests.server.test_good_input_by_operation import OTHER_NAMES
from tests.server.test_roles import READING_POSTS
from tests.server.whole_project import good_body, whole_server

pytestmark = pytest.mark.anyio

WITHOUT_ID = {"create_responses_batch", "create_ratings_batch", "upload_ratings"}
"""They are answered with a task, or with counts."""

SEVERAL = {"create_criteria", "create_ratings"}
"""They may make several things at once, which are of nothing that the path names."""

WITHOUT_NAME = {"entry", "criterion", "response", "rating", "label", "scenario"}


async def lines(api: httpx.AsyncClient, **filters: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while True:
        params = {"page": len(found) // 5 + 1, **filters}
        page = (await api.get("/audit", params=params)).json()
        found += page["items"]
        if len(found) == page["count"]:
            return found


async def test_each_operation_that_changes_something_writes_one_line(tmp_path: Path) -> None:
    changing = {
        name: operation
        for name, operation in OPERATIONS.items()
        if operation.method != "GET" and name not in READING_POSTS
    }
    # What is in others is deleted before them.
    kept = [name for name, operation in changing.items() if operation.method != "DELETE"]
    gone = [name for name in reversed(changing) if name not in kept]
    gone.sort(key=lambda name: name != "delete_criterion")
    async with whole_server(tmp_path) as whole:
        for name in [*kept, *gone]:
            if name == "delete_persona":  # that of the others is in groups
                alone = await created(whole.api, "/personas", {"name": "Lise", "description": "Quick."})
                whole.mine["persona_id"] = alone["id"]
            since = len(await lines(whole.api))
            if name in OTHER_NAMES:
                body = good_body(name, whole.mine)
                body["json"]["name"] = OTHER_NAMES[name]
                answer = await whole.send(name, **body)
            else:
                answer = await whole.send(name)
            assert f"{answer.status_code}" == changing[name].success, (name, answer.text)
            written = (await lines(whole.api))[since:]
            assert [line["operation"] for line in written] == [name]
            (line,) = written
            check_line(line, changing[name], answer)


def check_line(line: dict[str, Any], operation: Any, answer: httpx.Response) -> None:
    kind = operation.node["x-object"]
    assert line["object_kind"] == kind
    assert (line["status"], line["method"]) == (answer.status_code, operation.method)
    assert line["path"] == answer.request.url.path
    assert line["request_id"] == answer.headers["X-Request-ID"]
    assert (line["key_name"], line["key_role"]) == ("ELLUMINATE_API_KEY", "admin")
    assert (line["address"], line["project_id"]) == ("127.0.0.1", 1)
    made = answer.json() if answer.content else None
    is_one = operation.id not in WITHOUT_ID and not (operation.id in SEVERAL and len(made or "") > 1)
    assert (line["object_id"] is not None) == is_one, line
    assert (line["object_name"] is not None) == (is_one and kind not in WITHOUT_NAME), line
    if isinstance(made, dict) and made.get("name") and made.get("id") == line["object_id"]:
        assert line["object_name"] == made["name"]


async def test_a_deletion_is_logged_under_the_name_that_it_ended(api: httpx.AsyncClient) -> None:
    made = await created(api, "/collections", {"name": "Topics"})
    await api.put(f"/collections/{made['id']}", json={"name": "Themes"})
    await api.delete(f"/collections/{made['id']}")

    found = await lines(api, object_kind="collection", object_id=made["id"])
    assert [(line["operation"], line["object_name"]) for line in found] == [
        ("create_collection", "Topics"),
        ("update_collection", "Themes"),
        ("delete_collection", "Themes"),
    ]


async def test_a_request_that_is_repeated_has_one_line(api: httpx.AsyncClient) -> None:
    for _ in range(3):
        answer = await api.post(
            "/collections", json={"name": "Topics"}, headers={"Idempotency-Key": "one-request"}
        )
        assert answer.status_code == 201
    assert len(await lines(api, operation="create_collection")) == 1


async def test_a_request_whose_answer_was_lost_has_one_line(
    api: httpx.AsyncClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep = Idempotency.keep
    lost: list[Any] = []

    async def losing(self: Idempotency, *answer: Any) -> None:
        if not lost:
            lost.append(answer)
            raise BusyError("The answer cannot be kept.")
        await keep(self, *answer)

    monkeypatch.setattr(Idempotency, "keep", losing)
    once = {"Idempotency-Key": "one-request"}
    path = world.path("/experiments/{experiment_id}/cancel")
    answers = [(await api.post(path, headers=once)).status_code for _ in range(3)]
    assert answers == [503, 200, 200]
    (line,) = await lines(api, operation="cancel_experiment")
    assert (line["object_id"], line["object_name"]) == (world.experiment_id, "First")


async def test_what_failed_has_no_line(api: httpx.AsyncClient) -> None:
    made = await created(api, "/collections", {"name": "Topics"})
    for path, body in (("/collections", {"name": "Topics"}), ("/collections", {"nome": "Topics"})):
        assert (await api.post(path, json=body)).status_code in (409, 422)
    assert (await api.delete("/collections/999")).status_code == 404
    found = await lines(api, object_kind="collection")
    assert [line["object_id"] for line in found] == [made["id"]]


async def test_nothing_is_changed_without_its_line(
    api: httpx.AsyncClient, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await created(api, "/collections", {"name": "There"})

    async def failing(*_: Any) -> None:
        raise BusyError("The log cannot be written.")

    monkeypatch.setattr(call, "log_effect", failing)
    assert (await api.post("/collections", json={"name": "Topics"})).status_code == 503
    assert (await api.delete(f"/collections/{made['id']}")).status_code == 503
    async with store.read() as session:
        left = (await session.execute(select(Collection.name, Collection.deleted_at))).all()
    assert [tuple(row) for row in left] == [("There", None)]


async def test_a_model_is_not_said_to_work_without_a_line(
    api: httpx.AsyncClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = world.path("/llm_configs/{llm_config_id}/test")
    assert (await api.post(path, json={})).status_code == 200
    (line,) = await lines(api, operation="try_llm_config")
    assert (line["object_id"], line["object_name"]) == (world.llm_config_id, "Small")

    async def failing(*_: Any) -> None:
        raise BusyError("The log cannot be written.")

    monkeypatch.setattr(call, "log_effect", failing)
    assert (await api.post(path, json={})).status_code == 503


async def test_a_line_costs_one_statement(api: httpx.AsyncClient, store: Store) -> None:
    made = await created(api, "/collections", {"name": "Topics"})
    with statements(store) as sent:
        await created(api, "/personas", {"name": "Grace", "description": "Patient."})
        await api.delete(f"/collections/{made['id']}")
        await api.get("/collections")
    about = [statement for statement in sent if "audit_events" in statement]
    assert [statement.split()[0] for statement in about] == ["INSERT", "INSERT"]
    assert not any("RETURNING" in statement for statement in about)


@contextmanager
def statements(store: Store) -> Iterator[list[str]]:
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement)

    for engine in store.writing_engines:
        event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        for engine in store.writing_engines:
            event.remove(engine, "before_cursor_execute", note)


async def test_a_refused_request_is_logged_where_somebody_can_be_named(
    app: Starlette, api: httpx.AsyncClient, root: httpx.AsyncClient
) -> None:
    reader = await created(api, "/api-keys", {"name": "Dashboard", "role": "reader"})
    ended = await created(api, "/api-keys", {"name": "Old"})
    made = await created(api, "/collections", {"name": "Topics"})
    await api.delete(f"/api-keys/{ended['id']}")
    start = len(await lines(api))
    async with client(app, "/api/v0/projects/1", reader["key"]) as theirs:
        assert (await theirs.delete(f"/collections/{made['id']}")).status_code == 403
        assert (await theirs.get("/audit")).status_code == 403  # takes more than a reader
    async with client(app, "/api/v0/projects/1", ended["key"]) as theirs:
        assert (await theirs.post("/collections", json={"name": "More"})).status_code == 401
        assert (await theirs.get("/collections")).status_code == 401
    for key in ("never-known", ""):
        headers = {"X-API-Key": key}
        refused = await root.post("/api/v0/projects/1/collections", json={"name": "More"}, headers=headers)
        assert refused.status_code == 401
    body = {"name": "Elsewhere", "description": "", "organization_id": 999}
    assert (await root.post("/api/v0/projects", json=body, headers={"X-API-Key": KEY})).status_code == 403

    found = (await lines(api))[start:]
    assert [
        (line["key_name"], line["operation"], line["status"], line["object_id"], line["object_name"])
        for line in found
    ] == [
        ("Dashboard", "delete_collection", 403, made["id"], None),
        ("Dashboard", "list_audit_events", 403, None, None),
        ("Old", "create_collection", 401, None, None),
        ("ELLUMINATE_API_KEY", "create_project", 403, None, None),
    ]


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("9" * 17, "9" * 17),
        *[
            (text, "{collection_id}")
            for text in ("9" * 30, "x", "a%00b", "%1b[2J", "1.5", "-1", "elm_0123456789abcdef", "ü" * 1000)
        ],
    ],
)
async def test_what_is_no_id_is_not_logged_where_an_id_belongs(
    app: Starlette, api: httpx.AsyncClient, given: str, shown: str
) -> None:
    reader = await created(api, "/api-keys", {"name": "Dashboard", "role": "reader"})
    async with client(app, "/api/v0/projects/1", reader["key"]) as theirs:
        assert (await theirs.delete(f"/collections/{given}")).status_code == 403
    (line,) = await lines(api, operation="delete_collection")
    assert line["object_id"] is None
    assert line["path"] == f"/api/v0/projects/1/collections/{shown}"


async def test_neither_a_refusal_nor_a_reading_waits_for_a_database_that_stays_locked(
    app: Starlette, api: httpx.AsyncClient, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notes, "MOMENT", 0.01)
    reader = await created(api, "/api-keys", {"name": "Dashboard", "role": "reader"})
    async with client(app, "/api/v0/projects/1", reader["key"]) as theirs:
        async with store.write():  # nobody else writes meanwhile
            assert (await theirs.get("/collections")).status_code == 200  # its first use would be noted
            assert (await theirs.post("/collections", json={"name": "Topics"})).status_code == 403
            # PostgreSQL has writers wait for each other by the row alone.
            assert notes._under_way or not store.is_sqlite
        await asyncio.wait_for(asyncio.gather(*notes._under_way.values()), 30)
    assert [line["operation"] for line in await lines(api, key_name="Dashboard")] == ["create_collection"]
    found = (await api.get("/api-keys")).json()["items"]
    assert [key["last_used_at"] is not None for key in found if key["name"] == "Dashboard"] == [True]


async def test_of_too_many_notes_that_wait_no_more_are_begun(
    app: Starlette, api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    reader = await created(api, "/api-keys", {"name": "Dashboard", "role": "reader"})
    monkeypatch.setattr(notes, "_MOST_UNDER_WAY", 0)
    async with client(app, "/api/v0/projects/1", reader["key"]) as theirs:
        assert (await theirs.post("/collections", json={"name": "Topics"})).status_code == 403
    assert await lines(api, key_name="Dashboard") == []
    assert "many notes wait already" in caplog.text


async def test_a_refusal_does_not_wait_for_its_line(
    app: Starlette, api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = await created(api, "/api-keys", {"name": "Dashboard", "role": "reader"})

    async def failing(*_: Any, **__: Any) -> None:
        raise BusyError("The log cannot be written.")

    monkeypatch.setattr(auditing, "add_line", failing)
    async with client(app, "/api/v0/projects/1", reader["key"]) as theirs:
        assert (await theirs.post("/collections", json={"name": "Topics"})).status_code == 403


async def test_no_line_holds_what_a_request_sent(api: httpx.AsyncClient, store: Store) -> None:
    config = {
        "name": "Hosted",
        "llm_model_name": "small",
        "api_key": "sk-secret-123456789",
        "system_message": "a-system-message",
    }
    await created(api, "/llm_configs", config)
    template = {"name": "Tutor", "messages": [{"role": "user", "content": "a-prompt {{topic}}"}]}
    await created(api, "/prompt_templates", template)
    await api.post("/collections?note=a-query", json={"name": "Topics", "variables": [{"topic": "a-value"}]})
    made = await created(api, "/api-keys", {"name": "Pipeline"})
    async with store.read() as session:
        stored = str((await session.execute(select(*AuditEvent.__table__.columns))).all())
    assert "Pipeline" in stored
    for secret in (KEY, made["key"], "sk-secret", "a-system-message", "a-prompt", "a-query", "a-value"):
        assert secret not in stored


async def test_lines_are_filtered_and_come_in_pages(
    api: httpx.AsyncClient, other: httpx.AsyncClient, store: Store
) -> None:
    for number in range(7):
        await created(api, "/collections", {"name": f"Topics {number}"})
    await created(other, "/collections", {"name": "Theirs"})
    first = (await lines(api, operation="create_collection"))[0]
    moment = datetime.datetime.fromisoformat(first["created_at"])
    later = (moment + datetime.timedelta(microseconds=1)).isoformat()
    naive = moment.replace(tzinfo=None).isoformat()

    assert len(await lines(api, object_kind="collection")) == 7
    assert len(await lines(api, object_kind="collection", since=naive)) == 7
    assert len(await lines(api, object_kind="collection", since=later)) == 6
    assert await lines(api, object_kind="collection", until=naive) == []
    assert await lines(api, object_kind="collection", until=later) == [first]
    assert await lines(api, object_id=first["object_id"], object_kind="collection") == [first]
    assert await lines(api, key_name="other") == []
    (theirs,) = await lines(other)
    assert (theirs["key_name"], theirs["object_name"]) == ("other", "Theirs")
    ids = [line["id"] for line in await lines(api)]
    assert ids == sorted(ids)


@pytest.mark.parametrize(
    ("query", "named"), [("object_kind=nothing", "experiment"), ("since=yesterday", "since")]
)
async def test_a_filter_that_is_none_is_refused(api: httpx.AsyncClient, query: str, named: str) -> None:
    refused = await api.get(f"/audit?{query}")
    assert refused.status_code == 422
    assert named in refused.json()["detail"]


async def test_a_line_stays_when_all_that_it_names_is_gone(api: httpx.AsyncClient, store: Store) -> None:
    made = await created(api, "/api-keys", {"name": "Pipeline"})
    async with store.write() as session:
        await log_command(session, "prune")  # of no project
        await session.execute(delete(ApiKey).where(ApiKey.id == made["id"]))
    (line,) = await lines(api, operation="create_api_key")
    assert line["object_name"] == "Pipeline"
    assert await lines(api, operation="prune") == []


async def test_the_key_of_a_start_is_logged(api: httpx.AsyncClient) -> None:
    (line, *_) = await lines(api)
    assert (line["key_name"], line["operation"], line["object_name"]) == (
        COMMAND_LINE,
        "serve",
        "ELLUMINATE_API_KEY",
    )
    assert (line["status"], line["address"], line["key_role"]) == (None, None, None)


async def test_an_operation_that_there_is_not_is_refused_with_what_was_meant(api: httpx.AsyncClient) -> None:
    for known in ("delete_experiment", "keys create"):
        assert await lines(api, operation=known) == []
    refused = await api.get("/audit", params={"operation": "delete_experimant"})
    assert refused.status_code == 422
    assert "Did you mean 'delete_experiment'" in refused.text
