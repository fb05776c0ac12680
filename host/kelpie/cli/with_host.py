"""Asking a host, from a command that is not asynchronous itself."""

from __future__ import annotations

import argparse
from collections.abc import Awaitable, Callable
from typing import TypeVar
from urllib.parse import urlsplit

from kelpie.api.client import Client
from kelpie.api.loopback import is_loopback
from kelpie.api.paths import DEFAULT_NAMESPACE
from kelpie.api.unreachable import HostUnreachable
from kelpie.cli.output import say
from kelpie.env import program
from kelpie.env.program import ProgramEnv
from kelpie.errors import KelpieError

__all__ = ["client_of", "tell_of_fault", "timeout_s", "warn_if_in_the_clear", "with_host"]

Result = TypeVar("Result")


def with_host(
    options: argparse.Namespace,
    ask: Callable[[Client], Awaitable[Result]],
    *,
    limit_ms: float | None = None,
) -> Result:
    """What `ask` returns, given a client of the host that the options name.

    Raises:
        KelpieError, HostUnreachable: as the client has it.
        TimeoutError: it took longer than `limit_ms`.
    """
    warn_if_in_the_clear(options)

    async def with_client(env: ProgramEnv) -> Result:
        async with client_of(options) as client:
            asking = ask(client)
            return await (asking if limit_ms is None else env.within(limit_ms, asking))

    return program.run(with_client, tell_of_fault)


def client_of(options: argparse.Namespace) -> Client:
    """Of the host that the options name, and of their namespace if they have one."""
    return Client(
        options.url,
        token=options.token,
        ca=options.ca,
        namespace=getattr(options, "asked_namespace", DEFAULT_NAMESPACE),
        wait_for_host=False,
        on_retry=_teller_of_retries(),
    )


def timeout_s(options: argparse.Namespace) -> float | None:
    """How long a turn may take, as --deadline-ms says it."""
    return None if options.deadline_ms is None else options.deadline_ms / 1000


def _teller_of_retries() -> Callable[[KelpieError | HostUnreachable], None]:
    """Nobody shall wonder what the command waits for, nor read it again and again."""
    last = ""

    def tell(error: KelpieError | HostUnreachable) -> None:
        nonlocal last
        if str(error) != last:
            last = str(error)
            say(f"kelpie: {last}; asking again")

    return tell


def warn_if_in_the_clear(options: argparse.Namespace) -> None:
    """Says so if the token can be read on its way."""
    if options.token is not None and _is_in_the_clear(options.url):
        say(
            f"kelpie: warning: the token goes to {options.url} in the clear, and whoever is on "
            "the way can use it: ask over https"
        )


def _is_in_the_clear(url: str) -> bool:
    parts = urlsplit(url)
    host = parts.hostname or ""
    return parts.scheme == "http" and host != "localhost" and not is_loopback(host)


def tell_of_fault(what: str, error: BaseException | None) -> None:
    """What nobody else will hear of."""
    say(f"kelpie: {what}: {error}")
