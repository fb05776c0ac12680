"""The built componentizer, driven through its ABI."""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Iterator

import pytest
from wasmtime import Engine, wat2wasm
from wasmtime.component import Component

from tests.componentizer.driver import (
    CONTRACT,
    ROOT,
    CrashedError,
    RefusedError,
    compiled,
    componentize,
    inspect,
)
from tests.guests import made

COUNTER = ROOT / "examples" / "rust-counter" / "counter.wasm"


def refusal(module: bytes, wit: str | bytes = CONTRACT, adapter: bytes = b"") -> str:
    with pytest.raises(RefusedError) as refused:
        componentize(module, wit, adapter)
    return str(refused.value)


# It is a sealed module, and what it makes are components.


def test_it_imports_nothing() -> None:
    _, module = compiled()
    assert not module.imports
    names = {export.name for export in module.exports}
    functions = {"alloc", "dealloc", "componentize", "inspect", "out_ptr", "out_len"}
    assert names >= functions | {"memory"}


def test_a_module_without_metadata_is_of_the_contract() -> None:
    component = componentize(made.core_module())
    Component(Engine(), component)
    report = inspect(component, CONTRACT)
    assert report["form"] == "component"
    assert report["misfit"] is None
    assert [export["name"] for export in report["exports"]] == ["kelpie:actor/handler@0.1.0"]


def test_what_is_not_imported_by_the_module_is_not_imported_by_the_component() -> None:
    imports = inspect(made.component())["imports"]
    assert [found["interface"] for found in imports] == ["types"]


def test_metadata_of_the_module_goes_before_the_given_wit() -> None:
    # The module says itself of which world it is; nonsense as WIT is not looked at.
    custom = _metadata_of_the_contract()
    component = componentize(made.core_module() + custom, "nonsense")
    assert inspect(component, CONTRACT)["misfit"] is None


def test_same_input_same_output() -> None:
    assert componentize(made.core_module()) == componentize(made.core_module())


def test_an_adapter_serves_wasip1() -> None:
    module = _yielding()
    assert "`wasi_snapshot_preview1`, and no adapter" in refusal(module)
    adapter = wat2wasm('(module (func (export "sched_yield") (result i32) i32.const 0))')
    component = componentize(module, adapter=bytes(adapter))
    assert [found["interface"] for found in inspect(component)["imports"]] == ["types"]


def test_an_adapter_that_is_not_needed_does_no_harm() -> None:
    adapter = wat2wasm('(module (func (export "sched_yield") (result i32) i32.const 0))')
    component = componentize(made.core_module(), adapter=bytes(adapter))
    assert inspect(component, CONTRACT)["misfit"] is None


def _yielding() -> bytes:
    """A module that calls one function of wasip1."""
    return made.core_module(
        imports='(import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))',
        items="(func (drop (call $yield)))",
    )


def test_it_is_fast_enough_for_a_deploy() -> None:
    module = made.core_module()
    componentize(module)
    began = time.perf_counter()
    componentize(module)
    # Some 3 ms here; the limit is for slow machines.
    assert time.perf_counter() - began < 1


# What it refuses, it refuses in words.


@pytest.mark.parametrize(
    ("module", "words"),
    [
        (b"", "the file is empty"),
        (b"#!/bin/sh\n", "this is not WebAssembly"),
        (b"\0asm\1\0", "the file ends after 6 bytes"),
        (b"\0asm\2\0\0\0", "bytes 4 to 7 are 02 00 00 00"),
        (b"\0asm\1\0\0\0\1", "the module is not valid: unexpected end"),
        (b"\0asm\1\0\0\0", "the module does not fit its world: failed to find export"),
    ],
)
def test_refusals(module: bytes, words: str) -> None:
    assert words in refusal(module)


def test_a_component_is_refused() -> None:
    assert "this is a component already" in refusal(COUNTER.read_bytes())


def test_a_module_without_the_exports_is_refused() -> None:
    message = refusal(bytes(wat2wasm("(module)")))
    assert message.startswith("the module does not fit its world: ")
    assert "`kelpie:actor/handler@0.1.0` function `invoke`" in message


def test_an_export_of_another_type_is_refused() -> None:
    message = refusal(made.core_module(describe_type="(param i32) (result i32)"))
    assert "describe" in message


def test_an_import_that_is_not_of_the_contract_is_refused() -> None:
    module = made.core_module(imports='(import "env" "getpid" (func (result i32)))')
    assert "env" in refusal(module)


def test_a_module_of_another_version_is_refused() -> None:
    message = refusal(made.core_module(version="9.9.9"))
    assert message == (
        "the module is built against `kelpie:actor/handler@9.9.9`, and kelpie:actor@0.1.0 is wanted"
    )


def test_a_function_that_the_contract_has_not_is_refused() -> None:
    module = made.core_module(
        imports='(import "kelpie:actor/clock@0.1.0" "sleep" (func $f))', items="(func (call $f))"
    )
    assert "sleep" in refusal(module)


