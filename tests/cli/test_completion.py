"""Completion, in the shells themselves: keys are typed, and commands run as completed."""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kelpie.cli.parser import parser
from tests.cli.host import COMMAND, COUNTER, SECONDS_MAX, Served, kelpie, serving
from tests.compiled import with_compiled

# Each without what its user has set up, and with a prompt that nothing else prints.
SHELLS = {
    "bash": (["bash", "--norc", "--noprofile", "-i"], "PS1=READY; {}"),
    "zsh": (["zsh", "-f", "-i"], "PS1=READY; autoload -U compinit; compinit -u; {}"),
    "fish": (["fish", "--no-config", "-i"], "function fish_prompt; echo READY; end; {}"),
}
LOAD = {
    "bash": 'eval "$(kelpie completion bash)"',
    "zsh": 'eval "$(kelpie completion zsh)"',
    "fish": "kelpie completion fish | source",
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(with_compiled(tmp_path_factory.mktemp("host") / "data")) as host:
        assert kelpie("deploy", COUNTER, url=host.url).returncode == 0
        for key in ("alice", "it is: bob's", "bad\x1bkey"):
            assert kelpie("invoke", f"counter/{key}", "increment", url=host.url).returncode == 0
        yield host


class Terminal:
    """A shell on a terminal of its own."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.seen = ""

    def type(self, keys: str) -> None:
        os.write(self._descriptor, keys.encode())

    def wait_for(self, pattern: str) -> None:
        """Reads on until the pattern has come; what came before it is done with."""
        end = time.monotonic() + SECONDS_MAX
        while not (found := re.search(pattern, self.seen)):
            ready, _, _ = select.select([self._descriptor], [], [], max(end - time.monotonic(), 0))
            assert ready, f"{pattern!r} does not come: {self.seen!r}"
            self.seen += os.read(self._descriptor, 65536).decode(errors="replace")
        self.seen = self.seen[found.end() :]


@contextmanager
def terminal(shell: str, home: Path, url: str) -> Iterator[Terminal]:
    words, setup = SHELLS[shell]
    environment = {
        "HOME": str(home),
        "KELPIE_URL": url,
        "LC_ALL": "C.UTF-8",
        "PATH": f"{COMMAND.parent}:/usr/local/bin:/usr/bin:/bin",
        "TERM": "dumb",
    }
    descriptor, theirs = pty.openpty()
    # Without a fork of this process, which may have threads.
    process = subprocess.Popen(
        ["setsid", "--ctty", *words], env=environment, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    try:
        opened = Terminal(descriptor)
        opened.type(setup.format(LOAD[shell]) + "; echo LOA''DED\n")
        opened.wait_for("LOADED")
        opened.wait_for("READY")
        yield opened
    finally:
        process.kill()
        process.wait()
        os.close(descriptor)


@pytest.mark.slow
@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_completes(served: Served, tmp_path: Path, shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell} on this machine")
    with terminal(shell, tmp_path, served.url) as screen:
        # Command, kind, key, operation.
        screen.type("kelpie inv\tcoun\tali\tge\t\n")
        screen.wait_for(r'\{"value":1\}')
        screen.wait_for("READY")
        # A key that the shell must quote, an option, and one of its choices.
        screen.type("kelpie show counter/it\t--outp\tjs\t\n")
        screen.wait_for('"key": "it is: bob\'s"')


def test_a_wrong_shell() -> None:
    done = kelpie("completion", "tcsh")
    assert (done.returncode, done.stdout) == (2, "")
    assert "bash, zsh, fish" in done.stderr


def asked(line: str, url: str, tmp_path: Path) -> list[str]:
    """What a shell is answered."""
    answers = tmp_path / "answers"
    environment = {
        **os.environ,
        "KELPIE_URL": url,
        "COMP_LINE": line,
        "COMP_POINT": str(len(line)),
        "_ARGCOMPLETE": "1",
        "_ARGCOMPLETE_STDOUT_FILENAME": str(answers),
    }
    done = subprocess.run(
        [COMMAND], env=environment, capture_output=True, check=True, timeout=SECONDS_MAX
    )
    assert (done.stdout, done.stderr) == (b"", b"")
    return [each.strip() for each in answers.read_text().split("\v") if each]


@pytest.mark.parametrize(
    ("line", "answers"),
    [
        ("kelpie kv ", ["list", "get"]),
        ("kelpie versions ", ["counter"]),
        ("kelpie invoke ", ["counter/"]),
        ("kelpie logs co", ["counter", "counter/"]),
        ("kelpie show counter/", ["counter/alice", "counter/it\\ is:\\ bob\\'s"]),
        ("kelpie show nothing/", []),
        ("kelpie invoke counter/alice ", ["increment", "add", "get", "reset"]),
        ("kelpie invoke nothing/alice ", []),
        ("kelpie invoke counter ", []),
        ("kelpie kv get counter/alice ", []),
        ("kelpie deploy --name ", ["counter"]),
        ("kelpie kinds --url http://127.0.0.1:1 ", []),
        ("kelpie serve --log-level w", ["warning"]),
        ("kelpie new hits --lang ", ["rust", "go", "python"]),
        ("kelpie build --lang p", ["python"]),
        ("kelpie show --out", ["--output"]),
    ],
)
def test_answers(served: Served, tmp_path: Path, line: str, answers: list[str]) -> None:
    assert asked(line, served.url, tmp_path) == answers


def test_every_command_is_offered(tmp_path: Path) -> None:
    assert asked("kelpie ", "", tmp_path) == list(parser().commands())


def test_without_a_host_there_is_silence(tmp_path: Path) -> None:
    assert asked("kelpie show ", "http://127.0.0.1:1", tmp_path) == []
    assert asked("kelpie show ", "this is no URL", tmp_path) == []
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"http://127.0.0.1:{mute.getsockname()[1]}"
        assert asked("kelpie show counter/", url, tmp_path) == []
