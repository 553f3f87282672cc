"""Starting: the version check that may fail, the project that must be found, and what a failure leaves behind."""

from __future__ import annotations

import logging

import httpx
import pytest

from elluminate import (
    AmbiguousProjectError,
    AuthenticationError,
    Client,
    ConfigurationError,
    ConnectionFailedError,
    NotFoundError,
    RequestTimeoutError,
    RetryConfig,
    TransportError,
)
from tests.unit.sdk import answers
from tests.unit.sdk.conftest import WiredWorld
from tests.unit.sdk.wire import API_KEY, BASE_URL, Reply, Wire, page_of


def start(world: WiredWorld, **settings: object) -> object:
    """Make a client that has reached its server."""
    client = world.client(**settings)
    world.call(client, "list_llm_configs")
    return client


@pytest.mark.parametrize(
    "answer",
    [
        Reply(404, json={"detail": "Not Found"}),
        Reply(500, text="Internal Server Error"),
        Reply(501, json={"detail": "not yet"}),
        Reply(503, json={"detail": "later"}),
        Reply(204),
        Reply(200, text="<html>hello</html>"),
        Reply(200, json=["not", "an", "object"]),
        Reply(401, json={"detail": "no"}),
    ],
    ids=lambda answer: f"{answer.status}-{answer.text or answer.json}",
)
def test_a_version_check_that_cannot_be_answered_stops_nobody(
    world: WiredWorld, wire: Wire, answer: Reply
) -> None:
    wire.version = answer
    wire.on("GET", "/llm_configs", page_of())
    client = start(world)
    assert "project 1" in repr(client)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (httpx.ConnectError("refused"), ConnectionFailedError),
        (httpx.ReadTimeout("slow"), RequestTimeoutError),
        (httpx.ReadError("cut"), TransportError),
    ],
    ids=["connect", "timeout", "cut"],
)
def test_a_server_that_cannot_be_reached_is_an_error(
    world: WiredWorld, wire: Wire, fault: Exception, kind: type[Exception]
) -> None:
    wire.version = fault
    with pytest.raises(kind, match=BASE_URL):
        start(world)


@pytest.mark.parametrize("at", ["version", "projects"])
@pytest.mark.parametrize(
    "fault",
    [
        httpx.ConnectError("refused"),
        httpx.ConnectTimeout("slow"),
        httpx.ReadTimeout("slow"),
        httpx.ReadError("cut"),
        httpx.WriteError("cut"),
        httpx.RemoteProtocolError("half an answer"),
        Reply(429),
        Reply(502, text="<html>Bad gateway</html>"),
        Reply(503),
        Reply(504),
    ],
    ids=repr,
)
def test_a_single_fault_of_the_first_exchange_stops_nobody(
    world: WiredWorld, wire: Wire, waits: list[float], at: str, fault: Reply | Exception
) -> None:
    usual, faults = getattr(wire, at), [fault]

    def answer(_: httpx.Request) -> Reply:
        given = faults.pop() if faults else usual
        if isinstance(given, httpx.RequestError):
            raise given
        assert isinstance(given, Reply)
        return given

    setattr(wire, at, answer)
    wire.on("GET", "/llm_configs", page_of())
    start(world)
    assert (faults, len(wire.startup), len(waits)) == ([], 3, 1)


@pytest.mark.parametrize(("attempts", "asked"), [(1, 1), (5, 5)])
def test_the_first_exchange_is_repeated_as_often_as_configured(
    world: WiredWorld, wire: Wire, attempts: int, asked: int
) -> None:
    wire.version = httpx.ReadTimeout("slow")
    with pytest.raises(RequestTimeoutError):
        start(world, retry_config=RetryConfig(max_attempts=attempts))
    assert len(wire.startup) == asked


def test_an_unsupported_version_is_a_warning(
    world: WiredWorld, wire: Wire, caplog: pytest.LogCaptureFixture
) -> None:
    wire.version = Reply(json={"is_compatible": False, "required_sdk_version": "9.0.0"})
    wire.on("GET", "/llm_configs", page_of())
    with caplog.at_level(logging.WARNING, "elluminate"):
        start(world)
    assert "asks for a client of level 9.0.0" in caplog.text


def test_the_version_check_can_be_left_out(world: WiredWorld, wire: Wire) -> None:
    wire.on("GET", "/llm_configs", page_of())
    start(world, skip_version_check=True)
    assert [request.url.path for request in wire.startup] == ["/api/v0/projects"]


def test_a_client_asks_for_version_and_project_once(world: WiredWorld, wire: Wire) -> None:
    wire.on("GET", "/llm_configs", page_of())
    client = start(world)
    world.call(client, "list_llm_configs")
    assert [request.url.path for request in wire.startup] == [
        "/api/v0/version/compatible",
        "/api/v0/projects",
    ]


def test_a_path_of_the_base_url_is_kept(world: WiredWorld, wire: Wire) -> None:
    wire.on("GET", "/llm_configs", page_of())
    wire.version = wire.projects = Reply(599)
    with pytest.raises(AssertionError, match="/proxied/api/v0/version/compatible"):
        start(world, base_url=f"{BASE_URL}/proxied/")


def test_no_server_of_this_kind(world: WiredWorld, wire: Wire) -> None:
    wire.projects = Reply(404, text="<html>nothing here</html>")
    with pytest.raises(ConfigurationError, match=rf"{BASE_URL} does not answer .* check the base URL"):
        start(world)


def test_a_refused_key(world: WiredWorld, wire: Wire) -> None:
    wire.version = wire.projects = Reply(401, json={"detail": "Invalid API key"})
    with pytest.raises(AuthenticationError, match="Invalid API key"):
        start(world)


def test_credentials_without_a_project(world: WiredWorld, wire: Wire) -> None:
    wire.projects = page_of()
    with pytest.raises(ConfigurationError, match="reach no project"):
        start(world)


def test_an_unknown_project_is_named_with_those_there_are(world: WiredWorld, wire: Wire) -> None:
    wire.projects = page_of(answers.project(3), answers.project(4))
    with pytest.raises(NotFoundError, match=r"project 7 .* 3 \(Project 3\), 4 \(Project 4\)"):
        start(world, project_id=7)


def test_a_token_for_several_projects_needs_a_choice(world: WiredWorld, wire: Wire) -> None:
    wire.projects = page_of(answers.project(3), answers.project(4))
    with pytest.raises(AmbiguousProjectError, match=r"pass project_id=.*3 \(Project 3\)"):
        start(world, api_key=None, token="a-token")


def test_the_newest_of_several_projects_can_be_asked_for(wire: Wire) -> None:
    wire.projects = page_of(answers.project(4), answers.project(9), answers.project(3))
    with Client(BASE_URL, token="a-token", fallback_to_newest=True) as client:
        assert client.current_project is not None
        assert client.current_project.id == 9
        assert client.project_route_prefix == "projects/9"


def test_a_project_can_be_chosen(wire: Wire) -> None:
    wire.projects = page_of(answers.project(4), answers.project(9))
    with Client(BASE_URL, token="a-token", project_id=4) as client:
        assert client.current_project is not None
        assert client.current_project.id == 4
        assert [project.id for project in client.projects] == [4, 9]


def test_what_a_client_says_of_itself(wire: Wire) -> None:
    with Client(BASE_URL, API_KEY, timeout=7.5, proxy="") as client:
        assert (client.base_url, client.api_key, client.token) == (BASE_URL, API_KEY, None)
        assert (client.timeout, client.proxy) == (7.5, "")
        assert client.get_info() == "Client http://evals.test (project 1 'Project 1')"
