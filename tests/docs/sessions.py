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
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
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
[ -z "$host" ] || {{ kill "$host"; wait "$host"; }}
: > "$place/ready"  # else what the one before has said may still be there, or nothing at all
{words} > "$place/ready" 2>{talk} &
host=$!
until grep -q {sign} "$place/ready" || ! kill -0 "$host" 2> /dev/null; do sleep 0.05; done
cat "$place/ready"
"""
_HOSTS = {
    "kelpie serve": {"talk": '"$place/talk"', "sign": "^ready"},
    # What it has to say is said to people, and when it serves it goes on to build.
    "kelpie dev": {"talk": "&1", "sign": "-e ^try: -e ^waiting"},
}


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


def run(
    commands: list[Command], place: Path, further: Mapping[str, str] | None = None
) -> list[Seen]:
    """Runs them in one shell, on a port that is free, and tells them by their
    documented one. `further` are variables of the environment."""
    port = free_port()
    script = [f"host= place={shlex.quote(str(place))}"]
    for at, command in enumerate(commands):
        words = command.words.replace(_PORT, port)
        for begin, told in _HOSTS.items():
            if words.startswith(begin):
                words = _SERVE.format(words=words, **told)
        output, status = f'"$place/{at}.output"', f'"$place/{at}.status"'
        script.append(f"{{ {words}\n}} > {output} 2>&1 < /dev/null; echo $? > {status}")
    script.append('[ -z "$host" ] || { kill "$host"; wait "$host"; }')
    environment = {
        "HOME": str(place),
        "KELPIE_PORT": port,
        "KELPIE_URL": f"http://127.0.0.1:{port}",
        "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
        **(further or {}),
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


def differences(commands: list[Command], seen: list[Seen]) -> list[str]:
    """What was not as the page shows it."""
    wrong = []
    for command, one in zip(commands, seen, strict=True):
        fails = command.expected.startswith("kelpie: ")
        is_as_shown = not command.expected or matches(command.expected, one.output)
        if (one.status != 0) != fails or not is_as_shown:
            wrong.append(
                f"$ {command.words}\n{one.output}\n(status {one.status})\n"
                f"shown is:\n{command.expected}"
            )
    return wrong


def matches(expected: str, output: str) -> bool:
    """Whether the output is what a page shows."""
    lines = []
    for line in expected.split("\n"):
        if line.strip() == "...":
            lines.append(r"(?:.*\n)*?")
        else:
            lines.append(".*".join(map(re.escape, line.split("..."))) + r"\n")
    return re.fullmatch("".join(lines), output + "\n") is not None
