"""Redirects: followed within one origin, method and body unchanged; a credential never leaves its origin."""

from __future__ import annotations

import pytest

from elluminate import APIError, RedirectRefusedError, TransportError
from tests.unit.sdk import answers
from tests.unit.sdk.conftest import WiredWorld
from tests.unit.sdk.sending import request_of, send
from tests.unit.sdk.wire import API_KEY, BASE_URL, Reply, Wire

STATUSES = (301, 302, 303, 307, 308)


def to(location: str, status: int = 302) -> Reply:
    return Reply(status, headers={"Location": location})


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("location", ["/api/v0/things/", f"{BASE_URL}:80/api/v0/things/", "things/"])
def test_a_get_follows_within_its_origin(world: WiredWorld, wire: Wire, status: int, location: str) -> None:
    wire.then(to(location, status), Reply(204))
    send(world, request_of("GET"))
    assert [str(request.url) for request in wire.requests] == [
        f"{BASE_URL}/api/v0/things",
        f"{BASE_URL}/api/v0/things/",
    ]
    assert wire.requests[1].headers["X-API-Key"] == API_KEY


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("status", [301, 302, 303])
def test_a_redirect_that_would_lose_method_and_body_is_refused(
    world: WiredWorld, wire: Wire, method: str, status: int
) -> None:
    wire.then(to("/api/v0/things/", status))
    with pytest.raises(RedirectRefusedError, match=r"into a GET of .*/things/; set base_url") as caught:
        send(world, request_of(method))
    assert f"{method} {BASE_URL}/api/v0/things was redirected with {status}" in str(caught.value)
    assert len(wire.requests) == 1


@pytest.mark.parametrize("status", [307, 308])
def test_a_post_is_replayed_as_it_was_where_the_status_says_so(
    world: WiredWorld, wire: Wire, status: int
) -> None:
    wire.then(to("/elsewhere/collections", status), Reply(201, json=answers.collection()))
    world.call(world.client(), "create_collection", "Concepts", variables=[{"concept": "recursion"}])
    first, second = wire.requests
    assert (second.method, second.url.path) == ("POST", "/elsewhere/collections")
    assert second.content == first.content
    assert second.headers["Idempotency-Key"] == first.headers["Idempotency-Key"]
    assert second.headers["Content-Type"] == "application/json"


def test_an_upload_is_replayed_as_it_was(world: WiredWorld, wire: Wire) -> None:
    wire.then(Reply(201, json=answers.collection()))
    collection = world.call(world.client(), "create_collection", "Concepts")
    wire.then(to("/elsewhere", 307), Reply(201, json=[answers.row(31, "closures")]))
    world.call(collection, "add_many", [{"concept": "closures"}])
    assert b'{"concept":"closures"}' in wire.requests[-1].content


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize(
    "elsewhere",
    [
        "http://evil.test/api/v0/things",
        "https://evals.test/api/v0/things",
        "http://evals.test:8080/api/v0/things",
        "http://user@evals.test.evil.test/",
        "//evil.test/api/v0/things",
        "http://evals.test.evil.test/api/v0/things",
    ],
)
def test_another_origin_is_refused_and_never_asked(
    world: WiredWorld, wire: Wire, method: str, status: int, elsewhere: str
) -> None:
    wire.then(to(elsewhere, status))
    with pytest.raises(RedirectRefusedError, match="the credentials are not sent; set base_url") as caught:
        send(world, request_of(method))
    assert {request.url.host for request in wire.requests} == {"evals.test"}
    assert len(wire.requests) == 1
    assert "http://evals.test redirects to" in str(caught.value)


def test_a_server_that_moved_to_https_is_named_with_its_new_address(world: WiredWorld, wire: Wire) -> None:
    wire.version = wire.projects = to("https://evals.test/api/v0/version/compatible", 301)
    with pytest.raises(
        RedirectRefusedError, match=r"http://evals\.test redirects to https://evals\.test.*base_url"
    ):
        world.call(world.client(), "list_collections")


def test_a_redirect_to_something_that_is_no_url_is_an_error(world: WiredWorld, wire: Wire) -> None:
    wire.then(to("http://evals.test:port/"))
    with pytest.raises(TransportError, match="Invalid URL in location header"):
        send(world, request_of("POST"))


def test_redirects_in_a_circle_end_without_repetitions(
    world: WiredWorld, wire: Wire, waits: list[float]
) -> None:
    wire.then(*[to("/api/v0/things")] * 4)
    with pytest.raises(RedirectRefusedError, match="more than 3 redirects"):
        send(world, request_of("GET"))
    assert waits == []


def test_a_redirect_without_a_target_is_an_error_of_the_server(world: WiredWorld, wire: Wire) -> None:
    wire.then(Reply(302, text="<html>moved</html>"))
    with pytest.raises(APIError, match=r"\[302\] <html>moved</html>"):
        send(world, request_of("GET"))
