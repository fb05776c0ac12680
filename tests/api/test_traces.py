"""Traces over HTTP: what headers say, and what is told of a request."""

from __future__ import annotations

import json
import logging
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from kelpie.access.roles import Role
from kelpie.api.client import Client
from kelpie.api.trace_context import cause_of_headers, traceparent
from kelpie.cli.trace import in_order
from kelpie.errors import TraceNotFound
from kelpie.runtime.requests.cause import REQUEST, Cause
from tests.api.support import Host, bearer

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
GIVEN = f"00-{TRACE}-{PARENT}-01"


def heard(*parents: str, state: tuple[str, ...] = ()) -> Cause:
    headers = CIMultiDict([("TraceParent", each) for each in parents])
    headers.extend([("tracestate", each) for each in state])
    return cause_of_headers(headers)


def test_what_the_standard_has() -> None:
    assert heard(GIVEN) == Cause("request", TRACE, PARENT, 1)
    assert heard(f" {GIVEN} ") == heard(GIVEN)
    assert heard(GIVEN[:-2] + "00").flags == 0
    # What is not known of version 00 is not passed on.
    assert heard(GIVEN[:-2] + "ff").flags == 3
    # A later version may say more.
    assert heard(f"cc{GIVEN[2:]}-what-the-future-will-be") == heard(GIVEN)
    assert heard(f"cc{GIVEN[2:]}") == heard(GIVEN)


@pytest.mark.parametrize(
    "parents",
    [
        (),
        ("",),
        (GIVEN, GIVEN),
        (GIVEN.upper(),),
        (GIVEN + "-x",),
        (GIVEN + "0",),
        (GIVEN[:-1],),
        (f"ff{GIVEN[2:]}",),
        (f"cc{GIVEN[2:]}.x",),
        (f"0x{GIVEN[2:]}",),
        (f"00-{'0' * 32}-{PARENT}-01",),
        (f"00-{TRACE}-{'0' * 16}-01",),
        (f"00-{TRACE}-{PARENT}-zz",),
        (f"00-{TRACE}-{PARENT}",),
        (GIVEN.replace("-", "_"),),
        ("00-" + "\N{ARABIC-INDIC DIGIT ONE}" * 32 + f"-{PARENT}-01",),
    ],
)
def test_what_is_malformed_is_ignored(parents: tuple[str, ...]) -> None:
    assert heard(*parents, state=("a=1",)) is REQUEST


@given(st.text(max_size=80))
def test_anything_may_come(header: str) -> None:
    cause = heard(header)
    if cause is not REQUEST:
        assert re.fullmatch("[0-9a-f]{32}", cause.trace_id)
        assert re.fullmatch("[0-9a-f]{16}", cause.span_id)


@given(st.integers(1, 2**128 - 1), st.integers(1, 2**64 - 1), st.integers(0, 3))
def test_there_and_back(trace: int, span: int, flags: int) -> None:
    told = traceparent(f"{trace:032x}", f"{span:016x}", flags)
    assert heard(told) == Cause("request", f"{trace:032x}", f"{span:016x}", flags)


def test_the_state_goes_with_it() -> None:
    assert heard(GIVEN, state=("a=1, b=2", "c=3")).state == "a=1,b=2,c=3"
    assert heard(GIVEN, state=("a=" + "1" * 511,)).state == ""
    assert heard(GIVEN, state=(",".join(f"k{n}=1" for n in range(33)),)).state == ""
    assert heard(GIVEN, state=("a=\N{SNOWMAN}",)).state == ""


