"""A kind's configuration and secrets, as the store keeps them and as they change.

A version names the deploy at which what it has set was set: versions that have
the same share it, and a version that is old keeps its own.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from hashlib import blake2b
from typing import Literal, NamedTuple, TypeVar

import msgpack

from kelpie.errors import (
    ConfigurationFull,
    InvalidRequest,
    InvalidText,
    PayloadTooLarge,
    StoredValueCorrupt,
    StoreFormatUnsupported,
)
from kelpie.limits import Limits
from kelpie.runtime.kinds.deploy import Deploy, Names
from kelpie.store import keyspace
from kelpie.store.chunks import read_value, write_value
from kelpie.store.protocol import Transaction
from kelpie.wasm.kind_configuration import NO_CONFIGURATION, Configuration, Secret

__all__ = [
    "Change",
    "Sort",
    "check_change",
    "differing",
    "read_configuration",
    "secret_digest",
    "write_configuration",
]

Sort = Literal["config", "secrets"]

_FORMAT = 1
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_DIGEST_BYTES = 6

_Value = TypeVar("_Value")


class Change(NamedTuple):
    """What is to be set and unset; the rest stays as it is."""

    sort: Sort
    values: Mapping[str, str | None]
    """None unsets. Not to be shown: they may be secrets."""

    def __repr__(self) -> str:
        return f"Change({self.sort!r}, {sorted(self.values)})"

    def applied_to(
        self, before: Configuration, now_ns: int, limits: Limits, kind: str
    ) -> Configuration:
        """
        Raises:
            ConfigurationFull: it would be too much.
        """
        config, secrets = dict(before.config), dict(before.secrets)
        for name, value in self.values.items():
            if self.sort == "config":
                _put(config, name, value)
            elif value is None or name not in secrets or secrets[name].value != value:
                _put(secrets, name, None if value is None else Secret(value, now_ns))
        _check_room(config, secrets, limits, kind)
        return Configuration(config, secrets)


def check_change(sort: Sort, values: Mapping[str, str | None], limits: Limits) -> Change:
    """A change that may be tried.

    Raises:
        InvalidRequest: a name is none.
        InvalidText: a value is not Unicode.
        PayloadTooLarge: a value is too large.
    """
    for name, value in values.items():
        if not _NAME.fullmatch(name) or len(name) > limits.configuration_name_bytes_max:
            raise InvalidRequest(
                f"{name[:80]!a} is no name for what is set: use 1 to "
                f"{limits.configuration_name_bytes_max} of letters, digits, '_', '-' and '.', "
                "beginning with a letter or '_'"
            )
        if value is not None:
            _check_value(name, value, limits)
    return Change(sort, values)


def differing(before: Configuration, after: Configuration) -> tuple[Names, Names]:
    """What is new in its config, and in its secrets."""
    return _differing(before.config, after.config), _differing(before.secrets, after.secrets)


def secret_digest(key: bytes, deploy: Deploy, name: str, secret: Secret) -> str:
    """A few digits that tell whether a secret is still the same. `key` is the
    store's own: without it no value can be tried against them."""
    about = f"{deploy.namespace}/{deploy.kind}/{name}/".encode()
    hasher = blake2b(about, key=key, digest_size=_DIGEST_BYTES, person=b"kelpie.secret")
    hasher.update(secret.value.encode())
    return hasher.hexdigest()


async def read_configuration(transaction: Transaction, deploy: Deploy) -> Configuration:
    """What is set for a version.

    Raises:
        StoreError: StoredValueCorrupt if it is not there, StoreFormatUnsupported
            if a newer version of Kelpie has written it.
    """
    number = deploy.configured_at
    if not number:
        return NO_CONFIGURATION
    key = keyspace.configuration(deploy.namespace, deploy.kind, number)
    body = await read_value(transaction, key)
    if body is None:
        raise StoredValueCorrupt(
            f"what is set for {deploy.namespace}/{deploy.kind}, version {deploy.number}, is missing"
        )
    version, *members = msgpack.unpackb(body)
    if version != _FORMAT:
        raise StoreFormatUnsupported(
            f"what is set for {deploy.namespace}/{deploy.kind} has format {version}, and this "
            f"version of Kelpie reads format {_FORMAT}: use the version that wrote it",
            format=version,
        )
    config, secrets = members
    return Configuration(config, {name: Secret(*each) for name, each in secrets.items()})


def write_configuration(
    transaction: Transaction, deploy: Deploy, configuration: Configuration
) -> None:
    """Keeps what is set from this deploy on."""
    secrets = {name: (each.value, each.set_at_ns) for name, each in configuration.secrets.items()}
    body = msgpack.packb((_FORMAT, dict(configuration.config), secrets))
    key = keyspace.configuration(deploy.namespace, deploy.kind, deploy.configured_at)
    write_value(transaction, key, body)


def _put(entries: dict[str, _Value], name: str, value: _Value | None) -> None:
    if value is None:
        entries.pop(name, None)
    else:
        entries[name] = value


def _differing(before: Mapping[str, object], after: Mapping[str, object]) -> Names:
    added = (name for name, value in after.items() if before.get(name) != value)
    return Names(tuple(sorted(added)), tuple(sorted(before.keys() - after.keys())))


def _check_value(name: str, value: str, limits: Limits) -> None:
    try:
        size = len(value.encode())
    except UnicodeEncodeError:
        raise InvalidText(f"the value of {name} has half a surrogate pair in it") from None
    if size > limits.configuration_value_bytes_max:
        raise PayloadTooLarge(
            f"the value of {name} has {size} bytes; at most "
            f"{limits.configuration_value_bytes_max} are allowed (configuration_value_bytes_max)",
            limit="configuration_value_bytes_max",
        )


def _check_room(
    config: Mapping[str, str], secrets: Mapping[str, Secret], limits: Limits, kind: str
) -> None:
    values: Collection[str] = [*config.values(), *(each.value for each in secrets.values())]
    count = len(values)
    size = sum(len(each.encode()) for each in (*config, *secrets, *values))
    for limit, found, maximum, what in (
        ("configuration_entries_max", count, limits.configuration_entries_max, "values"),
        ("configuration_bytes_max", size, limits.configuration_bytes_max, "bytes"),
    ):
        if found > maximum:
            raise ConfigurationFull(
                f"{kind!r} would have {found} {what} set; at most {maximum} are allowed "
                f"({limit}): unset some, or keep them in actors",
                limit=limit,
            )
