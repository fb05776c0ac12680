"""What a command imports before it does anything: nobody waits for what others need."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions, requires

import pytest
from packaging.requirements import Requirement

from kelpie.cli.main import function_of
from kelpie.cli.parser import CommandParser, parser

OF_HOSTS = (
    "aiohttp",
    "wasmtime",
    "sqlite3",
    "prometheus_client",
    "jsonschema",
    "kelpie.runtime",
    "kelpie.store",
    "kelpie.wasm",
)
"""What a host needs, and nobody who asks one."""
NOWHERE = ("--url", "http://127.0.0.1:1")
SCRIPT = """
import sys
from kelpie.cli.main import main
try:
    main(sys.argv[1:])
except SystemExit:
    pass
print("modules:", *sys.modules)
"""


def _imported(*command: str) -> set[str]:
    """The modules that the command has imported when it is done."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *command], capture_output=True, text=True, check=True
    )
    return set(done.stdout.rpartition("modules:")[2].split())


def _below(module: str, imported: set[str]) -> set[str]:
    return {name for name in imported if name == module or name.startswith(f"{module}.")}


@pytest.mark.parametrize("command", [("--help",), ("invoke", "--help"), ("--version",)])
def test_help_imports_no_command(command: tuple[str, ...]) -> None:
    imported = _imported(*command)
    assert "kelpie.cli.parser" in imported
    for module in (
        "argcomplete",
        "wasmtime",
        "aiohttp",
        "asyncio",
        "uvloop",
        "sqlite3",
        "kelpie.runtime",
    ):
        assert not _below(module, imported)


def test_whoever_imports_kelpie_waits_for_nothing() -> None:
    script = (
        "import sys, kelpie; print(*sys.modules); kelpie.Client; print(*sys.modules); "
        "assert kelpie.Client.__module__ == 'kelpie.api.client'"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    before, after = (set(line.split()) for line in done.stdout.splitlines())
    assert not {"asyncio", "typing"} & before
    assert {"asyncio", "kelpie.api.client"} <= after
    for module in OF_HOSTS:
        assert not _below(module, after)


@pytest.mark.parametrize(
    "command", [("invoke", "counter/alice", "get"), ("kinds",), ("show", "counter/alice")]
)
def test_who_asks_a_host_is_none(command: tuple[str, ...]) -> None:
    imported = _imported(*command, *NOWHERE)
    assert "kelpie.api.http_client.connection" in imported
    for module in OF_HOSTS:
        assert not _below(module, imported)


def _runs(command: CommandParser) -> Iterator[str]:
    run = command.get_default("run")
    if run is not None:
        yield run
    for below in command.commands().values():
        yield from _runs(below)


def test_every_command_is_there() -> None:
    runs = list(_runs(parser()))
    assert len(runs) > 10
    for run in runs:
        assert callable(function_of(run)), run


SERVES = """
import os
from kelpie.cli.main import function_of
before = dict(os.environ)
function_of("serve:run")
from aiohttp.connector import _SSL_CONTEXT_VERIFIED as context
print(context.cert_store_stats()["x509"], dict(os.environ) == before)
"""


@pytest.mark.parametrize("told", [{}, {"SSL_CERT_FILE": "/etc/ssl/certs/ca-certificates.crt"}])
def test_who_serves_reads_no_certificates_of_the_system(told: dict[str, str]) -> None:
    environment = {**os.environ, **told}
    words = [sys.executable, "-c", SERVES]
    done = subprocess.run(words, capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.split() == ["0", "True"]


WITHOUT = """
import sys
from kelpie.cli.main import function_of
missing, *runs = sys.argv[1:]
sys.modules |= dict.fromkeys(missing.split(","))
for run in runs:
    function_of(run)
"""


def test_every_command_is_there_without_the_extras() -> None:
    # What a plain `pip install` does not bring, but that of a developer does.
    missing = {
        module
        for module, distributions in packages_distributions().items()
        if not _required("kelpie") & set(distributions)
    }
    assert {"greenlet", "componentize_py", "opentelemetry", "pytest"} <= missing
    assert not {"kelpie", "aiohttp", "wasmtime", "yarl"} & missing
    words = [sys.executable, "-c", WITHOUT, ",".join(missing), *_runs(parser())]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@cache
def _required(distribution: str) -> frozenset[str]:
    """The names of a distribution, and of all that it needs without its extras."""
    found = {distribution}
    for line in requires(distribution) or ():
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            found |= _required(requirement.name)
    return frozenset(found | {each.replace("-", "_") for each in found})


def test_who_names_a_command_gets_it_alone() -> None:
    every = parser().commands()
    for name, command in every.items():
        some = parser([name]).commands()
        assert len(some) < len(every)
        assert some[name].format_help() == command.format_help()
    for words in ([], ["--help"], ["ivnoke"]):
        assert list(parser(words).commands()) == list(every)