@pytest.mark.parametrize(
    ("wit", "words"),
    [
        ("", "the WIT is empty"),
        (b"\xff", "the WIT is not UTF-8"),
        ("package a:b; world other {}", "the WIT has no world `actor`"),
        ("package a:b; world actor { import nothing; }", "nothing"),
        ("world world world", "the WIT could not be read"),
    ],
)
def test_a_wit_that_is_not_usable(wit: str | bytes, words: str) -> None:
    assert words in refusal(made.core_module(), wit)


@pytest.mark.parametrize("adapter", [b"garbage", b"\0asm\1\0\0\0\1"])
def test_an_adapter_that_is_not_usable(adapter: bytes) -> None:
    assert "the adapter is not valid" in refusal(_yielding(), adapter=adapter)


def test_a_panic_leaves_its_words_in_the_output() -> None:
    # The encoder drops what it does not need of an adapter, and it does not know
    # exceptions when it does.
    module = _yielding()
    adapter = wat2wasm("""
(module
  (func (export "sched_yield") (result i32)
    (block $caught (try_table (catch_all $caught)))
    i32.const 0))""")
    with pytest.raises(CrashedError, match=r"^the componentizer panicked: not implemented \(at "):
        componentize(module, adapter=bytes(adapter))


def test_metadata_that_is_not_usable() -> None:
    module = made.core_module() + _custom_section("component-type", b"garbage")
    assert "component metadata is not usable" in refusal(module)


def test_a_module_cut_off_anywhere_is_no_crash() -> None:
    module = made.core_module() + _metadata_of_the_contract()
    for length in range(0, len(module), 7):
        _componentize_or_refuse(module[:length])


def test_a_component_cut_off_anywhere_is_no_crash() -> None:
    component = COUNTER.read_bytes()
    for length in range(0, len(component), 997):
        with contextlib.suppress(RefusedError):
            # Cut off between two sections it is whole, and lacks what came behind.
            assert inspect(component[:length], CONTRACT)["misfit"]


@pytest.mark.parametrize("seed", range(4))
def test_a_damaged_module_is_no_crash(seed: int) -> None:
    for bad in _damaged(made.core_module(), seed):
        _componentize_or_refuse(bad)


@pytest.mark.parametrize("seed", [0, 2])
def test_damaged_metadata_is_at_worst_a_crash_that_is_contained(seed: int) -> None:
    # The metadata is read by `wit-parser`, which recurses without end on packages
    # that depend on each other in a circle: seed 2 makes such a one.
    for bad in _damaged(made.core_module() + _metadata_of_the_contract(), seed):
        with contextlib.suppress(CrashedError):
            _componentize_or_refuse(bad)
    assert componentize(made.core_module())


@pytest.mark.parametrize("seed", range(4))
def test_a_damaged_component_is_no_crash(seed: int) -> None:
    for bad in _damaged(COUNTER.read_bytes(), seed):
        with contextlib.suppress(RefusedError):
            inspect(bad, CONTRACT)


@pytest.mark.parametrize("head", [b"", b"\0asm\1\0\0\0", b"\0asm\x0d\0\1\0"])
def test_random_bytes_are_no_crash(head: bytes) -> None:
    dice = random.Random(1)
    for _ in range(50):
        _componentize_or_refuse(head + dice.randbytes(dice.randrange(200)))


# What it says about a module or component.


def test_inspecting_a_module() -> None:
    report = inspect(
        made.core_module(
            imports='(import "kelpie:actor/clock@0.1.0" "now" (func (result i64)))',
        )
    )
    assert report["form"] == "module"
    assert report["metadata"] is False
    assert report["imports"] == [
        {"module": "kelpie:actor/clock@0.1.0", "name": "now", "kind": "function"}
    ]
    assert {"name": "memory", "kind": "memory"} in report["exports"]
    assert inspect(made.core_module() + _metadata_of_the_contract())["metadata"] is True


def test_inspecting_a_component() -> None:
    report = inspect(COUNTER.read_bytes(), CONTRACT)
    assert report["misfit"] is None
    assert report["exports"] == [
        {
            "name": "kelpie:actor/batch@0.1.0",
            "package": "kelpie:actor",
            "interface": "batch",
            "version": "0.1.0",
            "kind": "instance",
            "functions": ["invoke-batch"],
        },
        {
            "name": "kelpie:actor/handler@0.1.0",
            "package": "kelpie:actor",
            "interface": "handler",
            "version": "0.1.0",
            "kind": "instance",
            "functions": ["invoke", "describe"],
        },
    ]
    functions = {found["interface"]: found["functions"] for found in report["imports"]}
    assert functions == {"types": [], "state": ["load", "save"]}


