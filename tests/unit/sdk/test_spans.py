"""A span for each operation, its repetitions included: what it tells, to whom, and that nothing is needed for it."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from opentelemetry import propagate, trace
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import SpanKind, StatusCode

from elluminate import InvalidResponseError, NotFoundError, RetryConfig, RetryExhaustedError, _spans
from elluminate._spans import current_span, current_traceparent, server_attributes, span
from tests.support.spans import Recorded, context_of, recorded_spans
from tests.unit.sdk.conftest import WiredWorld
from tests.unit.sdk.sending import request_of, send
from tests.unit.sdk.wire import API_KEY, Reply, Wire


@pytest.fixture
def spans() -> Iterator[Recorded]:
    with recorded_spans() as recorded:
        yield recorded


def test_an_operation_is_a_span_of_its_name_and_the_server_is_told_which(
    world: WiredWorld, wire: Wire, spans: Recorded
) -> None:
    wire.then(Reply())
    send(world, request_of("GET"))

    told = spans.one("get_thing")
    assert told.kind is SpanKind.CLIENT
    assert told.status.status_code is StatusCode.UNSET
    (sent,) = wire.requests
    assert told.attributes == {
        "http.request.method": "GET",
        "url.full": "http://evals.test/api/v0/things",
        "url.template": "/things",
        "server.address": "evals.test",
        "server.port": 80,
        "elluminate.request_id": sent.headers["x-request-id"],
        "http.response.status_code": 200,
    }
    context = context_of(told)
    assert (
        sent.headers["traceparent"]
        == f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"
    )
    assert told.instrumentation_scope is not None
    assert told.instrumentation_scope.name == "elluminate"


def test_starting_is_told_too(world: WiredWorld, wire: Wire, spans: Recorded) -> None:
    wire.then(Reply())
    send(world, request_of("GET"))
    assert [told.name for told in spans.all] == ["check_version_compatible", "list_projects", "get_thing"]


def test_it_is_a_part_of_what_the_caller_does(world: WiredWorld, wire: Wire, spans: Recorded) -> None:
    wire.then(Reply())
    with trace.get_tracer("of.the.user").start_as_current_span("nightly"):
        send(world, request_of("GET"))
        still_current = trace.get_current_span().get_span_context()
    outer = context_of(spans.one("nightly"))
    assert still_current.span_id == outer.span_id
    parent = spans.one("get_thing").parent
    assert parent is not None
    assert (parent.trace_id, parent.span_id) == (outer.trace_id, outer.span_id)


def test_repetitions_are_events_of_one_span(
    world: WiredWorld, wire: Wire, waits: list[float], spans: Recorded
) -> None:
    wire.then(Reply(503, headers={"retry-after": "2"}), httpx.ConnectError("away"), Reply())
    send(world, request_of("GET"))

    told = spans.one("get_thing")
    assert [(event.name, event.attributes) for event in told.events] == [
        (
            "repeated",
            {"error.type": "503", "http.response.status_code": 503, "elluminate.wait_seconds": waits[0]},
        ),
        ("repeated", {"error.type": "ConnectionFailedError", "elluminate.wait_seconds": waits[1]}),
    ]
    assert told.attributes is not None
    assert told.attributes["http.request.resend_count"] == 2
    assert told.attributes["http.response.status_code"] == 200
    assert told.status.status_code is StatusCode.UNSET
    assert len({sent.headers["traceparent"] for sent in wire.requests}) == 1


@pytest.mark.parametrize(
    ("answers", "raised", "error_type"),
    [
        pytest.param([Reply(404, json={"detail": "no such-row"})], NotFoundError, "404", id="a-refusal"),
        pytest.param([Reply(503)] * 3, RetryExhaustedError, "503", id="again-and-again"),
        pytest.param(
            [httpx.ConnectError("http://such-row")] * 3,
            RetryExhaustedError,
            "ConnectionFailedError",
            id="no-answer",
        ),
        pytest.param(
            [Reply(text="<html>such-row</html>")],
            InvalidResponseError,
            "InvalidResponseError",
            id="no-contract",
        ),
    ],
)
def test_a_failure_is_told_by_its_class_and_not_in_words(
    world: WiredWorld,
    wire: Wire,
    waits: list[float],
    spans: Recorded,
    answers: list[Reply],
    raised: type[Exception],
    error_type: str,
) -> None:
    wire.then(*answers)
    with pytest.raises(raised):
        send(world, request_of("GET"), retry_config=RetryConfig(max_attempts=3))
    told = spans.one("get_thing")
    assert told.attributes is not None
    assert told.attributes["error.type"] == error_type
    assert (told.status.status_code, told.status.description) == (StatusCode.ERROR, None)
    assert "such-row" not in spans.text


def test_neither_the_credential_nor_the_query_is_told(world: WiredWorld, wire: Wire, spans: Recorded) -> None:
    wire.on("GET", "/collections", Reply(json={"items": [], "count": 0}))
    client = world.client()
    world.call(client, "list_collections")
    (sent,) = wire.requests
    assert sent.url.query
    told = spans.one("list_collections")
    assert told.attributes is not None
    assert told.attributes["url.full"] == "http://evals.test/api/v0/projects/1/collections"
    assert API_KEY not in spans.text
    assert "?" not in spans.text


def test_without_a_provider_nothing_is_sent_along(world: WiredWorld, wire: Wire) -> None:
    wire.then(Reply())
    send(world, request_of("GET"))
    (sent,) = wire.requests
    assert "traceparent" not in sent.headers


def test_a_group_of_errors_is_told_by_its_first(spans: Recorded) -> None:
    with pytest.raises(ExceptionGroup), span("here", "work", "internal", dict):
        raise ExceptionGroup("several", [ExceptionGroup("within", [LookupError("secret")]), ValueError()])
    told = spans.one("work")
    assert told.attributes == {"error.type": "LookupError"}
    assert not told.events


def test_a_root_is_linked_and_no_part_of_what_is_around_it(spans: Recorded) -> None:
    with span("here", "around", "internal", dict):
        around = current_traceparent()
        with span("here", "root", "internal", dict, linked=around, is_root=True):
            assert current_span().is_recorded
    root, outer = spans.one("root"), context_of(spans.one("around"))
    assert root.parent is None
    assert context_of(root).trace_id != outer.trace_id
    assert [(link.context.trace_id, link.context.span_id) for link in root.links] == [
        (outer.trace_id, outer.span_id)
    ]


def test_headers_say_what_it_is_a_part_of_where_nothing_around_it_has_read_them(spans: Recorded) -> None:
    headers = {"traceparent": f"00-{7:032x}-{9:016x}-01"}
    with span("here", "remote", "server", dict, parent=headers):
        pass
    with span("here", "framework", "server", dict), span("here", "within", "server", dict, parent=headers):
        pass
    parents = {told.name: told.parent and (told.parent.trace_id, told.parent.span_id) for told in spans.all}
    framework = context_of(spans.one("framework"))
    assert parents == {
        "remote": (7, 9),
        "framework": None,
        "within": (framework.trace_id, framework.span_id),
    }


@pytest.mark.parametrize("linked", ["", "nonsense", "00-" + "0" * 32 + "-" + "0" * 16 + "-01"])
def test_what_is_no_traceparent_is_no_link(spans: Recorded, linked: str) -> None:
    with span("here", "root", "internal", dict, linked=linked, is_root=True):
        pass
    assert not spans.one("root").links


@pytest.mark.parametrize(
    ("url", "told"),
    [
        (
            "https://user:secret@llm.example/v1?key=secret",
            {"server.address": "llm.example", "server.port": 443},
        ),
        ("http://[::1]:8080/v1", {"server.address": "::1", "server.port": 8080}),
        ("http://llm.example:99999/v1", {}),
        ("", {}),
    ],
)
def test_of_an_address_only_name_and_port_are_told(url: str, told: dict[str, object]) -> None:
    assert server_attributes(url) == told


def _broken(*_: object, **__: object) -> None:
    raise RuntimeError("of the program that takes spans")


@pytest.mark.parametrize("broken", ["on_start", "on_end", "should_sample", "inject", "extract"])
def test_what_takes_spans_may_break_and_nothing_else_does(
    world: WiredWorld,
    wire: Wire,
    broken: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(_spans, "_failed", set())
    for owner in (SpanProcessor, type(ALWAYS_ON), propagate):
        if hasattr(owner, broken):
            monkeypatch.setattr(owner, broken, _broken)
    provider = TracerProvider(sampler=ALWAYS_ON, shutdown_on_exit=False)
    provider.add_span_processor(SpanProcessor())
    monkeypatch.setattr(trace, "get_tracer", provider.get_tracer)
    wire.then(Reply())
    send(world, request_of("GET"))
    with span("elluminate", "other", "server", dict, parent={"traceparent": "x"}):
        pass
    told = [record.message for record in caplog.records if "could not be told" in record.message]
    assert told == [
        "Spans of OpenTelemetry could not be told: RuntimeError('of the program that takes spans'). The work goes on."
    ]
