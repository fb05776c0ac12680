"""Certificates as a client sees them."""

from __future__ import annotations

import errno
import ssl
from contextlib import suppress
from pathlib import Path

__all__ = ["trusting", "why_not_trusted", "why_refused"]

# What OpenSSL calls X509_V_ERR_*.
_NOT_YET_VALID, _EXPIRED = 9, 10
_WRONG_DATES = frozenset({_NOT_YET_VALID, _EXPIRED})
_WRONG_NAME = frozenset({62, 64})

# A handshake takes two messages of each side; what goes beyond that is none.
_MESSAGES_MAX = 8


def why_refused(server: ssl.SSLContext, certificate: Path) -> str | None:
    """Why a client refuses what `server` shows, which is in this file, although it trusts
    it: it has expired, or is not yet valid. None if it does not refuse it.

    Python reads no dates of a certificate by itself, but for a client's: so one shakes
    hands with the host here, in memory.

    Raises:
        OSError: the file cannot be read.
    """
    client_context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client_context.check_hostname = False
    client_context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    client_context.load_verify_locations(certificate)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = client_context.wrap_bio(to_client, to_server)
    host = server.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(_MESSAGES_MAX):
        try:
            client.do_handshake()
        except ssl.SSLWantReadError:
            with suppress(ssl.SSLWantReadError):
                host.do_handshake()
        except ssl.SSLCertVerificationError as error:
            return error.verify_message if error.verify_code in _WRONG_DATES else None
        else:
            break
    return None


def trusting(ca: Path | None) -> ssl.SSLContext:
    """For a client that trusts whoever one of the certificates in this file vouches for,
    or one of the system's.

    Raises:
        OSError: no certificates can be read from the file.
    """
    if ca is None:
        return ssl.create_default_context()
    try:
        return ssl.create_default_context(cafile=ca)
    except ssl.SSLError as error:
        raise OSError(errno.EINVAL, "there is no certificate in it, in PEM", str(ca)) from error
    except OSError as error:
        # It does not say of which file.
        raise OSError(error.errno, error.strerror, str(ca)) from error


def why_not_trusted(error: Exception) -> str:
    """Why a certificate was refused, and what to do."""
    if not isinstance(error, ssl.SSLCertVerificationError):
        return f"that cannot be used: {error}"
    told = error.verify_message
    if error.verify_code in _WRONG_DATES:
        return f"that does not hold: {told}; it has to be renewed there, or a clock is wrong"
    if error.verify_code in _WRONG_NAME:
        return f"of somebody else: {told}; name the host as its certificate does"
    return f"for which nobody vouches: {told}; name the file of one who does: --ca, or KELPIE_CA"
