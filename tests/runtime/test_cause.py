"""Who caused a turn, and what is said of it to those whom the turn asks."""

from __future__ import annotations

import re

import msgpack
from hypothesis import given
from hypothesis import strategies as st

from kelpie.ids import Address, text
from kelpie.runtime.requests.cause import REQUEST, Cause
from kelpie.runtime.requests.envelope import Envelope, trace_id_of
from tests.runtime.conftest import StartScripted
from tests.runtime.scripts import read
from tests.runtime.support import address

ID = re.compile("[0-9a-f]+")


def envelope(request_id: str, cause: Cause = REQUEST, principal: str = "me") -> Envelope:
    return Envelope(address(), "add", text(""), request_id, principal, True, 0, cause=cause)


def test_what_a_turn_asks_is_in_its_trace() -> None:
    asked = envelope("id", Cause("request", "a" * 32, "b" * 16, 1, "vendor=1"))
    asked.span = 0xC0FFEE
    assert asked.cause_of("call") == Cause("call", "a" * 32, "0000000000c0ffee", 1, "vendor=1")
    first = envelope("id").cause_of("send")
    assert first.trace_id == envelope("id").trace_id
    assert envelope("another").cause_of("send").trace_id != first.trace_id


def test_a_host_s_id_is_its_trace_s() -> None:
    assert envelope("0123456789abcdef" * 2).trace_id == "0123456789abcdef" * 2
    assert envelope("0" * 32).trace_id != "0" * 32


@given(st.text(min_size=1), st.text(min_size=1))
def test_the_same_request_is_in_the_same_trace(principal: str, request_id: str) -> None:
    found = trace_id_of(address(), principal, request_id)
    assert ID.fullmatch(found)
    assert len(found) == 32
    assert int(found, 16)
    assert found == trace_id_of(address(), principal, request_id)
    if found != request_id:
        assert found != trace_id_of(Address("default", "thing", "two"), principal, request_id)


def test_it_can_be_stored() -> None:
    cause = Cause("reminder", "a" * 32, "b" * 16, 1, "vendor=1")
    assert Cause(*msgpack.unpackb(msgpack.packb(cause))) == cause


async def test_each_turn_has_a_span_of_its_own(scripted: StartScripted) -> None:
    nodes = [await scripted({"read": read}, name=name) for name in ("one", "two")]
    asked = [node.envelope("read", key=node.runtime.node.name) for node in nodes for _ in range(2)]
    for at, each in enumerate(asked):
        await nodes[at // 2].runtime.invoke(each)
    assert len({each.span for each in asked}) == len(asked)
    assert all(re.fullmatch("[0-9a-f]{16}", each.span_id) for each in asked)
