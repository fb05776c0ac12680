"""An actor that was made with other tools: it imports WASI 0.2, and is written by hand.

Its operations are told by their first letters:

    say        writes its argument to standard output
    grumble    writes its argument to standard error
    now        replies both clocks, 8 bytes each, the time of day in seconds
    wait       waits 1.5 s by a pollable of its own, and replies both clocks
    poll       waits for the earlier of two, and replies both clocks
    random     replies 16 random bytes
    exit       ends itself with code 3
    listen     replies whether its input is at its end (1) or not (0)
"""

from __future__ import annotations

from tests.componentizer.driver import CONTRACT, componentize
from tests.guests.made import RESULT, core_module

__all__ = ["actor"]

VERSION = "0.2.3"
_WASI = """
package wasi:io@{v} {
  interface error { resource error { to-debug-string: func() -> string; } }
  interface poll {
    resource pollable { ready: func() -> bool; block: func(); }
    poll: func(in: list<borrow<pollable>>) -> list<u32>;
  }
  interface streams {
    use error.{error};
    use poll.{pollable};
    variant stream-error { last-operation-failed(error), closed }
    resource input-stream { read: func(len: u64) -> result<list<u8>, stream-error>; }
    resource output-stream {
      blocking-write-and-flush: func(contents: list<u8>) -> result<_, stream-error>;
    }
  }
}
package wasi:cli@{v} {
  interface stdin { use wasi:io/streams@{v}.{input-stream}; get-stdin: func() -> input-stream; }
  interface stdout { use wasi:io/streams@{v}.{output-stream}; get-stdout: func() -> output-stream; }
  interface stderr { use wasi:io/streams@{v}.{output-stream}; get-stderr: func() -> output-stream; }
  interface exit { exit-with-code: func(code: u8); }
}
package wasi:clocks@{v} {
  interface monotonic-clock {
    use wasi:io/poll@{v}.{pollable};
    now: func() -> u64;
    subscribe-duration: func(when: u64) -> pollable;
  }
  interface wall-clock {
    record datetime { seconds: u64, nanoseconds: u32 }
    now: func() -> datetime;
  }
}
package wasi:random@{v} { interface random { get-random-u64: func() -> u64; } }
"""
_IMPORTED = [
    "io/error",
    "io/poll",
    "io/streams",
    "cli/stdin",
    "cli/stdout",
    "cli/stderr",
    "cli/exit",
    "clocks/monotonic-clock",
    "clocks/wall-clock",
    "random/random",
]
_DATA = 1024


def actor() -> bytes:
    """As a component."""
    imports = " ".join(f"import wasi:{name}@{VERSION};" for name in _IMPORTED)
    world = CONTRACT.replace("world actor {", "world actor { " + imports)
    return componentize(_module(), world + _WASI.replace("{v}", VERSION))


def _import(interface: str, function: str, name: str, signature: str) -> str:
    return f'(import "wasi:{interface}@{VERSION}" "{function}" (func ${name} {signature}))'


def _module() -> bytes:
    write = "[method]output-stream.blocking-write-and-flush"
    return core_module(
        imports="\n".join(
            [
                _import("cli/stdin", "get-stdin", "stdin", "(result i32)"),
                _import("cli/stdout", "get-stdout", "stdout", "(result i32)"),
                _import("cli/stderr", "get-stderr", "stderr", "(result i32)"),
                _import("io/streams", "[method]input-stream.read", "read", "(param i32 i64 i32)"),
                _import("io/streams", write, "write", "(param i32 i32 i32 i32)"),
                _import("io/streams", "[resource-drop]output-stream", "drop", "(param i32)"),
                _import("cli/exit", "exit-with-code", "exit", "(param i32)"),
                _import("clocks/monotonic-clock", "now", "steady", "(result i64)"),
                _import(
                    "clocks/monotonic-clock",
                    "subscribe-duration",
                    "after",
                    "(param i64) (result i32)",
                ),
                _import("clocks/wall-clock", "now", "wall", "(param i32)"),
                _import("io/poll", "[method]pollable.block", "block", "(param i32)"),
                _import("io/poll", "poll", "poll", "(param i32 i32 i32)"),
                _import("random/random", "get-random-u64", "random", "(result i64)"),
            ]
        ),
        items=_items(),
        invoke=_invoke(),
    )


def _items() -> str:
    return f"""
  (func $reply (param $size i32) (result i32)
    (i32.store8 (i32.const {RESULT}) (i32.const 0))
    (i32.store8 (i32.const {RESULT + 4}) (i32.const 1))  ;; bytes
    (i32.store (i32.const {RESULT + 8}) (i32.const {_DATA}))
    (i32.store (i32.const {RESULT + 12}) (local.get $size))
    (i32.const {RESULT}))
  (func $clocks (result i32)
    (i64.store (i32.const {_DATA}) (call $steady))
    (call $wall (i32.const {_DATA + 8}))
    (call $reply (i32.const 16)))
  (func $say (param $stream i32) (param $at i32) (param $size i32) (result i32)
    (call $write (local.get $stream) (local.get $at) (local.get $size) (i32.const {_DATA + 64}))
    (call $drop (local.get $stream))
    (call $reply (i32.const 0)))"""


def _wait(count: int) -> str:
    return f"""
    (i32.store (i32.const {_DATA}) (call $after (i64.const 1500000000)))
    (i32.store (i32.const {_DATA + 4}) (call $after (i64.const 9000000000)))
    (call $poll (i32.const {_DATA}) (i32.const {count}) (i32.const {_DATA + 64}))
    (return (call $clocks))"""


def _invoke() -> str:
    def on(letter: str, body: str) -> str:
        first = "(i32.load8_u (local.get 0))"
        return f"(if (i32.eq {first} (i32.const {ord(letter)})) (then {body}))"

    spoken = "(local.get 3) (local.get 4)"
    return "\n".join(
        [
            on("s", f"(return (call $say (call $stdout) {spoken}))"),
            on("g", f"(return (call $say (call $stderr) {spoken}))"),
            on("n", "(return (call $clocks))"),
            on("w", _wait(1)),
            on("p", _wait(2)),
            on(
                "r",
                f"""(i64.store (i32.const {_DATA}) (call $random))
    (i64.store (i32.const {_DATA + 8}) (call $random))
    (return (call $reply (i32.const 16)))""",
            ),
            on("e", "(call $exit (i32.const 3))"),
            on(
                "l",
                f"""(call $read (call $stdin) (i64.const 10) (i32.const {_DATA + 64}))
    (i32.store8 (i32.const {_DATA}) (i32.load8_u (i32.const {_DATA + 64})))
    (return (call $reply (i32.const 1)))""",
            ),
            "unreachable",
        ]
    )
