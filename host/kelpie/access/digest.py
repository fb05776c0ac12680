"""What is stored of a token: its SHA-256.

A slow hash is for what people make up: it makes guessing dear. Nobody guesses 256
random bits, however fast each guess is, so the fast hash gives nothing away and costs
a request next to nothing.
"""

from __future__ import annotations

from hashlib import sha256

__all__ = ["digest_of"]


def digest_of(text: str) -> bytes:
    """Of a token's text, which must be ASCII."""
    return sha256(text.encode("ascii")).digest()
