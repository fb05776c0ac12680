"""Guests that are made when a test wants them: odd, broken or hostile ones.

Each function gives the bytes of a core module or of a component. The core
modules are written in text by hand, straight over the canonical ABI:

    invoke(operation, its length, kind of argument, argument, its length)
        -> where the result is
    describe() -> where the pointer and length of the manifest are
    cabi_realloc(old, its size, alignment, size wanted) -> memory for arguments

`invoke` replies with the text at 64, `ok`, unless told otherwise.
"""

from __future__ import annotations

import re
from typing import Any

from wasmtime import wat2wasm

from tests.componentizer.driver import CONTRACT, componentize

# Where things are in the memory of these modules.
RESULT, MANIFEST_POINTER, REPLY, MANIFEST, HEAP = 0, 32, 64, 128, 65_536
BATCH_REPLY = 32_768

OK = f"""
    (i32.store8 (i32.const {RESULT}) (i32.const 0))        ;; the turn succeeds
    (i32.store8 (i32.const {RESULT + 4}) (i32.const 0))    ;; with a text
    (i32.store (i32.const {RESULT + 8}) (i32.const {REPLY}))
    (i32.store (i32.const {RESULT + 12}) (i32.const 2))
    (i32.const {RESULT})"""


def core_module(
    *,
    invoke: str = OK,
    describe: str | None = None,
    describe_type: str = "(result i32)",
    imports: str = "",
    items: str = "",
    manifest: str = '{"operations": [{"name": "run"}]}',
    version: str = "0.1.0",
    pages: int = 2,
) -> bytes:
    """A core module of the contract, with these bodies and more items."""
    if describe is None:
        describe = f"""
    (i32.store (i32.const {MANIFEST_POINTER}) (i32.const {MANIFEST}))
    (i32.store (i32.const {MANIFEST_POINTER + 4}) (i32.const {len(manifest.encode())}))
    (i32.const {MANIFEST_POINTER})"""
    return bytes(
        wat2wasm(f"""
(module
  {imports}
  (memory (export "memory") {pages})
  (data (i32.const {REPLY}) "ok")
  (data (i32.const {MANIFEST}) {_quoted(manifest)})
  (global $next (mut i32) (i32.const {HEAP}))
  (func (export "cabi_realloc") (param $old i32) (param $size i32) (param i32) (param $new i32)
    (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $next) (i32.const 15)) (i32.const -16)))
    (global.set $next (i32.add (local.get $at) (local.get $new)))
    (block $fits
      (br_if $fits (i32.le_u (global.get $next) (i32.mul (memory.size) (i32.const 65536))))
      (br_if $fits (i32.ne (i32.const -1) (memory.grow
        (i32.add (i32.const 1) (i32.div_u (local.get $new) (i32.const 65536))))))
      unreachable)
    (local.get $at))
  (func $invoke (export "kelpie:actor/handler@{version}#invoke")
    (param i32 i32 i32 i32 i32) (result i32)
    ;; All that was allocated belongs to this turn, and the next one may have it.
    (global.set $next (i32.const {HEAP}))
    {invoke})
  (func $describe (export "kelpie:actor/handler@{version}#describe") {describe_type}
    {describe})
  {items}
)""")
    )


def component(**parts: Any) -> bytes:
    """The same as a component."""
    return componentize(core_module(**parts))


def batching(reply: str = "", *, fails_at: int | None = None, function_type: str = "") -> bytes:
    """A component that answers every batch with this text, or fails at this index."""
    body = f"""
    (i32.store8 (i32.const {RESULT}) (i32.const 0))
    (i32.store (i32.const {RESULT + 4}) (i32.const {BATCH_REPLY}))
    (i32.store (i32.const {RESULT + 8}) (i32.const {len(reply.encode())}))
    (i32.const {RESULT})"""
    if fails_at is not None:
        body = f"""
    (i32.store8 (i32.const {RESULT}) (i32.const 1))
    (i32.store (i32.const {RESULT + 4}) (i32.const {fails_at}))
    (i32.store8 (i32.const {RESULT + 8}) (i32.const 1))    ;; failed
    (i32.store (i32.const {RESULT + 12}) (i32.const {REPLY}))
    (i32.store (i32.const {RESULT + 16}) (i32.const 2))
    (i32.const {RESULT})"""
    items = f"""
  (data (i32.const {BATCH_REPLY}) {_quoted(reply)})
  (func (export "kelpie:actor/batch@0.1.0#invoke-batch")
    {function_type or "(param i32 i32) (result i32)"}
    (global.set $next (i32.const {HEAP}))
    {body})"""
    return component(items=items)


