"""Many turns by one request: answered as they end, each on its own."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import StreamReader
from aiohttp.base_protocol import BaseProtocol
from hypothesis import given
from hypothesis import strategies as st

from kelpie.access.roles import Role
from kelpie.api.body_lines import BodyLines
from kelpie.api.client import Client
from kelpie.errors import PayloadTooLarge
from kelpie.limits import DEFAULT_LIMITS, Limits
from tests.api.support import COUNTER, ENDLESS_FUEL, ROGUE, Host, Wire, bearer, request, running

LINES = "application/x-ndjson"
TYPED = {"Content_Type": LINES}


def line(key: str, operation: str, argument: object = None, **more: object) -> bytes:
    members: dict[str, object] = {"kind": "counter", "key": key, "operation": operation, **more}
    if argument is not None:
        members["argument"] = argument
    return json.dumps(members).encode() + b"\n"


async def all_of(host: Host, *lines: bytes) -> dict[int | None, Any]:
    async with Client(host.url) as client:
        return {each["index"]: each async for each in client.turns(b"".join(lines))}


class Stream:
    """A request whose lines are sent one by one."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire

    async def begin(self, **headers: str) -> None:
        typed = {"Content_Type": LINES, "Transfer_Encoding": "chunked"}
        head = request("POST", "/v1/turns", **typed, **headers)
        await self.wire.send(head)
        answered = await self.wire.reader.readuntil(b"\r\n\r\n")
        assert answered.startswith(b"HTTP/1.1 200 ")
        assert LINES.encode() in answered

    async def send(self, piece: bytes) -> None:
        await self.wire.send(b"%x\r\n%b\r\n" % (len(piece), piece))

    async def answers(self) -> list[Any] | None:
        """What comes next; None at the end."""
        size = int(await self.wire.reader.readline(), 16)
        piece = await self.wire.reader.readexactly(size + 2)
        return [json.loads(each) for each in piece[:-2].splitlines()] if size else None

    async def rest(self) -> list[Any]:
        """What comes up to the end."""
        told: list[Any] = []
        while (more := await self.answers()) is not None:
            told += more
        return told

    async def end(self) -> None:
        await self.wire.send(b"0\r\n\r\n")


async def test_each_line_is_a_turn_of_its_own(host: Host) -> None:
    found = await all_of(
        host,
        line("a", "add", 5, id="one"),
        line("b", "nap"),
        line("a", "increment"),
        line("x", "echo", "hi", kind="rogue"),
        line("a", "get", kind="conuter"),
        b"what?\n",
        line("a", "get").rstrip(b"\n"),
    )
    assert sorted(found) == list(range(7))
    assert found[0]["id"] == "one"
    values = {index: each["value"] for index, each in found.items() if "value" in each}
    assert values == {0: {"value": 5}, 2: {"value": 6}, 3: "hi", 6: {"value": 6}}
    codes = {index: each["problem"]["code"] for index, each in found.items() if "problem" in each}
    assert codes == {1: "rejected", 4: "kind-not-found", 5: "invalid-request"}
    assert all(
        each["status"] == each["problem"]["status"] for each in found.values() if "problem" in each
    )
    assert found[1]["problem"]["rejection"] == "unknown-operation"


async def test_more_lines_than_may_be_in_the_house(host: Host) -> None:
    count = 10 * host.server.limits.turn_stream_turns_max
    found = await all_of(host, *(line(f"k{number % 7}", "increment") for number in range(count)))
    assert sorted(found) == list(range(count))
    for key in range(7):
        # Those of one actor were run in their order.
        values = [found[index]["value"]["value"] for index in range(key, count, 7)]
        assert values == list(range(1, len(values) + 1))


async def test_an_id_is_remembered(host: Host) -> None:
    for _ in range(2):
        found = await all_of(host, line("a", "add", 5, id="one"), line("b", "add", 1, id="one"))
        assert [found[index]["value"]["value"] for index in (0, 1)] == [5, 1]
    single = await host.ask(
        "POST",
        "/v1/actors/counter/a/add",
        b"5",
        Content_Type="application/json",
        Idempotency_Key="one",
    )
    assert single.json == {"value": 5}
    found = await all_of(host, line("a", "add", 6, id="one"), line("a", "get", id="a b"))
    codes = [found[index]["problem"]["code"] for index in (0, 1)]
    assert codes == ["request-mismatch", "invalid-request"]


