"""The retry policy as a table: what is sent again, how often, and what is raised in the end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from elluminate import (
    APIError,
    AuthenticationError,
    ConflictError,
    ConnectionFailedError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    RequestTimeoutError,
    RetryConfig,
    RetryExhaustedError,
    ServerError,
    TransportError,
)
from tests.unit.sdk.conftest import WiredWorld
from tests.unit.sdk.sending import request_of, send
from tests.unit.sdk.wire import Reply, Wire

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
ATTEMPTS = 3

# When a failure says that the server has done nothing, every method is repeated; when it leaves that open,
# only what may safely happen twice; anything else is never repeated.
ALWAYS, WHEN_SAFE, NEVER = "always", "when safe", "never"

FAILED_STATUSES: dict[int, tuple[str, type[APIError]]] = {
    301: (NEVER, APIError),
    302: (NEVER, APIError),
    304: (NEVER, APIError),
    307: (NEVER, APIError),
    308: (NEVER, APIError),
    400: (NEVER, APIError),
    401: (NEVER, AuthenticationError),
    403: (NEVER, PermissionDeniedError),
    404: (NEVER, NotFoundError),
    409: (NEVER, ConflictError),
    413: (NEVER, APIError),
    422: (NEVER, APIError),
    429: (ALWAYS, RateLimitError),
    500: (NEVER, ServerError),
    502: (WHEN_SAFE, ServerError),
    503: (ALWAYS, ServerError),
    504: (WHEN_SAFE, ServerError),
    520: (NEVER, ServerError),
}

FAULTS: dict[type[httpx.RequestError], tuple[str, type[TransportError]]] = {
    httpx.ConnectError: (ALWAYS, ConnectionFailedError),
    httpx.ConnectTimeout: (ALWAYS, ConnectionFailedError),
    httpx.PoolTimeout: (ALWAYS, ConnectionFailedError),
    httpx.ProxyError: (ALWAYS, ConnectionFailedError),
    httpx.ReadTimeout: (WHEN_SAFE, RequestTimeoutError),
    httpx.WriteTimeout: (WHEN_SAFE, RequestTimeoutError),
    httpx.ReadError: (WHEN_SAFE, TransportError),
    httpx.WriteError: (WHEN_SAFE, TransportError),
    httpx.RemoteProtocolError: (WHEN_SAFE, TransportError),
    httpx.DecodingError: (WHEN_SAFE, TransportError),
}


def expected_attempts(repeats: str, method: str, keys_honoured: bool) -> int:
    safe = method in ("GET", "PUT", "DELETE") or (method == "POST" and keys_honoured)
    return ATTEMPTS if repeats == ALWAYS or (repeats == WHEN_SAFE and safe) else 1


def check_outcome(
    wire: Wire, waits: list[float], raised: Exception, kind: type[Exception], attempts: int
) -> None:
    assert isinstance(raised, kind)
    assert len(wire.requests) == attempts
    assert len(waits) == attempts - 1
    if attempts == 1:
        assert type(raised) is kind
        assert not isinstance(raised, RetryExhaustedError)
        return
    assert isinstance(raised, RetryExhaustedError)
    assert raised.attempts == attempts
    assert type(raised.last_exception) is kind
    assert f"after {attempts} attempts" in str(raised)


@pytest.fixture(params=[False, True], ids=["key not known to count", "key honoured"])
def keys_honoured(request: pytest.FixtureRequest, wire: Wire) -> bool:
    """Whether the server has shown, in its first answer, that it honours Idempotency-Key."""
    honoured: bool = request.param
    if honoured:

        def echo(asked: httpx.Request) -> Reply:
            body = {"is_compatible": True, "required_sdk_version": None}
            return Reply(json=body, headers={"Idempotency-Key": asked.headers["Idempotency-Key"]})

        wire.version = echo
    return honoured


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_any_2xx_is_a_success_after_one_attempt(
    world: WiredWorld, wire: Wire, waits: list[float], method: str, status: int
) -> None:
    wire.then(Reply(status))
    send(world, request_of(method))
    assert len(wire.requests) == 1
    assert waits == []


@pytest.mark.parametrize("method", METHODS)
def test_a_request_that_is_still_being_handled_is_asked_for_again(
    world: WiredWorld, wire: Wire, waits: list[float], method: str
) -> None:
    handled = Reply(409, json={"detail": "still being handled"}, headers={"Retry-After": "5"})
    wire.then(handled, handled, Reply(200))

    send(world, request_of(method))

    assert len(wire.requests) == 3
    assert waits == [5, 5]


def test_a_request_that_is_handled_for_too_long_is_a_conflict_that_says_so(
    world: WiredWorld, wire: Wire, waits: list[float]
) -> None:
    wire.then(*[Reply(409, json={"detail": "still being handled"}, headers={"Retry-After": "5"})] * ATTEMPTS)

    with pytest.raises(ConflictError, match="still being handled") as caught:
        send(world, request_of("POST"))

    assert caught.value.retry_after == 5
    assert len(waits) == ATTEMPTS - 1


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("status", FAILED_STATUSES)
def test_a_failed_status(
    world: WiredWorld, wire: Wire, waits: list[float], keys_honoured: bool, method: str, status: int
) -> None:
    repeats, kind = FAILED_STATUSES[status]
    attempts = expected_attempts(repeats, method, keys_honoured)
    wire.then(*[Reply(status, json={"detail": "no such luck"})] * attempts)
    with pytest.raises(APIError) as caught:
        send(world, request_of(method))
    check_outcome(wire, waits, caught.value, kind, attempts)
    assert caught.value.status_code == status
    assert caught.value.message == "no such luck"
    assert caught.value.response_info is not None
    assert (caught.value.response_info.method, caught.value.response_info.status_code) == (method, status)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_fault_of_the_connection(
    world: WiredWorld,
    wire: Wire,
    waits: list[float],
    keys_honoured: bool,
    method: str,
    fault: type[httpx.RequestError],
) -> None:
    repeats, kind = FAULTS[fault]
    attempts = expected_attempts(repeats, method, keys_honoured)
    wire.then(*(fault("it broke") for _ in range(attempts)))
    with pytest.raises(TransportError) as caught:
        send(world, request_of(method))
    check_outcome(wire, waits, caught.value, kind, attempts)
    assert isinstance(caught.value.__cause__, fault)
    assert f"{method} http://evals.test/api/v0/things" in str(caught.value)


@pytest.mark.parametrize("fault", [Reply(503), Reply(429), httpx.ConnectError("refused")], ids=repr)
def test_a_repetition_that_succeeds_is_a_success(
    world: WiredWorld, wire: Wire, waits: list[float], fault: Any
) -> None:
    wire.then(fault, fault, Reply(204))
    send(world, request_of("POST"))
    assert len(waits) == 2


LOST_ANSWERS = [
    httpx.ReadTimeout("slow"),
    httpx.ReadError("cut"),
    httpx.RemoteProtocolError("cut"),
    Reply(502),
    Reply(504),
]


@pytest.mark.parametrize("method", ["POST", "PATCH"])
@pytest.mark.parametrize("lost", LOST_ANSWERS, ids=repr)
def test_what_the_contract_marks_as_repeatable_is_repeated_without_a_key(
    world: WiredWorld, wire: Wire, waits: list[float], method: str, lost: Any
) -> None:
    wire.then(lost, lost, Reply(204))
    send(world, request_of(method, marked=True))
    assert len(waits) == 2


@pytest.mark.parametrize("lost", LOST_ANSWERS, ids=repr)
def test_a_deletion_whose_answer_was_lost_is_done_when_its_repetition_finds_nothing(
    world: WiredWorld, wire: Wire, lost: Any
) -> None:
    wire.then(lost, Reply(503), Reply(404, json={"detail": "There is no such thing."}))
    send(world, request_of("DELETE"))
    assert len(wire.requests) == 3


@pytest.mark.parametrize(
    ("method", "first"),
    [
        ("DELETE", Reply(503)),
        ("DELETE", Reply(429)),
        ("DELETE", httpx.ConnectError("refused")),
        ("GET", httpx.ReadError("cut")),
        ("PUT", httpx.ReadError("cut")),
    ],
    ids=repr,
)
def test_what_is_not_found_otherwise_is_an_error(
    world: WiredWorld, wire: Wire, method: str, first: Reply | Exception
) -> None:
    wire.then(first, Reply(404, json={"detail": "There is no such thing."}))
    with pytest.raises(NotFoundError, match="There is no such thing"):
        send(world, request_of(method))


def test_the_idempotency_key_stays_over_repetitions_and_changes_with_the_call(
    world: WiredWorld, wire: Wire
) -> None:
    wire.then(Reply(503), Reply(429), Reply(204), Reply(204))
    send(world, request_of("POST"))
    send(world, request_of("POST"))
    keys = [request.headers["Idempotency-Key"] for request in wire.requests]
    assert keys[0] == keys[1] == keys[2] != keys[3]
    assert all(len(key) >= 32 for key in keys)


@pytest.mark.parametrize("method", [method for method in METHODS if method != "POST"])
def test_only_a_post_carries_an_idempotency_key(world: WiredWorld, wire: Wire, method: str) -> None:
    wire.then(Reply(204))
    send(world, request_of(method))
    assert "Idempotency-Key" not in wire.requests[0].headers


def test_every_request_says_who_asks_and_at_which_level(world: WiredWorld, wire: Wire) -> None:
    wire.then(Reply(204))
    send(world, request_of("GET"))
    for request in (*wire.startup, *wire.requests):
        assert request.headers["X-API-Key"] == "wire-secret-1f0c9a"
        assert request.headers["SDK-Version"] == "1.5.2"
        assert "Authorization" not in request.headers


def test_a_token_travels_as_a_bearer_and_a_key_wins_over_it(world: WiredWorld, wire: Wire) -> None:
    wire.then(Reply(204), Reply(204))
    send(world, request_of("GET"), api_key=None, token="bearer-secret")
    assert wire.requests[0].headers["Authorization"] == "Bearer bearer-secret"
    assert "X-API-Key" not in wire.requests[0].headers
    send(world, request_of("GET"), api_key="the-key", token="bearer-secret")
    assert wire.requests[1].headers["X-API-Key"] == "the-key"
    assert "Authorization" not in wire.requests[1].headers


SWITCHES: list[tuple[dict[str, Any], Callable[[], Any], type[Exception]]] = [
    ({"retry_on_429": False}, lambda: Reply(429), RateLimitError),
    ({"retry_on_503": False}, lambda: Reply(503), ServerError),
    ({"retry_on_timeout": False}, lambda: httpx.ReadTimeout("slow"), RequestTimeoutError),
    ({"retry_on_timeout": False}, lambda: httpx.ReadError("cut"), TransportError),
    ({"max_attempts": 1}, lambda: Reply(503), ServerError),
]


@pytest.mark.parametrize(("setting", "fault", "kind"), SWITCHES)
def test_a_repetition_can_be_switched_off(
    world: WiredWorld, wire: Wire, setting: dict[str, Any], fault: Callable[[], Any], kind: type[Exception]
) -> None:
    wire.then(fault())
    with pytest.raises(kind) as caught:
        send(world, request_of("GET"), retry_config=RetryConfig(**setting))
    assert type(caught.value) is kind
    assert len(wire.requests) == 1


def test_as_many_attempts_as_configured(world: WiredWorld, wire: Wire, waits: list[float]) -> None:
    wire.then(*[Reply(503)] * 7)
    with pytest.raises(ServerError) as caught:
        send(world, request_of("GET"), retry_config=RetryConfig(max_attempts=7))
    assert isinstance(caught.value, RetryExhaustedError)
    assert caught.value.attempts == 7
    assert len(waits) == 6


def test_the_backoff_doubles_with_jitter_up_to_its_cap(
    world: WiredWorld, wire: Wire, waits: list[float]
) -> None:
    wire.then(*[Reply(503)] * 6)
    with pytest.raises(ServerError):
        send(world, request_of("GET"), retry_config=RetryConfig(max_attempts=6, min_wait=1.0, max_wait=5.0))
    for wait, full in zip(waits, [1.0, 2.0, 4.0, 5.0, 5.0], strict=True):
        assert full / 2 <= wait <= full


def test_a_very_patient_client_does_not_overflow() -> None:
    assert 15.0 <= RetryConfig(max_attempts=10_000).wait_before(9_999, None) <= 30.0


@pytest.mark.parametrize(
    "wrong", [{"max_attempts": 0}, {"min_wait": -1.0}, {"max_wait": -0.1}, {"multiplier": 0.5}]
)
def test_a_retry_config_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        RetryConfig(**wrong)
