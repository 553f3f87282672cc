"""Exporting spans from a process of our own: when, with what, under which name, and what becomes of what cannot be."""

import logging
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from elluminate_server import __version__
from elluminate_server.operating import exporting
from elluminate_server.operating.exporting import exporting_spans


class Kept(InMemorySpanExporter):
    """What was exported, also after its provider was shut down."""

    spans: list[ReadableSpan]

    def export(self, spans: Any) -> Any:
        self.spans.extend(spans)
        return super().export(spans)


class Broken:
    def __init__(self) -> None:
        raise ValueError("http://user:secret@collector")


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    Kept.spans = []
    for name in (exporting._EXPORTERS, *exporting._ENDPOINTS, *exporting._PROTOCOLS):
        monkeypatch.delenv(name, raising=False)
    for name in ("OTEL_SDK_DISABLED", "OTEL_SERVICE_NAME", "OTEL_RESOURCE_ATTRIBUTES"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def set_up(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[TracerProvider]]:
    """The providers that were set up, as the process's own."""
    made: list[TracerProvider] = []
    none_yet = trace.get_tracer_provider()
    monkeypatch.setattr(trace, "set_tracer_provider", made.append)
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: made[-1] if made else none_yet)
    yield made
    for provider in made:
        provider.shutdown()


def offered(monkeypatch: pytest.MonkeyPatch, *names: str, what: str = "Kept") -> None:
    """Have packages offer exporters of these names."""
    group = exporting._GROUP
    found = {name: EntryPoint(name, f"{__name__}:{what}", group) for name in names}

    def entry_points(*, group: str, name: str) -> list[EntryPoint]:
        return [found[name]] if name in found else []

    monkeypatch.setattr(exporting, "entry_points", entry_points)


def exported(make: Callable[[], None]) -> list[ReadableSpan]:
    with exporting_spans("elluminate-server"):
        make()
    return Kept.spans


def make_one(set_up: list[TracerProvider]) -> None:
    set_up[-1].get_tracer("tests").start_span("work").end()


@pytest.mark.parametrize(
    ("variables", "exporter"),
    [
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}, "otlp_proto_http"),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://collector:4318/v1/traces"}, "otlp_proto_http"),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, "otlp_proto_http"),
        ({"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "otlp_proto_grpc"),
        (
            {
                "OTEL_TRACES_EXPORTER": "otlp",
                "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
                "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/protobuf",
            },
            "otlp_proto_http",
        ),
        ({"OTEL_TRACES_EXPORTER": " zipkin , zipkin "}, "zipkin"),
    ],
)
def test_what_the_environment_asks_for_is_exported_by_the_end(
    monkeypatch: pytest.MonkeyPatch,
    set_up: list[TracerProvider],
    variables: dict[str, str],
    exporter: str,
) -> None:
    offered(monkeypatch, exporter)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    (span,) = exported(lambda: make_one(set_up))
    assert span.resource.attributes["service.name"] == "elluminate-server"
    assert span.resource.attributes["service.version"] == __version__


def test_several_exporters_each_get_all(
    monkeypatch: pytest.MonkeyPatch, set_up: list[TracerProvider]
) -> None:
    offered(monkeypatch, "otlp_proto_http", "zipkin")
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "otlp,zipkin")
    assert len(exported(lambda: make_one(set_up))) == 2


@pytest.mark.parametrize(
    ("variable", "value", "name"),
    [
        ("OTEL_SERVICE_NAME", "evals", "evals"),
        ("OTEL_RESOURCE_ATTRIBUTES", "service.name=nightly,service.version=7", "nightly"),
    ],
)
def test_the_environment_s_name_counts(
    monkeypatch: pytest.MonkeyPatch,
    set_up: list[TracerProvider],
    variable: str,
    value: str,
    name: str,
) -> None:
    offered(monkeypatch, "otlp_proto_http")
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "otlp")
    monkeypatch.setenv(variable, value)
    (span,) = exported(lambda: make_one(set_up))
    assert span.resource.attributes["service.name"] == name
    assert span.resource.attributes["service.version"] == ("7" if name == "nightly" else __version__)


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"},
        {"OTEL_SDK_DISABLED": "TRUE", "OTEL_TRACES_EXPORTER": "otlp"},
    ],
    ids=["nothing", "none", "disabled"],
)
def test_otherwise_nothing_is_set_up(
    monkeypatch: pytest.MonkeyPatch, set_up: list[TracerProvider], variables: dict[str, str]
) -> None:
    offered(monkeypatch, "otlp_proto_http")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    exported(lambda: None)
    assert set_up == []


def test_a_provider_that_is_there_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, set_up: list[TracerProvider]
) -> None:
    offered(monkeypatch, "otlp_proto_http")
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "otlp")
    set_up.append(TracerProvider(shutdown_on_exit=False))
    exported(lambda: make_one(set_up))
    assert len(set_up) == 1
    assert Kept.spans == []


@pytest.mark.parametrize(
    ("exporters", "what", "said"),
    [
        (
            "otlp",
            "Kept",
            "offers the exporter 'otlp_proto_http'. The extra telemetry has otlp over http/protobuf.",
        ),
        ("zipkin", "Broken", "Spans are not exported by zipkin: ValueError"),
    ],
)
def test_what_cannot_be_exported_is_a_warning_without_secrets(
    monkeypatch: pytest.MonkeyPatch,
    set_up: list[TracerProvider],
    caplog: pytest.LogCaptureFixture,
    exporters: str,
    what: str,
    said: str,
) -> None:
    offered(monkeypatch, "zipkin", what=what)
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", exporters)
    with caplog.at_level(logging.WARNING):
        exported(lambda: None)
    assert set_up == []
    (line,) = caplog.messages
    assert said in line
    assert "secret" not in caplog.text


def test_without_the_package_it_is_a_warning(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "otlp")
    with caplog.at_level(logging.WARNING), exporting_spans("elluminate-server"):
        pass
    (line,) = caplog.messages
    assert line.startswith(
        "Spans are not exported: opentelemetry.sdk.trace is not installed. It comes with the extra"
    )