async def test_answers_come_while_lines_are_sent(host: Host) -> None:
    async with host.wire() as wire:
        stream = Stream(wire)
        await stream.begin()
        for value in (1, 2):
            await stream.send(line("a", "increment"))
            (answer,) = await stream.answers() or []
            assert answer["value"] == {"value": value}
        half = line("a", "increment")
        await stream.send(half[:20])
        await stream.send(half[20:])
        (answer,) = await stream.answers() or []
        assert (answer["index"], answer["value"]) == (2, {"value": 3})
        await stream.end()
        assert await stream.answers() is None
        # The connection goes on.
        await wire.send(request("GET", "/v1/actors/counter/a"))
        assert (await wire.answer()).json["turns"] == 3


async def test_nothing_asked_is_nothing_answered(host: Host) -> None:
    async def nothing() -> AsyncIterator[bytes]:
        return
        yield b""

    async with Client(host.url) as client:
        assert [each async for each in client.turns(nothing())] == []


@pytest.mark.parametrize(
    ("target", "headers", "code"),
    [
        ("/v1/turns", {}, "unsupported-media-type"),
        ("/v1/turns", {"Content_Type": "application/json"}, "unsupported-media-type"),
        (
            "/v1/turns",
            {**TYPED, "Content_Encoding": "gzip"},
            "unsupported-media-type",
        ),
        ("/v1/turns", {**TYPED, "Kelpie_Deadline_Ms": "x"}, "invalid-request"),
        ("/v1/turns", {**TYPED, "Expect": "a miracle"}, "expectation-failed"),
        ("/v1/turns?namespace=No", TYPED, "invalid-address"),
        ("/v1/turns?kind=x", TYPED, "invalid-request"),
        ("/v1/turns/x", TYPED, "not-found"),
        ("/v1/turns/x/y", TYPED, "method-not-allowed"),
    ],
)
async def test_what_is_refused_before_a_line_is_read(
    host: Host, target: str, headers: dict[str, str], code: str
) -> None:
    assert (await host.ask("POST", target, line("a", "get"), **headers)).code == code


async def test_turns_are_streamed_by_post_alone(host: Host) -> None:
    assert (await host.ask("PUT", "/v1/turns", line("a", "get"))).code == "method-not-allowed"


async def limited(tmp_path: Path, cache: Path, limits: Limits) -> AsyncIterator[Host]:
    async with running(tmp_path / "data", cache, limits) as host:
        await host.deploy("counter", COUNTER)
        await host.deploy("rogue", ROGUE)
        yield host


@pytest.fixture
async def small(tmp_path: Path, cache: Path) -> AsyncIterator[Host]:
    limits = replace(
        DEFAULT_LIMITS, turn_line_bytes_max=200, turn_streams_max=1, http_idle_ms_max=300
    )
    async for host in limited(tmp_path, cache, limits):
        yield host


async def test_a_line_that_is_too_long_is_skipped(small: Host) -> None:
    long = line("a", "increment", "x" * 500_000)
    found = await all_of(small, line("a", "increment"), long, line("a", "increment"), long[:-1])
    assert [found[index]["status"] for index in range(4)] == [200, 413, 200, 413]
    assert found[1]["problem"]["limit"] == "turn_line_bytes_max"
    assert found[2]["value"] == {"value": 2}


async def test_streams_are_counted(small: Host) -> None:
    async with small.wire() as wire:
        stream = Stream(wire)
        await stream.begin()
        refused = await small.ask("POST", "/v1/turns", line("a", "get"), Content_Type=LINES)
        assert (refused.status, refused.code) == (429, "overloaded")
        await stream.end()
        assert await stream.answers() is None
    assert len(await all_of(small, line("a", "get"))) == 1


