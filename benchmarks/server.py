"""Servers under measurement: child processes of their own, started and ended here."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks import disk

__all__ = ["Server", "ServerFailed", "started"]

START_S_MAX = 30.0
STOP_S_MAX = 20.0
CLOCK_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


class ServerFailed(Exception):
    """A server did not come up, or ended by itself."""


@dataclass(frozen=True, slots=True)
class Server:
    name: str
    port: int
    process: subprocess.Popen[bytes]
    output: Path
    """What it printed, for when it fails."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def cpu_seconds(self) -> float:
        """Processor time of all its threads so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS_A_SECOND

    def written_bytes(self) -> int:
        return disk.written_bytes(self.process.pid)

    def check_alive(self) -> None:
        """Raises ServerFailed with its last words if it has ended."""
        if self.process.poll() is not None:
            words = self.output.read_text()[-4000:]
            raise ServerFailed(f"{self.name} ended with {self.process.returncode}:\n{words}")


@contextmanager
def started(name: str, arguments: list[str], directory: Path) -> Iterator[Server]:
    """Runs `python ARGUMENTS` (with PORT replaced by a free one) until the block ends.

    Raises:
        ServerFailed: it ended, or did not listen in time.
    """
    port = free_port()
    output = directory / f"{name}.{port}.output"
    command = [sys.executable, *(each.replace("PORT", str(port)) for each in arguments)]
    with output.open("wb") as sink:
        process = subprocess.Popen(command, stdout=sink, stderr=subprocess.STDOUT)
    server = Server(name, port, process, output)
    try:
        _wait_until_listening(server)
        yield server
        server.check_alive()
    finally:
        _stop(process)


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_listening(server: Server) -> None:
    give_up = time.monotonic() + START_S_MAX
    while True:
        server.check_alive()
        try:
            socket.create_connection(("127.0.0.1", server.port), timeout=1).close()
        except OSError:
            if time.monotonic() > give_up:
                raise ServerFailed(f"{server.name} does not listen after {START_S_MAX} s") from None
            time.sleep(0.02)
        else:
            return


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_S_MAX)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
