"""Core modules of wasip1: sealed actors, by the adapter."""

from __future__ import annotations

import struct

import pytest

from kelpie.errors import GuestTrapped
from kelpie.wasm.component import LoadedComponent
from kelpie.wasm.entropy import EntropyKeys, EntropyStream
from kelpie.wasm.turn import LogLine
from tests.guests import made
from tests.wasm.support import SEED, TIME_NS, Workbench, turn

DATA, PIECES = 8192, 512
SAID = "one\ntwo \u00e9\nthree"


def probe() -> bytes:
    """A module that does one thing of wasip1 for each first letter of an operation,
    and replies with bytes. While the engine asks it for memory it looks at the clock."""
    imports = """
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_unlink_file"
    (func $unlink (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_prestat_get" (func $prestat (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_prestat_dir_name"
    (func $prestat_name (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_fdstat_get" (func $fdstat (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open"
    (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))"""
    reply = f"""
  (func $reply (param $size i32) (result i32)
    (i32.store8 (i32.const 0) (i32.const 0))
    (i32.store8 (i32.const 4) (i32.const 1))
    (i32.store (i32.const 8) (i32.const {DATA}))
    (i32.store (i32.const 12) (local.get $size))
    (i32.const 0))
  (func $now (param $at i32) (drop (call $clock (i32.const 1) (i64.const 0) (local.get $at))))
  (func (export "_initialize") (call $now (i32.const {DATA + 512})))"""
    on = {
        "r": f"""(drop (call $random (i32.const {DATA}) (local.get 4)))
    (return (call $reply (local.get 4)))""",
        "n": f"(call $now (i32.const {DATA})) (return (call $reply (i32.const 8)))",
        "b": f"""(i64.store (i32.const {DATA}) (i64.load (i32.const {DATA + 512})))
    (return (call $reply (i32.const 8)))""",
        "w": f"""(i32.store (i32.const {PIECES}) (local.get 3))
    (i32.store (i32.const {PIECES + 4}) (local.get 4))
    (drop (call $write (i32.const 1) (i32.const {PIECES}) (i32.const 1) (i32.const {DATA})))
    (return (call $reply (i32.const 4)))""",
        "s": f"""(i64.store (i32.const {PIECES + 24}) (i64.const 5000))
    (drop (call $poll (i32.const {PIECES}) (i32.const {PIECES + 64}) (i32.const 1)
      (i32.const {PIECES + 128})))
    (call $now (i32.const {DATA})) (return (call $reply (i32.const 8)))""",
        "u": f"""(i32.store (i32.const {DATA})
      (call $unlink (i32.const 3) (i32.const 0) (i32.const 0)))
    (drop (call $unlink (i32.const 3) (i32.const 0) (i32.const 0)))
    (return (call $reply (i32.const 4)))""",
        "f": f"""(i32.store (i32.const {DATA}) (call $prestat (i32.const 3) (i32.const {DATA + 8})))
    (i32.store (i32.const {DATA + 4})
      (call $prestat_name (i32.const 3) (i32.const {DATA + 16}) (i32.const 1)))
    (i32.store (i32.const {DATA + 20}) (call $prestat (i32.const 4) (i32.const {DATA + 512})))
    (i32.store (i32.const {DATA + 24}) (call $fdstat (i32.const 3) (i32.const {DATA + 32})))
    (i32.store (i32.const {DATA + 28}) (call $open (i32.const 3) (i32.const 0) (i32.const 0)
      (i32.const 0) (i32.const 0) (i64.const 0) (i64.const 0) (i32.const 0) (i32.const 0)))
    (return (call $reply (i32.const 56)))""",
        "e": "(call $exit (i32.const 42))",
    }
    first = "(i32.load8_u (local.get 0))"
    invoke = "\n".join(
        f"(if (i32.eq {first} (i32.const {ord(letter)})) (then {body}))"
        for letter, body in on.items()
    )
    return made.core_module(imports=imports, items=reply, invoke=f"{invoke} unreachable")


@pytest.fixture
async def component(workbench: Workbench) -> LoadedComponent:
    return await workbench.engine.load(await workbench.engine.componentize(probe()))


async def ran(component: LoadedComponent, *turns: object) -> list[bytes]:
    """The replies of turns in one fresh instance."""
    guest = await component.instantiate()
    replies = []
    for each in turns:
        outcome = await guest.run(each)  # type: ignore[arg-type]
        assert outcome.error is None, outcome.error
        assert outcome.reply is not None
        replies.append(outcome.reply.data)
    guest.close()
    return replies


async def test_it_imports_what_it_uses_of_the_contract(component: LoadedComponent) -> None:
    names = {name.partition("@")[0] for name in component.imports}
    assert names == {f"kelpie:actor/{each}" for each in ("types", "clock", "entropy", "log")}


