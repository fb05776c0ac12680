"""The commands about durable turns in flight: turns and cancel."""

from __future__ import annotations

import argparse
from collections.abc import Awaitable
from typing import Any

from kelpie.api.client import Client
from kelpie.cli.output import print_json, print_table, printable, say, size
from kelpie.cli.pages import Page, gather
from kelpie.cli.suggested import suggested
from kelpie.cli.with_host import with_host

__all__ = ["cancel", "turns"]

_PAGE_ENTRIES_MAX = 1000
_MS_PER_S = 1000


def turns(options: argparse.Namespace) -> int:
    found, after = with_host(options, lambda client: _turns(client, options))
    if options.output == "json":
        print_json({"turns": found, "after": after})
    elif found:
        rows = [
            (
                f"{each['kind']}/{each['key']}",
                str(each["turn"]),
                each["operation"],
                str(each["version"]),
                _age(each["age_ms"]),
                str(each["calls"]),
                size(each["bytes"]),
            )
            for each in found
        ]
        print_table(("ACTOR", "TURN", "OPERATION", "VERSION", "AGE", "CALLS", "SIZE"), rows)
        first = found[0]
        then = suggested(options, "cancel", f"{first['kind']}/{first['key']}")
        say(f"to end one: {then}")
    else:
        say("no durable turn is in flight")
    if after is not None:
        say(f"there are more: raise --limit, or go on with --after={after}")
    return 0


def cancel(options: argparse.Namespace) -> int:
    kind, key = options.actor
    ended = with_host(options, lambda client: client.cancel_turn(kind, key, options.turn))
    if options.output == "json":
        print_json(ended)
    else:
        print(printable(f"cancelled turn {ended['turn']} of {kind}/{key}"))
    return 0


async def _turns(
    client: Client, options: argparse.Namespace
) -> tuple[list[dict[str, Any]], str | None]:
    def turn_page(after: str | None, limit: int) -> Awaitable[Page]:
        return client.turns_in_flight(options.kind, after=after, limit=limit)

    return await gather(turn_page, "turns", options.after, options.limit, _PAGE_ENTRIES_MAX)


def _age(age_ms: int) -> str:
    seconds = age_ms // _MS_PER_S
    for unit, length in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds >= length:
            return f"{seconds // length}{unit}"
    return f"{seconds}s"
