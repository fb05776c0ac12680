"""Spans by OpenTelemetry's own API."""

from __future__ import annotations

import asyncio

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

from kelpie.errors import ActorRejected
from kelpie.runtime.requests.cause import Cause
from kelpie.runtime.telemetry import open_telemetry as under_test
from kelpie.runtime.telemetry.open_telemetry import Telemetry, telemetry
from tests.runtime.conftest import StartScripted
from tests.runtime.scripts import append, failing
from tests.runtime.support import TestNode, World, outcome

TRACE, PARENT = "1" * 32, "2" * 16
SCRIPTS = {"append": append, "reject": failing(ActorRejected("no", "never"))}


def exporting(node: TestNode, provider: TracerProvider) -> InMemorySpanExporter:
    exporter = InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("kelpie")
    node.runtime.node.traces.exporter = Telemetry(node.env, trace, tracer)
    return exporter


async def test_each_request_is_a_span_below_what_caused_it(scripted: StartScripted) -> None:
    node = await scripted(SCRIPTS)
    exporter = exporting(node, TracerProvider())
    first = node.envelope("append", id="order-17")
    first.cause = Cause("request", TRACE, PARENT, 1, "vendor=1")
    await node.runtime.invoke(first)
    second = node.envelope("reject", key="two")
    second.cause = first.cause_of("send")
    await outcome(asyncio.ensure_future(node.runtime.invoke(second)))
    one, other = exporter.get_finished_spans()
    assert (one.name, one.kind) == ("thing/append", trace.SpanKind.SERVER)
    assert (other.name, other.kind) == ("thing/reject", trace.SpanKind.CONSUMER)
    assert one.parent is not None
    assert trace.format_span_id(one.parent.span_id) == PARENT
    assert one.context.trace_state.get("vendor") == "1"
    assert other.parent is not None
    assert other.parent.span_id == one.context.span_id
    assert trace.format_trace_id(other.context.trace_id) == TRACE
    assert one.attributes is not None
    assert one.attributes["kelpie.outcome"] == "reply"
    assert one.attributes["kelpie.request_id"] == "order-17"
    assert other.status.status_code is trace.StatusCode.ERROR
    assert other.status.description == "rejected"
    # Here it is found under the ids that it has there.
    found = await node.runtime.node.traces.find(TRACE, "default")
    assert [span.number for span in found] == [one.context.span_id, other.context.span_id]


async def test_one_that_begins_a_trace_has_the_tracer_s_id(scripted: StartScripted) -> None:
    node = await scripted(SCRIPTS)
    exporter = exporting(node, TracerProvider())
    asked = node.envelope("append", id="order-17")
    await node.runtime.invoke(asked)
    (span,) = exporter.get_finished_spans()
    assert span.parent is None
    assert asked.trace_id == trace.format_trace_id(span.context.trace_id)
    assert asked.cause_of("call").flags & 1


async def test_what_is_not_sampled_is_not_sampled_further_on(scripted: StartScripted) -> None:
    node = await scripted(SCRIPTS)
    exporter = exporting(node, TracerProvider(sampler=ALWAYS_OFF))
    asked = node.envelope("append", id="order-17")
    await node.runtime.invoke(asked)
    assert exporter.get_finished_spans() == ()
    assert not asked.cause_of("call").flags & 1
    assert len(await node.runtime.node.traces.find("order-17", "default")) == 1


async def test_without_a_provider_there_is_none(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert telemetry(world.env) is None
    monkeypatch.setattr(trace, "get_tracer_provider", TracerProvider)
    assert isinstance(telemetry(world.env), Telemetry)
    monkeypatch.setattr(under_test, "find_spec", lambda _: None)
    assert telemetry(world.env) is None