async def test_a_line_that_does_not_come_ends_it(small: Host) -> None:
    async with small.wire() as wire:
        stream = Stream(wire)
        await stream.begin()
        await stream.send(line("a", "increment") + b'{"kind"')
        answers = [*(await stream.answers() or []), *(await stream.answers() or [])]
        assert [each["index"] for each in answers] == [0, None]
        assert answers[1]["problem"]["code"] == "request-timeout"
        assert await stream.answers() is None


async def test_who_reads_no_answers_is_not_read_either(tmp_path: Path, cache: Path) -> None:
    limits = replace(DEFAULT_LIMITS, turn_stream_turns_max=4, http_idle_ms_max=60_000)
    async for host in limited(tmp_path, cache, limits):
        reader, writer = await asyncio.open_connection("127.0.0.1", host.port, limit=1024)
        head = request("POST", "/v1/turns", Content_Type=LINES, Transfer_Encoding="chunked")
        writer.write(head)
        # Each answer is large, so that few fill all buffers on the way.
        piece = line("a", "reply", {"bytes": 1_000_000}, kind="rogue")
        for _ in range(200):
            writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        turns = -1
        while turns != (turns := host.runtime.node.meters.of("default", "rogue").replied):
            await asyncio.sleep(0.3)
        assert turns < 100
        assert host.runtime.outstanding == 0
        writer.close()
        del reader


async def test_turns_go_on_when_the_client_goes_away(host: Host) -> None:
    async with host.wire() as wire:
        stream = Stream(wire)
        await stream.begin()
        await stream.send(b"".join(line("a", "increment") for _ in range(50)))
        await stream.answers()
    async with asyncio.timeout(10):
        while await host.turns("counter", "a") < 50:
            await asyncio.sleep(0.01)


async def test_each_line_has_its_deadline(tmp_path: Path, cache: Path) -> None:
    async for host in limited(tmp_path, cache, ENDLESS_FUEL):
        body = line("a", "spin", kind="rogue") + line("b", "increment")
        async with Client(host.url) as client:
            found = {each["index"]: each async for each in client.turns(body, timeout=0.2)}
        assert found[0]["problem"]["code"] == "deadline-exceeded"
        assert found[1]["value"] == {"value": 1}


async def test_a_host_that_stops_says_so(host: Host) -> None:
    async with host.wire() as wire:
        stream = Stream(wire)
        await stream.begin()
        await host.runtime.drain()
        await stream.send(line("a", "increment"))
        answers = await stream.rest()
        assert [each["index"] for each in answers] == [0, None]
        assert {each["problem"]["code"] for each in answers} == {"draining"}


@pytest.mark.parametrize("half", [b"", b'{"kind": "coun'])
async def test_a_host_that_stops_waits_for_no_further_line(host: Host, half: bytes) -> None:
    async with host.wire() as wire, host.wire() as late:
        stream = Stream(wire)
        await stream.begin()
        await stream.send(line("a", "increment") + half)
        (answer,) = await stream.answers() or []
        assert answer["value"] == {"value": 1}
        host.server.drain()
        (last,) = await stream.rest()
        assert (last["index"], last["problem"]["code"]) == (None, "draining")
        await late.send(request("POST", "/v1/turns", line("a", "get"), **TYPED))
        assert (await late.answer()).code == "draining"


async def test_the_last_line_is_the_last_though_turns_were_under_way(
    tmp_path: Path, cache: Path
) -> None:
    async for host in limited(tmp_path, cache, ENDLESS_FUEL):
        async with host.wire() as wire:
            stream = Stream(wire)
            await stream.begin(Kelpie_Deadline_Ms="300")
            await stream.send(line("a", "spin", kind="rogue"))
            while not host.runtime.outstanding:
                await asyncio.sleep(0.01)
            host.server.drain()
            answers = await stream.rest()
        assert [each["index"] for each in answers] == [0, None]
        codes = [each["problem"]["code"] for each in answers]
        assert codes == ["deadline-exceeded", "draining"]


