"""Spans that are recorded in memory, by a provider that is there for one test alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from attrs import frozen
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

__all__ = ["Recorded", "context_of", "recorded_spans"]


@frozen
class Recorded:
    """What was recorded so far."""

    exporter: InMemorySpanExporter

    @property
    def all(self) -> tuple[ReadableSpan, ...]:
        return self.exporter.get_finished_spans()

    def named(self, name: str) -> list[ReadableSpan]:
        return [span for span in self.all if span.name == name]

    def one(self, name: str) -> ReadableSpan:
        (found,) = self.named(name)
        return found

    @property
    def text(self) -> str:
        """Everything that would be exported."""
        return "\n".join(span.to_json() for span in self.all)


def context_of(span: ReadableSpan) -> trace.SpanContext:
    """Which one it is."""
    found = span.get_span_context()
    assert found is not None
    return found


@contextmanager
def recorded_spans() -> Iterator[Recorded]:
    """Record the spans of this process until the block ends."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    with pytest.MonkeyPatch.context() as patch:  # a process can be given a provider only once
        patch.setattr(trace, "get_tracer", provider.get_tracer)
        yield Recorded(exporter)
    provider.shutdown()
