"""The commands about journals: journal, export, replay."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from kelpie.ids import text
from kelpie.journal.birth import pack_birth, pack_entry
from kelpie.journal.bundles import BundleWriter, read_bundle
from kelpie.journal.entries import packed_call
from kelpie.journal.masks import Mask
from kelpie.limits import DEFAULT_LIMITS
from kelpie.wasm.kind_configuration import NO_CONFIGURATION
from kelpie.wasm.turn import HostCall
from tests.cli.host import COUNTER, ROGUE, Served, kelpie, serving
from tests.compiled import with_compiled


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(with_compiled(tmp_path_factory.mktemp("host") / "data")) as host:
        assert kelpie("deploy", COUNTER, url=host.url).returncode == 0
        assert kelpie("deploy", ROGUE, url=host.url).returncode == 0
        yield host


@pytest.fixture(scope="module")
def bundle(served: Served, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of three turns of a counter."""
    done = kelpie("journal", "counter", "--policy", "all", url=served.url)
    assert (done.returncode, done.stdout) == (0, "counter: all\n")
    for _ in range(3):
        assert kelpie("invoke", "counter/alice", "increment", url=served.url).returncode == 0
    file = tmp_path_factory.mktemp("bundle") / "counter.bundle"
    done = kelpie("export", "counter/alice", "--file", str(file), url=served.url)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"exported counter/alice to {file}, ")
    # It has what the actor was asked and what it stored.
    assert file.stat().st_mode & 0o777 == 0o600
    return file


def test_listing(served: Served, bundle: Path) -> None:
    assert bundle.exists()
    done = kelpie("journal", "counter/alice", "--limit", "2", url=served.url)
    head, *rows = done.stdout.splitlines()
    assert head.split()[:4] == ["TURN", "AT", "OPERATION", "ENDED"]
    assert [(row.split()[0], *row.split()[2:5]) for row in rows] == [
        ("3", "increment", "replied", "1"),
        ("2", "increment", "replied", "1"),
    ]
    assert "there are older ones" in done.stderr
    done = kelpie("journal", "counter/alice", "-o", "json", url=served.url)
    found = json.loads(done.stdout)
    assert ([each["turn"] for each in found["turns"]], found["more"]) == ([3, 2, 1], False)
    done = kelpie("journal", "counter/bob", url=served.url)
    assert (done.returncode, done.stdout) == (0, "")
    assert "no turn of counter/bob is kept" in done.stderr


def test_what_is_kept_is_set_for_a_kind(served: Served) -> None:
    done = kelpie("journal", "rogue", url=served.url)
    assert (done.returncode, done.stdout) == (0, "rogue: failures\n")
    done = kelpie("journal", "rogue/a", "--policy", "all", url=served.url)
    assert done.returncode == 2
    assert "try: kelpie journal" in done.stderr


def test_what_runs_as_it_did(bundle: Path) -> None:
    done = kelpie("replay", str(bundle))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "identical: 3 turns, 4 host calls, 1 instances\n"
    found = json.loads(kelpie("replay", str(bundle), "-o", "json").stdout)
    assert (found["identical"], found["turns"], found["divergence"]) == (True, 3, None)


def test_stopping_behind_a_turn(served: Served, bundle: Path) -> None:
    done = kelpie("replay", str(bundle), "--until", "2")
    assert done.stdout.splitlines()[1:] == ['state behind turn 2: {"value":2}']
    found = json.loads(kelpie("replay", str(bundle), "--until", "2", "-o", "json").stdout)
    assert found["state"] == {"encoding": "text", "value": '{"value":2}'}
    assert (found["kv"], found["log"]) == ({}, [])
    done = kelpie("state", "counter/alice", "--at", "1", url=served.url)
    assert (done.returncode, done.stdout) == (0, '{"value":1}\n')
    done = kelpie("state", "counter/alice", "--at", "9", url=served.url)
    assert done.returncode == 1
    assert "turns-not-found" in done.stderr


def test_another_component(bundle: Path) -> None:
    done = kelpie("replay", str(bundle), "--with", str(COUNTER))
    assert done.returncode == 0, done.stderr
    first, head, row = done.stdout.splitlines()
    assert first == "the same: 3 turns, all calls and replies"
    assert head.split()[:4] == ["OPERATION", "TURNS", "CALLS", "REPLIES"]
    assert row.split()[:4] == ["increment", "3", "0", "0"]
    done = kelpie("replay", str(bundle), "--with", str(ROGUE), "-o", "json")
    found = json.loads(done.stdout)
    assert (done.returncode, found["same"], found["changed"]) == (1, False, 3)
    assert found["changes"][0]["before"] == "state.load() -> nothing"


def test_what_does_not(bundle: Path, tmp_path: Path) -> None:
    file = altered(bundle, tmp_path)
    done = kelpie("replay", str(file))
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        "diverged at turn 2, host call 1: state.save was asked for something else",
        '  expected  state.save({"value":7}) -> nothing',
        '  got       state.save({"value":2}) -> nothing',
    ]
    done = kelpie("replay", str(file), "-o", "json")
    found = json.loads(done.stdout)
    assert done.returncode == 1
    assert (found["divergence"]["turn"], found["divergence"]["call"]) == (2, 1)


def altered(bundle: Path, directory: Path) -> Path:
    """The same, but that the second turn has saved something else."""
    found = read_bundle(bundle.read_bytes(), DEFAULT_LIMITS)
    (flown,) = found.flown
    packer = flown.birth.packer(DEFAULT_LIMITS)
    call = packed_call(HostCall("state.save", (text('{"value":7}'),), None), packer)
    flown.entries[1] = flown.entries[1]._replace(calls=(call,))
    writer = BundleWriter(found.head)
    for wasm in found.components.values():
        writer.add_component(wasm)
    writer.add_birth(pack_birth(flown.birth, Mask(NO_CONFIGURATION)))
    writer.add_turns(len(flown.entries), b"".join(map(pack_entry, flown.entries)))
    file = directory / "altered.bundle"
    file.write_bytes(writer.finish())
    return file


def test_files_that_are_no_bundles(bundle: Path, tmp_path: Path) -> None:
    for name, content in (("text", b"hello"), ("cut", bundle.read_bytes()[:-10])):
        file = tmp_path / name
        file.write_bytes(content)
        done = kelpie("replay", str(file))
        assert (done.returncode, done.stdout) == (1, "")
        assert "bundle-invalid" in done.stderr
    done = kelpie("replay", str(tmp_path / "absent"))
    assert (done.returncode, done.stdout) == (1, "")
    assert "No such file" in done.stderr


def test_a_failure_says_how_to_run_it_again(served: Served, tmp_path: Path) -> None:
    words = ("invoke", "rogue/x", "fail", '{"kind": "failed"}')
    done = kelpie(*words, url=served.url)
    assert done.returncode == 1
    assert "to run it again: kelpie export rogue/x --turns 1..1, then kelpie replay" in done.stderr
    file = tmp_path / "rogue.bundle"
    words = ("export", "rogue/x", "--turns", "1..1", "--file", str(file), "-o", "json")
    done = kelpie(*words, url=served.url)
    assert json.loads(done.stdout) == {"file": str(file), "size_bytes": file.stat().st_size}
    assert kelpie("replay", str(file)).returncode == 0
    done = kelpie("export", "rogue/x", "--turns", "5..", url=served.url)
    assert done.returncode == 1
    assert "turns-not-found" in done.stderr
    done = kelpie("export", "rogue/x", "--turns", "5..2", url=served.url)
    assert done.returncode == 2
