"""The commands about dead letters and reminders: letters, reminders."""

from __future__ import annotations

import argparse
from collections.abc import Awaitable
from typing import Any

from kelpie.api.client import Client
from kelpie.cli.json_text import read_json
from kelpie.cli.output import print_json, print_table, printable, say
from kelpie.cli.pages import Page, gather
from kelpie.cli.suggested import suggested
from kelpie.cli.values import print_value
from kelpie.cli.with_host import with_host
from kelpie.errors import InvalidRequest

__all__ = ["cancel_reminder", "drop_letter", "list_letters", "list_reminders", "retry_letter"]

_FAILED = 1
_PAGE_ENTRIES_MAX = 100


def list_letters(options: argparse.Namespace) -> int:
    kind, key = options.whose or (None, None)
    if kind is None or key is None:
        return _list_receivers(options, kind)
    behind = None if options.after is None else _number(options.after)
    found, after = with_host(
        options, lambda client: _letters(client, kind, key, behind, options.limit)
    )
    if options.output == "json":
        print_json({"letters": found, "after": after})
    elif found:
        rows = [
            (
                str(each["number"]),
                _address(each["sender"]),
                each["operation"],
                each["died_at"],
                each["rejection"] or each["code"],
                each["message"],
            )
            for each in found
        ]
        print_table(("NUMBER", "FROM", "OPERATION", "DIED", "OF", "MESSAGE"), rows)
    else:
        say(f"{kind}/{key} has no dead letters")
    if after is not None:
        say(f"there may be more: raise --limit, or go on with --after={after}")
    return 0


def retry_letter(options: argparse.Namespace) -> int:
    kind, key = options.actor
    reply = with_host(options, lambda client: client.retry_dead_letter(kind, key, options.number))
    print_value(options, reply)
    return 0


def drop_letter(options: argparse.Namespace) -> int:
    kind, key = options.actor
    dropped = with_host(options, lambda client: client.drop_dead_letter(kind, key, options.number))
    if options.output == "json":
        print_json(dropped)
    else:
        print(printable(f"dropped the dead letter {options.number} of {kind}/{key}"))
    return 0


def list_reminders(options: argparse.Namespace) -> int:
    kind, key = options.actor
    found = with_host(options, lambda client: client.reminders(kind, key, read=read_json))
    if options.output == "json":
        print_json({"reminders": found})
    elif found:
        rows = [
            (
                each["name"],
                _schedule(each["schedule"]),
                each["operation"],
                each["due_at"],
                str(each["fired"]),
                each["last_error"] or "-",
            )
            for each in found
        ]
        print_table(("NAME", "WHEN", "OPERATION", "DUE", "FIRED", "LAST ERROR"), rows)
    else:
        say(f"{kind}/{key} has no reminders")
    return 0


def cancel_reminder(options: argparse.Namespace) -> int:
    kind, key = options.actor
    told = with_host(options, lambda client: client.cancel_reminder(kind, key, options.name))
    if options.output == "json":
        print_json(told)
    elif told["cancelled"]:
        print(printable(f"cancelled the reminder {options.name} of {kind}/{key}"))
    else:
        say(f"{kind}/{key} has no reminder {options.name}: nothing was cancelled")
    return 0 if told["cancelled"] else _FAILED


def _list_receivers(options: argparse.Namespace, kind: str | None) -> int:
    """The actors that have dead letters."""
    found, after = with_host(
        options, lambda client: _receivers(client, kind, options.after, options.limit)
    )
    if options.output == "json":
        print_json({"actors": found, "after": after})
    elif found:
        print_table(("ACTOR",), [(_address(each),) for each in found])
        say(f"to see an actor's: {suggested(options, 'letters', 'list', 'KIND/KEY')}")
    else:
        say(f"no actor{'' if kind is None else f' of {kind}'} has dead letters")
    if after is not None:
        say(f"there are more: raise --limit, or go on with --after={after}")
    return 0


async def _receivers(
    client: Client, kind: str | None, after: str | None, count: int
) -> tuple[list[dict[str, Any]], str | None]:
    def turn_page(behind: str | None, limit: int) -> Awaitable[Page]:
        return client.with_dead_letters(kind, after=behind, limit=limit)

    return await gather(turn_page, "actors", after, count, _PAGE_ENTRIES_MAX)


def _number(told: str) -> int:
    if not told.isdecimal():
        raise InvalidRequest(f"--after takes the number of a letter here, not {told!r}")
    return int(told)


async def _letters(
    client: Client, kind: str, key: str, after: int | None, count: int
) -> tuple[list[dict[str, Any]], int | None]:
    def turn_page(behind: int | None, limit: int) -> Awaitable[Page]:
        return client.dead_letters(kind, key, after=behind, limit=limit, read=read_json)

    return await gather(turn_page, "letters", after, count, _PAGE_ENTRIES_MAX)


def _address(sender: dict[str, str]) -> str:
    return f"{sender['kind']}/{sender['key']}"


def _schedule(schedule: dict[str, Any]) -> str:
    if "cron" in schedule:
        return f"cron {schedule['cron']} {schedule['zone']}"
    name = "every" if "every_ms" in schedule else "after"
    return f"{name} {schedule[f'{name}_ms']} ms"
