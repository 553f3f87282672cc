"""What failed attempts say, and what the time of a call is made of."""

import datetime
import time
from collections.abc import Mapping
from email.utils import format_datetime, formatdate
from typing import Any

import pytest

from elluminate_server.llm.attempts import (
    LONGEST_ASKED,
    Kind,
    Refusal,
    asked_pause,
    backoff,
    foretold_pause,
    refusal_of,
)
from elluminate_server.llm.endpoint import Endpoint, Received
from elluminate_server.llm.http_calls import HttpAnswer, HttpFailure
from elluminate_server.llm.types import ModelError
from tests.support.model_server import ModelServer
from tests.support.virtual_time import run
from tests.unit.llm.virtual_endpoint import Scripted, endpoint_at, ok, refusal, work

REQUEST = {"model": "gpt-test", "messages": [{"role": "user", "content": "Explain tides."}]}


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        pytest.param({"retry-after": "7"}, 7.0, id="seconds"),
        pytest.param({"retry-after": "0.25"}, 0.25, id="a fraction"),
        pytest.param({"retry-after-ms": "250", "retry-after": "7"}, 0.25, id="milliseconds first"),
        pytest.param({"retry-after-ms": "soon", "retry-after": "7"}, 7.0, id="milliseconds that are none"),
        pytest.param({"retry-after": "0"}, None, id="no time"),
        pytest.param({"retry-after": "-3"}, None, id="a time that is over"),
        pytest.param({"retry-after": "nan"}, None, id="no number"),
        pytest.param({"retry-after": "1e300"}, LONGEST_ASKED, id="longer than anybody means"),
        pytest.param(
            {"retry-after": "Fri, 31 Dec 9999 23:59:59 GMT"}, LONGEST_ASKED, id="the last date of all"
        ),
        pytest.param({"retry-after": "soon"}, None, id="a word"),
        pytest.param({"retry-after": formatdate(0, usegmt=True)}, None, id="a date that is over"),
        pytest.param({}, None, id="nothing"),
    ],
)
def test_an_endpoint_says_how_long_it_wants_to_be_left_alone(
    headers: Mapping[str, str], seconds: float | None
) -> None:
    assert asked_pause(headers) == seconds


def test_a_date_is_waited_for() -> None:
    date = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=30)
    pause = asked_pause({"retry-after": format_datetime(date, usegmt=True)})
    assert pause is not None
    assert 0 < pause <= 30


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        pytest.param({"requests": ("0", "12s")}, 12.0, id="a duration"),
        pytest.param({"requests": ("0", "250ms")}, 0.25, id="milliseconds"),
        pytest.param({"requests": ("0", "7")}, 7.0, id="a number"),
        pytest.param({"requests": ("0", "6h0m0s")}, 60.0, id="longer than is believed"),
        pytest.param({"requests": ("0", "2s"), "tokens": ("0", "9s")}, 9.0, id="the longer one of two"),
        pytest.param({"requests": ("3", "12s")}, None, id="some are left"),
        pytest.param({"requests": ("-1", "12s")}, None, id="not known"),
        pytest.param({"requests": ("0", "soon")}, None, id="a word"),
        pytest.param({"requests": ("0", "")}, None, id="no moment"),
        pytest.param({}, None, id="nothing"),
    ],
)
def test_a_quota_that_is_used_up_is_known_before_it_refuses(
    headers: Mapping[str, tuple[str, str]], seconds: float | None
) -> None:
    sent: dict[str, str] = {}
    for what, (left, reset) in headers.items():
        sent |= {f"x-ratelimit-remaining-{what}": left, f"x-ratelimit-reset-{what}": reset}
    assert foretold_pause(sent) == seconds


@pytest.mark.parametrize(
    "moment",
    [
        pytest.param(lambda at: str(at), id="seconds"),
        pytest.param(lambda at: str(int(at * 1000)), id="milliseconds"),
        pytest.param(
            lambda at: datetime.datetime.fromtimestamp(at, datetime.UTC).isoformat().replace("+00:00", "Z"),
            id="a date",
        ),
    ],
)
def test_a_quota_may_be_there_again_at_a_moment(moment: Any) -> None:
    reset = moment(time.time() + 30)
    for left, until in (
        ("x-ratelimit-remaining", "x-ratelimit-reset"),
        ("anthropic-ratelimit-requests-remaining", "anthropic-ratelimit-requests-reset"),
    ):
        pause = foretold_pause({left: "0", until: reset})
        assert pause is not None
        assert 0 < pause <= 30


QUOTA = {"message": "You exceeded your current quota.", "code": "insufficient_quota"}


