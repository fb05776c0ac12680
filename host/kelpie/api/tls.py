"""TLS from two files, which may be replaced while the host runs."""

from __future__ import annotations

import asyncio
import errno
import ssl
import stat
from pathlib import Path
from typing import NoReturn

from kelpie.api.certificates import why_refused
from kelpie.env import Env

__all__ = ["ServerTls", "is_open_to_others"]

# A group of its own may read a key, as some systems have it.
_OTHERS = stat.S_IWGRP | stat.S_IRWXO


class ServerTls:
    """The host's certificate, with those that vouch for it, and its key, in PEM."""

    def __init__(self, certificate: Path, key: Path) -> None:
        """Raises:
        OSError: a file cannot be read, is no regular one, is encrypted, or has not in
            it what it should; or they do not fit. Its `filename` is the one to look at.
        """
        self.certificate, self.key = certificate, key
        self.why_refused: str | None = None
        """Why every client will refuse the certificate that was read last, by its dates
        and this machine's clock; None if none will because of them."""
        self._newest = self._read()
        self._reading = asyncio.Lock()
        self.context = self._newest
        """For those who listen. It shows what was read last, to each new connection."""
        self.context.sni_callback = self._show_newest

    async def reload(self, env: Env) -> None:
        """Reads the files again, for connections that are yet to come. If that fails
        it goes on with what it had.

        Raises:
            OSError: as above.
        """
        async with self._reading:
            self._newest = await env.blocking(self._read)

    def _read(self) -> ssl.SSLContext:
        for file in (self.certificate, self.key):
            # Anything else could make whoever opens it wait.
            if not stat.S_ISREG(file.stat().st_mode):
                raise OSError(errno.EINVAL, "it is no regular file", str(file))
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        # Without a callback OpenSSL would ask on the terminal.
        try:
            context.load_cert_chain(self.certificate, self.key, self._refuse_encrypted)
        except ssl.SSLError as error:
            raise self._told_of(error) from error
        self.why_refused = why_refused(context, self.certificate)
        return context

    def _told_of(self, error: ssl.SSLError) -> OSError:
        """OpenSSL does not say which of the files it means."""
        if error.reason == "KEY_VALUES_MISMATCH":
            told = f"it is not the key of the first certificate in {self.certificate}"
            return OSError(errno.EINVAL, told, str(self.key))
        for file, what in ((self.certificate, "certificate"), (self.key, "private key")):
            if f"{what.upper()}-----".encode() not in file.read_bytes():
                return OSError(errno.EINVAL, f"there is no {what} in it, in PEM", str(file))
        told = f"OpenSSL cannot use it with {self.key} ({error.reason or error})"
        return OSError(errno.EINVAL, told, str(self.certificate))

    def _refuse_encrypted(self) -> NoReturn:
        told = "it is encrypted, and nobody is there to give a pass phrase: store it decrypted"
        raise OSError(errno.EINVAL, told, str(self.key))

    def _show_newest(
        self, connection: ssl.SSLSocket | ssl.SSLObject, _name: str | None, _shown: ssl.SSLContext
    ) -> None:
        connection.context = self._newest


def is_open_to_others(key: Path) -> bool:
    """Whether others than the owner and the group of a key can read it, or others
    than the owner replace what is in it.

    Raises:
        OSError: it cannot be looked at.
    """
    return bool(key.stat().st_mode & _OTHERS)
