"""Spans for OpenTelemetry, if the process has it and has set it up.

Kelpie speaks to its API alone. Where spans go, and which are sampled, is for whoever
sets a tracer provider before the host starts, as `opentelemetry-instrument` does.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from kelpie import __version__
from kelpie.env import Env
from kelpie.runtime.requests.envelope import Envelope
from kelpie.runtime.telemetry.traces import REPEATED, REPLY, Span

__all__ = ["Telemetry", "telemetry"]


def telemetry(env: Env) -> Telemetry | None:
    """None if there is no OpenTelemetry here, or no provider was set: then nothing
    of it costs anything."""
    if find_spec("opentelemetry") is None:
        return None
    trace = import_module("opentelemetry.trace")
    provider = trace.get_tracer_provider()
    if isinstance(provider, trace.ProxyTracerProvider | trace.NoOpTracerProvider):
        return None
    return Telemetry(env, trace, provider.get_tracer("kelpie", __version__))


class Telemetry:
    """Begins and ends a span with each request to an actor: `Exporter`."""

    def __init__(self, env: Env, trace: Any, tracer: Any) -> None:
        self._env = env
        self._trace = trace
        self._tracer = tracer

    def begin(self, envelope: Envelope) -> Any:
        trace, target, sort = self._trace, envelope.target, envelope.cause.sort
        consumed = sort in {"send", "reminder"}
        span = self._tracer.start_span(
            f"{target.kind}/{envelope.operation or 'batch'}",
            self._context(envelope),
            trace.SpanKind.CONSUMER if consumed else trace.SpanKind.SERVER,
            {
                "kelpie.namespace": target.namespace,
                "kelpie.kind": target.kind,
                "kelpie.key": target.key,
                "kelpie.operation": envelope.operation,
                "kelpie.request_id": envelope.request_id,
                "kelpie.cause": sort,
            },
            start_time=self._env.wall_ns(),
        )
        given = span.get_span_context()
        if given.is_valid:
            # What its turn asks of others is below this span, and `kelpie trace` finds it
            # under the id that it has elsewhere.
            envelope.span = given.span_id
            envelope.cause = envelope.cause._replace(
                trace_id=trace.format_trace_id(given.trace_id), flags=int(given.trace_flags)
            )
        return span

    def end(self, begun: Any, span: Span) -> None:
        if begun.is_recording():
            begun.set_attribute("kelpie.outcome", span.outcome)
            if span.begun_ns:
                begun.set_attribute("kelpie.turn", span.turn)
                begun.set_attribute("kelpie.version", span.version)
            if span.outcome not in {REPLY, REPEATED}:
                begun.set_status(self._trace.StatusCode.ERROR, span.outcome)
        begun.end(self._env.wall_ns())

    def _context(self, envelope: Envelope) -> object:
        """Of who caused it. None: nobody of whom anything is known."""
        trace, cause = self._trace, envelope.cause
        if not (cause.trace_id and cause.span_id):
            return None
        parent = trace.SpanContext(
            int(cause.trace_id, 16),
            int(cause.span_id, 16),
            is_remote=True,
            trace_flags=trace.TraceFlags(cause.flags),
            trace_state=trace.TraceState.from_header([cause.state]) if cause.state else None,
        )
        return trace.set_span_in_context(trace.NonRecordingSpan(parent))
