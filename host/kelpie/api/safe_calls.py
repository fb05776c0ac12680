"""Asking until it is done, and having it done once."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import TypedDict

from kelpie.api.doubt import Failure, is_conclusive, leaves_doubt, may_help, named, pause_ms
from kelpie.api.headers import DEADLINE_HEADER, ID_HEADER
from kelpie.api.paths import DEFAULT_NAMESPACE
from kelpie.api.transport import Transport
from kelpie.api.unreachable import HostUnreachable
from kelpie.env.program import Surroundings
from kelpie.errors import InvalidRequest, KelpieError, OutcomeUnknown

__all__ = ["Asking", "SafeCalls", "asking_headers"]

_NS_PER_MS = 1_000_000
_NS_PER_SECOND = 1_000_000_000
_DRAW_BYTES = 4

OnRetry = Callable[[Failure], object]


class Asking(TypedDict, total=False):
    """How a host is asked; see `SafeCalls`."""

    token: str | None
    ca: Path | None
    namespace: str
    timeout: float | None
    retry: bool
    wait_for_host: bool
    on_retry: OnRetry | None
    env: Surroundings | None


class SafeCalls(Transport):
    """Requests that are asked again under the same id. Errors as in `Client`."""

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        ca: Path | None = None,
        namespace: str = DEFAULT_NAMESPACE,
        timeout: float | None = None,
        retry: bool = True,
        wait_for_host: bool = True,
        on_retry: OnRetry | None = None,
        env: Surroundings | None = None,
    ) -> None:
        """Beside what `Transport` takes: `timeout` is how many seconds an actor's
        operation may take, all attempts together, where the call says nothing else.

        Unless `retry`, nothing is asked twice, and no ids are made. Unless
        `wait_for_host`, a host that is not there at the first attempt is not waited
        for. `on_retry` is told of each error after which it is asked again. `env` is
        for tests of programs: their clock, their randomness.
        """
        super().__init__(url, token=token, ca=ca, namespace=namespace, env=env)
        default_s = self._limits.client_timeout_ms_default / 1000
        self._timeout = default_s if timeout is None else timeout
        self._retry = retry
        self._wait_for_host = wait_for_host
        self._on_retry = on_retry

    async def ask_safely(
        self,
        method: str,
        path: str,
        body: bytes,
        content_type: str | None,
        *,
        until_ns: int,
        request_id: str | None = None,
    ) -> tuple[str, bytes]:
        """The type and the body of the answer. Until then it is asked again, after
        every error with which that may help, and under one id: it is done once.

        Raises:
            OutcomeUnknown: an attempt may have been done, and none after it could tell.
            KelpieError, HostUnreachable: otherwise that of the last attempt.
        """
        is_read = method == "GET"
        if request_id is None and self._retry and not is_read:
            request_id = self._env.new_id()
        doubt: Failure | None = None
        for attempt in count():
            error: Failure
            try:
                return await self._attempt(
                    method, path, body, content_type, request_id, until_ns, is_read=is_read
                )
            except (KelpieError, HostUnreachable) as failure:
                error = named(failure, request_id)
            if is_conclusive(error):
                doubt = None
            elif leaves_doubt(error) and not is_read:
                doubt = error
            draw = self._env.random_bytes(_DRAW_BYTES)
            pause = pause_ms(attempt, error, draw, self._limits)
            if not self._goes_on(error, attempt, pause, until_ns):
                break
            if self._on_retry is not None:
                self._on_retry(error)
            await self._env.sleep(pause)
        if doubt is None or doubt is error:
            raise error
        raise OutcomeUnknown(
            f"an attempt may have been done ({doubt}), and the last one could not tell: {error}; "
            "ask again under the same id to learn what became of it",
            request_id=request_id,
        ) from error

    def until_ns(self, timeout: float | None) -> int:
        """The deadline of what begins now.

        Raises:
            InvalidRequest: it is over before it begins, or later than a request may
                take. Nothing is asked again when its record may be gone.
        """
        seconds = self._timeout if timeout is None else timeout
        longest = self._limits.request_deadline_ms_max / 1000
        if not 0 < seconds <= longest:
            raise InvalidRequest(
                f"the timeout is {seconds} seconds: it must be more than 0, and {longest:g} at most"
            )
        return self._env.monotonic_ns() + int(seconds * _NS_PER_SECOND)

    async def _attempt(
        self,
        method: str,
        path: str,
        body: bytes,
        content_type: str | None,
        request_id: str | None,
        until_ns: int,
        *,
        is_read: bool,
    ) -> tuple[str, bytes]:
        left_ms = max(1, (until_ns - self._env.monotonic_ns()) // _NS_PER_MS)
        headers = asking_headers(content_type, request_id, None if is_read else left_ms)
        asking = self.ask(method, path, body, headers, is_timed=True)
        try:
            return await self._env.within(left_ms + self._limits.client_answer_ms_max, asking)
        except TimeoutError:
            message = f"the host at {self.url} did not answer in time"
            raise HostUnreachable(message, sent=True) from None

    def _goes_on(self, error: Failure, attempt: int, pause: float, until_ns: int) -> bool:
        if not self._retry or self._exchanges.is_closed or not may_help(error):
            return False
        nobody = isinstance(error, HostUnreachable) and not error.sent
        if nobody and attempt == 0 and not self._wait_for_host:
            return False
        return self._env.monotonic_ns() + pause * _NS_PER_MS < until_ns


def asking_headers(
    content_type: str | None, request_id: str | None, deadline_ms: int | None
) -> dict[str, str]:
    """The headers of a request that an actor is to run."""
    headers: dict[str, str] = {}
    if content_type is not None:
        headers["Content-Type"] = content_type
    if request_id is not None:
        headers[ID_HEADER] = request_id
    if deadline_ms is not None:
        headers[DEADLINE_HEADER] = str(deadline_ms)
    return headers
