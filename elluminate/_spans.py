"""Spans of OpenTelemetry, for both sides, where the process has what takes them.

Nothing of OpenTelemetry is imported before somebody else has: who sets up a provider imports it, and without one there
is nothing to tell. So its package may be missing. What a sampler, a processor or a propagator raises is logged once,
and changes nothing else: nobody's work fails because it could not be told of. Prompts, answers, bodies, queries, keys
and the words of errors are in no span: callers give the names of things, numbers and classes of errors.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

from elluminate import __version__

if TYPE_CHECKING:
    from opentelemetry import trace as _trace

__all__ = [
    "NO_SPAN",
    "Kind",
    "Span",
    "Value",
    "current_span",
    "current_traceparent",
    "may_be_recorded",
    "server_attributes",
    "span",
]

Value = str | int | float | bool | Sequence[str] | None
"""Of an attribute; None leaves it out."""

Kind = Literal["client", "server", "internal"]

_logger = logging.getLogger("elluminate")
_failed: set[str] = set()

_TRACEPARENT = "traceparent"
"""Header of W3C's Trace Context."""

_PORTS = {"http": 80, "https": 443}


class Span:
    """A span while it is made; all of its methods do nothing where it is not recorded."""

    __slots__ = ("_has_failed", "_recorded")

    def __init__(self, recorded: _trace.Span | None) -> None:
        self._recorded = recorded
        self._has_failed = False

    @property
    def is_recorded(self) -> bool:
        """Whether anybody is told, so that attributes are worth computing."""
        return self._recorded is not None and self._recorded.is_recording()

    def tell(self, attributes: Mapping[str, Value]) -> None:
        """Set attributes."""
        if self._recorded is not None:
            with _harmless():
                self._recorded.set_attributes(_given(attributes))

    def rename(self, name: str) -> None:
        """Give it the name that only turned out now."""
        if self._recorded is not None:
            with _harmless():
                self._recorded.update_name(name)

    def note(self, event: str, attributes: Mapping[str, Value]) -> None:
        """Add an event."""
        if self._recorded is not None:
            with _harmless():
                self._recorded.add_event(event, _given(attributes))

    def fail(self, error_type: str) -> None:
        """Mark it as failed; the first reason counts.

        Args:
            error_type: The class of the error or its status, never its words, which may quote what nobody should read.
        """
        if self._recorded is None or self._has_failed:
            return
        from opentelemetry.trace import Status, StatusCode

        self._has_failed = True
        with _harmless():
            self._recorded.set_attribute("error.type", error_type)
            self._recorded.set_status(Status(StatusCode.ERROR))

    def inject(self, headers: MutableMapping[str, str]) -> None:
        """Have a request say that it is a part of this span, which is the current one, by the process's propagators."""
        if self._recorded is None or not self._recorded.get_span_context().is_valid:
            return
        from opentelemetry import propagate

        with _harmless():
            propagate.inject(headers)


NO_SPAN = Span(None)


def may_be_recorded() -> bool:
    """Whether this process has what takes spans: where not, they need not even be begun."""
    return sys.modules.get("opentelemetry.trace") is not None


@contextmanager
def span(
    scope: str,
    name: str,
    kind: Kind,
    attributes: Callable[[], Mapping[str, Value]],
    *,
    parent: Mapping[str, str] | None = None,
    linked: str | None = None,
    is_root: bool = False,
) -> Iterator[Span]:
    """A span that lasts as long as the block, and is the current one meanwhile.

    An exception that leaves the block marks it as failed, by its class.

    Args:
        scope: What makes it.
        name: Its name.
        kind: What it is of.
        attributes: What is known from the start, for samplers; called where it may be recorded.
        parent: Headers that may say what it is a part of, where no span is current: that of a framework, say, which has
            read them, too.
        linked: The `traceparent` of a span that it follows from, without being a part of it.
        is_root: Whether it is a part of nothing.
    """
    recorded = None
    if may_be_recorded():
        with _harmless():
            recorded = _started(scope, name, kind, attributes(), parent, linked, is_root)
    if recorded is None:
        yield NO_SPAN
        return
    from opentelemetry import trace

    made = Span(recorded)
    try:
        with trace.use_span(recorded, record_exception=False, set_status_on_exception=False):
            yield made
    except Exception as error:
        made.fail(_class_of(error))
        raise
    finally:
        with _harmless():
            recorded.end()


def _started(
    scope: str,
    name: str,
    kind: Kind,
    attributes: Mapping[str, Value],
    parent: Mapping[str, str] | None,
    linked: str | None,
    is_root: bool,
) -> _trace.Span:
    from opentelemetry import trace
    from opentelemetry.context import Context

    context: Context | None = Context() if is_root else None
    if parent is not None and not trace.get_current_span().is_recording():
        from opentelemetry import propagate

        context = propagate.extract(parent, context=Context())
    return trace.get_tracer(scope, __version__).start_span(
        name,
        context=context,
        kind=trace.SpanKind[kind.upper()],
        attributes=_given(attributes),
        links=_links(linked),
    )


@contextmanager
def _harmless() -> Iterator[None]:
    """What is raised inside is told once, for each class of error."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - it may be anything: it comes from whoever takes the spans
        if type(error).__name__ not in _failed:
            _failed.add(type(error).__name__)
            _logger.warning("Spans of OpenTelemetry could not be told: %r. The work goes on.", error)


def current_span() -> Span:
    """The span that the running code is a part of."""
    if not may_be_recorded():
        return NO_SPAN
    from opentelemetry import trace

    return Span(trace.get_current_span())


def current_traceparent() -> str | None:
    """What W3C's Trace Context calls the current span; None where none is recorded."""
    if not current_span().is_recorded:
        return None
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier)
    return carrier.get(_TRACEPARENT)


def server_attributes(url: str) -> dict[str, Value]:
    """Name and port of the server that a URL names, without whatever else it holds.

    >>> server_attributes("https://user:password@llm.example/v1?key=secret")
    {'server.address': 'llm.example', 'server.port': 443}
    """
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(url)
        address, port = parts.hostname, parts.port or _PORTS.get(parts.scheme)
    except ValueError:  # of no form that could be asked
        return {}
    return {"server.address": address, "server.port": port} if address else {}


def _class_of(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    said = getattr(error, "error_type", None)  # in a word, by errors of ours
    return said if isinstance(said, str) else type(error).__name__


def _links(linked: str | None) -> list[Any]:
    if linked is None:
        return []
    from opentelemetry import trace
    from opentelemetry.context import Context
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    found = TraceContextTextMapPropagator().extract({_TRACEPARENT: linked}, context=Context())
    context = trace.get_current_span(found).get_span_context()
    return [trace.Link(context)] if context.is_valid else []


def _given(attributes: Mapping[str, Value]) -> dict[str, Any]:
    return {name: value for name, value in attributes.items() if value is not None}