def test_what_is_exported_besides_decides_on_the_world() -> None:
    # Without metadata, a module's exports tell; of a component they always do.
    report = inspect(made.batching("1\n"), CONTRACT)
    assert report["misfit"] is None
    assert {each["interface"] for each in report["exports"]} == {"handler", "batch"}
    misfit = inspect(made.with_another_batch(), CONTRACT)["misfit"]
    assert "kelpie:actor/batch@0.1.0" in misfit
    assert "invoke-batch" in misfit
    with pytest.raises(RefusedError, match="invoke-batch"):
        made.batching(function_type="(param i32) (result i32)")


def test_a_component_of_another_version() -> None:
    report = inspect(made.of_another_version("9.9.9"), CONTRACT)
    assert {found["version"] for found in report["imports"]} == {"9.9.9"}
    assert report["misfit"] == "missing import named `kelpie:actor/types@9.9.9`"


def test_a_component_of_another_world() -> None:
    report = inspect(made.of_another_world(), CONTRACT)
    assert report["exports"] == [
        {
            "name": "run",
            "package": None,
            "interface": None,
            "version": None,
            "kind": "function",
            "functions": [],
        }
    ]
    assert report["misfit"] == "missing export named `kelpie:actor/handler@0.1.0`"


def test_a_component_without_the_handler() -> None:
    report = inspect(made.without_handler(), CONTRACT)
    assert report["exports"] == []
    assert report["misfit"] == "missing export named `kelpie:actor/handler@0.1.0`"


def test_a_component_with_another_signature() -> None:
    misfit = inspect(made.with_another_signature(), CONTRACT)["misfit"]
    assert "`describe`: expected 0 parameters, found 1" in misfit
    assert "\n" not in misfit


def test_a_component_that_imports_wasi() -> None:
    report = inspect(made.importing_wasi(), CONTRACT)
    foreign = {found["name"] for found in report["imports"] if found["package"] != "kelpie:actor"}
    assert foreign == {"wasi:cli/environment@0.2.6", "wasi:clocks/monotonic-clock@0.2.6"}
    # Of the contract it keeps to all; the rest is for the host to judge.
    assert report["misfit"] is None


def test_without_a_wit_no_misfit_is_looked_for() -> None:
    assert inspect(made.of_another_world())["misfit"] is None


@pytest.mark.parametrize("binary", [b"", b"x", b"\0asm", b"\0asm\x0d\0\1\0\xff"])
def test_what_cannot_be_inspected(binary: bytes) -> None:
    with pytest.raises(RefusedError):
        inspect(binary, CONTRACT)


def _damaged(good: bytes, seed: int) -> Iterator[bytes]:
    """The same with a few bytes changed, many times; the header stays."""
    dice = random.Random(seed)
    for _ in range(50):
        bad = bytearray(good)
        for _ in range(dice.randint(1, 4)):
            bad[dice.randrange(8, len(bad))] = dice.randrange(256)
        yield bytes(bad)


def _componentize_or_refuse(module: bytes) -> None:
    with contextlib.suppress(RefusedError):
        componentize(module)


def _metadata_of_the_contract() -> bytes:
    """The section that a bindings generator would leave, taken from a component
    type that the componentizer made itself."""
    package = bytes(wat2wasm(_CONTRACT_AS_COMPONENT_TYPE))
    return _custom_section("component-type:test", package)


# The smallest world that has the handler: no imports but the types it uses.
_CONTRACT_AS_COMPONENT_TYPE = r"""
(component
  (type (component
    (type (component
      (import "kelpie:actor/types@0.1.0" (instance $types
        (type $p (variant (case "text" string) (case "bytes" (list u8))))
        (export "payload" (type (eq $p)))
        (type $r (record (field "code" string) (field "message" string)))
        (export "rejection" (type $rejection (eq $r)))
        (type $f (variant (case "rejected" $rejection) (case "failed" string)
          (case "unavailable" string) (case "unknown" string)))
        (export "failure" (type (eq $f)))))
      (alias export $types "payload" (type $payload))
      (alias export $types "failure" (type $failure))
      (export "kelpie:actor/handler@0.1.0" (instance
        (alias outer 1 $payload (type $outer-payload))
        (export "payload" (type $payload (eq $outer-payload)))
        (alias outer 1 $failure (type $outer-failure))
        (export "failure" (type $failure (eq $outer-failure)))
        (type $result (result $payload (error $failure)))
        (export "invoke" (func (param "operation" string) (param "argument" $payload)
          (result $result)))
        (export "describe" (func (result string)))))))
    (export "kelpie:actor/actor@0.1.0" (component (type 0)))))
  (export "actor" (type 0))
  (@custom "wit-component-encoding" "\04\00"))
"""


def _custom_section(name: str, content: bytes) -> bytes:
    body = bytes([len(name)]) + name.encode() + content
    return b"\0" + _leb(len(body)) + body


def _leb(number: int) -> bytes:
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(out) + bytes([number])
