"""The commands about what is set for a kind: config and secret."""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from kelpie.api.client import Client
from kelpie.cli.output import complain, print_json, print_table, say
from kelpie.cli.suggested import suggested
from kelpie.cli.with_host import with_host
from kelpie.errors import InvalidText

__all__ = [
    "list_config",
    "list_secrets",
    "set_config",
    "set_secret",
    "unset_config",
    "unset_secrets",
]

_WRONG_USAGE = 2


def list_config(options: argparse.Namespace) -> int:
    kind = options.kind
    found = with_host(options, lambda client: client.config(kind))
    if options.output == "json":
        print_json(found)
    elif not found:
        then = suggested(options, "config", kind, "set", "NAME=VALUE")
        say(f"nothing is set for {kind}; try: {then}")
    else:
        print_table(("NAME", "VALUE"), list(found.items()))
    return 0


def set_config(options: argparse.Namespace) -> int:
    return _change_config(options, dict(options.entries))


def unset_config(options: argparse.Namespace) -> int:
    return _change_config(options, dict.fromkeys(options.names))


def list_secrets(options: argparse.Namespace) -> int:
    kind = options.kind
    found = with_host(options, lambda client: client.secrets(kind))
    if options.output == "json":
        print_json(found)
    elif not found:
        then = suggested(options, "secret", kind, "set", "NAME")
        say(f"{kind} has no secrets; try: {then} < FILE")
    else:
        rows = [(each["name"], each["digest"], each["set_at"]) for each in found]
        print_table(("NAME", "DIGEST", "SET AT"), rows)
    return 0


def set_secret(options: argparse.Namespace) -> int:
    kind, name = options.kind, options.name
    value = _secret_value(name)
    if not value:
        complain(
            f"there is no value for {name}: nothing was set",
            f"try: {suggested(options, 'secret', kind, 'set', name)} < FILE",
        )
        return _WRONG_USAGE
    return _change_secrets(options, {name: value})


def unset_secrets(options: argparse.Namespace) -> int:
    return _change_secrets(options, dict.fromkeys(options.names))


def _change_config(options: argparse.Namespace, values: Mapping[str, str | None]) -> int:
    kind = options.kind
    changed = with_host(options, lambda client: client.change_config(kind, values))
    return _told(options, changed, values, "config")


def _change_secrets(options: argparse.Namespace, values: Mapping[str, str | None]) -> int:
    async def change(client: Client) -> dict[str, Any]:
        return await client.change_secrets(options.kind, values)

    return _told(options, with_host(options, change), values, "secrets")


def _told(
    options: argparse.Namespace,
    changed: dict[str, Any],
    values: Mapping[str, str | None],
    sort: str,
) -> int:
    if options.output == "json":
        print_json(changed)
        return 0
    kind, names = options.kind, ", ".join(values)
    verb = "unset" if None in values.values() else "set"
    if changed["changed"]:
        print(f"{verb} {names}: {kind}, version {changed['number']}")
        if not changed["imported"]:
            say(f"the component of {kind} does not import {sort}: nothing reads this yet")
        say(f"to undo it: {suggested(options, 'rollback', kind)}")
    else:
        print(f"unchanged: {kind}, version {changed['number']}, has {names} {verb} already")
        if verb == "unset":
            found = changed[sort]
            there = [each["name"] if sort == "secrets" else each for each in found]
            say(f"there is {', '.join(there) or 'nothing'}")
    return 0


def _secret_value(name: str) -> str:
    """From a terminal without echo, else all of stdin but the end of its last line.

    Raises:
        InvalidText: it is not UTF-8.
    """
    if sys.stdin.isatty():
        with suppress(EOFError):
            return getpass.getpass(f"value of {name}: ")
        return ""
    given = sys.stdin.buffer.read()
    if given.endswith(b"\n"):
        given = given[:-1].removesuffix(b"\r")
    try:
        return given.decode()
    except UnicodeDecodeError:
        # The original one has the bytes.
        raise InvalidText(f"the value of {name} is not UTF-8") from None
