"""A URL at which something else answers than a host."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from kelpie.cli import doctor
from kelpie.cli.main import main
from tests.cli.host import COUNTER


class _Other(BaseHTTPRequestHandler):
    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b'{"hello": "from elsewhere"}'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def __getattr__(self, name: str) -> Callable[[], None]:
        """What answers each method, whichever it is."""
        if name.startswith("do_"):
            return self._answer
        raise AttributeError(name)

    def log_message(self, *_: object) -> None: ...


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def other() -> Iterator[str]:
    with serving(_Other) as url:
        yield url


@pytest.mark.parametrize(
    "words",
    [
        "kinds",
        "show counter/a",
        "versions counter",
        "actors counter",
        "kv list counter/a",
        f"deploy {COUNTER}",
        f"check {COUNTER}",
        "undeploy counter",
        "rollback counter",
        "config counter list",
        "config counter set A=1",
        "secret counter list",
        "delete counter/a --yes",
        "letters list",
        "letters list counter/a",
        "reminders list counter/a",
        "reminders cancel counter/a x",
        "turns",
        "cancel counter/a",
        "journal counter",
        "journal counter/a",
        "token list",
        "token create x --role read",
        "token revoke x",
        "letters drop counter/a 1",
        "letters retry counter/a 1",
        "invoke counter/a increment",
        "export counter/a",
        "journal counter --policy all",
        "audit",
        "trace x",
    ],
)
def test_a_service_that_answers_everything(
    other: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*words.split(), "--url", other]) == 1
    assert "as no Kelpie host does: with" in capsys.readouterr().err


@pytest.mark.parametrize("words", ["token revoke x", "letters drop counter/a 1", "kinds"])
def test_a_service_that_answers_with_nothing(
    words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    class Empty(_Other):
        def _answer(self) -> None:
            self.send_response(204)
            self.end_headers()

    with serving(Empty) as url:
        assert main([*words.split(), "--url", url]) == 1
    assert "as no Kelpie host does: with" in capsys.readouterr().err


def test_why_it_is_asked_again_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    refusals = iter((503, 503, 503))

    class Busy(_Other):
        def _answer(self) -> None:
            self.send_response(next(refusals, 200))
            self.send_header("Kelpie-Request-Id", "1")
            self.send_header("Content-Type", "text/plain")
            self.send_header("Content-Length", "5")
            self.end_headers()
            self.wfile.write(b"done\n")

    with serving(Busy) as url:
        assert main(["invoke", "counter/a", "get", "--url", url]) == 0
    assert next(refusals, None) is None
    assert capsys.readouterr().err.count("asking again") == 1


def test_the_doctor_does_not_wait_for_one_that_is_silent(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "_ANSWER_MS_MAX", 50)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        assert main(["doctor", "--data", str(tmp_path), "--url", url]) == 1
    told = capsys.readouterr().out
    assert f"{url}: it is there, and has not answered within" in told
