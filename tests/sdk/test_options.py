"""Projects, copies of clients with other options, and HTTP clients of the caller's."""

import asyncio
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import httpx
import pytest

from elluminate import (
    AsyncClient,
    Client,
    ClientClosedError,
    ConfigurationError,
    ConflictError,
    NotFoundError,
    PermissionDeniedError,
    RequestTimeoutError,
    RetryConfig,
    ServerError,
    ValidationError,
)
from tests.unit.sdk import answers

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with Client(base_url="local::memory:") as client:
        yield client


def test_a_project_is_created_and_the_client_stays_in_its_own(client: Client) -> None:
    own = client.current_project
    assert own is not None
    project = client.create_project("Second", "for later", public_in_org=True)
    assert (project.name, project.description, project.public_in_org) == ("Second", "for later", True)
    assert project.organization == own.organization
    assert client.current_project == own
    with pytest.raises(ConflictError) as caught:
        client.create_project("Second")
    assert caught.value.resource_name == "Second"
    with pytest.raises(PermissionDeniedError):
        client.create_project("Third", organization_id=own.organization.id + 1)


def test_projects_are_listed_and_chosen(client: Client) -> None:
    own = client.list_projects()[0]
    assert client.select_project(own) == own == client.current_project
    assert client.select_project(own.id) == own
    with pytest.raises(NotFoundError):
        client.select_project(999_999)
    for bad in (0, True, "Default project"):
        with pytest.raises(ValidationError):
            client.select_project(bad)  # type: ignore[arg-type]  # bad on purpose
    assert client.current_project == own


class Troubled(BaseHTTPRequestHandler):
    """Answers reads of templates with 503, and of collections not before the test is over."""

    over = threading.Event()
    seen: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.seen.append(self.path)
        if "collections" in self.path:
            self.over.wait(30)
        body = json.dumps({"items": [answers.project()], "count": 1}).encode()
        self.send_response(200 if self.path.endswith("/projects") else 503)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def troubled() -> Iterator[str]:
    Troubled.over.clear()
    Troubled.seen.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Troubled) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        Troubled.over.set()
        server.shutdown()
        thread.join()


def test_a_copy_waits_and_repeats_as_it_was_told(troubled: str) -> None:
    patient = RetryConfig(max_attempts=3, min_wait=0, max_wait=0)
    with Client(troubled, "key", skip_version_check=True, retry_config=patient) as client:
        hasty = client.with_options(timeout=0.05, max_retries=0)
        with pytest.raises(RequestTimeoutError):
            hasty.list_collections()
        with pytest.raises(ServerError):
            hasty.list_prompt_templates()
        assert sum("prompt_templates" in path for path in Troubled.seen) == 1
        with pytest.raises(ServerError):
            client.list_prompt_templates()
        assert sum("prompt_templates" in path for path in Troubled.seen) == 4
        assert (hasty.timeout, client.timeout) == (0.05, 120.0)
        assert hasty.with_options(max_retries=1).timeout == 0.05


def test_a_copy_shares_connections_and_does_not_close_them(client: Client) -> None:
    client.get_or_create_collection("Shared")
    copy = client.with_options(max_retries=0)
    assert isinstance(copy, Client)
    assert copy.current_project == client.current_project
    with copy:
        copy.get_collection(name="Shared").add_many([{"a": "1"}])
    assert len(client.get_collection(name="Shared").variables) == 1

    other = Client(base_url="local::memory:")
    copy = other.with_options(timeout=5)
    other.close()
    with pytest.raises(ClientClosedError):
        copy.list_collections()


def test_options_that_cannot_be_used_are_refused(client: Client) -> None:
    for bad in ({"timeout": 0}, {"timeout": True}, {"max_retries": -1}, {"max_retries": 1.5}):
        with pytest.raises(ConfigurationError):
            client.with_options(**bad)  # pyright: ignore[reportArgumentType]  # bad on purpose


def test_a_callers_http_client_is_used_and_left_open() -> None:
    sent: list[httpx.Request] = []
    with httpx.Client(event_hooks={"request": [sent.append]}, trust_env=False) as own:
        with Client(base_url="local::memory:", http_client=own) as client:
            collection = client.create_collection("Own client", variables=[{"a": "1"}])
            assert client.with_options(timeout=9).get_collection(id=collection.id).to_dicts() == [{"a": "1"}]
            with pytest.raises(ConfigurationError, match="AsyncClient"):
                asyncio.run(collection.aadd_many([{"a": "2"}]))
        assert not own.is_closed
    assert sent[-1].url.path.endswith(f"/collections/{collection.id}")
    assert sent[-1].extensions["timeout"]["read"] == 9
    assert "X-API-Key" not in own.headers


async def test_a_callers_async_http_client_is_used_and_left_open() -> None:
    sent: list[httpx.Request] = []

    async def keep(request: httpx.Request) -> None:
        sent.append(request)

    async with httpx.AsyncClient(event_hooks={"request": [keep]}, trust_env=False) as own:
        async with AsyncClient(base_url="local::memory:", http_client=own) as client:
            assert client.with_options(timeout=9).timeout == 9
            await client.list_collections()
            assert (await client.select_project((await client.list_projects())[0])).id == 1
        assert not own.is_closed
    assert sent


def test_the_wrong_kind_of_http_client_is_refused_at_once() -> None:
    with httpx.Client() as own, pytest.raises(ConfigurationError, match=r"httpx\.AsyncClient"):
        AsyncClient(base_url="local::memory:", http_client=own)
    with pytest.raises(ConfigurationError, match=r"httpx\.Client"):
        Client(base_url="local::memory:", http_client=httpx.AsyncClient())
