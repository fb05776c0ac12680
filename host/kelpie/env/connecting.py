"""Connections to others: the network is a part of the world, too."""

from __future__ import annotations

import asyncio
import select
import socket
import ssl

from aiohappyeyeballs import AddrInfoType, start_connection

__all__ = ["connect", "has_news"]

# RFC 8305: how long an address has, until the next one is tried beside it.
_HEAD_START_S = 0.25


async def connect(
    protocol: asyncio.Protocol, host: str, port: int, trusted: ssl.SSLContext | None
) -> None:
    """Gives the protocol a connection, on the loop that runs: to whichever of the
    host's addresses answers first, and over TLS if `trusted` says who may vouch for it.

    Raises:
        OSError: there is none; ssl.SSLError if there is no TLS on it.
    """
    loop = asyncio.get_running_loop()
    addresses = _address(host, port) or await loop.getaddrinfo(
        host.encode("ascii"), port, type=socket.SOCK_STREAM
    )
    # Not the loop's own: uvloop's tries one address after the other.
    connected = await start_connection(addresses, happy_eyeballs_delay=_HEAD_START_S)
    try:
        name = None if trusted is None else host
        await loop.create_connection(
            lambda: protocol, sock=connected, ssl=trusted, server_hostname=name
        )
    except BaseException:
        # Not every loop does so when there is no TLS.
        connected.close()
        raise


def _address(host: str, port: int) -> list[AddrInfoType]:
    """What nobody has to be asked for: of an address of the fourth version."""
    try:
        socket.inet_pton(socket.AF_INET, host)
    except OSError:
        return []
    return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (host, port))]


def has_news(transport: asyncio.BaseTransport) -> bool:
    """Whether something has come on a connection of which the loop does not yet know:
    that it was closed, above all."""
    if not hasattr(select, "poll"):
        return False
    poll = select.poll()
    poll.register(transport.get_extra_info("socket").fileno(), select.POLLIN)
    return bool(poll.poll(0))
