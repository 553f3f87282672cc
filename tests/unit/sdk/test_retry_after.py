"""Retry-After: how long a server may ask to be left alone (RFC 9110, 10.2.3)."""

from __future__ import annotations

import datetime
from email.utils import format_datetime

import pytest

from elluminate import RateLimitError, RetryConfig, ServerError
from tests.unit.sdk.conftest import WiredWorld
from tests.unit.sdk.sending import request_of, send
from tests.unit.sdk.wire import Reply, Wire


def _in(seconds: float) -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=seconds)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("3", 3.0),
        ("0", 0.0),
        ("1.5", 1.5),
        (" 2 ", 2.0),
        ("-7", 0.0),
        ("3600", 30.0),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0),
        ("Wed Oct 21 07:28:00 2015", 0.0),
        ("Wednesday, 21-Oct-15 07:28:00 GMT", 0.0),
    ],
)
def test_what_the_server_asks_for_replaces_the_backoff(
    world: WiredWorld, wire: Wire, waits: list[float], status: int, header: str, wait: float
) -> None:
    wire.then(Reply(status, headers={"Retry-After": header}), Reply(204))
    send(world, request_of("POST"))
    assert waits == [wait]


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    "garbage",
    ["soon", "inf", "-inf", "nan", "1e400", "", "10s", "2 minutes", "12:00", "1,5", "Monday", "99 Foo 2015"],
)
def test_garbage_leaves_the_backoff(
    world: WiredWorld, wire: Wire, waits: list[float], status: int, garbage: str
) -> None:
    wire.then(Reply(status, headers={"Retry-After": garbage}), Reply(204))
    send(world, request_of("GET"))
    assert len(waits) == 1
    assert 0.5 <= waits[0] <= 1.0


def test_a_date_ahead_is_waited_for(world: WiredWorld, wire: Wire, waits: list[float]) -> None:
    wire.then(
        Reply(503, headers={"Retry-After": format_datetime(_in(20), usegmt=True)}),
        Reply(503, headers={"Retry-After": format_datetime(_in(86_400), usegmt=True)}),
        Reply(204),
    )
    send(world, request_of("GET"))
    assert 10.0 < waits[0] <= 20.0
    assert waits[1] == 30.0


def test_the_cap_is_the_callers(world: WiredWorld, wire: Wire, waits: list[float]) -> None:
    wire.then(Reply(429, headers={"Retry-After": "3600"}), Reply(204))
    send(world, request_of("GET"), retry_config=RetryConfig(max_wait=90.0))
    assert waits == [90.0]


@pytest.mark.parametrize(("status", "kind"), [(429, RateLimitError), (503, ServerError)])
def test_the_error_tells_what_the_server_asked_for(
    world: WiredWorld, wire: Wire, status: int, kind: type[RateLimitError] | type[ServerError]
) -> None:
    wire.then(Reply(status, headers={"Retry-After": "77.5"}))
    with pytest.raises(kind) as caught:
        send(world, request_of("GET"), retry_config=RetryConfig(max_attempts=1))
    assert isinstance(caught.value, RateLimitError | ServerError)
    assert caught.value.retry_after == 77.5
