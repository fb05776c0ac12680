"""Requests to one host, each with its answer, or why there is none."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterable, AsyncIterator
from contextlib import asynccontextmanager
from typing import NoReturn

from kelpie import __version__
from kelpie.api.certificates import why_not_trusted
from kelpie.api.http_client.answer import Answer
from kelpie.api.http_client.connection import Connection
from kelpie.api.http_client.failures import (
    AnswerLost,
    AnswerTooLong,
    NoAnswer,
    NotHttp,
    NotSent,
    Silent,
)
from kelpie.api.http_client.origin import origin_of
from kelpie.api.http_client.pool import Pool
from kelpie.api.http_client.request import SAFE_METHODS, header_lines, request_line
from kelpie.api.unreachable import HostUnreachable
from kelpie.env.program import Surroundings
from kelpie.errors import HostFault, InvalidRequest
from kelpie.limits import Limits

__all__ = ["Exchanges"]


class Exchanges:
    """Nothing is asked twice that may have been done: where an idle connection was
    closed just when it was to be used again, only what reads is asked on a new one,
    and what was not sent."""

    def __init__(self, env: Surroundings, url: str, token: str | None, limits: Limits) -> None:
        """Raises:
        ValueError: the URL is none of a host, or the token none.
        """
        self._env = env
        self._url = url
        self._limits = limits
        self._origin = origin_of(url)
        headers = [
            ("Host", self._origin.authority),
            ("User-Agent", f"kelpie/{__version__}"),
            ("Accept", "*/*"),
        ]
        credentials = self._origin.credentials if token is None else f"Bearer {token}"
        if credentials is not None:
            headers.append(("Authorization", credentials))
        self._headers = header_lines(headers)
        self._pool: Pool | None = None

    @property
    def is_encrypted(self) -> bool:
        return self._origin.is_encrypted

    @property
    def is_closed(self) -> bool:
        """Whether nothing is asked here any more."""
        return self._pool is not None and self._pool.is_closed

    def open(self, trusted: ssl.SSLContext | None) -> None:
        """`trusted` says who may vouch for the host, if it is asked over TLS."""
        self._pool = Pool(self._env, self._origin, trusted, self._limits)

    async def close(self) -> None:
        """What is still asked has no answer any more."""
        assert self._pool is not None
        await self._pool.close()

    @asynccontextmanager
    async def asking(
        self,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes | AsyncIterable[bytes],
        *,
        is_timed: bool = False,
    ) -> AsyncIterator[Answer]:
        """The answer, of which only the head is read. A body in pieces is sent while
        it is read; what such a body raises is raised here. If it `is_timed`, whoever
        asks gives it up himself.

        Raises:
            InvalidRequest, HostUnreachable
            HostFault: the answer is larger than any of a host.
            RuntimeError: the client was not entered.
        """
        if self._pool is None:
            raise RuntimeError("use the client in an `async with` block")
        chunked = not isinstance(body, bytes) and "Content-Length" not in headers
        head = self._head(method, path, headers, body, chunked)
        try:
            connection = await self._ask(self._pool, method, head, body, chunked, is_timed)
            try:
                yield Answer(connection, self._limits.client_answer_bytes_max)
            finally:
                self._pool.give_back(connection)
        except AnswerLost as error:
            message = f"the host at {self._url} went away before it answered: {error}"
            if self.is_closed:
                message = f"the client was closed before {self._url} had answered"
            elif isinstance(error, NoAnswer):
                message += self._if_encrypted()
            raise HostUnreachable(message, sent=True) from error
        except Silent as error:
            message = f"the host at {self._url} did not answer in time"
            raise HostUnreachable(message, sent=True) from error
        except AnswerTooLong as error:
            size = self._limits.client_answer_bytes_max
            message = f"{self._url} answers with more than {size} bytes (client_answer_bytes_max)"
            raise HostFault(message) from error
        except NotSent as error:
            message = f"the host at {self._url} closes connections at once"
            raise HostUnreachable(message, sent=False) from error
        except NotHttp as error:
            message = f"what answers at {self._url} speaks no HTTP: {error}"
            raise HostUnreachable(message + self._if_encrypted(), sent=True) from error

    async def _ask(
        self,
        pool: Pool,
        method: str,
        head: bytes,
        body: bytes | AsyncIterable[bytes],
        chunked: bool,
        is_timed: bool,
    ) -> Connection:
        """One on which the head of the answer has come: to be given back."""
        while True:
            try:
                connection = await pool.take()
            except OSError as error:
                self._unreachable(error)
            is_reused = connection.is_reused
            try:
                await connection.ask(method, head, body, chunked=chunked, is_timed=is_timed)
            except BaseException as error:
                pool.give_back(connection)
                if not is_reused or not _is_harmless(error, method):
                    raise
            else:
                return connection

    def _head(
        self,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes | AsyncIterable[bytes],
        chunked: bool,
    ) -> bytes:
        """Raises:
        InvalidRequest: HTTP has no such request.
        """
        told = headers
        if chunked:
            told = {**headers, "Transfer-Encoding": "chunked"}
        elif isinstance(body, bytes) and (body or method not in SAFE_METHODS):
            told = {**headers, "Content-Length": str(len(body))}
        try:
            begin = request_line(method, self._origin.path + path) + self._headers
            return begin + header_lines(told.items()) + b"\r\n"
        except ValueError as error:
            raise InvalidRequest(str(error)) from None

    def _unreachable(self, error: OSError) -> NoReturn:
        """Raises:
        HostUnreachable: why there is no connection.
        """
        if isinstance(error, ssl.SSLCertVerificationError):
            message = f"{self._url} shows a certificate {why_not_trusted(error)}"
        elif isinstance(error, ssl.SSLError):
            message = (
                f"no TLS with {self._url}: {error.strerror or error}; if it speaks http, its "
                "URL begins with http://"
            )
        else:
            why = error.strerror or str(error)
            if isinstance(error, TimeoutError) and not why:
                why = f"not within {self._limits.client_connect_ms_max} ms"
            raise HostUnreachable(f"no host answers at {self._url}: {why}", sent=False) from error
        raise HostUnreachable(message, sent=False, answers=True) from error

    def _if_encrypted(self) -> str:
        """How it looks if a host takes what was asked for a wrong beginning of TLS."""
        if self._origin.is_encrypted:
            return ""
        return "; does it speak https? Then its URL begins with https://"


def _is_harmless(error: BaseException, method: str) -> bool:
    """Whether it can be asked again: nobody knows of it, or it only reads."""
    return isinstance(error, NotSent) or (isinstance(error, NoAnswer) and method in SAFE_METHODS)
