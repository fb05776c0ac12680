"""Names: of actors, and of the payloads that travel between them.

Both are tuples, so that they hash and compare at the speed of C: they are the
keys of every table on the hot path.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from kelpie.errors import InvalidAddress, InvalidText
from kelpie.limits import Limits

__all__ = ["CONTROL", "Address", "Payload", "binary", "on_one_line", "text"]

_NAME = re.compile(r"[a-z][a-z0-9-]*")
CONTROL = re.compile("[\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029\\u202a-\\u202e\\u2066-\\u2069]")
"""What a terminal obeys, what ends a line, and what turns the direction of text."""


class Address(NamedTuple):
    """An actor's address. It always exists; there is nothing to create.

    Build one from untrusted parts with `Address.checked`; the bare constructor
    is for parts that were checked before.
    """

    namespace: str
    kind: str
    key: str

    def __str__(self) -> str:
        """For people: on one line, whatever is in the key."""
        return f"{self.namespace}/{self.kind}/{on_one_line(self.key)}"

    @classmethod
    def checked(cls, namespace: str, kind: str, key: str, limits: Limits) -> Address:
        """An address of parts that came from outside.

        Raises:
            InvalidAddress: a part is empty, too long, or has a character that
                its kind of name may not have; the message says which.
        """
        check_name("namespace", namespace, limits)
        check_name("kind", kind, limits)
        if not key:
            raise InvalidAddress("the actor's key is empty: give it at least one character")
        # Lone surrogates come from bytes that were no UTF-8.
        try:
            size = len(key.encode())
        except UnicodeEncodeError:
            raise InvalidAddress("the actor's key is not valid UTF-8") from None
        if size > limits.actor_key_bytes_max:
            raise InvalidAddress(
                f"the actor's key has {size} bytes; at most "
                f"{limits.actor_key_bytes_max} are allowed"
            )
        return cls(namespace, kind, key)


def check_name(what: str, name: str, limits: Limits) -> None:
    """Checks the name of a namespace or a kind.

    Raises:
        InvalidAddress: it is not 1 to `name_bytes_max` of `a-z 0-9 -`,
            beginning with a letter.
    """
    if not _NAME.fullmatch(name) or len(name) > limits.name_bytes_max:
        raise InvalidAddress(
            f"{name[:80]!r} is no name for a {what}: use 1 to {limits.name_bytes_max} of "
            f"a-z, 0-9 and '-', beginning with a letter"
        )


def on_one_line(text: str) -> str:
    """The text with its control characters as escapes, so that whoever wrote it
    cannot write a line of their own into a log, or command a terminal."""
    return CONTROL.sub(lambda found: ascii(found[0])[1:-1], text)


class Payload(NamedTuple):
    """What travels and what is stored: `payload` of the contract.

    `data` of a text is UTF-8 and was checked when it came in: it is handed to
    guests and clients as it is.
    """

    is_text: bool
    data: bytes


def text(data: bytes | str) -> Payload:
    """A text payload.

    Raises:
        InvalidText: the bytes are not UTF-8.
    """
    if isinstance(data, str):
        return Payload(True, data.encode())
    try:
        data.decode()
    except UnicodeDecodeError as error:
        raise InvalidText(
            f"the text is not valid UTF-8 at byte {error.start}: "
            "send bytes as application/octet-stream"
        ) from None
    return Payload(True, data)


def binary(data: bytes) -> Payload:
    """A binary payload."""
    return Payload(False, data)