@pytest.mark.parametrize(
    ("status", "headers", "error", "said"),
    [
        pytest.param(429, {}, {}, Refusal(Kind.LOAD), id="too many calls"),
        pytest.param(429, {"retry-after": "2"}, {}, Refusal(Kind.LOAD, 2.0), id="too many, and until when"),
        pytest.param(
            429,
            {"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "3s"},
            {},
            Refusal(Kind.LOAD, 3.0),
            id="until the quota is there again",
        ),
        pytest.param(503, {}, {}, Refusal(Kind.LOAD), id="overloaded"),
        pytest.param(529, {}, {}, Refusal(Kind.LOAD), id="overloaded, as Anthropic says it"),
        pytest.param(502, {}, {}, Refusal(Kind.OUTAGE), id="nobody behind the gateway"),
        pytest.param(504, {}, {}, Refusal(Kind.OUTAGE), id="nobody answers the gateway"),
        pytest.param(522, {}, {}, Refusal(Kind.OUTAGE), id="nobody answers Cloudflare"),
        pytest.param(500, {"retry-after": "4"}, {}, Refusal(Kind.PASSING, 4.0), id="a fault"),
        pytest.param(408, {}, {}, Refusal(Kind.PASSING), id="a call that came too slowly"),
        pytest.param(400, {}, {}, Refusal(Kind.FINAL), id="a bad call"),
        pytest.param(400, {}, {"code": ["odd"]}, Refusal(Kind.FINAL), id="an odd code"),
        pytest.param(429, {}, QUOTA, Refusal(Kind.HOPELESS), id="no money left"),
        pytest.param(
            400,
            {},
            {"message": "Your credit balance is too low to access the API."},
            Refusal(Kind.HOPELESS),
            id="no money left, as Anthropic says it",
        ),
        pytest.param(401, {}, {}, Refusal(Kind.HOPELESS), id="no such key"),
        pytest.param(403, {"x-should-retry": "false"}, {}, Refusal(Kind.HOPELESS), id="not with this key"),
        pytest.param(404, {}, {"code": "model_not_found"}, Refusal(Kind.HOPELESS), id="no such model"),
        pytest.param(429, {"x-should-retry": "false"}, {}, Refusal(Kind.FINAL), id="of no use"),
        pytest.param(
            429,
            {},
            {"message": "Request too large for m: Limit 30000, Requested 40000."},
            Refusal(Kind.FINAL),
            id="more than a whole quota",
        ),
    ],
)
def test_a_refusal_says_whether_to_wait_to_try_again_or_to_end(
    status: int, headers: Mapping[str, str], error: Mapping[str, Any], said: Refusal
) -> None:
    assert refusal_of(status, headers, error, error.get("message", "")) == said


@pytest.mark.parametrize(("attempt", "longest"), [(1, 0.5), (2, 1.0), (3, 2.0), (9, 30.0), (5000, 30.0)])
def test_where_nobody_says_how_long_pauses_double_up_to_a_bound(attempt: int, longest: float) -> None:
    assert 0.75 * longest <= backoff(attempt) <= longest


# The time of a call


def asked_once(*outcomes: HttpAnswer | HttpFailure, **given: Any) -> Any:
    """What comes of one call to an endpoint that takes two seconds for each of these."""

    async def main() -> Any:
        (result,) = await work(endpoint_at(Scripted(seconds=2.0, script=list(outcomes))), 1, **given)
        return result

    return run(main())


def test_a_duration_is_of_the_last_attempt_alone_and_waiting_is_all_before() -> None:
    busy = refusal(503, {"retry-after": "10"})
    received = asked_once(busy, busy, ok())
    assert isinstance(received, Received)
    assert (received.duration_seconds, received.waited_seconds) == pytest.approx((2.0, 24.0))


def test_a_failed_calls_times_are_told_too() -> None:
    failed = asked_once(refusal(500, {"retry-after": "10"}), refusal(500), retries=1)
    assert isinstance(failed, ModelError)
    times = failed.usage.duration_seconds, failed.usage.waited_seconds
    assert times == pytest.approx((2.0, 12.0))


@pytest.mark.anyio
async def test_an_attempt_takes_no_longer_than_it_may_however_slowly_bytes_arrive(
    server: ModelServer,
) -> None:
    endpoint = Endpoint(base_url=server.base_url, api_key=None)
    with server.trickling(), pytest.raises(ModelError, match=r"within 0\.3 s \(2 attempts\)") as caught:
        await endpoint.ask("/chat/completions", REQUEST, attempt_seconds=0.3, max_retries=1)
    assert caught.value.retryable
    await endpoint.aclose()
