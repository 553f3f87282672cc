"""The audit log through the clients, against servers in this process."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from elluminate import AsyncClient, Client, NotSupportedError, PermissionDeniedError, ValidationError
from elluminate.schemas import ApiKeyRole, AuditEvent, AuditObjectKind
from elluminate_server.http.pipeline import HANDLERS
from elluminate_server.local import LocalServer

pytestmark = pytest.mark.anyio


@pytest.fixture
def server(tmp_path: Path) -> Iterator[LocalServer]:
    found = LocalServer(str(tmp_path / "test.db"))
    found.start()
    yield found
    found.stop()


@pytest.fixture
def admin(server: LocalServer) -> Iterator[Client]:
    with Client(base_url=server.address.base_url, api_key=server.address.api_key) as client:
        yield client


async def test_who_did_what_is_read_by_both_clients(admin: Client) -> None:
    made = admin.create_api_key("Pipeline", role="editor")
    assert made.role is ApiKeyRole.EDITOR
    with Client(base_url=admin.base_url, api_key=made.key) as editor:
        collection = editor.create_collection("Topics", variables=[{"topic": "tides"}])
        editor.delete_collection(collection)
    (first, last) = admin.list_audit_events(key_name="Pipeline")
    assert isinstance(first, AuditEvent)
    assert (first.operation, last.operation) == ("create_collection", "delete_collection")
    assert (last.object_kind, last.object_id, last.object_name) == ("collection", collection.id, "Topics")
    assert (last.key_id, last.key_role, last.status) == (made.id, ApiKeyRole.EDITOR, 204)
    about = {"object_kind": AuditObjectKind.COLLECTION, "object_id": collection.id}
    assert list(admin.iter_audit_events(**about)) == [first, last]  # type: ignore[arg-type]
    assert admin.list_audit_events(since=last.created_at, object_kind="collection") == [last]
    assert admin.list_audit_events(until=datetime.date(2020, 1, 1)) == []
    async with AsyncClient(base_url=admin.base_url, api_key=admin.session.config.api_key) as client:
        assert await client.list_audit_events(operation="delete_collection") == [last]
        assert [one async for one in client.iter_audit_events(key_name="Pipeline")] == [first, last]


def test_a_local_server_logs_what_its_own_process_does(tmp_path: Path) -> None:
    with Client(base_url=f"local:{tmp_path / 'test.db'}") as client:
        client.create_collection("Topics")
        (line,) = client.list_audit_events()
    assert (line.key_name, line.key_id, line.key_role) == ("server process", None, "admin")
    assert line.address == "127.0.0.1"


def test_what_a_run_stores_has_no_lines_beside_its_own(admin: Client) -> None:
    template = admin.create_prompt_template("Tutor", "Explain {{topic}}.")
    collection = admin.create_collection("Topics", variables=[{"topic": f"t{number}"} for number in range(5)])
    start = len(admin.list_audit_events())
    experiment = admin.run_experiment("First", template, collection, criteria=["Is it short?"])
    assert len(list(experiment.responses())) == 5
    found = admin.list_audit_events()[start:]
    assert [line.operation for line in found] == ["create_criterion_set", "create_experiment"]


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        pytest.param(None, "127.0.0.1", id="no proxy"),
        pytest.param("203.0.113.9", "203.0.113.9", id="a proxy"),
        pytest.param("2001:DB8::0:1", "2001:db8::1", id="a proxy of IPv6"),
        pytest.param("x" * 300, None, id="nonsense"),
        pytest.param('=HYPERLINK("http://evil.example","x")', None, id="a formula"),
    ],
)
def test_behind_a_proxy_of_this_machine_the_address_is_its_client_s(
    admin: Client, given: str | None, shown: str | None
) -> None:
    headers = {"X-API-Key": admin.session.config.api_key or ""}
    if given is not None:
        headers["X-Forwarded-For"] = given
    made = httpx.post(
        f"{admin.base_url}/api/v0/projects/1/collections", json={"name": "Topics"}, headers=headers
    )
    assert made.status_code == 201
    (line,) = admin.list_audit_events()
    assert line.address == shown


def test_a_key_may_do_no_more_than_its_role(admin: Client) -> None:
    made = admin.create_api_key("ci", role="reader")
    with Client(base_url=admin.base_url, api_key=made.key) as reader:
        assert reader.list_collections() == []
        with pytest.raises(PermissionDeniedError, match="'ci' is a reader: create_collection takes an edi"):
            reader.create_collection("Topics")
        with pytest.raises(PermissionDeniedError, match="list_audit_events takes an admin"):
            reader.list_audit_events()
        with pytest.raises(PermissionDeniedError, match="list_audit_events takes an admin"):
            list(reader.iter_audit_events())
        with pytest.raises(PermissionDeniedError, match="create_api_key takes an admin"):
            reader.create_api_key("More", role="admin")
    assert [key.role for key in admin.list_api_keys()] == [ApiKeyRole.READER]
    assert admin.list_collections() == []


async def test_a_server_without_an_audit_log_is_said_to_have_none(
    admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(HANDLERS, "list_audit_events")
    with pytest.raises(NotSupportedError, match="no audit log") as refused:
        admin.list_audit_events()
    assert refused.value.status_code == 501
    with pytest.raises(NotSupportedError, match="no audit log"):
        list(admin.iter_audit_events())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"object_kind": "nothing"}, "object_kind must be one of .*experiment"),
        ({"object_id": 0}, "object_id"),
        ({"since": "soon"}, "since is no date"),
        ({"key_name": 7}, "API key"),
        ({"operation": ["run_experiment"]}, "operation"),
    ],
    ids=str,
)
def test_an_argument_that_cannot_be_used_is_refused(
    admin: Client, arguments: dict[str, object], words: str
) -> None:
    with pytest.raises(ValidationError, match=words):
        admin.list_audit_events(**arguments)  # type: ignore[arg-type]
    with pytest.raises(ValidationError, match=r"role must be one of .*; got 'owner'"):
        admin.create_api_key("Pipeline", role="owner")  # type: ignore[arg-type]
