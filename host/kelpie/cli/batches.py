"""The commands that ask for many operations: batch and stream."""

from __future__ import annotations

import argparse
import asyncio
import os
import stat
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

from kelpie.cli.json_text import read_json
from kelpie.cli.output import complain, say
from kelpie.cli.reading import STDIN, read_argument
from kelpie.cli.values import print_data
from kelpie.cli.with_env import with_env
from kelpie.cli.with_host import (
    client_of,
    timeout_s,
    warn_if_in_the_clear,
    with_host,
)
from kelpie.env.real import RealEnv

__all__ = ["batch", "stream"]

_WRONG_USAGE = 2
_PIECE_BYTES = 1 << 16


def batch(options: argparse.Namespace) -> int:
    """All operations as one turn: one reply on each line, or an error."""
    kind, key = options.actor
    lines = read_argument(options.file)
    if not lines:
        complain(
            "there is no operation to do",
            'try: one JSON object on each line, as in {"operation": "add", "argument": 5}',
        )
        return _WRONG_USAGE

    answered = with_host(
        options,
        lambda client: client.batch_lines(
            kind, key, lines, request_id=options.id, timeout=timeout_s(options)
        ),
    )
    if options.output == "json":
        # As they are: no number loses a digit.
        answered = b"[%b]\n" % b", ".join(answered.split(b"\n")[:-1])
    print_data(answered)
    return 0


def stream(options: argparse.Namespace) -> int:
    """Each line a turn: a line for each that ended, in JSON whatever is asked for. Exit
    status 1 if one failed."""

    warn_if_in_the_clear(options)

    async def ask(env: RealEnv) -> tuple[int, int, str]:
        asked = failed = 0
        ended = ""
        async with client_of(options) as client:
            lines = _pieces(env, options.file)
            async for line in client.turn_lines(lines, timeout=timeout_s(options)):
                answer = client.read_turn(line, read_json)
                # As it is: no number loses a digit.
                print_data(line + b"\n")
                if answer["index"] is None:
                    ended = answer["problem"]["detail"]
                else:
                    asked += 1
                    failed += "problem" in answer
        return asked, failed, ended

    asked, failed, ended = with_env(ask)
    if ended:
        say(f"the host has read no further lines: {ended}; what has no answer was not asked for")
    if failed:
        say(f"{failed} of {asked} failed: their lines have a `problem` that says why")
    return 1 if failed or ended else 0


async def _pieces(env: RealEnv, file: Path) -> AsyncIterator[bytes]:
    """What is in the file, or arrives at stdin, as it comes."""
    descriptor = sys.stdin.fileno() if file == STDIN else os.open(file, os.O_RDONLY)
    try:
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            while piece := os.read(descriptor, _PIECE_BYTES):
                yield piece
        else:
            while piece := await _read_later(env, descriptor):
                yield piece
    finally:
        if file != STDIN:
            os.close(descriptor)


async def _read_later(env: RealEnv, descriptor: int) -> bytes:
    """Reads in a thread that nobody waits for: whoever types may never go on."""
    arrived: asyncio.Future[bytes] = env.future()

    def tell(piece: bytes) -> None:
        if not arrived.done():
            arrived.set_result(piece)

    def read() -> None:
        piece = os.read(descriptor, _PIECE_BYTES)
        # The loop is closed once nobody waits any more.
        with suppress(RuntimeError):
            env.from_thread(tell, piece)

    env.start_thread(read, "stdin")
    return await arrived
