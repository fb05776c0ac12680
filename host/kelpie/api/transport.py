"""Asking a host over HTTP, and what its answers mean."""

from __future__ import annotations

import json
from collections.abc import AsyncIterable, AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urlencode

from kelpie.api.certificates import trusting
from kelpie.api.exchanges import Exchanges
from kelpie.api.headers import REQUEST_ID_HEADER
from kelpie.api.http_client.answer import Answer
from kelpie.api.http_client.request import SAFE_METHODS
from kelpie.api.paths import DEFAULT_NAMESPACE
from kelpie.api.payloads import BYTES_TYPE, JSON_TYPE, TEXT_TYPE
from kelpie.api.problem import PROBLEM_TYPE, error_of
from kelpie.api.unreachable import HostUnreachable
from kelpie.env.program import ProgramEnv, Surroundings
from kelpie.errors import HostFault, InvalidText
from kelpie.ids import Payload
from kelpie.limits import DEFAULT_LIMITS

__all__ = ["Transport", "quoted", "with_query"]

# These have nothing to do with a namespace.
_HOST_WIDE = ("/v1/tokens", "/v1/audit")
# What says so without being a host passes requests on to one, which is not there.
_ON_THE_WAY = {429, 502, 503, 504}
_REQUEST_ID = REQUEST_ID_HEADER.lower()
# Without their parameters.
_TEXTS = {JSON_TYPE, TEXT_TYPE.partition(";")[0]}
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
        shape: str,
        body: bytes = b"",
        headers: dict[str, str] | None = None,
        *,
        on_sent: Callable[[int], object] | None = None,
        read: Callable[[bytes], Any] = json.loads,
    ) -> dict[str, Any]:
        """The object that the host answers with: it is of the shape of this name, see
        `openapi.shapes`. `on_sent` is told how many bytes of the body are sent; `read`
        reads the answer."""
        _, answer = await self.ask(method, path, body, headers or {}, on_sent)
        value: dict[str, Any] = self.read_as(shape, answer, read)
        return value

    async def ask_page(
        self,
        path: str,
        shape: str,
        *,
        after: str | int | None = None,
        read: Callable[[bytes], Any] = json.loads,
    ) -> dict[str, Any]:
        """A page of a list, behind `after`.

        Raises:
            HostFault: ... or whoever turned the pages would never come to an end.
        """
        page = await self.ask_json("GET", path, shape, read=read)
        if after is not None and str(page["after"]) == str(after):
            raise self.no_host("the same page again")
        return page

    async def ask_older(
        self, path: str, shape: str, entries: str, number: str, before: int | None
    ) -> dict[str, Any]:
        """A page of a list that is numbered, newest first, with what is older than
        `before`. Raises: as `ask_page`."""
        page = await self.ask_json("GET", path, shape)
        numbers = [each[number] for each in page[entries]]
        is_newer = before is not None and any(each >= before for each in numbers)
        if is_newer or (page["more"] and not numbers):
            raise self.no_host("the same page again")
        return page

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
        """The type and the body of the answer. If it `is_timed`, whoever asks gives it
        up himself; else it is given up when the host is silent for too long."""
        asking = self.asking(method, path, body, headers, on_sent, is_timed=is_timed)
        async with asking as answer:
            body = await answer.read()
            # A host says under which id it has done something.
            if method not in SAFE_METHODS and _REQUEST_ID not in answer.headers:
                raise self.no_host(f"without {REQUEST_ID_HEADER}")
            return answer.content_type, body

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
        *,
        is_timed: bool = False,
    ) -> AsyncIterator[Answer]:
        """The answer, of which only the head is read. A body in pieces is sent while
        it is read; what such a body raises is raised here."""
        data: bytes | AsyncIterable[bytes] = body
        if on_sent is not None:
            assert isinstance(body, bytes), "of others nobody knows how large they are"
            data = _pieces(body, on_sent)
            headers = {**headers, "Content-Length": str(len(body))}
        path = self._within_namespace(path)
        asking = self._exchanges.asking(method, path, headers, data, is_timed=is_timed)
        async with asking as answer:
            await self._check(answer)
            yield answer

    def read_as(self, shape: str, answer: bytes, read: Callable[[bytes], Any] = json.loads) -> Any:
        """JSON that the host has sent, checked.

        Raises:
            HostFault: it is none, or of another shape.
        """
        value = self.read_json(answer, read)
        # What only has actors run needs none of it.
        import_module("kelpie.api.answers").check_shape(value, shape, self._base)
        return value

    def read_json(self, answer: bytes, read: Callable[[bytes], Any] = json.loads) -> Any:
        """Raises:
        HostFault: it is no JSON.
        """
        try:
            return read(answer)
        except (ValueError, RecursionError) as error:
            raise self.no_host("with what is no JSON") from error

    def no_host(self, why: str) -> HostFault:
        """What is raised if it is no host that answers."""
        return HostFault(f"{self._base} answers as no Kelpie host does: {why}")

    def payload_of(self, content_type: str, body: bytes) -> Payload:
        """What an actor has replied or stored.

        Raises:
            HostFault: it is nothing that a host sends.
        """
        if content_type == BYTES_TYPE:
            return Payload(False, body)
        if content_type not in _TEXTS:
            raise self.no_host(f"with {content_type[:80]!a}")
        try:
            body.decode()
        except UnicodeDecodeError as error:
            raise self.no_host("with text that is not UTF-8") from error
        return Payload(True, body)

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
            told = self.read_json(await answer.read())
            if not isinstance(told, dict):
                raise self.no_host("with a problem that is none")
            problem = error_of(told)
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
    """A segment of a path.

    Raises:
        InvalidText: it has half a surrogate pair, which no text on its way has.
    """
    try:
        told = quote(segment, safe="")
    except UnicodeEncodeError:
        raise InvalidText(f"{segment[:80]!a} has half a surrogate pair in it") from None
    # A segment of dots alone would be taken for a place in the path.
    return told.replace(".", "%2E") if segment in {".", ".."} else told
