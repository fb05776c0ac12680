"""What a component says of itself, and what it imports."""

from __future__ import annotations

import json

import pytest

from kelpie.wasm.component import LoadedComponent

pytestmark = pytest.mark.asyncio(loop_scope="session")

INTEGER = "integer"
READ_ONLY = {
    *("get", "kv_get", "kv_list", "time", "language_time", "identity", "config", "secret"),
    *("write_read_only", "change_read_only", "instance_turns", "reminders"),
}
# The members of each argument, and which of them must be there.
ARGUMENTS = {
    "echo": (["value"], ["value"]),
    "add": (["amount"], []),
    "get": ([], []),
    "note": (["name", "text"], ["name", "text"]),
    "forget": (["name"], ["name"]),
    "clear_all": ([], []),
    "kv_set": (["key", "text"], ["key", "text"]),
    "kv_set_bytes": (["key", "hex"], ["key", "hex"]),
    "kv_get": (["key"], ["key"]),
    "kv_delete": (["key"], ["key"]),
    "kv_list": (["prefix", "after", "limit", "reverse"], []),
    "time": ([], []),
    "language_time": ([], []),
    "entropy": (["length"], ["length"]),
    "entropy_u64": ([], []),
    "uuid": ([], []),
    "language_random": ([], []),
    "log": (["level", "message"], ["level", "message"]),
    "identity": ([], []),
    "config": (["name"], ["name"]),
    "secret": (["name"], ["name"]),
    "reject": (["code", "message"], ["code", "message"]),
    "fail": (["message"], ["message"]),
    "panic": (["message"], ["message"]),
    "spin": ([], []),
    "allocate": (["bytes"], ["bytes"]),
    "add_then_reject": (["amount"], ["amount"]),
    "write_read_only": ([], []),
    "change_read_only": ([], []),
    "instance_turns": ([], []),
    "cancel_reminder": (["name"], ["name"]),
    "reminders": ([], []),
}
BYTES = {"echo_bytes"}
MESSAGING = {"call", "send", "send_after", "request", "remind"}


async def test_the_operations(loaded: LoadedComponent) -> None:
    operations = loaded.manifest.operations
    assert loaded.manifest.doc
    assert set(operations) == {*ARGUMENTS, *BYTES, *MESSAGING}
    assert {name for name, each in operations.items() if each.read_only} == READ_ONLY
    for each in operations.values():
        assert each.doc, f"{each.name} says nothing of itself"
        assert not each.durable


@pytest.mark.parametrize("name", ARGUMENTS)
async def test_the_schema_of_an_argument(loaded: LoadedComponent, name: str) -> None:
    members, required = ARGUMENTS[name]
    schema = loaded.manifest.operations[name].argument
    assert isinstance(schema, dict)
    assert schema["type"] == "object"
    assert list(schema["properties"]) == members, "in the order of their declaration"
    assert schema.get("required", []) == required
    assert schema["additionalProperties"] is False


async def test_some_schemas(loaded: LoadedComponent) -> None:
    operations = loaded.manifest.operations
    amount = operations["add"].argument["properties"]["amount"]  # type: ignore[index]
    assert (amount["type"], amount["default"]) == (INTEGER, 1)
    assert amount["description"]
    count = operations["add"].result
    assert isinstance(count, dict)
    assert count["properties"]["count"]["type"] == INTEGER
    assert operations["forget"].result == {"type": "boolean"}
    for lane in (operations["echo_bytes"].argument, operations["echo_bytes"].result):
        assert lane == {"type": "string", "format": "binary"}


async def test_references_lead_somewhere(loaded: LoadedComponent) -> None:
    for each in loaded.manifest.operations.values():
        for schema in (each.argument, each.result):
            assert schema is not None
            written = json.dumps(schema)
            assert "$schema" not in written
            if "$ref" in written:
                assert "$defs" in written


@pytest.mark.sealed
async def test_it_imports_the_contract_and_nothing_else(loaded: LoadedComponent) -> None:
    assert all(name.startswith("kelpie:actor/") for name in loaded.imports), loaded.imports
    assert loaded.batches
