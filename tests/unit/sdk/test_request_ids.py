"""What an error says of its request, for whoever looks into the server's log."""

from __future__ import annotations

import pickle
from collections.abc import Callable

import httpx
import pytest

from elluminate import (
    APIError,
    ConnectionFailedError,
    NotFoundError,
    RequestTimeoutError,
    RetryExhaustedError,
)
from tests.unit.sdk.conftest import WiredWorld
from tests.unit.sdk.sending import request_of, send
from tests.unit.sdk.wire import API_KEY, Reply, Wire


def echoed(status: int) -> Callable[[httpx.Request], Reply]:
    def answer(asked: httpx.Request) -> Reply:
        sent = asked.headers["X-Request-ID"]
        return Reply(status, json={"detail": "No."}, headers={"X-Request-ID": sent})

    return answer


def test_each_call_has_an_id_and_its_repetitions_have_the_same(
    world: WiredWorld, wire: Wire, waits: list[float]
) -> None:
    wire.then(Reply(503), Reply(429), Reply(204), Reply(204))
    send(world, request_of("POST"))
    send(world, request_of("GET"))
    ids = [request.headers["X-Request-ID"] for request in wire.requests]
    assert ids[0] == ids[1] == ids[2] != ids[3]
    assert len(waits) == 2
    assert all(len(one) == 16 for one in ids)


def test_a_refusal_ends_with_the_id_and_keeps_it(world: WiredWorld, wire: Wire) -> None:
    wire.then(echoed(404))
    with pytest.raises(NotFoundError) as caught:
        send(world, request_of("GET"))
    sent = wire.requests[0].headers["X-Request-ID"]
    assert caught.value.request_id == sent
    assert str(caught.value) == f"[404] No. (request {sent})"
    assert caught.value.message == "No."
    copied = pickle.loads(pickle.dumps(caught.value))
    assert (copied.request_id, str(copied)) == (sent, str(caught.value))


def test_what_was_refused_again_and_again_names_its_request(
    world: WiredWorld, wire: Wire, waits: list[float]
) -> None:
    wire.then(*[echoed(503)] * 3)
    with pytest.raises(RetryExhaustedError) as caught:
        send(world, request_of("GET"))
    assert isinstance(caught.value, APIError)
    assert caught.value.request_id == wire.requests[0].headers["X-Request-ID"]
    assert f"(request {caught.value.request_id})" in str(caught.value)
    assert len(waits) == 2


@pytest.mark.parametrize(
    "told", [None, "", "two words", "a" * 129, "a\x1b[31m"], ids=["none", "empty", "blank", "long", "escape"]
)
def test_a_server_that_tells_no_id_leaves_none(world: WiredWorld, wire: Wire, told: str | None) -> None:
    wire.then(Reply(400, json={"detail": "No."}, headers={} if told is None else {"X-Request-ID": told}))
    with pytest.raises(APIError) as caught:
        send(world, request_of("GET"))
    assert caught.value.request_id is None
    assert str(caught.value) == "[400] No."


def test_an_answer_that_was_lost_is_named_by_what_was_sent(world: WiredWorld, wire: Wire) -> None:
    wire.then(httpx.ReadTimeout("too long"))
    with pytest.raises(RequestTimeoutError) as caught:
        send(world, request_of("PATCH"))
    sent = wire.requests[0].headers["X-Request-ID"]
    assert caught.value.request_id == sent
    assert str(caught.value).endswith(f"(request {sent})")


def test_a_request_that_no_server_has_seen_has_no_id_to_look_for(
    world: WiredWorld, wire: Wire, waits: list[float]
) -> None:
    wire.then(*[httpx.ConnectError("refused")] * 3)
    with pytest.raises(ConnectionFailedError) as caught:
        send(world, request_of("GET"))
    assert caught.value.request_id is None
    assert len(waits) == 2


def test_an_id_that_tells_the_key_is_left_out(world: WiredWorld, wire: Wire) -> None:
    wire.then(Reply(400, json={"detail": "No."}, headers={"X-Request-ID": API_KEY}))
    with pytest.raises(APIError) as caught:
        send(world, request_of("GET"))
    assert API_KEY not in str(caught.value)
    assert caught.value.request_id is None