async def test_the_clock_is_the_turns(component: LoadedComponent) -> None:
    began, now, later = await ran(
        component, turn("born"), turn("now"), turn("now", time_ns=TIME_NS + 7)
    )
    assert struct.unpack("<Q", began) == struct.unpack("<Q", now) == (TIME_NS,)
    assert struct.unpack("<Q", later) == (TIME_NS + 7,)


async def test_sleeping_moves_the_clock_on(component: LoadedComponent) -> None:
    slept, now = await ran(component, turn("sleep"), turn("now"))
    assert struct.unpack("<Q", slept) == (TIME_NS + 5_000,)
    assert struct.unpack("<Q", now) == (TIME_NS + 5_000,), "the steady clock went back"


@pytest.mark.parametrize("size", [0, 1, 3, 63, 64, 65, 200])
async def test_randomness_is_chacha_under_the_turns_seed(
    component: LoadedComponent, size: int
) -> None:
    asked = turn("random", "x" * size)
    (drawn,) = await ran(component, asked)
    stream = EntropyStream(EntropyKeys.of(SEED).turn)
    key = b"".join(stream.draw(8) for _ in range(4))
    assert drawn == chacha20(key, size)
    # An instance that has run other turns draws the same.
    assert (await ran(component, turn("random", "x" * 9), asked))[1] == drawn
    if size > 8:
        assert await ran(component, turn("random", "x" * size, entropy_seed=b"other")) != [drawn]


async def test_output_is_the_log(component: LoadedComponent) -> None:
    guest = await component.instantiate()
    outcome = await guest.run(turn("write", SAID))
    assert outcome.log == [LogLine("info", line) for line in SAID.split("\n")]
    long = "\u00e9" * 20_000
    outcome = await guest.run(turn("write", long))
    assert "".join(line.message for line in outcome.log) == long
    guest.close()


async def test_what_is_not_supported_is_said_once(component: LoadedComponent) -> None:
    guest = await component.instantiate()
    outcome = await guest.run(turn("unlink"))
    assert outcome.reply is not None
    assert struct.unpack("<I", outcome.reply.data) == (58,)
    (line,) = outcome.log
    assert line.level == "warn"
    assert line.message.startswith("path_unlink_file is not supported")
    assert (await guest.run(turn("unlink"))).log == []
    guest.close()


async def test_a_folder_is_open_of_which_nothing_is_supported(component: LoadedComponent) -> None:
    """As a C library wants one, before it asks for any file."""
    guest = await component.instantiate()
    outcome = await guest.run(turn("folder"))
    assert outcome.reply is not None
    found = struct.unpack("<IIQ4sIIIQQQ", outcome.reply.data)
    get, name, prestat, path, next_one, fdstat, opened, kind, rights, inherited = found
    assert (get, name, prestat, path) == (0, 0, 1 << 32, b"/\0\0\0")
    assert next_one == 8, "there is another"
    assert (fdstat, kind) == (0, 3)
    assert rights == inherited == (1 << 30) - 1
    assert opened == 58
    assert [line.message.partition(":")[0] for line in outcome.log] == [
        "path_open is not supported"
    ]
    guest.close()


async def test_an_exit_is_logged_and_traps(component: LoadedComponent) -> None:
    guest = await component.instantiate()
    outcome = await guest.run(turn("exit"))
    assert isinstance(outcome.error, GuestTrapped)
    assert outcome.log == [LogLine("error", "the program ended itself, with exit code 42")]


async def test_the_same_turns_do_the_same(component: LoadedComponent) -> None:
    runs = []
    for _ in range(2):
        guest = await component.instantiate()
        outcomes = [
            await guest.run(turn(operation, "a\nb"))
            for operation in ("now", "random", "write", "sleep", "unlink", "born")
        ]
        runs.append([(each.reply, each.fuel, each.journal, each.log) for each in outcomes])
        guest.close()
    assert runs[0] == runs[1]


def chacha20(key: bytes, size: int) -> bytes:
    """The first bytes of the stream under this key, with no nonce (RFC 8439)."""
    begin = [0x61707865, 0x3320646E, 0x79622D32, 0x6B206574, *struct.unpack("<8I", key)]
    stream = b""
    for number in range(size // 64 + 1):
        state = [*begin, number, 0, 0, 0]
        x = list(state)
        for _ in range(10):
            for a, b, c, d in ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15)):
                quarter(x, a, b, c, d)
            for a, b, c, d in ((0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14)):
                quarter(x, a, b, c, d)
        sums = [(one + other) & 0xFFFFFFFF for one, other in zip(x, state, strict=True)]
        stream += struct.pack("<16I", *sums)
    return stream[:size]


def quarter(x: list[int], a: int, b: int, c: int, d: int) -> None:
    for into, more, mixed, rotation in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
        x[into] = (x[into] + x[more]) & 0xFFFFFFFF
        rest = x[mixed] ^ x[into]
        x[mixed] = (rest << rotation | rest >> (32 - rotation)) & 0xFFFFFFFF
