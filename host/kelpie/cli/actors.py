"""The commands that look at actors: actors, show, state, kv list, kv get."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from kelpie.api.client import Client
from kelpie.cli.json_text import json_text, read_json
from kelpie.cli.main import function_of
from kelpie.cli.output import complain, print_json, print_table, say
from kelpie.cli.pages import Page, gather
from kelpie.cli.suggested import suggested
from kelpie.cli.values import print_value
from kelpie.cli.with_host import with_host
from kelpie.errors import StoredValueCorrupt

__all__ = ["actors", "kv_get", "kv_list", "show", "state"]

_PAGE_ENTRIES_MAX = 1000
_LETTERS_SHOWN = 60


def actors(options: argparse.Namespace) -> int:
    def turn_page(client: Client, after: str | None, limit: int) -> Awaitable[Page]:
        return client.actors(options.kind, prefix=options.prefix, after=after, limit=limit)

    found, after = with_host(options, lambda client: _gather(client, "actors", turn_page, options))
    if options.output == "json":
        print_json({"actors": found, "after": after})
    elif found:
        rows = [
            (
                _cut(each["key"]),
                str(each["turns"]),
                str(each["deploy_number"]),
                str(each["epoch"]),
                _told(each["active"]),
            )
            for each in found
        ]
        print_table(("KEY", "TURNS", "DEPLOY", "EPOCH", "ACTIVE"), rows)
        _tell_of_damage(options.kind, found)
    elif after is None:
        say(f"no actor of {options.kind} holds anything{_under(options.prefix)}")
    _tell_of_more(after)
    return 0


def show(options: argparse.Namespace) -> int:
    kind, key = options.actor
    view = with_host(options, lambda client: client.show(kind, key))
    if options.output == "json":
        print_json(view)
    else:
        print_table(("FIELD", "VALUE"), [(name, _told(value)) for name, value in view.items()])
    if not view["turns"]:
        used = view["active"] or view["last_error"] is not None
        what = "holds nothing" if used else "was never used"
        say(f"{kind}/{key} {what}; see who holds something: {suggested(options, 'actors', kind)}")
    return 0


def state(options: argparse.Namespace) -> int:
    kind, key = options.actor
    if options.at is not None:
        # What runs turns again takes long to import.
        return function_of("past_state:past_state")(options)
    print_value(options, with_host(options, lambda client: client.state(kind, key)))
    return 0


def kv_get(options: argparse.Namespace) -> int:
    kind, key = options.actor
    value = with_host(options, lambda client: client.kv_entry(kind, key, options.entry))
    print_value(options, value)
    return 0


def kv_list(options: argparse.Namespace) -> int:
    kind, key = options.actor

    def turn_page(client: Client, after: str | None, limit: int) -> Awaitable[Page]:
        return client.kv_page(
            kind, key, prefix=options.prefix, after=after, limit=limit, read=read_json
        )

    found, after = with_host(options, lambda client: _gather(client, "entries", turn_page, options))
    if options.output == "json":
        print_json({"entries": found, "after": after})
    elif found:
        rows = [(_cut(each["key"]), each["encoding"], _shortened(each)) for each in found]
        print_table(("KEY", "IS", "VALUE"), rows)
    else:
        say(f"{kind}/{key} has no kv entries{_under(options.prefix)}")
    _tell_of_more(after)
    return 0


async def _gather(
    client: Client,
    what: str,
    turn_page: Callable[[Client, str | None, int], Awaitable[Page]],
    options: argparse.Namespace,
) -> tuple[list[dict[str, Any]], str | None]:
    turn = partial(turn_page, client)
    return await gather(turn, what, options.after, options.limit, _PAGE_ENTRIES_MAX)


def _tell_of_damage(kind: str, found: list[dict[str, Any]]) -> None:
    for each in found:
        error = each["last_error"] or ""
        if error.startswith(StoredValueCorrupt.code):
            complain(f"{kind}/{_cut(each['key'])}: {error}")


def _tell_of_more(after: str | None) -> None:
    if after is not None:
        say(f"there may be more: raise --limit, or go on with --after={shlex.quote(after)}")


def _told(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "-" if value is None else str(value)


def _under(prefix: str) -> str:
    return f" that begins with {prefix!r}" if prefix else ""


def _shortened(entry: dict[str, Any]) -> str:
    value = entry["value"]
    shown = json_text(value, ascii_only=False) if entry["encoding"] == "json" else str(value)
    return _cut(shown)


def _cut(shown: str) -> str:
    """As much of it as fits a table; `-o json` has it whole."""
    cut = len(shown) > _LETTERS_SHOWN
    return shown[: _LETTERS_SHOWN - 3] + "..." if cut else shown
