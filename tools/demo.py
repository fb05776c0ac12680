"""The main job, from nothing: installs Kelpie, serves, deploys the counter, calls it.

Goes on serving until Ctrl-C. What the counter counted is kept in ./kelpie-data,
also when the host is killed: run this again, and it counts on.
"""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO

from virtual_environment import ROOT, prepare

PORT = 7070
COUNTER = ROOT / "examples" / "rust-counter" / "counter.wasm"
DATA = ROOT / "kelpie-data"
READY = "ready on "
STOP_SECONDS = 20
WAIT_SECONDS = 0.2


def main() -> int:
    running = _running_host()
    if running is not None:
        print(
            f"a host is already running on {DATA}: process {running}\n"
            f"  try: stop it (kill {running}), then run this again; what it counted is kept",
            file=sys.stderr,
        )
        return 1
    kelpie = prepare(ROOT / ".venv") / "kelpie"
    port = PORT if _is_free(PORT) else 0
    if port == 0:
        print(f"port {PORT} is taken: using another", file=sys.stderr, flush=True)
    # In a session of its own: the host gets Ctrl-C from here, once.
    host = subprocess.Popen(
        [kelpie, "serve", "--port", str(port), "--data", DATA],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    # Also when its terminal is closed: nobody else would end the host.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(0))
    try:
        return _show(host, kelpie)
    except KeyboardInterrupt:
        return 0
    finally:
        _stop(host)


def _show(host: subprocess.Popen[str], kelpie: Path) -> int:
    url = _ready_url(host)
    if url is None:
        return host.wait() or 1
    environment = {**os.environ, "KELPIE_URL": url}

    def ask(*words: str | Path) -> None:
        shown = " ".join(str(word) for word in words).replace(f"{ROOT}/", "")
        print(f"\n$ kelpie {shown}", flush=True)
        subprocess.run([kelpie, *words], env=environment, check=True)

    try:
        print(
            "\nThe host compiles what is deployed; the very first time it compiles tools of its "
            "own as well, which takes some seconds.",
            flush=True,
        )
        ask("deploy", COUNTER)
        ask("invoke", "counter/alice", "increment")
        ask("invoke", "counter/alice", "increment")
    except subprocess.CalledProcessError as error:
        print(f"this did not work (exit status {error.returncode})", file=sys.stderr)
        return 1
    print(_what_next(url, kelpie, host.pid), flush=True)
    return _wait(host)


def _wait(host: subprocess.Popen[str]) -> int:
    """Not with `host.wait()`: a signal that comes just before it sleeps in there is
    heeded only when the host ends."""
    while (status := host.poll()) is None:
        time.sleep(WAIT_SECONDS)
    return status


def _ready_url(host: subprocess.Popen[str]) -> str | None:
    """The URL that the host prints when it is ready; None if it ends before."""
    assert host.stdout is not None
    for line in host.stdout:
        print(line, end="", flush=True)
        if line.startswith(READY):
            # Whatever else it may print must not fill the pipe.
            threading.Thread(target=_print_all, args=(host.stdout,), daemon=True).start()
            return line.removeprefix(READY).strip()
    return None


def _print_all(lines: IO[str]) -> None:
    for line in lines:
        print(line, end="", flush=True)


def _what_next(url: str, kelpie: Path, pid: int) -> str:
    return f"""
Kelpie serves on {url} until Ctrl-C. Try, in another terminal:

  curl -X POST {url}/v1/actors/counter/alice/increment
  curl {url}/v1/actors/counter/alice
  KELPIE_URL={url} {kelpie} invoke counter/bob add '{{"amount": 5}}'
  kill -9 {pid}        # then run this demo again: alice counts on

Next: docs/getting-started.md"""


def _running_host() -> str | None:
    """The process id of the host that has the data, as its lock file says; None if none has."""
    try:
        with (DATA / "lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return None
    except BlockingIOError:
        return (DATA / "lock").read_text().strip()
    return None


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As the host does it: what a former host left behind is no obstacle.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _stop(host: subprocess.Popen[str]) -> None:
    if host.poll() is not None:
        return
    host.send_signal(signal.SIGINT)
    try:
        host.wait(STOP_SECONDS)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):
        host.kill()
        host.wait()


if __name__ == "__main__":
    sys.exit(main())
