"""Secrets, which no journal has.

In their place it has stand-ins, as long as they are and always the same: also
where an actor has stored a secret, or logged it. A guest that only hands a
secret on does the same with its stand-in, to the unit of fuel. One that computes
something from it does not.
"""

from __future__ import annotations

from hashlib import blake2b

from kelpie.wasm.kind_configuration import Configuration, Secret

__all__ = ["Mask", "stand_in"]

# A shorter one would be found in words that have nothing to do with it.
_HIDDEN_BYTES_MIN = 8


def stand_in(name: str, size: int) -> str:
    """What stands for the secret of this name: so many bytes, all of them ASCII."""
    mark = blake2b(name.encode(), digest_size=4, person=b"kelpie.standin").hexdigest()
    return f"{mark}-secret-{name}-".ljust(size, "x")[:size]


class Mask:
    """Puts stand-ins where the secrets of one configuration are."""

    __slots__ = ("_by_value", "_pairs", "stand_ins")

    def __init__(self, configuration: Configuration, *, hides: bool = True) -> None:
        """Without `hides` a stand-in is only where the guest asked for the secret: what
        else has it in it stays as it is."""
        self.stand_ins: dict[str, str] = {}
        """For all secrets, by name."""
        self._by_value: dict[str, str] = {}
        self._pairs: list[tuple[bytes, bytes]] = []
        for name, secret in sorted(configuration.secrets.items()):
            value = secret.value.encode()
            # Two with one value cannot be told apart where they stand.
            replaced = self._by_value.setdefault(secret.value, stand_in(name, len(value)))
            self.stand_ins[name] = replaced
            if hides and len(value) >= _HIDDEN_BYTES_MIN:
                self._pairs.append((value, replaced.encode()))
        # A secret may have another one in it: the longest goes first.
        self._pairs.sort(key=lambda pair: len(pair[0]), reverse=True)

    def __bool__(self) -> bool:
        """Whether there is anything to hide."""
        return bool(self.stand_ins)

    def stand_in_of(self, secret: Secret) -> str:
        """What stands for it."""
        return self._by_value[secret.value]

    def hide(self, data: bytes) -> bytes:
        """`data`, with stand-ins where a secret stands in it word for word."""
        for value, replaced in self._pairs:
            if value in data:
                data = data.replace(value, replaced)
        return data
