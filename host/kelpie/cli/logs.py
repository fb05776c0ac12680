"""`kelpie logs`: what actors say."""

from __future__ import annotations

import argparse
import json
import sys
from contextlib import aclosing
from typing import Any, TextIO

from kelpie.api.client import Client
from kelpie.cli.colors import red, yellow
from kelpie.cli.output import printable, say
from kelpie.cli.suggested import suggested
from kelpie.cli.with_host import with_host

__all__ = ["run"]

_LEVEL_WIDTH = len("warning")


def run(options: argparse.Namespace) -> int:
    kind, key = options.whose

    async def tell(client: Client) -> tuple[int, str]:
        told = 0
        ended = "the host has stopped"
        lines = client.lines(
            kind,
            key,
            level=options.level,
            since=options.since,
            last=options.last,
            follow=options.follow,
        )
        async with aclosing(lines):
            async for line in lines:
                if "ended" in line:
                    ended = line["ended"]
                    break
                _print(line, as_json=options.output == "json")
                told += 1
        return told, ended

    told, ended = with_host(options, tell)
    if options.follow:
        say(printable(ended))
    elif not told:
        say(f"there are no such lines; what comes is shown with: {_following(options)}")
    return 0


def _following(options: argparse.Namespace) -> str:
    whose = "/".join(filter(None, options.whose))
    return suggested(options, "logs", *filter(None, (whose,)), "--follow")


def _print(line: dict[str, Any], *, as_json: bool) -> None:
    # Whoever follows through a pipe wants each line when it comes.
    if as_json:
        print(json.dumps(line), flush=True)
    elif "lost" in line:
        say(f"{line['lost']} lines are lost: they came faster than they were read")
    else:
        turn = f" turn {line['turn']}" if line["turn"] is not None else ""
        request = f" [{line['request_id']}]" if line["request_id"] is not None else ""
        level = f"{printable(line['level']):<{_LEVEL_WIDTH}}"
        painted = _PAINTED.get(line["level"], _plain)(level, sys.stdout)
        who = f"{line['actor']}{turn}{request}: "
        for each in line["message"].split("\n"):
            print(f"{printable(line['time'])} {painted} {printable(who + each)}", flush=True)


def _plain(told: str, _stream: TextIO) -> str:
    return told


_PAINTED = {"warning": yellow, "error": red}
