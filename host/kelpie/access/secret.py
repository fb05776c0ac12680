"""The text of a token: `kelpie_`, 256 random bits and a checksum, in base32.

The checksum tells a token that was cut off, or mistyped, from one that was
revoked, without asking anybody; and scanners for leaked secrets know by it, and
by the prefix, what they have found.
"""

from __future__ import annotations

import re
from base64 import b32decode, b32encode
from typing import TYPE_CHECKING
from zlib import crc32

if TYPE_CHECKING:
    # Whoever reads a command line has no use for it, and does not wait for it.
    from kelpie.env import Env

__all__ = ["PREFIX", "SECRET_LENGTH", "is_well_formed", "new_secret", "redacted"]

PREFIX = "kelpie_"

_REDACTED = f"{PREFIX}[redacted]"
_RANDOM_BYTES = 32
_CHECKSUM_BYTES = 4
_DIGITS = 58
_PADDING = "=" * (-_DIGITS % 8)
SECRET_LENGTH = len(PREFIX) + _DIGITS


def _any_of(characters: str) -> str:
    """Matches one of them, written as it is or as a path may have it: percent-encoded,
    however often over."""
    codes = "|".join(f"{ord(each):02x}" for each in characters)
    return f"(?:[{characters}]|%(?:25)*(?i:{codes}))"


_BASE32 = "abcdefghijklmnopqrstuvwxyz234567"
# Longer and shorter ones too: a piece of a token is not to be shown either.
_IN_TEXT = re.compile(
    "".join(map(_any_of, PREFIX)) + _any_of(_BASE32) + "{16,}", re.IGNORECASE | re.ASCII
)
# What is all there but for the prefix; whether it is one says its checksum.
_BARE = re.compile(
    f"(?<![{_BASE32}])[{_BASE32}]{{{_DIGITS}}}(?![{_BASE32}])", re.IGNORECASE | re.ASCII
)


def new_secret(env: Env) -> str:
    """A token that nobody has."""
    return _text_of(env.random_bytes(_RANDOM_BYTES))


def is_well_formed(text: str) -> bool:
    """Whether it can be a token: prefix, length and checksum are right."""
    if len(text) != SECRET_LENGTH or not text.startswith(PREFIX) or not text.isascii():
        return False
    try:
        drawn = b32decode(text[len(PREFIX) :].upper() + _PADDING)[:_RANDOM_BYTES]
    except ValueError:
        return False
    return text == _text_of(drawn)


def redacted(text: str) -> str:
    """The text without the tokens that are in it: percent-encoded ones too, in letters of
    either size, and those that lack their prefix."""
    # Nearly every text has none, and finding that out is cheap.
    if PREFIX in text.lower() or "%" in text:
        text = _IN_TEXT.sub(_REDACTED, text)
    return _BARE.sub(_without_bare, text) if len(text) >= _DIGITS else text


def _without_bare(found: re.Match[str]) -> str:
    return _REDACTED if is_well_formed(PREFIX + found[0].lower()) else found[0]


def _text_of(drawn: bytes) -> str:
    encoded = b32encode(drawn + crc32(drawn).to_bytes(_CHECKSUM_BYTES, "big"))
    return PREFIX + encoded.decode().rstrip("=").lower()
