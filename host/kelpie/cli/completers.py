"""What a shell is told when a word is to be completed: argcomplete asks for each
argument, and the running host knows its kinds, actors, operations and entries.

Nothing here is worth a mistake on somebody's prompt: where there is no host, or
it is slow, there is nothing to choose from.
"""

from __future__ import annotations

import argparse
from collections.abc import Awaitable, Callable, Iterator
from copy import copy

import argcomplete
from argcomplete.completers import DirectoriesCompleter, FilesCompleter, SuppressCompleter

from kelpie.api.client import Client
from kelpie.api.unreachable import HostUnreachable
from kelpie.cli import settings
from kelpie.cli.parser import CommandParser, parser
from kelpie.cli.setting import SettingsInvalid
from kelpie.cli.with_host import with_host
from kelpie.errors import KelpieError
from kelpie.ids import on_one_line

__all__ = ["complete"]

_ANSWER_MS_MAX = 2_000
_CHOICES_MAX = 100

Choices = Callable[[Client], Awaitable[list[str]]]


def complete() -> None:
    """Answers the shell that has started this process, and ends it."""
    whole = parser()
    for action in _arguments(whole):
        completer = _COMPLETERS.get(str(action.metavar))
        if completer is not None:
            action.completer = completer  # type: ignore[attr-defined]
    argcomplete.autocomplete(
        whole, always_complete_options=False, default_completer=SuppressCompleter()
    )


def _arguments(command: CommandParser) -> Iterator[argparse.Action]:
    yield from command._actions
    for below in command.commands().values():
        yield from _arguments(below)


def _kinds(prefix: str, parsed_args: argparse.Namespace, **_: object) -> list[str]:
    async def names(client: Client) -> list[str]:
        return [each["kind"] for each in await client.kinds()]

    return [] if "/" in prefix else _ask(parsed_args, names)


def _actors(prefix: str, parsed_args: argparse.Namespace, **_: object) -> list[str]:
    kind, slash, begun = prefix.partition("/")
    if not slash:
        return [f"{each}/" for each in _kinds(prefix, parsed_args)]

    async def addresses(client: Client) -> list[str]:
        page = await client.actors(kind, prefix=begun, limit=_CHOICES_MAX)
        return [f"{kind}/{each['key']}" for each in page["actors"]]

    return _ask(parsed_args, addresses)


def _kinds_and_actors(prefix: str, parsed_args: argparse.Namespace, **_: object) -> list[str]:
    return _kinds(prefix, parsed_args) + _actors(prefix, parsed_args)


def _operations(parsed_args: argparse.Namespace, **_: object) -> list[str]:
    kind, _key = parsed_args.actor

    async def names(client: Client) -> list[str]:
        return [each["name"] for each in (await client.kind(kind))["operations"]]

    return _ask(parsed_args, names)


def _entries(prefix: str, parsed_args: argparse.Namespace, **_: object) -> list[str]:
    kind, key = parsed_args.actor

    async def keys(client: Client) -> list[str]:
        page = await client.kv_page(kind, key, prefix=prefix, limit=_CHOICES_MAX)
        return [each["key"] for each in page["entries"]]

    return _ask(parsed_args, keys)


def _ask(given: argparse.Namespace, choices: Choices) -> list[str]:
    options = copy(given)
    try:
        settings.fill(options)
        found = with_host(options, choices, limit_ms=_ANSWER_MS_MAX)
    except (KelpieError, HostUnreachable, SettingsInvalid, OSError):
        return []
    # What commands a terminal is not for a prompt.
    return [choice for choice in found if on_one_line(choice) == choice]


# By what an argument is called in the help.
_COMPLETERS = {
    "KIND": _kinds,
    "KIND/KEY": _actors,
    "KIND[/KEY]": _kinds_and_actors,
    "OPERATION": _operations,
    "ENTRY": _entries,
    "FILE": FilesCompleter(),
    "FILE.wasm": FilesCompleter(allowednames=("wasm",)),
    "DIR": DirectoriesCompleter(),
}
