"""What the SDK gives and takes, and what the host does; checked as that of components is."""

from __future__ import annotations

from kelpie.errors import GuestBrokeContract
from kelpie.ids import Payload, binary, text
from kelpie.wasm.collector import Collector
from kelpie.wasm.marshalling import over_limit
from kelpie_actor import host as sdk

__all__ = [
    "check_name",
    "checked",
    "checked_text",
    "encoded",
    "key_of",
    "optional",
    "payload_of",
    "sdk_payload",
]


def sdk_payload(payload: Payload) -> sdk.Payload:
    """A payload as the SDK has it."""
    return payload.data.decode() if payload.is_text else payload.data


def payload_of(value: sdk.Payload) -> Payload:
    """A payload that the SDK has given.

    Raises:
        GuestBrokeContract: it is a text that is not UTF-8.
    """
    return binary(bytes(value)) if not isinstance(value, str) else text(encoded(value))


def optional(value: Payload | None) -> sdk.Payload | None:
    return None if value is None else sdk_payload(value)


def checked(turn: Collector, value: sdk.Payload, maximum: int, limit: str) -> Payload:
    payload = payload_of(value)
    if not payload.is_text and turn.limits.binary_bytes_max < maximum:
        maximum, limit = turn.limits.binary_bytes_max, "binary_bytes_max"
    if len(payload.data) > maximum:
        raise over_limit(limit, len(payload.data), maximum)
    return payload


def key_of(turn: Collector, key: str) -> bytes:
    if not key:
        raise GuestBrokeContract("a kv key is empty: give it at least one character")
    return checked_text(key, turn.limits.kv_key_bytes_max, "kv_key_bytes_max")


def check_name(turn: Collector, name: str) -> None:
    checked_text(name, turn.limits.configuration_name_bytes_max, "configuration_name_bytes_max")


def checked_text(value: str, maximum: int, limit: str) -> bytes:
    told = encoded(value)
    if len(told) > maximum:
        raise over_limit(limit, len(told), maximum)
    return told


def encoded(value: str) -> bytes:
    try:
        return value.encode()
    except UnicodeEncodeError:
        raise GuestBrokeContract(
            f"{value[:80]!a} has half of a character in it: it is no text"
        ) from None
