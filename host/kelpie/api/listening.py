"""Where a host listens, and whether it should."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass

from kelpie.api.loopback import is_loopback
from kelpie.api.tls import ServerTls

__all__ = ["AddressRefused", "Listening", "leads_here"]


class AddressRefused(Exception):
    """Others could reach the address, and nothing keeps them from doing everything."""


@dataclass(frozen=True, slots=True)
class Listening:
    """Where, and how."""

    host: str
    port: int
    tls: ServerTls | None = None
    insecure_public: bool = False
    """Whether it may be reached from elsewhere without tokens."""

    async def check(self, has_tokens: bool) -> None:
        """Raises:
        AddressRefused
        OSError: the host's name cannot be looked up.
        """
        if has_tokens or self.insecure_public or await leads_here(self.host):
            return
        raise AddressRefused(
            f"{self.host or 'every address'} can be reached from other machines, and without "
            "tokens whoever reaches it can do everything"
        )


async def leads_here(host: str) -> bool:
    """Whether the name, or address, leads to this machine alone.

    Raises:
        OSError: it cannot be looked up.
    """
    if not host:
        return False
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return bool(found) and all(is_loopback(str(each[4][0])) for each in found)