async def test_the_answer_says_which_span_it_was(host: Host, lane: str) -> None:
    add = f"/v1/actors/counter/alice/add{lane}"
    json_type = "application/json"
    answer = await host.ask("POST", add, b"5", Content_Type=json_type, traceparent=GIVEN)
    told = heard(answer.headers["traceparent"])
    assert (told.trace_id, told.flags) == (TRACE, 1)
    assert told.span_id != PARENT
    failed = await host.ask("POST", add, b'"x"', Content_Type=json_type, traceparent=GIVEN)
    assert failed.json["trace_id"] == TRACE == heard(failed.headers["traceparent"]).trace_id
    assert "traceparent" not in (await host.ask("POST", add, b"5", Content_Type=json_type)).headers
    shown = (await host.ask("GET", f"/v1/traces/{TRACE}")).json
    assert shown["trace_id"] == TRACE
    first, second = shown["spans"]
    assert (first["span_id"], first["parent_id"]) == (told.span_id, PARENT)
    assert (first["cause"], first["actor"]) == ("request", "default/counter/alice")
    assert (first["operation"], first["outcome"]) == ("add", "reply")
    assert (first["turn"], first["version"]) == (1, 1)
    assert second["outcome"] == "rejected"
    for span in (first, second):
        assert all(span[name] >= 0 for name in ("waited_us", "ran_us", "committed_us"))


async def test_a_request_is_found_by_its_id(host: Host, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    trap = await host.ask(
        "POST", "/v1/actors/rogue/bob/trap", b'{"how": "panic"}', Content_Type="application/json",
        Idempotency_Key="mine",
    )  # fmt: skip
    shown = (await host.ask("GET", "/v1/traces/mine")).json
    assert shown["trace_id"] == trap.json["trace_id"]
    (span,) = shown["spans"]
    assert (span["outcome"], span["parent_id"]) == ("guest-trapped", None)
    abouts = [each.__dict__.get("about", {}) for each in caplog.records]
    assert shown["trace_id"] in [about.get("trace_id") for about in abouts]
    async with Client(host.url) as client:
        assert await client.trace("mine") == shown
        with pytest.raises(TraceNotFound):
            await client.trace("another")


async def test_lines_and_batches_are_in_it(host: Host) -> None:
    line = {"kind": "counter", "key": "a", "operation": "add", "argument": 1}
    lines = "".join(json.dumps(each) + "\n" for each in (line, {**line, "argument": "x"}))
    asked = {"Content_Type": "application/x-ndjson", "traceparent": GIVEN}
    async with host.wire() as wire:
        head = "POST /v1/turns HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        head += f"Content-Type: application/x-ndjson\r\ntraceparent: {GIVEN}\r\n"
        head += f"Content-Length: {len(lines)}\r\n\r\n"
        await wire.send((head + lines).encode())
        answered = await wire.reader.read()
    assert f'"trace_id": "{TRACE}"'.encode() in answered
    batch = b'{"operation": "add", "argument": 1}\n'
    answer = await host.ask("POST", "/v1/batches/counter/a", batch, **asked)
    assert heard(answer.headers["traceparent"]).trace_id == TRACE
    spans = (await host.ask("GET", f"/v1/traces/{TRACE}")).json["spans"]
    assert [(each["operation"], each["outcome"]) for each in spans] == [
        ("add", "reply"),
        ("add", "rejected"),
        (None, "reply"),
    ]


async def test_only_who_may_read_is_told(host: Host) -> None:
    await host.ask("POST", "/v1/actors/counter/alice/get", Idempotency_Key="mine")
    await host.token("root", Role.ADMIN)
    invoking = await host.token("i", Role.INVOKE)
    reading = await host.token("r", Role.READ)
    elsewhere = await host.token("e", Role.READ, namespace="other")
    for secret, query, status in (
        (invoking, "", 403),
        (reading, "", 200),
        (reading, "?namespace=other", 404),
        (elsewhere, "", 403),
        (elsewhere, "?namespace=other", 404),
    ):
        answer = await host.ask("GET", f"/v1/traces/mine{query}", **bearer(secret))
        assert answer.status == status


def test_a_tree_is_printed_in_order() -> None:
    def span(own: str, parent: str | None) -> dict[str, object]:
        return {"span_id": own, "parent_id": parent}

    spans = [
        span("a", "far away"),
        span("b", "a"),
        span("c", None),
        span("d", "a"),
        span("e", "b"),
        span("b", "c"),
    ]
    ordered = [(depth, each["span_id"]) for depth, each in in_order(spans)]
    assert ordered == [(0, "a"), (1, "b"), (2, "e"), (1, "d"), (0, "c"), (1, "b")]
