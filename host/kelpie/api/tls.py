"""TLS from two files, which may be replaced while the host runs."""

from __future__ import annotations

import ssl
from pathlib import Path

__all__ = ["ServerTls"]


class ServerTls:
    """The host's certificate, with those that vouch for it, and its key, in PEM."""

    def __init__(self, certificate: Path, key: Path) -> None:
        """Raises:
        OSError: a file cannot be read, or they do not fit (ssl.SSLError).
        """
        self._files = certificate, key
        self.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self.reload()

    def reload(self) -> None:
        """Reads the files again, for connections that are yet to come. If that fails
        it goes on with what it had.

        Raises:
            OSError: as above.
        """
        # On one of its own first: a context that fails half-way keeps the half.
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(*self._files)
        self.context.load_cert_chain(*self._files)
