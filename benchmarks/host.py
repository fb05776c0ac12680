"""The measured system: `kelpie serve` with its default settings, in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.server import Server, ServerFailed, started

__all__ = [
    "COUNTER",
    "KELPIE",
    "ROGUE",
    "batch_path",
    "deploy",
    "increment_path",
    "invoke_path",
    "serving",
]

ROOT = Path(__file__).parents[1]
COUNTER = ROOT / "examples" / "rust-counter" / "counter.wasm"
ROGUE = ROOT / "tests" / "guests" / "rogue.wasm"

KELPIE = ["-c", "from kelpie.cli.entry import run; run()"]
"""The `kelpie` command, behind the interpreter's name."""

DEPLOY_S_MAX = 120.0


def increment_path(key: str = "%s") -> str:
    """Where a request increments the counter `key`."""
    return invoke_path("counter", key, "increment")


def batch_path(key: str = "%s") -> str:
    """Where the counter `key` takes a batch."""
    return f"/v1/batches/counter/{key}"


def invoke_path(kind: str, key: str, operation: str) -> str:
    return f"/v1/actors/{kind}/{key}/{operation}"


@contextmanager
def serving(
    directory: Path, name: str = "kelpie", command: Sequence[str] = KELPIE, options: str = ""
) -> Iterator[Server]:
    """A host on a fresh data directory, with the counter deployed.

    `command` is what is run as `kelpie`, and `options` are more of `serve`.

    Raises:
        ServerFailed
    """
    data = directory / name
    serve = [*command, "serve", "--data", str(data), "--port", "PORT", *options.split()]
    with started(name, serve, directory) as server:
        deploy(server, COUNTER, "counter")
        yield server


def deploy(server: Server, component: Path, kind: str) -> None:
    """Deploys a component as a user would.

    Raises:
        ServerFailed: with what the command said.
    """
    command = [sys.executable, *KELPIE, "deploy", str(component)]
    done = subprocess.run(
        [*command, "--name", kind, "--url", server.url],
        capture_output=True,
        text=True,
        timeout=DEPLOY_S_MAX,
        check=False,
    )
    if done.returncode != 0:
        raise ServerFailed(f"cannot deploy {component.name}: {done.stderr or done.stdout}")