# Components that are sound and that a host has to refuse.


def of_another_version(version: str = "9.9.9") -> bytes:
    """Of another version of the contract, which is the same otherwise."""
    return componentize(
        core_module(
            version=version,
            imports=f"""
  (import "kelpie:actor/clock@{version}" "now" (func $now (result i64)))""",
            items="(func (drop (call $now)))",
        ),
        _with_version(version),
    )


def of_another_world() -> bytes:
    """Nothing of the contract in it: it exports one function, `run`."""
    module = wat2wasm('(module (func (export "run")))')
    return componentize(bytes(module), "package other:thing; world actor { export run: func(); }")


def without_handler() -> bytes:
    """It imports from the contract and exports nothing."""
    module = wat2wasm("""
(module
  (import "kelpie:actor/clock@0.1.0" "now" (func $now (result i64)))
  (func (drop (call $now))))""")
    return componentize(bytes(module), CONTRACT.replace("export handler;", ""))


def with_another_batch() -> bytes:
    """Its `invoke-batch` takes a payload, and replies as `invoke` does."""
    before, after = CONTRACT.split("interface batch {")
    after = after.replace("{failure}", "{payload, failure}", 1).replace(
        "(operations: string) -> result<string, batch-failure>",
        "(operations: payload) -> result<payload, failure>",
    )
    contract = f"{before}interface batch {{{after}"
    items = f"""
  (func (export "kelpie:actor/batch@0.1.0#invoke-batch") (param i32 i32 i32) (result i32)
    {OK})"""
    return componentize(core_module(items=items), contract)


def with_another_signature() -> bytes:
    """Names and version are the contract's, but `describe` takes a number."""
    return componentize(
        core_module(describe_type="(param i32) (result i32)"),
        CONTRACT.replace("describe: func() -> string", "describe: func(of: u32) -> string"),
    )


def importing_wasi() -> bytes:
    """An actor in order, which also imports two interfaces of WASI."""
    wasi = """
package wasi:cli@0.2.6 { interface environment { initial-cwd: func() -> option<string>; } }
package wasi:clocks@0.2.6 { interface monotonic-clock { now: func() -> u64; } }
"""
    imports = "import wasi:cli/environment@0.2.6; import wasi:clocks/monotonic-clock@0.2.6;"
    world = CONTRACT.replace("world actor {", "world actor { " + imports)
    return componentize(
        core_module(
            imports="""
  (import "wasi:cli/environment@0.2.6" "initial-cwd" (func $cwd (param i32)))
  (import "wasi:clocks/monotonic-clock@0.2.6" "now" (func $now (result i64)))""",
            items="(func (call $cwd (i32.const 0)) (drop (call $now)))",
        ),
        world + wasi,
    )


def importing_http() -> bytes:
    """An actor in order, which also imports what the virtual WASI has not."""
    wasi = """
package wasi:http@0.2.6 { interface outgoing-handler { handle: func() -> u64; } }
package wasi:clocks@0.3.0 { interface monotonic-clock { now: func() -> u64; } }
package wasi:cli@0.2.6 { interface exit { leave: func() -> u64; } }
"""
    names = "wasi:http/outgoing-handler@0.2.6 wasi:clocks/monotonic-clock@0.3.0 wasi:cli/exit@0.2.6"
    functions = dict(zip(names.split(), ("handle", "now", "leave"), strict=True))
    imports = " ".join(f"import {name};" for name in functions)
    world = CONTRACT.replace("world actor {", "world actor { " + imports)
    return componentize(
        core_module(
            imports="".join(
                f'(import "{name}" "{function}" (func ${function} (result i64)))'
                for name, function in functions.items()
            ),
            items="(func "
            + "".join(f"(drop (call ${function}))" for function in functions.values())
            + ")",
        ),
        world + wasi,
    )


# Components that a host accepts and that then misbehave.


def describing(manifest: str) -> bytes:
    """With this manifest, which need not be JSON."""
    return component(manifest=manifest)


def describe_traps() -> bytes:
    return component(describe="unreachable")


