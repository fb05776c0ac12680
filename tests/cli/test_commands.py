"""Commands that ask a host, and those that need none."""

from __future__ import annotations

import json
import re
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from wasmtime import wat2wasm

from kelpie.api.problem import PROBLEM_TYPE, problem_of
from kelpie.cli.main import main
from kelpie.errors import OutcomeUnknown
from tests.cli.host import COUNTER, LEDGER, Served, kelpie, serving
from tests.compiled import with_compiled


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(with_compiled(tmp_path_factory.mktemp("host") / "data")) as host:
        assert kelpie("deploy", COUNTER, url=host.url).returncode == 0
        yield host


def test_deploying(served: Served, tmp_path: Path) -> None:
    file = tmp_path / "My_Ledger.wasm"
    shutil.copy(LEDGER, file)
    done = kelpie("deploy", file, url=served.url)
    size = f"{LEDGER.stat().st_size / 1024:.1f} KiB"
    assert (done.returncode, done.stdout) == (0, f"deployed my-ledger, version 1, {size}\n")
    assert "kelpie invoke my-ledger/" in done.stderr
    again = kelpie("deploy", file, url=served.url)
    assert again.returncode == 0
    assert again.stdout.startswith("unchanged: my-ledger, version 1")
    named = kelpie("deploy", file, "--name", "books", "--url", served.url)
    assert named.stdout.startswith("deployed books, version 1")


def test_invoking(served: Served) -> None:
    for value in (1, 2):
        done = kelpie("invoke", "counter/alice", "increment", url=served.url)
        assert (done.returncode, done.stdout, done.stderr) == (0, f'{{"value":{value}}}\n', "")
    done = kelpie("invoke", "counter/alice", "add", '{"amount": 5}', url=served.url)
    assert json.loads(done.stdout) == {"value": 7}
    done = kelpie("invoke", "counter/alice", "add", "-", url=served.url, stdin="3")
    assert json.loads(done.stdout) == {"value": 10}


@pytest.mark.parametrize("key", ["a/b/c", "/", "with space", "😀", "%2F", "..", "?x=1#y"])
def test_keys(served: Served, key: str) -> None:
    done = kelpie("invoke", f"counter/{key}", "increment", url=served.url)
    assert (done.stdout, done.stderr) == ('{"value":1}\n', "")


def test_the_same_id_counts_once(served: Served) -> None:
    words = ("invoke", "counter/carol", "increment", "--id", "order-17")
    assert kelpie(*words, url=served.url).stdout == '{"value":1}\n'
    assert kelpie(*words, url=served.url).stdout == '{"value":1}\n'
    other = kelpie("invoke", "counter/carol", "add", "2", "--id", "order-17", url=served.url)
    assert other.returncode == 1
    assert "request-mismatch" in other.stderr


def test_listing(served: Served) -> None:
    done = kelpie("kinds", url=served.url)
    assert done.returncode == 0
    head, *rows = done.stdout.splitlines()
    assert head.split() == ["KIND", "DEPLOY", "SIZE", "DIGEST", "DEPLOYED", "AT", "OPERATIONS"]
    assert any(row.startswith("counter ") and "increment, add" in row for row in rows)


def test_for_programs(served: Served) -> None:
    def told(*words: str | Path) -> Any:
        done = kelpie(*words, "-o", "json", url=served.url)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    reply = told("invoke", "counter/erin", "increment")
    assert reply == {"encoding": "json", "value": {"value": 1}}
    (kind,) = (each for each in told("kinds") if each["kind"] == "counter")
    assert kind["operations"] == ["increment", "add", "get", "reset"]
    inspected = told("inspect", COUNTER)
    assert (inspected["form"], inspected["sealed"]) == ("component", True)
    assert inspected["digest"] == kind["digest"]
    assert [each["name"] for each in inspected["operations"]] == kind["operations"]
    assert inspected["reasons"] == []


