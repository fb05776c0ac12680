"""Asking a host over HTTP, and what its answers mean."""

from __future__ import annotations

import json
from collections.abc import AsyncIterable, AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urlencode

import aiohttp
from yarl import URL

from kelpie.api.certificates import trusting, why_not_trusted
from kelpie.api.headers import REQUEST_ID_HEADER
from kelpie.api.paths import DEFAULT_NAMESPACE
from kelpie.api.problem import PROBLEM_TYPE, error_of
from kelpie.api.unreachable import HostUnreachable
from kelpie.errors import HostFault

__all__ = ["Transport", "lines_of", "quoted", "with_query"]

_CONNECT_SECONDS = 10
# How it looks if a host takes what was asked for a wrong beginning of TLS.
_NO_HTTP = (aiohttp.ServerDisconnectedError, aiohttp.ClientResponseError)
# These have nothing to do with a namespace.
_HOST_WIDE = ("/v1/tokens", "/v1/audit")
# What says so without being a host passes requests on to one, which is not there.
_ON_THE_WAY = {429, 502, 503, 504}
_DIGITS_MAX = 9
_PIECE_BYTES = 256 * 1024


class Transport:
    """Connections to one host. Use it as an asynchronous context manager.

    Every method raises the KelpieError that the host answers with, or
    HostUnreachable. Nothing is retried.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        ca: Path | None = None,
        namespace: str = DEFAULT_NAMESPACE,
    ) -> None:
        """`token` is sent with every request. `ca` is a file in PEM with the
        certificates that may vouch for the host, in place of the system's. The
        kinds and actors that are asked for are those of `namespace`."""
        self._base = url.rstrip("/")
        self._headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        self._ca = ca
        self._namespace = None if namespace == DEFAULT_NAMESPACE else namespace
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        """Raises:
        OSError: the file of certificates cannot be used.
        """
        # Not aiohttp's own, which a command has made without certificates.
        is_encrypted = self._base.lower().startswith("https:")
        trusted = trusting(self._ca) if is_encrypted or self._ca is not None else True
        # The host ends every request by its deadline; only connecting is bounded here.
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS)
        self._session = aiohttp.ClientSession(
            timeout=timeout,
            headers=self._headers,
            connector=aiohttp.TCPConnector(ssl=trusted),
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._session is not None
        await self._session.close()

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
        value = read(answer)
        if not isinstance(value, dict):
            raise HostFault(f"{self._base} answers as no Kelpie host does")
        return value

    async def ask(
        self,
        method: str,
        path: str,
        body: bytes,
        headers: dict[str, str],
        on_sent: Callable[[int], object] | None = None,
    ) -> tuple[str, bytes]:
        """The type and the body of the answer."""
        async with self.asking(method, path, body, headers, on_sent) as response:
            return response.content_type, await response.read()

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
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """The answer, of which only the head is read."""
        data: bytes | AsyncIterable[bytes] | None = body or None
        if on_sent is not None:
            assert isinstance(body, bytes), "of others nobody knows how large they are"
            data = _pieces(body, on_sent)
            headers = {**headers, "Content-Length": str(len(body))}
        assert self._session is not None, "use the client in an `async with` block"
        try:
            async with self._session.request(
                method,
                URL(self._base + self._within_namespace(path), encoded=True),
                data=data,
                headers=headers,
                allow_redirects=False,
            ) as response:
                await self._check(response)
                yield response
        except aiohttp.ClientConnectorCertificateError as error:
            message = f"{self._base} shows a certificate {why_not_trusted(error.certificate_error)}"
            raise HostUnreachable(message, sent=False, answers=True) from error
        except aiohttp.ClientConnectorSSLError as error:
            message = (
                f"no TLS with {self._base}: {error.strerror or error}; if it speaks http, its "
                "URL begins with http://"
            )
            raise HostUnreachable(message, sent=False, answers=True) from error
        except aiohttp.ClientConnectorError as error:
            message = f"no host answers at {self._base}: {error.strerror or error}"
            raise HostUnreachable(message, sent=False) from error
        except (aiohttp.ClientError, TimeoutError) as error:
            message = f"the host at {self._base} went away before it answered: {error}"
            if isinstance(error, _NO_HTTP) and self._base.startswith("http://"):
                message += "; does it speak https? Then its URL begins with https://"
            raise HostUnreachable(message, sent=True) from error

    def _within_namespace(self, path: str) -> str:
        if self._namespace is None or path.startswith(_HOST_WIDE):
            return path
        return f"{path}{'&' if '?' in path else '?'}{urlencode({'namespace': self._namespace})}"

    async def _check(self, response: aiohttp.ClientResponse) -> None:
        """Raises:
        KelpieError: what the host answers with.
        HostUnreachable: somebody on the way to it answers.
        """
        if response.content_type == PROBLEM_TYPE:
            problem = error_of(json.loads(await response.read()))
            problem.page = f"{self._base}/docs/errors/{problem.code}.md"
            if REQUEST_ID_HEADER in response.headers:
                problem.details["request_id"] = response.headers[REQUEST_ID_HEADER]
            raise problem
        if response.status in _ON_THE_WAY:
            message = f"{self._base} answers {response.status}, as no Kelpie host does"
            after = response.headers.get("Retry-After", "")
            is_number = after.isascii() and after.isdigit() and len(after) <= _DIGITS_MAX
            retry_after_ms = int(after) * 1000 if is_number else None
            raise HostUnreachable(message, sent=True, retry_after_ms=retry_after_ms)
        if not response.ok:
            raise HostFault(f"{self._base} answers {response.status}, as no Kelpie host does")


async def _pieces(body: bytes, on_sent: Callable[[int], object]) -> AsyncIterator[bytes]:
    for begin in range(0, len(body), _PIECE_BYTES):
        on_sent(begin)
        yield body[begin : begin + _PIECE_BYTES]
    on_sent(len(body))


async def lines_of(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    """The lines of an answer, as they come, without their ends."""
    rest = b""
    async for piece in response.content.iter_any():
        *whole, rest = (rest + piece).split(b"\n")
        for line in whole:
            yield line


def with_query(path: str, **given: str | int | None) -> str:
    """The path with the parameters that are given."""
    query = urlencode({name: value for name, value in given.items() if value is not None})
    return f"{path}?{query}" if query else path


def quoted(segment: str) -> str:
    """A segment of a path."""
    told = quote(segment, safe="")
    # A segment of dots alone would be taken for a place in the path.
    return told.replace(".", "%2E") if segment in {".", ".."} else told
