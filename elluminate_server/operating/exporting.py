"""Exports spans from a process of our own, where OpenTelemetry's environment variables ask for that.

Within the program of others (`local:`, or an application that is mounted) that program has its provider, and nothing is
set up here. What the variables say is read by OpenTelemetry's own package, as its specification has it; here is only
what it leaves to a launcher: which exporter is meant, and that all is sent before the process ends.
"""

import contextlib
import logging
import os
from collections.abc import Iterator
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

from elluminate_server import __version__

if TYPE_CHECKING:
    from opentelemetry.sdk.resources import Resource

__all__ = ["exporting_spans"]

_logger = logging.getLogger("elluminate_server.operating")

_EXPORTERS = "OTEL_TRACES_EXPORTER"
_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")

_GROUP = "opentelemetry_traces_exporter"
"""Entry points by which packages offer exporters."""

_OTLP = {"http/protobuf": "otlp_proto_http", "grpc": "otlp_proto_grpc"}
"""Protocol to the name of its exporter."""


@contextlib.contextmanager
def exporting_spans(service: str) -> Iterator[None]:
    """Export spans for as long as the block lasts, where that is asked for; what is left is sent at its end.

    A provider that is there already (`opentelemetry-instrument`) is left alone. What cannot be exported is a warning in
    the log: a server does not fail for want of its telemetry.

    Args:
        service: `service.name`, unless the environment names it.
    """
    provider = _provider(service) if _is_asked_for() else None
    try:
        yield
    finally:
        if provider is not None:
            provider.shutdown()


def _is_asked_for() -> bool:
    if os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return False
    named = os.environ.get(_EXPORTERS, "").strip()
    if named:
        return named.lower() != "none"
    return any(os.environ.get(name) for name in _ENDPOINTS)


def _provider(service: str) -> Any:
    """A provider that exports, for this process; None where there is one, or nothing to export with."""
    try:
        from opentelemetry import trace
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ModuleNotFoundError as error:
        _logger.warning(
            "Spans are not exported: %s is not installed. It comes with the extra telemetry, or unset the OTEL_... "
            "variables.",
            error.name,
        )
        return None
    if not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
        return None
    exporters = [made for name in _exporter_names() if (made := _exporter(name)) is not None]
    if not exporters:
        return None
    provider = TracerProvider(resource=_resource(service), shutdown_on_exit=False)
    for exporter in exporters:
        provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    return provider


def _exporter_names() -> list[str]:
    names = [name.strip() for name in os.environ.get(_EXPORTERS, "").split(",")]
    return [name for name in dict.fromkeys(names) if name] or ["otlp"]


def _exporter(name: str) -> Any:
    entry = name
    if name == "otlp":
        protocol = next((os.environ[one] for one in _PROTOCOLS if os.environ.get(one)), "http/protobuf")
        entry = _OTLP.get(protocol.strip().lower(), protocol)
    found = next(iter(entry_points(group=_GROUP, name=entry)), None)
    if found is None:
        _logger.warning(
            "Spans are not exported by %s: no package that is installed offers the exporter %r. The extra telemetry "
            "has otlp over http/protobuf.",
            *(name, entry),
        )
        return None
    try:
        return found.load()()
    except Exception as error:  # noqa: BLE001 - whatever a package of others makes of its variables
        _logger.warning("Spans are not exported by %s: %s", name, type(error).__name__)
        return None


def _resource(service: str) -> "Resource":
    from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource

    of_environment = Resource.create()
    defaults: dict[str, str] = {}
    if str(of_environment.attributes.get(SERVICE_NAME, "")).startswith("unknown_service"):
        defaults[SERVICE_NAME] = service
    if SERVICE_VERSION not in of_environment.attributes:
        defaults[SERVICE_VERSION] = __version__
    return of_environment.merge(Resource(defaults))