def test_nothing_deployed(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as empty:
        done = kelpie("kinds", url=empty.url)
        for_programs = kelpie("kinds", "-o", "json", url=empty.url)
    assert (done.returncode, done.stdout) == (0, "")
    assert "kelpie deploy" in done.stderr
    assert json.loads(for_programs.stdout) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("invoke", "conuter/alice", "increment"), "did you mean 'counter'?"),
        (("invoke", "counter/alice", "add", '"five"'), "the actor's code: bad-argument"),
        (("invoke", "counter/alice", "fly"), "the actor's code: unknown-operation"),
        (("invoke", "counter/alice", "incremnt"), "did you mean 'increment'?"),
        (("invoke", "Counter/alice", "get"), "invalid-address"),
        (("invoke", "counter/alice", "get", "--id", "a b"), "invalid-request"),
        (("deploy", str(Path(__file__))), "component-invalid"),
        (("deploy", "/nowhere/actor.wasm"), "/nowhere/actor.wasm: No such file"),
        (("deploy", "/nowhere"), "/nowhere: No such file"),
    ],
)
def test_mistakes(served: Served, words: tuple[str, ...], said: str) -> None:
    done = kelpie(*words, url=served.url)
    assert (done.returncode, done.stdout) == (1, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "\n  try: kelpie --help\n"),
        (("kv",), "\n  try: kelpie kv --help\n"),
        (("fly",), "there is no command 'fly': use one of new, build, dev, serve, "),
        (("kind",), "there is no command 'kind': did you mean kinds?"),
        (("kv", "lst", "counter/a"), "there is no command 'lst': did you mean list?"),
        (("invoke", "a/b", "get", "--dedline-ms=1"), "did you mean --deadline-ms?"),
        (("invoke", "a/b", "get", "--deadline", "1"), "did you mean --deadline-ms?"),
        (("kinds", "a", "b"), "this is too much: 'a' 'b'"),
        (("kinds", "\udcff"), "this is too much: '\\udcff'"),
        (("state", "a/b", "-o", "csv"), "there is no choice 'csv': use one of table, json"),
        (("invoke", "counter/alice"), "OPERATION"),
        (("sim", "/nowhere/actor.wasm"), "kelpie: /nowhere/actor.wasm: No such file"),
        (("invoke", "counter", "get"), "KIND/KEY"),
        (("invoke", "counter/", "get"), "KIND/KEY"),
        (("invoke", "counter/alice", "add", "{amount: 5}"), "quote it for the shell"),
        (("invoke", "counter/alice", "add", "--deadline-ms", "soon"), "soon"),
        (("invoke", "counter/alice", "get", "--deadline-ms", "0"), "at least 1"),
        (("serve", "--port", "70000"), "70000"),
        (("serve", "--host", "a\udcff"), "'a\\udcff' is no host's name"),
        (("serve", "--host", "a..b"), "'a..b' is no host's name"),
        (("invoke", "counter/a\udcff", "increment"), "'counter/a\\udcff' is not UTF-8"),
        (("invoke", "counter/alice", "f\udcff"), "'f\\udcff' is not UTF-8"),
        (("invoke", "counter/alice", "add", '"\udcff"'), "is not UTF-8"),
        (("invoke", "counter/alice", "add", "--id", "\udcff"), "is not UTF-8"),
        (("deploy", str(COUNTER), "--name", "\udcff"), "is not UTF-8"),
    ],
)
def test_wrong_usage(words: tuple[str, ...], said: str) -> None:
    done = kelpie(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ("[" * 100_000 + "]" * 100_000, "the argument is no JSON: it is nested too deep"),
        ("NaN", "the argument is no JSON: NaN is no number"),
    ],
)
def test_arguments_that_are_no_json(argument: str, said: str) -> None:
    done = kelpie("invoke", "counter/alice", "add", "-", stdin=argument)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_number_may_have_many_digits(served: Served) -> None:
    done = kelpie("invoke", "counter/alice", "add", "-", stdin="9" * 5000, url=served.url)
    assert done.returncode == 1
    assert "the argument must be a whole number" in done.stderr


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://nowhere.invalid"])
def test_no_host(url: str) -> None:
    done = kelpie("kinds", "--url", url)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"no host answers at {url}" in done.stderr
    assert "kelpie serve" in done.stderr


@pytest.mark.parametrize(
    "url",
    [
        "127.0.0.1:7070",
        "http://",
        "ftp://x",
        "",
        "x",
        "http://127.0.0.1:99999",
        "http://[::1",
        "http://x:0",
        "http://x/?of=it",
        "http://x/#here",
        "http://a..b",
        "http://\udcff",
    ],
)
def test_what_is_no_url(url: str) -> None:
    done = kelpie("kinds", "--url", url)
    assert (done.returncode, done.stdout) == (2, "")
    assert "write http://127.0.0.1:7070" in done.stderr
    assert kelpie("kinds", url=url or "x").returncode == 2


@pytest.mark.parametrize(
    ("variable", "words"), [("KELPIE_URL", ("kinds",)), ("DST_SEED", ("sim", str(COUNTER)))]
)
def test_a_mistake_in_the_environment(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    variable: str,
    words: tuple[str, ...],
) -> None:
    monkeypatch.setenv(variable, "abc")
    assert main(words) == 2
    said = capsys.readouterr().err
    assert f"${variable}: 'abc' is no" in said
    assert "--" not in said


