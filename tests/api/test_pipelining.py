"""Requests behind one another in one read: good ones are answered, whatever follows."""

from __future__ import annotations

import pytest

from tests.api.support import Host, request

INCREMENT = request("POST", "/v1/actors/counter/bob/increment")
FULL = request("POST", "/v1/actors/counter/bob/increment?namespace=default")
LIVE = request("GET", "/livez")
BAD = b"no HTTP at all\r\n\r\n"


@pytest.mark.parametrize("good", [INCREMENT, FULL], ids=["hot", "full"])
@pytest.mark.parametrize("count", [1, 5, 31, 32, 33, 100])
async def test_a_bad_one_spoils_none_before_it(host: Host, good: bytes, count: int) -> None:
    async with host.wire() as wire:
        await wire.send(good * count + BAD + good)
        for value in range(1, count + 1):
            assert (await wire.answer()).json == {"value": value}
        answer = await wire.answer()
        assert (answer.status, answer.code) == (400, "invalid-request")
        assert await wire.is_closed()
    assert await host.turns("counter", "bob") == count


@pytest.mark.parametrize("body", [b"hello", b"\r\n\r\n", b"a\r\n\r\nb" * 100, b"x" * 70_000])
@pytest.mark.parametrize("chunked", [False, True], ids=["declared", "chunked"])
async def test_bodies_between_them(host: Host, body: bytes, chunked: bool) -> None:
    headers = {"Content_Type": "text/plain"}
    sent = body
    if chunked:
        headers["Transfer_Encoding"] = "chunked"
        sent = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    echo = request("POST", "/v1/actors/rogue/bob/echo", sent, **headers)
    async with host.wire() as wire:
        for whole in (LIVE + echo * 3 + LIVE, echo * 40):
            await wire.send(whole)
            statuses = []
            for _ in range(whole.count(b" HTTP/1.1\r\n")):
                answer = await wire.answer()
                statuses.append(answer.status)
                assert answer.body in (body, b'{"status": "live"}')
            assert set(statuses) == {200}


async def test_a_bad_one_behind_a_body(host: Host) -> None:
    echo = request("POST", "/v1/actors/rogue/bob/echo", b"\r\n\r\n!", Content_Type="text/plain")
    async with host.wire() as wire:
        await wire.send(echo * 3 + BAD)
        assert [(await wire.answer()).body for _ in range(3)] == [b"\r\n\r\n!"] * 3
        assert (await wire.answer()).status == 400


@pytest.mark.parametrize("together", [True, False], ids=["in-one-read", "one-by-one"])
@pytest.mark.parametrize("method", ["GET", "CONNECT"])
async def test_behind_an_upgrade(host: Host, together: bool, method: str) -> None:
    """It is not taken up, and what follows is answered."""
    first = request(method, "/livez", Connection="Upgrade", Upgrade="websocket")
    async with host.wire() as wire:
        if together:
            await wire.send(first + INCREMENT + LIVE)
        else:
            await wire.send(first, INCREMENT, LIVE)
        answers = [(await wire.answer()).status for _ in range(3)]
    assert answers == [200 if method == "GET" else 405, 200, 200]


@pytest.mark.parametrize(
    "line", ["GET /livez", "GET /livez HTTP/0.9", "GET /livez HTTP/2.0", "GET /livez HTTP/1.2"]
)
async def test_other_versions_are_not_spoken(host: Host, line: str) -> None:
    async with host.wire() as wire:
        await wire.send(f"{line}\r\nHost: x\r\n\r\n".encode())
        answer = await wire.answer()
        assert (answer.status, answer.code) == (400, "invalid-request")
        assert await wire.is_closed()


@pytest.mark.parametrize(
    "head",
    [
        b"GET /" + b"x" * 9000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nAuthorization: Bearer " + b"x" * 9000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"xxxx: y\r\n" * 200 + b"\r\n",
        b"GET / HTTP/1.1\r\nxxxx y: z\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5xxxx\r\n\r\n",
        b"xxxx\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nA: xxxx\x00\r\n\r\n",
    ],
)
async def test_what_is_no_http_is_not_sent_back(host: Host, head: bytes) -> None:
    async with host.wire() as wire:
        await wire.send(head)
        answer = await wire.answer()
    assert (answer.status, answer.code) == (400, "invalid-request")
    detail = answer.json["detail"]
    assert detail.startswith("this is no valid HTTP request: ")
    assert "xxxx" not in detail
    assert "b'" not in detail
