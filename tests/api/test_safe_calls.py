"""A client asks again until it is done, and has it done once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kelpie.api.client import Client
from kelpie.api.doubt import Failure, pause_ms
from kelpie.api.headers import DEADLINE_HEADER, ID_HEADER
from kelpie.api.unreachable import HostUnreachable
from kelpie.errors import (
    ActorRejected,
    ActorUnavailable,
    CommitFailed,
    DeadlineExceeded,
    Draining,
    Forbidden,
    GuestTrapped,
    InvalidRequest,
    KelpieError,
    MailboxFull,
    OutcomeUnknown,
    Overloaded,
)
from kelpie.limits import DEFAULT_LIMITS
from tests.api.support import Host

Result = TypeVar("Result")

REFUSED = "no host answers"
NO_ANSWER = "it went away"


def unreachable(*, sent: bool, retry_after_ms: int | None = None) -> HostUnreachable:
    told = NO_ANSWER if sent else REFUSED
    return HostUnreachable(told, sent=sent, retry_after_ms=retry_after_ms)


class Clock:
    """Time passes only by waiting."""

    def __init__(self) -> None:
        self.now_ns = 0
        self.slept_ms: list[float] = []

    def monotonic_ns(self) -> int:
        return self.now_ns

    def random_bytes(self, count: int) -> bytes:
        return b"\x80" + bytes(count - 1)

    def new_id(self) -> str:
        return "made"

    async def sleep(self, delay_ms: float) -> None:
        self.slept_ms.append(delay_ms)
        self.now_ns += int(delay_ms * 1_000_000)

    async def within(self, limit_ms: float, work: Awaitable[Result]) -> Result:
        return await work


class Scripted(Client):
    """Its host does what it is told, attempt by attempt."""

    def __init__(self, *answers: Failure | bytes, **options: object) -> None:
        self.clock = Clock()
        self.told: list[Failure] = []
        super().__init__(
            "http://nowhere",
            env=self.clock,
            on_retry=self.told.append,
            **options,  # type: ignore[arg-type]
        )
        self.answers = list(answers)
        self.asked: list[dict[str, str]] = []

    async def ask(
        self,
        method: str,
        path: str,
        body: bytes,
        headers: dict[str, str],
        on_sent: Callable[[int], object] | None = None,
        *,
        is_timed: bool = False,
    ) -> tuple[str, bytes]:
        # Its deadline is the one by which it is given up.
        assert is_timed
        self.asked.append(headers)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return "application/json", answer

    async def add(self, **options: float | str) -> object:
        return await self.call("counter", "a", "add", 1, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "error",
    [
        OutcomeUnknown("perhaps"),
        unreachable(sent=True),
        unreachable(sent=False),
        Overloaded("busy"),
        MailboxFull("busy"),
        Draining("bye"),
        CommitFailed("no"),
        ActorUnavailable("not now"),
    ],
    ids=lambda error: getattr(error, "code", str(error)),
)
async def test_it_is_asked_again_under_one_id(error: Failure) -> None:
    client = Scripted(error, error, b"7")
    assert await client.add() == 7
    assert [each[ID_HEADER] for each in client.asked] == ["made"] * 3
    assert client.told == [error, error]
    deadlines = [int(each[DEADLINE_HEADER]) for each in client.asked]
    assert deadlines == sorted(deadlines, reverse=True)
    assert deadlines[2] < deadlines[0] == 30_000


@pytest.mark.parametrize(
    "error", [ActorRejected("no", "never"), GuestTrapped("it crashed"), Forbidden("you may not")]
)
async def test_what_will_not_change_is_not_asked_again(error: KelpieError) -> None:
    client = Scripted(error)
    with pytest.raises(type(error)) as found:
        await client.add(request_id="mine")
    assert found.value.details["request_id"] == "mine"
    assert len(client.asked) == 1


async def test_it_waits_for_as_long_as_the_host_says() -> None:
    client = Scripted(Overloaded("busy", retry_after_ms=7_000), b"7")
    assert await client.add() == 7
    assert 7_000 <= client.clock.slept_ms[0] <= 7_000 + DEFAULT_LIMITS.client_retry_ms
    proxied = Scripted(unreachable(sent=True, retry_after_ms=3_000), b"7")
    assert await proxied.add() == 7
    assert proxied.clock.slept_ms[0] >= 3_000


async def test_it_does_not_wait_beyond_its_deadline() -> None:
    client = Scripted(Overloaded("busy", retry_after_ms=7_000))
    with pytest.raises(Overloaded):
        await client.add(timeout=6)
    assert client.clock.slept_ms == []
    client = Scripted(Draining("bye"))
    with pytest.raises(Draining):
        await client.add(timeout=6)
    assert 3 < client.clock.now_ns / 1e9 < 6
    assert len(client.asked) < 20


async def test_if_it_may_have_been_done_nobody_says_that_it_was_not() -> None:
    client = Scripted(unreachable(sent=True), unreachable(sent=False))
    with pytest.raises(OutcomeUnknown, match="no host answers") as found:
        await client.add(timeout=5)
    assert found.value.details["request_id"] == "made"
    assert isinstance(found.value.__cause__, HostUnreachable)
    client = Scripted(OutcomeUnknown("perhaps"), Forbidden("no more"))
    with pytest.raises(OutcomeUnknown, match="no more"):
        await client.add()
    client = Scripted(OutcomeUnknown("perhaps"), ActorRejected("no", "never"))
    with pytest.raises(ActorRejected):
        await client.add()
    # The host looks for a record first: the actor's word is about the first attempt, too.
    client = Scripted(OutcomeUnknown("perhaps"), ActorUnavailable("not now"), Forbidden("no"))
    with pytest.raises(Forbidden):
        await client.add()


async def test_of_one_that_was_never_sent_one_says_so() -> None:
    client = Scripted(unreachable(sent=False))
    with pytest.raises(HostUnreachable) as found:
        await client.add(timeout=1)
    assert not found.value.sent
    assert found.value.request_id == "made"


async def test_a_host_that_was_never_there_need_not_be_waited_for() -> None:
    client = Scripted(unreachable(sent=False), b"7", wait_for_host=False)
    with pytest.raises(HostUnreachable):
        await client.add()
    client = Scripted(Draining("bye"), unreachable(sent=False), b"7", wait_for_host=False)
    assert await client.add() == 7


async def test_without_retries_nothing_is_asked_twice_and_no_id_is_made() -> None:
    client = Scripted(Draining("bye"), b"7", retry=False)
    with pytest.raises(Draining):
        await client.add()
    assert ID_HEADER not in client.asked[0]


@pytest.mark.parametrize("timeout", [0, -1, 601, float("nan")])
async def test_a_timeout_that_is_none(timeout: float) -> None:
    client = Scripted(b"7")
    with pytest.raises(InvalidRequest):
        await client.add(timeout=timeout)
    assert client.asked == []


async def test_a_batch_and_a_deletion_are_asked_again_too() -> None:
    client = Scripted(OutcomeUnknown("perhaps"), b"1\n2\n")
    assert await client.batch("counter", "a", [("add", 1), ("add", 1)]) == [1, 2]
    deleted = {"namespace": "default", "kind": "counter", "key": "a", "deleted": True}
    client = Scripted(OutcomeUnknown("perhaps"), json.dumps(deleted).encode())
    assert await client.delete_actor("counter", "a") == deleted
    assert [each[ID_HEADER] for each in client.asked] == ["made"] * 2


@given(st.integers(0, 10**6), st.binary(min_size=4, max_size=4), st.integers(0, 10**6))
def test_pauses(attempt: int, draw: bytes, asked_ms: int) -> None:
    limits = DEFAULT_LIMITS
    pause = pause_ms(attempt, Overloaded("busy", retry_after_ms=asked_ms), draw, limits)
    longest = limits.client_retry_ms_max
    assert asked_ms + limits.client_retry_ms / 2 <= pause <= asked_ms + longest
    if attempt > 10:
        assert pause >= asked_ms + longest / 2


async def test_who_answers_on_the_way_is_no_host() -> None:
    """A proxy whose host is gone."""

    async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 503 x\r\nRetry-After: 2\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, Client(f"http://127.0.0.1:{port}", retry=False) as client:
        with pytest.raises(HostUnreachable, match="503") as found:
            await client.call("counter", "a", "add", 1)
    assert found.value.sent
    assert found.value.retry_after_ms == 2_000


async def test_a_host_that_is_silent_is_given_up() -> None:
    async def keep_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(keep_silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, Client(f"http://127.0.0.1:{port}") as client:
        with pytest.raises(HostUnreachable, match="in time") as found:
            await client.call("counter", "a", "add", 1, timeout=0.05)
    assert found.value.sent


async def test_the_host_s_own_word_at_the_deadline_is_heard(host: Host) -> None:
    async with Client(host.url) as client:
        with pytest.raises((DeadlineExceeded, OutcomeUnknown)):
            await client.call("rogue", "a", "spin", timeout=0.2)
