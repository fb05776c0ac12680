"""Where a host is."""

from __future__ import annotations

from base64 import b64encode
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

__all__ = ["Origin", "origin_of"]

_PORTS = {"http": 80, "https": 443}


class Origin(NamedTuple):
    """What the URL of a host says."""

    is_encrypted: bool
    host: str
    port: int
    authority: str
    """As the header Host has it."""
    path: str
    """What stands before the path of every request."""
    credentials: str | None
    """Those that stand in the URL, as the header Authorization has them."""


def origin_of(url: str) -> Origin:
    """Raises:
    ValueError: it is no URL of a host.
    """
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(f"{url!r} is no URL of a host: write http://HOST:PORT")
    port = parts.port or _PORTS[parts.scheme]
    name = parts.hostname
    if ":" in name:
        # The zone of an address means something on this machine alone.
        authority = f"[{name.partition('%')[0]}]"
    else:
        # That of names in ASCII alone is not even imported.
        name = authority = name if name.isascii() else name.encode("idna").decode()
    if port != _PORTS[parts.scheme]:
        authority += f":{port}"
    credentials = None
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        credentials = f"Basic {b64encode(pair.encode()).decode()}"
    return Origin(
        parts.scheme == "https",
        name,
        port,
        authority,
        parts.path.rstrip("/"),
        credentials,
    )
