"""`kelpie serve` as a process of its own, and other commands beside it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

__all__ = [
    "COMMAND",
    "COUNTER",
    "LEDGER",
    "ROGUE",
    "SECONDS_MAX",
    "Served",
    "kelpie",
    "launch",
    "serving",
    "start",
]

ROOT = Path(__file__).resolve().parents[2]
COUNTER = ROOT / "examples" / "rust-counter" / "counter.wasm"
ROGUE = ROOT / "tests" / "guests" / "rogue.wasm"
LEDGER = ROOT / "tests" / "guests" / "ledger.wasm"
COMMAND = Path(sys.executable).parent / "kelpie"
SECONDS_MAX = 60


def kelpie(
    *arguments: str | Path, url: str | None = None, stdin: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Runs a command to its end."""
    environment = {**os.environ, "KELPIE_URL": url or "http://127.0.0.1:1"}
    return subprocess.run(
        [COMMAND, *arguments],
        env=environment,
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS_MAX,
    )


class Served:
    """A host that is ready."""

    def __init__(self, process: subprocess.Popen[str], url: str, talk: Path) -> None:
        self.process = process
        self.url = url
        self.talk = talk
        """What it said on stderr."""

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Sends a signal, and returns the exit status once it has ended."""
        self.process.send_signal(number)
        return self.process.wait(SECONDS_MAX)


def launch(
    data: Path, within: Sequence[str] = (), options: Sequence[str] = ()
) -> tuple[subprocess.Popen[str], Path]:
    """Starts a host on a free port; its process, and the file with what it says.

    `within` is a command that runs the command that follows it, in its own place;
    `options` are further ones of `kelpie serve`.
    """
    talk = data.with_suffix(".talk")
    with talk.open("a") as stderr:
        process = subprocess.Popen(
            [*within, COMMAND, "serve", "--data", data, "--port", "0", *options],
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )
    return process, talk


def start(data: Path, within: Sequence[str] = (), options: Sequence[str] = ()) -> Served:
    """Starts a host on a free port, and waits until it is ready. See `launch`."""
    process, talk = launch(data, within, options)
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith("ready on http://127.0.0.1:"), talk.read_text()
    return Served(process, line.removeprefix("ready on ").strip(), talk)


@contextmanager
def serving(
    data: Path, within: Sequence[str] = (), options: Sequence[str] = ()
) -> Iterator[Served]:
    """A host, until the block ends. See `launch`."""
    served = start(data, within, options)
    try:
        yield served
    finally:
        if served.process.poll() is None:
            served.process.kill()
            served.process.wait()
        assert served.process.stdout is not None
        served.process.stdout.close()
