"""An answer is the same in whatever pieces it comes."""

from __future__ import annotations

from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kelpie.api.http_client.arriving import ArrivingAnswer
from kelpie.api.http_client.failures import NotHttp

HEAD_BYTES_MAX = 1000
NAMES = st.from_regex(r"[a-z]{1,8}", fullmatch=True).map(lambda name: f"x-{name}")
VALUES = st.from_regex(r"[!-~]([ -~]{0,20}[!-~])?", fullmatch=True)


def answer_of(status: int, headers: dict[str, str], body: bytes, chunks: list[int]) -> bytes:
    lines = [f"HTTP/1.1 {status} told", *(f"{name}: {value}" for name, value in headers.items())]
    if not chunks:
        lines.append(f"Content-Length: {len(body)}")
        told = body
    else:
        lines.append("Transfer-Encoding: chunked")
        told, rest = b"", body
        while rest:
            size = chunks[len(rest) % len(chunks)]
            told += b"%x\r\n%b\r\n" % (len(rest[:size]), rest[:size])
            rest = rest[size:]
        told += b"0\r\n\r\n"
    return "\r\n".join([*lines, "", ""]).encode() + told


def pieces_of(data: bytes, cuts: list[int]) -> list[bytes]:
    at = sorted({cut % (len(data) + 1) for cut in cuts} | {0, len(data)})
    return [data[begin:end] for begin, end in pairwise(at)]


@given(
    st.sampled_from([200, 201, 404, 503]),
    st.dictionaries(NAMES, VALUES, max_size=4),
    st.binary(max_size=200),
    st.lists(st.integers(1, 50), max_size=3),
    st.lists(st.integers(0, 10**6), max_size=20),
)
def test_two_answers_after_each_other(
    status: int, headers: dict[str, str], body: bytes, chunks: list[int], cuts: list[int]
) -> None:
    arriving = ArrivingAnswer(HEAD_BYTES_MAX)
    for _ in range(2):
        got = b""
        for piece in pieces_of(answer_of(status, headers, body, chunks), cuts):
            assert not arriving.is_whole
            arriving.feed(piece)
            got += arriving.take()
        assert (arriving.status, got) == (status, body)
        assert headers.items() <= arriving.headers.items()
        assert arriving.is_whole
        assert arriving.may_follow
        arriving.forget()


@given(st.binary(max_size=300), st.lists(st.integers(0, 10**6), max_size=5))
def test_whatever_comes_is_an_answer_or_none(data: bytes, cuts: list[int]) -> None:
    for begin in (b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n"):
        arriving = ArrivingAnswer(HEAD_BYTES_MAX)
        with suppress(NotHttp):
            for piece in pieces_of(begin + data, cuts):
                arriving.feed(piece)
            arriving.end()


@pytest.mark.parametrize("size", [HEAD_BYTES_MAX, HEAD_BYTES_MAX * 100])
@pytest.mark.parametrize("end", [b"", b"\r\n\r\n"])
def test_a_head_has_a_limit(size: int, end: bytes) -> None:
    arriving = ArrivingAnswer(HEAD_BYTES_MAX)
    with pytest.raises(NotHttp, match="client_head_bytes_max"):
        arriving.feed(b"HTTP/1.1 200 OK\r\nX: " + b"x" * size + end)


def test_a_body_may_be_much_larger() -> None:
    arriving = ArrivingAnswer(HEAD_BYTES_MAX)
    body = b"x" * HEAD_BYTES_MAX * 10
    arriving.feed(answer_of(200, {}, body, []))
    assert arriving.take() == body