@given(st.lists(st.binary(max_size=12)), st.integers(0, 8))
def test_lines_come_whole_however_they_arrive(pieces: list[bytes], bytes_max: int) -> None:
    """The lines are those of the whole; those too long are refused, and no others."""

    async def read() -> list[bytes | None]:
        loop = asyncio.get_running_loop()
        content = StreamReader(BaseProtocol(loop), 1 << 16, loop=loop)
        for piece in pieces:
            if piece:
                content.feed_data(piece)
        content.feed_eof()
        lines, found = BodyLines(content, bytes_max), []
        while True:
            try:
                one = await lines.next()
            except PayloadTooLarge:
                found.append(None)
                continue
            if one is None:
                return found
            found.append(one)

    whole = b"".join(pieces)
    *ended, rest = whole.split(b"\n")
    wanted = ended + ([rest] if rest else [])
    assert asyncio.run(read()) == [each if len(each) <= bytes_max else None for each in wanted]


async def test_every_line_counts_against_the_rate_of_a_token_and_none_is_refused(
    host: Host,
) -> None:
    await host.token("root", Role.ADMIN)
    slow = await host.token("slow", Role.INVOKE, requests_per_second_max=10)
    began_ns = host.env.monotonic_ns()
    async with Client(host.url, token=slow) as client:
        lines = b"".join(line("a", "increment") for _ in range(15))
        answers = [each async for each in client.turns(lines)]
    assert [each["status"] for each in answers] == [200] * 15
    # Of sixteen, with the request itself, ten may come at once.
    assert host.env.monotonic_ns() - began_ns >= 500_000_000
    answer = await host.ask("GET", "/v1/audit", **bearer(slow))
    assert answer.code in ("forbidden", "rate-limited")


@pytest.mark.parametrize("path", ["/v1/turns", "/v1/batches/counter/a"])
async def test_it_needs_a_token_that_may_invoke_here(host: Host, path: str) -> None:
    await host.token("root", Role.ADMIN)
    elsewhere = await host.token("elsewhere", Role.INVOKE, namespace="shop")
    reader = await host.token("reader", Role.READ)
    body = line("a", "increment")
    assert (await host.ask("POST", path, body, **TYPED)).code == "unauthenticated"
    for token in (elsewhere, reader):
        assert (await host.ask("POST", path, body, **TYPED, **bearer(token))).code == "forbidden"


async def test_a_stream_ends_with_its_token(host: Host) -> None:
    await host.token("root", Role.ADMIN)
    secret = await host.token("worker", Role.INVOKE)
    async with host.wire() as wire:
        stream = Stream(wire)
        await stream.begin(**bearer(secret))
        await stream.send(line("a", "increment"))
        assert [each["status"] for each in await stream.answers() or []] == [200]
        await host.server.tokens.revoke("worker")
        await stream.send(line("a", "increment") * 2)
        (last,) = await stream.rest()
    assert (last["index"], last["status"]) == (None, 401)
    assert last["problem"]["code"] == "unauthenticated"
    assert host.runtime.node.meters.of("default", "counter").replied == 1


async def test_a_stream_ends_when_its_token_expires(host: Host) -> None:
    await host.token("root", Role.ADMIN)
    soon = host.env.wall_ns() + 1_000_000_000
    secret = await host.token("worker", Role.INVOKE, expires_at_ns=soon)
    async with host.wire() as wire:
        stream = Stream(wire)
        await stream.begin(**bearer(secret))
        while host.env.wall_ns() < soon:
            await asyncio.sleep(0.05)
        await stream.send(line("a", "increment"))
        (last,) = await stream.rest()
    assert last["problem"]["code"] == "unauthenticated"
    assert "expired" in last["problem"]["detail"]


async def test_a_stream_without_a_token_ends_once_one_is_needed(host: Host) -> None:
    async with host.wire() as wire:
        stream = Stream(wire)
        await stream.begin()
        await host.token("root", Role.ADMIN)
        await stream.send(line("a", "increment"))
        (last,) = await stream.rest()
    assert (last["index"], last["problem"]["code"]) == (None, "unauthenticated")