def describe_spins() -> bytes:
    return component(describe="(loop $for_ever (br $for_ever)) unreachable")


def describe_calls_host() -> bytes:
    """It asks for the time, which a host does not give at deploy."""
    return component(
        imports='(import "kelpie:actor/clock@0.1.0" "now" (func $now (result i64)))',
        describe="(drop (call $now)) unreachable",
    )


def start_traps() -> bytes:
    return component(items="(func $start unreachable) (start $start)")


def start_spins() -> bytes:
    return component(items="(func $start (loop $on (br $on))) (start $start)")


def memory_hog(pages: int) -> bytes:
    """It has so many pages of 64 KiB from the beginning."""
    return component(pages=pages)


def saving_config(name: str) -> bytes:
    """`invoke` saves what is set for the kind by this name, and replies it."""
    found, value, size = 1024, 1028, 1032
    return component(
        imports="""
  (import "kelpie:actor/config@0.1.0" "get" (func $get (param i32 i32 i32)))
  (import "kelpie:actor/state@0.1.0" "save" (func $save (param i32 i32 i32)))""",
        items=f"(data (i32.const 512) {_quoted(name)})",
        invoke=f"""
    (call $get (i32.const 512) (i32.const {len(name.encode())}) (i32.const {found}))
    (if (i32.eqz (i32.load8_u (i32.const {found}))) (then unreachable))
    (call $save (i32.const 0) (i32.load (i32.const {value})) (i32.load (i32.const {size})))
    (drop {OK})
    (i32.store (i32.const {RESULT + 8}) (i32.load (i32.const {value})))
    (i32.store (i32.const {RESULT + 12}) (i32.load (i32.const {size})))
    (i32.const {RESULT})""",
    )


def table_hog() -> bytes:
    """`invoke` makes its table larger for as long as it may, then replies."""
    return component(
        items="(table $table 1 funcref)",
        invoke=f"""
    (loop $more
      (br_if $more (i32.ne (i32.const -1)
        (table.grow $table (ref.null func) (i32.const 10000)))))
    {OK}""",
    )


def reply_outside_memory() -> bytes:
    """The reply is said to be where there is no memory."""
    return component(
        invoke=f"""
    (i32.store (i32.const {RESULT + 8}) (i32.const 0x7fffffff))
    (i32.store (i32.const {RESULT + 12}) (i32.const 2))
    (i32.const {RESULT})"""
    )


def reply_not_utf8() -> bytes:
    """The reply is a text of two bytes that are not UTF-8."""
    return component(invoke=f"(i32.store16 (i32.const {REPLY}) (i32.const 0xfeff)) {OK}")


def reply_of_no_kind() -> bytes:
    """The reply is neither text nor bytes."""
    return component(invoke=f"(drop {OK}) (i32.store8 (i32.const 4) (i32.const 9)) (i32.const 0)")


def compile_bomb(operations: int, variables: int = 500) -> bytes:
    """A component, small and valid, that takes long to compile.

    It has one function in which many variables live through many branches, so
    that the work of the compiler grows faster than the function: 10,000 operations
    (200 KB) take some seconds, 30,000 (560 KB) most of a minute.
    """
    body = "\n".join(
        f"(local.set {index % variables} (i64.mul (local.get {(index * 7 + 1) % variables})"
        f" (i64.add (local.get {(index * 13 + 5) % variables})"
        f" (i64.load (i32.wrap_i64 (local.get {index % variables}))))))"
        + (f"(br_if $out (i64.eqz (local.get {index % variables})))" if index % 4 == 0 else "")
        for index in range(operations)
    )
    # All variables are wanted in the end, or the compiler would drop them.
    stores = "\n".join(
        f"(i64.store (i32.const {8 * index}) (local.get {index}))" for index in range(variables)
    )
    return component(
        items=f"""
  (func (local {"i64 " * variables})
    (loop $again
      (block $out {body})
      {stores}
      (br_if $again (i64.eqz (local.get 3)))))"""
    )


def _with_version(version: str) -> str:
    return re.sub(r"package kelpie:actor@[\d.]+;", f"package kelpie:actor@{version};", CONTRACT)


def _quoted(text: str) -> str:
    """A string of the text format, each byte as its number."""
    return '"' + "".join(f"\\{byte:02x}" for byte in text.encode()) + '"'
