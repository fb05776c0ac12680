"""What actors have said lately, and those who follow it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kelpie.env.real import RealEnv
from kelpie.errors import Draining, Overloaded
from kelpie.ids import Address
from kelpie.limits import DEFAULT_LIMITS, KIB, Limits
from kelpie.runtime.telemetry.recent_lines import LINE_LEVELS, Line, RecentLines, Wanted

ALL = Wanted("default")
LONG_MS = 60_000
# A few lines, each of which takes about as much as its limit counts for it.
FEW = replace(DEFAULT_LIMITS, recent_lines_bytes_max=4 * KIB, line_follower_bytes_max=2 * KIB)


def line(message: str, who: str = "counter/alice", level: str = "info", time_ns: int = 0) -> Line:
    kind, _, key = who.partition("/")
    return Line(time_ns, level, Address("default", kind, key), 1, "r", message)


def lines_of(limits: Limits = DEFAULT_LIMITS) -> RecentLines:
    return RecentLines(RealEnv(lambda what, error: pytest.fail(f"{what}: {error}")), limits)


def messages(found: list[Line]) -> list[str]:
    return [each.message for each in found]


async def test_what_is_wanted_is_found_oldest_first() -> None:
    lines = lines_of()
    for at, level in enumerate(LINE_LEVELS):
        lines.add(line(f"alice {level}", level=level, time_ns=at))
        lines.add(line(f"bob {level}", "counter/bob", level, time_ns=at))
        lines.add(line(f"other {level}", "other/alice", level, time_ns=at))
    assert len(lines.find(ALL)) == 12
    assert lines.find(Wanted("elsewhere")) == []
    assert len(lines.find(Wanted("default", "counter"))) == 8
    alice = Wanted("default", "counter", "alice")
    assert messages(lines.find(alice)) == [f"alice {level}" for level in LINE_LEVELS]
    assert messages(lines.find(alice._replace(level="warning"))) == ["alice warning", "alice error"]
    assert messages(lines.find(alice._replace(since_ns=3))) == ["alice error"]
    assert messages(lines.find(alice, last=2)) == ["alice warning", "alice error"]
    assert lines.find(alice, last=0) == []


async def test_the_oldest_go() -> None:
    lines = lines_of(FEW)
    for at in range(100):
        lines.add(line(str(at)))
    kept = messages(lines.find(ALL))
    assert 5 < len(kept) < 20
    assert kept == [str(at) for at in range(100)][-len(kept) :]
    lines.add(line("x" * FEW.recent_lines_bytes_max))
    assert lines.find(ALL) == []


async def test_following() -> None:
    lines = lines_of()
    lines.add(line("before"))
    follower = lines.follow(Wanted("default", "counter", "alice", "info"))
    for message, who, level in (
        ("one", "counter/alice", "info"),
        ("bob", "counter/bob", "info"),
        ("debug", "counter/alice", "debug"),
        ("two", "counter/alice", "error"),
    ):
        lines.add(line(message, who, level))
    taken = await follower.take(LONG_MS)
    assert (messages(taken.lines), taken.lost, taken.ended) == (["one", "two"], 0, False)
    assert await follower.take(1) == ([], 0, False)
    lines.leave(follower)
    lines.add(line("three"))
    assert await follower.take(LONG_MS) == ([], 0, True)


async def test_who_waits_is_woken() -> None:
    lines = lines_of()
    follower = lines.follow(ALL)
    env = RealEnv(lambda what, error: pytest.fail(f"{what}: {error}"))
    taking = env.spawn(follower.take(LONG_MS), "take")
    await env.sleep(0)
    assert not taking.done()
    lines.add(line("one"))
    assert messages((await taking).lines) == ["one"]


async def test_who_is_slow_is_told_what_it_has_lost() -> None:
    lines = lines_of(FEW)
    slow = lines.follow(ALL)
    for at in range(100):
        lines.add(line(str(at)))
    lines.add(line("x" * FEW.line_follower_bytes_max))
    lines.add(line("small"))
    first = await slow.take(LONG_MS)
    assert messages(first.lines) == [str(at) for at in range(len(first.lines))]
    assert 2 < len(first.lines) < 10
    # None is told behind what was lost, or its place would not be known.
    assert first.lost == 102 - len(first.lines)
    lines.add(line("after"))
    assert messages((await slow.take(LONG_MS)).lines) == ["after"]


async def test_how_many_may_follow() -> None:
    lines = lines_of(replace(DEFAULT_LIMITS, line_followers_max=2))
    first, _ = lines.follow(ALL), lines.follow(ALL)
    with pytest.raises(Overloaded, match="line_followers_max"):
        lines.follow(ALL)
    lines.leave(first)
    lines.leave(first)
    lines.follow(ALL)


async def test_how_many_may_follow_with_one_token() -> None:
    lines = lines_of(replace(DEFAULT_LIMITS, line_followers_of_principal_max=1))
    first = lines.follow(ALL, "ci")
    with pytest.raises(Overloaded, match="line_followers_of_principal_max"):
        lines.follow(ALL, "ci")
    lines.follow(ALL, "ops")
    lines.leave(first)
    lines.follow(ALL, "ci")


async def test_the_end() -> None:
    lines = lines_of()
    follower = lines.follow(ALL)
    lines.add(line("last"))
    lines.close()
    taken = await follower.take(LONG_MS)
    assert (messages(taken.lines), taken.ended) == (["last"], True)
    with pytest.raises(Draining):
        lines.follow(ALL)
    assert messages(lines.find(ALL)) == ["last"]
