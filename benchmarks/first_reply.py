"""`python -m benchmarks.first_reply`: how long a newcomer waits from `kelpie new` to the
first reply, in each language, with a toolchain that is warm.

A project is made before the one that is measured: what a toolchain keeps between
projects is there then, such as crates that were downloaded and packages that Go has
compiled. The host serves already, and has compiled the componentizer.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.__main__ import say, warn_if_busy
from benchmarks.host import KELPIE
from benchmarks.row import Goal, Row, as_json, as_table
from benchmarks.server import started
from kelpie.projects.errors import ProjectError, ToolchainMissing
from kelpie.projects.project import BY_NAME

SECONDS_MAX = 1_800.0
GOALS_S = {"rust": 90.0, "go": 20.0, "python": 30.0}


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.first_reply", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("languages", nargs="*", metavar="LANGUAGE", help=f"of {', '.join(BY_NAME)}")
    options = parser.parse_args(arguments)
    warn_if_busy()
    rows, failed = [], False
    for language in options.languages or BY_NAME:
        say(language)
        with tempfile.TemporaryDirectory(prefix="kelpie-first-reply-") as place:
            try:
                rows.append(measure(language, Path(place)))
            except ToolchainMissing as missing:
                say(f"left out: {missing.message} ({'; '.join(missing.advice)})")
            except ProjectError as error:
                say(f"{language} failed: {error.message}")
                failed = True
    print(as_json(rows) if options.json else as_table(rows))
    return 1 if failed else 0


def measure(language: str, directory: Path) -> Row:
    """
    Raises:
        ToolchainMissing
        ProjectError: it came to no reply.
    """
    BY_NAME[language].toolchain(directory)
    serve = [*KELPIE, "serve", "--data", str(directory / "data"), "--port", "PORT"]
    with started("kelpie", serve, directory) as server:
        go(language, f"warm-{language}", directory, server.url)
        began = time.perf_counter()
        build_s = go(language, f"hits-{language}", directory, server.url)
        elapsed = time.perf_counter() - began
    return Row(
        key=f"first_reply_{language}",
        title=f"{BY_NAME[language].title}: from `kelpie new` to the first reply",
        value=elapsed,
        unit="s",
        goal=Goal(at_least=False, bound=GOALS_S[language]),
        details={"build_s": build_s},
    )


def go(language: str, name: str, directory: Path, url: str) -> float:
    """Goes the whole way; how long the build took of it."""
    kelpie(directory, url, "new", name, "--lang", language)
    began = time.perf_counter()
    kelpie(directory, url, "build", name)
    elapsed = time.perf_counter() - began
    kelpie(directory, url, "deploy", f"{name}/{name}.wasm")
    reply = kelpie(directory, url, "invoke", f"{name}/alice", "add")
    if reply.strip() != '{"value":1}':
        raise ProjectError(f"the first reply is {reply!r}")
    return elapsed


def kelpie(directory: Path, url: str, *words: str) -> str:
    """What the command prints."""
    # A newcomer has no place that many projects share.
    environment = {name: each for name, each in os.environ.items() if name != "CARGO_TARGET_DIR"}
    done = subprocess.run(
        [sys.executable, *KELPIE, *words],
        cwd=directory,
        env={**environment, "KELPIE_URL": url},
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    if done.returncode != 0:
        raise ProjectError(f"kelpie {' '.join(words)}:\n{done.stderr[-2000:]}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
