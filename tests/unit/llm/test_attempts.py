"""Pauses between attempts, and what the time of a call is made of."""

import time
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, formatdate

import pytest

from elluminate_server.llm.attempts import LONGEST_PAUSE, pause_before
from elluminate_server.llm.endpoint import Endpoint
from elluminate_server.llm.types import ModelError
from tests.support.model_server import ModelServer

pytestmark = pytest.mark.anyio

REQUEST = {"model": "gpt-test", "messages": [{"role": "user", "content": "Explain tides."}]}


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        pytest.param({"retry-after": "7"}, 7.0, id="seconds"),
        pytest.param({"retry-after": "0.25"}, 0.25, id="a fraction"),
        pytest.param({"retry-after-ms": "250", "retry-after": "7"}, 0.25, id="milliseconds first"),
        pytest.param({"retry-after-ms": "soon", "retry-after": "7"}, 7.0, id="milliseconds that are none"),
        pytest.param({"retry-after": str(LONGEST_PAUSE)}, LONGEST_PAUSE, id="the longest that is waited"),
        pytest.param({"retry-after": "121"}, None, id="longer than is waited"),
        pytest.param({"retry-after": "7", "x-should-retry": "false"}, None, id="of no use"),
    ],
)
def test_an_endpoint_is_left_alone_for_as_long_as_it_says(
    headers: Mapping[str, str], seconds: float | None
) -> None:
    assert pause_before(1, headers) == seconds


def test_a_date_is_waited_for() -> None:
    pause = pause_before(
        1, {"retry-after": format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)}
    )
    assert pause is not None
    assert 28 < pause <= 30


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("", id="nothing"),
        pytest.param("soon", id="a word"),
        pytest.param("-3", id="a time that is over"),
        pytest.param("nan", id="no number"),
        pytest.param(formatdate(0, usegmt=True), id="a date that is over"),
    ],
)
@pytest.mark.parametrize(("attempt", "longest"), [(1, 0.5), (2, 1.0), (3, 2.0), (9, 8.0), (5000, 8.0)])
def test_without_a_usable_word_pauses_double_up_to_a_bound(value: str, attempt: int, longest: float) -> None:
    pause = pause_before(attempt, {"retry-after": value})
    assert pause is not None
    assert 0.75 * longest <= pause <= longest


@pytest.fixture
async def endpoint(server: ModelServer) -> AsyncIterator[Endpoint]:
    made = Endpoint(base_url=server.base_url, api_key=None)
    yield made
    await made.aclose()


async def test_a_duration_is_of_the_last_attempt_alone(server: ModelServer, endpoint: Endpoint) -> None:
    server.fail(2, status=503, retry_after=0.3)

    began = time.perf_counter()
    received = await endpoint.ask("/chat/completions", REQUEST, attempt_seconds=10, max_retries=2)
    duration, waited = received.duration_seconds, received.waited_seconds
    assert len(server.requests) == 3
    assert 0.6 <= waited < time.perf_counter() - began - duration + 0.001
    assert 0 < duration < 0.3


async def test_a_failed_calls_times_are_told_too(server: ModelServer, endpoint: Endpoint) -> None:
    server.fail(2, status=503, retry_after=0.2)

    with pytest.raises(ModelError, match="503") as caught:
        await endpoint.ask("/chat/completions", REQUEST, attempt_seconds=10, max_retries=1)
    assert caught.value.usage.waited_seconds >= 0.2
    assert 0 < caught.value.usage.duration_seconds < 0.2


async def test_an_attempt_takes_no_longer_than_it_may_however_slowly_bytes_arrive(
    server: ModelServer, endpoint: Endpoint
) -> None:
    with server.trickling(), pytest.raises(ModelError, match=r"within 0\.3 s \(2 attempts\)") as caught:
        await endpoint.ask("/chat/completions", REQUEST, attempt_seconds=0.3, max_retries=1)
    assert caught.value.retryable
