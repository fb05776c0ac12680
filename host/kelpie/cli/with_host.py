"""Asking a host, from a command that is not asynchronous itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from kelpie.api.client import Client
from kelpie.cli.output import say
from kelpie.env import real
from kelpie.env.real import RealEnv

__all__ = ["with_env", "with_host"]

Result = TypeVar("Result")


def with_host(
    url: str, ask: Callable[[Client], Awaitable[Result]], *, limit_ms: float | None = None
) -> Result:
    """What `ask` returns, given a client of the host at `url`.

    Raises:
        KelpieError, HostUnreachable: as the client has it.
        TimeoutError: it took longer than `limit_ms`.
    """

    async def with_client(env: RealEnv) -> Result:
        async with Client(url) as client:
            asking = ask(client)
            return await (asking if limit_ms is None else env.within(limit_ms, asking))

    return with_env(with_client)


def with_env(work: Callable[[RealEnv], Coroutine[Any, Any, Result]]) -> Result:
    """What `work` returns, on an event loop of its own."""
    return real.run(work, _on_fault)


def _on_fault(what: str, error: BaseException | None) -> None:
    say(f"kelpie: {what}: {error}")