class Unsure(BaseHTTPRequestHandler):
    """A host that knows nothing."""

    def do_POST(self) -> None:
        problem = problem_of(OutcomeUnknown("who knows"))
        self.send_response(problem.status)
        self.send_header("Content-Type", PROBLEM_TYPE)
        self.send_header("Content-Length", str(len(problem.body)))
        self.send_header("Kelpie-Request-Id", self.headers.get("Idempotency-Key", "made-by-host"))
        self.end_headers()
        self.wfile.write(problem.body)

    def log_message(self, *_: object) -> None: ...


@pytest.mark.parametrize("request_id", [None, "order-17"])
def test_whether_it_was_done_is_not_known(request_id: str | None) -> None:
    """Under the id that was given, or that the command made, there is a record to ask for."""
    with HTTPServer(("127.0.0.1", 0), Unsure) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        words = ["invoke", "counter/alice", "increment", "--deadline-ms", "300"]
        words += ["--id", request_id] if request_id else []
        done = kelpie(*words, url=f"http://127.0.0.1:{server.server_port}")
        thread.join()
    assert (done.returncode, done.stdout) == (1, "")
    assert "; asking again" in done.stderr
    again = re.search("it may have been done: ask again with (.+) to learn", done.stderr)
    assert again
    wanted = "the same --id" if request_id else "--id [0-9a-f]{32}"
    assert re.fullmatch(wanted, again[1])


def test_inspecting() -> None:
    done = kelpie("inspect", COUNTER)
    assert done.returncode == 0
    assert "sealed    yes" in done.stdout
    assert "increment" in done.stdout


def test_inspecting_what_is_no_actor(tmp_path: Path) -> None:
    file = tmp_path / "world.wasm"
    file.write_bytes(b"\0asm\x0d\0\x01\0")
    done = kelpie("inspect", file)
    assert done.returncode == 1
    assert "form      component" in done.stdout
    assert "component-refused" in done.stderr
    done = kelpie("inspect", file, "-o", "json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["reasons"]
    file.write_bytes(b"")
    done = kelpie("inspect", file)
    assert (done.returncode, done.stdout) == (1, "")
    assert "component-invalid" in done.stderr


def test_inspecting_a_module_of_something_else(tmp_path: Path) -> None:
    file = tmp_path / "module.wasm"
    file.write_bytes(
        wat2wasm(
            '(module (import "env" "print" (func (param i32)))'
            ' (import "env" "exit" (func)) (memory (export "memory") 1) (func (export "run")))'
        )
    )
    done = kelpie("inspect", file)
    assert done.returncode == 1
    told = dict(line.split(maxsplit=1) for line in done.stdout.splitlines())
    assert (told["form"], told["imports"], told["exports"]) == ("module", "env", "memory, run")
    assert (told["contract"], told["sealed"]) == ("none", "no")
    assert "it imports env (print, exit), which is not in the contract" in done.stderr


def test_version() -> None:
    assert kelpie("--version").stdout.startswith("kelpie 0.")


@pytest.mark.parametrize(
    ("words", "example"),
    [
        (("--url", "http://x", "kinds"), "kelpie deploy --url ..."),
        (("--url=http://x", "kinds"), "kelpie deploy --url ..."),
        (("kv", "--namespace", "shop", "list"), "kelpie kv list --namespace ..."),
    ],
)
def test_an_option_before_its_command(
    words: tuple[str, ...], example: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    told = capsys.readouterr().err
    assert f"belongs behind the command, as in: {example}" in told


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--vers",), "no option '--vers': did you mean --version?"),
        (("--urll=x", "kinds"), "no option '--urll'"),
        (("-x", "kinds"), "no option '-x'"),
        (("config", "--urll", "http://x", "counter"), "did you mean --url?"),
    ],
)
def test_what_is_no_option_before_a_command(
    words: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert told in capsys.readouterr().err


def test_an_error_of_a_host_leads_to_its_page(served: Served) -> None:
    done = kelpie("state", "counter/nobody", url=served.url)
    assert f"  more: {served.url}/docs/errors/value-not-found.md" in done.stderr
    done = kelpie("inspect", Path(__file__))
    (page,) = re.findall(r"^  more: (.*)$", done.stderr, re.MULTILINE)
    assert Path(page).read_text(encoding="utf-8").startswith("# ")
