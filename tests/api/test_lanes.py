"""The hot path answers as all the rest of HTTP would have answered."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import cast

import pytest
import uvloop
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from kelpie.access.roles import Role
from kelpie.access.secret import new_secret
from kelpie.env import Env
from tests.api.support import ROGUE, Answer, Host, request, running


class _Zeros:
    """Draws a secret that is the same each time."""

    def random_bytes(self, count: int) -> bytes:
        return bytes(count)


_VISIBLE = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=12)
_SEGMENT = st.one_of(
    st.sampled_from(["rogue", "bob", "echo", "", "%2F", "%ff", "%", "é", "a b", "x" * 3000]),
    st.text(st.sampled_from("abz09-%A.~_"), max_size=8),
)
_HEADERS = st.dictionaries(
    st.sampled_from(
        [
            "Content-Type",
            "Idempotency-Key",
            "Kelpie-Deadline-Ms",
            "Content-Encoding",
            "Origin",
            "traceparent",
        ]
    ),
    st.one_of(
        st.just(f"00-{'a' * 32}-{'b' * 16}-01"),
        st.sampled_from(["text/plain", "application/json", "application/octet-stream", "500", ""]),
        _VISIBLE.map(str.strip),
    ),
    max_size=4,
)
_SECRET = new_secret(cast("Env", _Zeros()))
_TOKEN = st.one_of(
    st.sampled_from([_SECRET, _SECRET[:-1], _SECRET.upper(), f"{_SECRET},", ""]),
    st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF), max_size=80).map(str.strip),
)
_BODY = st.one_of(st.just(b""), st.binary(max_size=40), st.text(max_size=20).map(str.encode))


class _Both:
    """One host, asked in both ways."""

    def __init__(self, runner: asyncio.Runner, host: Host) -> None:
        self._runner = runner
        self._host = host

    def ask(self, method: str, sent: bytes) -> tuple[Answer, Answer]:
        return self._runner.run(self._ask(method, sent))

    async def _ask(self, method: str, sent: bytes) -> tuple[Answer, Answer]:
        async with self._host.wire() as hot, self._host.wire() as full:
            # This moves a connection to aiohttp, where it stays.
            await full.send(request("GET", "/livez"))
            await full.answer()
            await hot.send(sent)
            await full.send(sent)
            return await hot.answer(method), await full.answer(method)


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Iterator[_Both]:
    """... that has tokens: the one of `_SECRET`, and another."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        stack = AsyncExitStack()
        data = tmp_path_factory.mktemp("locked") / "data"
        host = runner.run(stack.enter_async_context(running(data, cache)))
        runner.run(host.runtime.deploy("default", "rogue", ROGUE.read_bytes()))
        runner.run(host.token("root", Role.ADMIN))
        runner.run(host.token("caller", Role.INVOKE, body_bytes_max=20, secret=_SECRET))
        yield _Both(runner, host)
        runner.run(stack.aclose())


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Iterator[_Both]:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        stack = AsyncExitStack()
        data = tmp_path_factory.mktemp("lanes") / "data"
        host = runner.run(stack.enter_async_context(running(data, cache)))
        runner.run(host.deploy("rogue", ROGUE))
        yield _Both(runner, host)
        runner.run(stack.aclose())


@given(
    segments=st.tuples(_SEGMENT, _SEGMENT, _SEGMENT),
    headers=_HEADERS,
    body=_BODY,
    method=st.sampled_from(["POST", "POST", "POST", "GET", "HEAD", "PUT"]),
)
@example(segments=("a", "rogue", "rogue"), headers={}, body=b"\0", method="POST")
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_both_lanes_answer_alike(
    both: _Both,
    segments: tuple[str, str, str],
    headers: dict[str, str],
    body: bytes,
    method: str,
) -> None:
    lines = {name.replace("-", "_"): value for name, value in headers.items()}
    sent = request(method, "/v1/actors/" + "/".join(segments), body, **lines)
    hot, full = both.ask(method, sent)
    _check_alike(hot, full, has_id="Idempotency-Key" in headers)


@given(
    scheme=st.sampled_from(["Bearer", "bearer", "Basic", ""]),
    token=_TOKEN,
    times=st.sampled_from([1, 1, 1, 2]),
    body=_BODY,
)
@example(scheme="Bearer", token=_SECRET, times=1, body=b"x" * 20)
@example(scheme="Bearer", token=_SECRET, times=1, body=b"x" * 21)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_both_lanes_let_in_alike(
    locked: _Both, scheme: str, token: str, times: int, body: bytes
) -> None:
    head, _, _ = request(
        "POST", "/v1/actors/rogue/bob/echo", body, Content_Type="application/octet-stream"
    ).partition(b"\r\n\r\n")
    given = f"{scheme} {token}".encode("latin-1")
    sent = head + b"\r\nAuthorization: %b" % given * times + b"\r\n\r\n" + body
    hot, full = locked.ask("POST", sent)
    _check_alike(hot, full)
    if not 32 <= min(given) <= max(given) < 127 or times > 1:
        assert hot.status in (400, 401)
    elif (scheme.lower(), token) == ("bearer", _SECRET):
        assert hot.status == (200 if len(body) <= 20 else 413)
    else:
        assert hot.status == 401
    assert _SECRET[10:40].encode() not in hot.body


def _check_alike(hot: Answer, full: Answer, *, has_id: bool = False) -> None:
    if has_id:
        assert (hot.status, hot.body) == (full.status, full.body)
    else:
        # The id that the host has made is that of its trace as well.
        bodies = [re.sub(rb'"trace_id": "[0-9a-f]+"', b"", each.body) for each in (hot, full)]
        assert (hot.status, bodies[0]) == (full.status, bodies[1])
    for answer in (hot, full):
        answer.headers.pop("date")
        if "traceparent" in answer.headers:
            # Each turn is a span of its own.
            trace, span = answer.headers["traceparent"].split("-")[1:3]
            answer.headers["traceparent"] = trace
            assert re.fullmatch("[0-9a-f]{16}", span)
        if not has_id:
            answer.headers.pop("kelpie-request-id", None)
    assert hot.headers == full.headers
