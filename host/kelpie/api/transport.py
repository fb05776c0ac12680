"""Asking a host over HTTP, and what its answers mean."""

from __future__ import annotations

import json
from collections.abc import AsyncIterable, AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn, Self
from urllib.parse import quote, urlencode

from kelpie.api.certificates import trusting
from kelpie.api.exchanges import Exchanges
from kelpie.api.headers import REQUEST_ID_HEADER
from kelpie.api.http_client.answer import Answer
from kelpie.api.paths import DEFAULT_NAMESPACE
from kelpie.api.problem import PROBLEM_TYPE, error_of
from kelpie.api.unreachable import HostUnreachable
from kelpie.env.program import ProgramEnv, Surroundings
from kelpie.errors import HostFault
from kelpie.limits import DEFAULT_LIMITS

__all__ = ["Transport", "quoted", "with_query"]

# These have nothing to do with a namespace.
_HOST_WIDE = ("/v1/tokens", "/v1/audit")
# What says so without being a host passes requests on to one, which is not there.
_ON_THE_WAY = {429, 502, 503, 504}
_REQUEST_ID = REQUEST_ID_HEADER.lower()
_DIGITS_MAX = 9
_PIECE_BYTES = 256 * 1024


class Transport:
    """Connections to one host. Use it as an asynchronous context manager.

    Every method raises the KelpieError that the host answers with, or
    HostUnreachable. Nothing is retried, but see `Exchanges`.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        ca: Path | None = None,
        namespace: str = DEFAULT_NAMESPACE,
        env: Surroundings | None = None,
    ) -> None:
        """`token` is sent with every request. `ca` is a file in PEM with the
        certificates that may vouch for the host, in place of the system's. The
        kinds and actors that are asked for are those of `namespace`.

        Raises:
            ValueError: the URL is none of a host.
        """
        self._base = url.rstrip("/")
        self._ca = ca
        self._namespace = None if namespace == DEFAULT_NAMESPACE else namespace
        self._limits = DEFAULT_LIMITS
        self._env: Surroundings = env or ProgramEnv()
        self._exchanges = Exchanges(self._env, self._base, token, self._limits)

    async def __aenter__(self) -> Self:
        """Raises:
        OSError: the file of certificates cannot be used.
        """
        is_encrypted = self._exchanges.is_encrypted
        # A file that cannot be used is told of, also where it is of no use.
        trusted = trusting(self._ca) if is_encrypted or self._ca is not None else None
        self._exchanges.open(trusted if is_encrypted else None)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._exchanges.close()

    async def ask_json(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        headers: dict[str, str] | None = None,
        *,
        on_sent: Callable[[int], object] | None = None,
        read: Callable[[bytes], Any] = json.loads,
    ) -> dict[str, Any]:
        """The object that the host answers with. `on_sent` is told how many bytes
        of the body are sent; `read` reads the answer."""
        _, answer = await self.ask(method, path, body, headers or {}, on_sent)
        return self._object(answer, read)

    async def ask(
        self,
        method: str,
        path: str,
        body: bytes,
        headers: dict[str, str],
        on_sent: Callable[[int], object] | None = None,
    ) -> tuple[str, bytes]:
        """The type and the body of the answer."""
        async with self.asking(method, path, body, headers, on_sent) as answer:
            return answer.content_type, await answer.read()

    @property
    def url(self) -> str:
        return self._base

    @asynccontextmanager
    async def asking(
        self,
        method: str,
        path: str,
        body: bytes | AsyncIterable[bytes],
        headers: dict[str, str],
        on_sent: Callable[[int], object] | None = None,
    ) -> AsyncIterator[Answer]:
        """The answer, of which only the head is read. A body in pieces is sent while
        it is read; what such a body raises is raised here."""
        data: bytes | AsyncIterable[bytes] = body
        if on_sent is not None:
            assert isinstance(body, bytes), "of others nobody knows how large they are"
            data = _pieces(body, on_sent)
            headers = {**headers, "Content-Length": str(len(body))}
        path = self._within_namespace(path)
        async with self._exchanges.asking(method, path, headers, data) as answer:
            await self._check(answer)
            yield answer

    def _object(self, answer: bytes, read: Callable[[bytes], Any]) -> dict[str, Any]:
        """Raises:
        HostFault: it is none.
        """
        try:
            value = read(answer)
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict):
            raise HostFault(f"{self._base} answers as no Kelpie host does")
        return _Members(value, self._base)

    def _within_namespace(self, path: str) -> str:
        if self._namespace is None or path.startswith(_HOST_WIDE):
            return path
        return f"{path}{'&' if '?' in path else '?'}{urlencode({'namespace': self._namespace})}"

    async def _check(self, answer: Answer) -> None:
        """Raises:
        KelpieError: what the host answers with.
        HostUnreachable: somebody on the way to it answers.
        """
        if answer.content_type == PROBLEM_TYPE:
            problem = error_of(self._object(await answer.read(), json.loads))
            problem.page = f"{self._base}/docs/errors/{problem.code}.md"
            if _REQUEST_ID in answer.headers:
                problem.details["request_id"] = answer.headers[_REQUEST_ID]
            raise problem
        if answer.status in _ON_THE_WAY:
            message = f"{self._base} answers {answer.status}, as no Kelpie host does"
            after = answer.headers.get("retry-after", "")
            is_number = after.isascii() and after.isdigit() and len(after) <= _DIGITS_MAX
            retry_after_ms = int(after) * 1000 if is_number else None
            raise HostUnreachable(message, sent=True, retry_after_ms=retry_after_ms)
        if not answer.is_ok:
            raise HostFault(f"{self._base} answers {answer.status}, as no Kelpie host does")


class _Members(dict[str, Any]):
    """What a host says. Who is asked in its place may say anything: what is then not
    there is no fault of whoever looks for it."""

    def __init__(self, members: dict[str, Any], url: str) -> None:
        super().__init__(members)
        self._url = url

    def __missing__(self, name: str) -> NoReturn:
        raise HostFault(f"{self._url} answers as no Kelpie host does: without {name!a}")


async def _pieces(body: bytes, on_sent: Callable[[int], object]) -> AsyncIterator[bytes]:
    for begin in range(0, len(body), _PIECE_BYTES):
        on_sent(begin)
        yield body[begin : begin + _PIECE_BYTES]
    on_sent(len(body))


def with_query(path: str, **given: str | int | None) -> str:
    """The path with the parameters that are given."""
    query = urlencode({name: value for name, value in given.items() if value is not None})
    return f"{path}?{query}" if query else path


def quoted(segment: str) -> str:
    """A segment of a path."""
    told = quote(segment, safe="")
    # A segment of dots alone would be taken for a place in the path.
    return told.replace(".", "%2E") if segment in {".", ".."} else told
