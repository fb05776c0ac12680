"""Sessions that documents show: commands, and what is seen of them.

A block of the language `console` has commands behind `$ `, each followed by what
it prints to stdout and stderr, if that is to be compared; `...` stands for
anything within a line, and on a line of its own for any lines. The blocks of a
page are one session, in the order in which they stand there.
"""

from __future__ import annotations

import os
import random
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

__all__ = ["Command", "Seen", "blocks", "commands_of", "free_port", "matches", "run"]

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
# A line, and the next one while it ends with a backslash.
_WORDS = re.compile(r"(?:.*\\\n)*.*")
_SECONDS_MAX = 240
_PORT = "7070"
_PORTS = (20_000, 30_000)

# The host of a session: it is stopped when the next one starts, and at the end.
_SERVE = """
[ -z "$host" ] || { kill "$host"; wait "$host"; }
: > ready  # else what the one before has said may still be there, or nothing at all
%s > ready 2> talk &
host=$!
until grep -q ready ready || ! kill -0 "$host" 2> /dev/null; do sleep 0.05; done
cat ready
"""


class Command(NamedTuple):
    words: str
    expected: str
    """What it prints; empty: whatever it likes."""


class Seen(NamedTuple):
    output: str
    status: int


def blocks(page: Path) -> Iterator[tuple[str, str]]:
    """The language and the text of each block."""
    for found in _BLOCK.finditer(page.read_text()):
        yield found[1], found[2]


def commands_of(page: Path) -> list[Command]:
    found = []
    for language, text in blocks(page):
        if language == "console":
            for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
                words = _WORDS.match(part)
                assert words is not None
                found.append(Command(words[0], part[words.end() :].strip("\n")))
    return found


def run(commands: list[Command], place: Path) -> list[Seen]:
    """Runs them in one shell, on a port that is free, and tells them by their
    documented one."""
    port = free_port()
    script = ["host="]
    for at, command in enumerate(commands):
        words = command.words.replace(_PORT, port)
        if words.startswith("kelpie serve"):
            words = _SERVE % words
        script.append(f"{{ {words}\n}} > {at}.output 2>&1 < /dev/null; echo $? > {at}.status")
    script.append('[ -z "$host" ] || { kill "$host"; wait "$host"; }')
    environment = {
        "HOME": str(place),
        "KELPIE_PORT": port,
        "KELPIE_URL": f"http://127.0.0.1:{port}",
        "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
    }
    shell = subprocess.Popen(
        ["bash", "-c", "\n".join(script)], cwd=place, env=environment, start_new_session=True
    )
    try:
        shell.wait(_SECONDS_MAX)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(shell.pid, signal.SIGKILL)
    return [
        Seen(
            (place / f"{at}.output").read_text().replace(port, _PORT).strip("\n"),
            int((place / f"{at}.status").read_text()),
        )
        for at in range(len(commands))
    ]


def free_port() -> str:
    """A port for hosts that come and go.

    It is none of those that the system gives to whoever asks for any: while no host has
    it, another test would get it now and then.
    """
    while True:
        port = random.randrange(*_PORTS)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return str(port)


def matches(expected: str, output: str) -> bool:
    """Whether the output is what a page shows."""
    lines = []
    for line in expected.split("\n"):
        if line.strip() == "...":
            lines.append(r"(?:.*\n)*?")
        else:
            lines.append(".*".join(map(re.escape, line.split("..."))) + r"\n")
    return re.fullmatch("".join(lines), output + "\n") is not None
