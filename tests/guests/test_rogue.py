"""The rogue: each of its operations does what its manifest says."""

from __future__ import annotations

import json
from typing import Any

import pytest
from wasmtime import WasmtimeError
from wasmtime.component import Variant

from tests.guests.host import ROOT, Actor, Failed, Rejected, record

ROGUE = ROOT / "tests" / "guests" / "rogue.wasm"
MIB = 1 << 20


class Rogue(Actor):
    def ask(self, name: str, /, **argument: Any) -> Any:
        return json.loads(self.invoke(name, json.dumps(argument) if argument else ""))

    def death(self, name: str, /, **argument: Any) -> str:
        """What the engine says of a turn that does not come back."""
        with pytest.raises(WasmtimeError) as died:
            self.ask(name, **argument)
        return str(died.value)


@pytest.fixture
def rogue() -> Rogue:
    return Rogue(ROGUE, fuel=200_000_000)


@pytest.mark.parametrize("payload", ["", "text ä", b"", b"\x00\xff"])
def test_echo_and_state(rogue: Rogue, payload: str | bytes) -> None:
    assert rogue.invoke("echo", payload) == payload
    rogue.invoke("save", payload)
    assert rogue.state == payload
    assert rogue.invoke("load") == payload
    assert rogue.invoke("read_only_load") == payload
    rogue.invoke("clear")
    with pytest.raises(Rejected, match="absent"):
        rogue.invoke("load")


def test_kv(rogue: Rogue) -> None:
    rogue.ask("kv_set", key="a", value="1")
    rogue.ask("kv_set", key="b", value={"x": 1}, **{"as": "bytes"})
    rogue.ask("kv_set", key="", value="empty")
    rogue.ask("kv_set", key_bytes=2000, value="long")
    assert rogue.kv == {"a": "1", "b": b'{"x":1}', "": "empty", "k" * 2000: "long"}
    assert rogue.invoke("kv_get", '{"key": "b"}') == b'{"x":1}'
    assert rogue.ask("kv_list", limit=2, prefix="", after="") == {
        "entries": [
            {"key": "a", "value": "1"},
            {"key": "b", "value": {"hex": b'{"x":1}'.hex()}},
        ],
        "more": True,
    }
    rogue.ask("kv_delete", key="a")
    with pytest.raises(Rejected, match="absent"):
        rogue.ask("kv_get", key="a")


def test_whoami(rogue: Rogue) -> None:
    assert rogue.ask("whoami") == {
        "address": {"namespace": "default", "kind": "fixture", "key": "one"},
        "turn": 7,
        "request_id": "request-1",
        "caller": {"client": "anonymous"},
        "now": 1_700_000_000_000_000_000,
        "now_again": 1_700_000_000_000_000_000,
        "u64": 2**64 - 1,
        "uuid": "00000000-0000-4000-8000-000000000000",
        "bytes": bytes(range(16)).hex(),
    }
    assert rogue.ask("entropy", bytes=300) == {
        "length": 300,
        "begins": bytes(range(16)).hex(),
    }


def test_volatile_memory(rogue: Rogue) -> None:
    assert [rogue.ask("volatile")["turns"] for _ in range(3)] == [1, 2, 3]
    rogue.renew()
    assert rogue.ask("volatile") == {"turns": 1}


def test_hold_stays_within_the_memory(rogue: Rogue) -> None:
    assert rogue.ask("hold", megabytes=8) == {"held": 8 * MIB}
    assert rogue.ask("hold", megabytes=8) == {"held": 16 * MIB}
    assert "unreachable" in rogue.death("hold", megabytes=60)


def test_burn_takes_fuel_by_its_rounds(rogue: Rogue) -> None:
    def spent(rounds: int) -> int:
        # The first allocations of an instance cost more than later ones.
        rogue.renew()
        before = rogue.store.get_fuel()
        rogue.ask("burn", rounds=rounds)
        return before - rogue.store.get_fuel()

    first, second, third = spent(1_000), spent(2_000), spent(3_000)
    assert second - first == third - second > 1_000
    assert spent(1_000) == first


def test_host_calls(rogue: Rogue) -> None:
    for which in ("clock", "state", "kv", "list", "entropy", "identity"):
        rogue.calls.clear()
        rogue.ask("host_calls", calls=5, which=which)
        assert len(rogue.calls) == 5


def test_log(rogue: Rogue) -> None:
    rogue.ask("log", lines=2, bytes=3)
    rogue.ask("log", message="ä", level="error")
    assert rogue.lines == [("info", "lll"), ("info", "lll"), ("error", "ä")]


def test_writes_and_replies_of_any_size(rogue: Rogue) -> None:
    rogue.ask("write", pieces=3, bytes=MIB)
    assert rogue.kv == {f"piece/{piece:08}": "v" * MIB for piece in range(3)}
    rogue.ask("write", bytes=10, to="state", **{"as": "bytes"})
    assert rogue.state == b"v" * 10
    assert rogue.invoke("reply", json.dumps({"bytes": 5 * MIB})) == "v" * 5 * MIB


@pytest.mark.parametrize("kind", ["failed", "unavailable", "unknown"])
def test_failures(rogue: Rogue, kind: str) -> None:
    with pytest.raises(Failed) as failed:
        rogue.ask("fail", kind=kind, message="why")
    assert (failed.value.kind, failed.value.message) == (kind, "why")


def test_rejection(rogue: Rogue) -> None:
    with pytest.raises(Rejected) as rejected:
        rogue.ask("fail", kind="rejected", code="no", message="why")
    assert rejected.value == Rejected("no", "why")


@pytest.mark.parametrize(
    ("how", "ends"),
    [
        ("succeed", None),
        ("reject", Rejected),
        ("fail", Failed),
        ("trap", WasmtimeError),
        ("spin", WasmtimeError),
    ],
)
def test_save_then(rogue: Rogue, how: str, ends: type[Exception] | None) -> None:
    if ends is None:
        rogue.ask("save_then", how=how, value="x")
    else:
        with pytest.raises(ends):
            rogue.ask("save_then", how=how, value="x")
    # This host keeps everything; a real one must have kept nothing.
    assert rogue.state == "x"
    assert rogue.kv == {"saved": "x"}
    assert [sent[0] for sent in rogue.sent] == ["send"]


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("unreachable", "wasm `unreachable` instruction executed"),
        ("panic", "wasm `unreachable` instruction executed"),
        ("divide", "integer divide by zero"),
        ("memory", "out of bounds memory access"),
        ("table", "undefined element: out of bounds table access"),
    ],
)
def test_traps(rogue: Rogue, how: str, words: str) -> None:
    assert f"wasm trap: {words}" in rogue.death("trap", how=how)


def test_endless_operations(rogue: Rogue) -> None:
    assert "call stack exhausted" in rogue.death("recurse")
    rogue.renew()
    assert "unreachable" in rogue.death("allocate")
    rogue.renew()
    assert "all fuel consumed" in rogue.death("spin")


@pytest.mark.parametrize(
    ("how", "call"),
    [
        ("save", "state.save"),
        ("clear", "state.clear"),
        ("set", "kv.set"),
        ("delete", "kv.delete"),
        ("send", "messaging.send"),
        ("call", "messaging.call"),
        ("request", "messaging.request"),
        ("remind", "messaging.remind"),
        ("cancel", "messaging.cancel-reminder"),
    ],
)
def test_read_only_operation_that_writes(rogue: Rogue, how: str, call: str) -> None:
    rogue.ask("read_only_write", how=how)
    assert call in rogue.calls


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        ("reply", {"ok": "reply"}),
        (b"\x01", {"ok": {"hex": "01"}}),
        (Variant("unavailable", "gone"), {"failure": "unavailable", "message": "gone"}),
        (Variant("unknown", "lost"), {"failure": "unknown", "message": "lost"}),
        (Variant("failed", "bug"), {"failure": "failed", "message": "bug"}),
        (
            Variant("rejected", record(code="no", message="why")),
            {"failure": "rejected", "code": "no", "message": "why"},
        ),
    ],
)
def test_call_shows_what_came_back(rogue: Rogue, answer: Any, shown: dict[str, Any]) -> None:
    rogue.reply_to_calls = answer
    assert rogue.ask("call", key="two", operation="get", argument={"a": 1}, call_key="k") == shown
    [(_, target, operation, argument, key)] = rogue.sent
    assert (target.namespace, target.kind, target.key) == ("default", "fixture", "two")
    assert (operation, argument, key) == ("get", '{"a":1}', "k")


def test_sends_and_reminders(rogue: Rogue) -> None:
    assert rogue.ask("send", key="two", times=2) == {"ok": None}
    rogue.ask("send", delay_ms=5)
    rogue.ask("send", continuation="echo")
    rogue.ask("remind", name="n", ms=5)
    rogue.ask("remind", name="n", ms=5, again=True, missed="skip")
    rogue.ask("remind", name="n", cron="* * * * *", zone="Europe/Berlin")
    kinds = [sent[0] for sent in rogue.sent]
    assert kinds == ["send", "send", "send-after", "request", "remind", "remind", "remind"]
    schedules = [sent[2] for sent in rogue.sent if sent[0] == "remind"]
    assert [schedule.tag for schedule in schedules] == ["after-ms", "every-ms", "cron"]
    assert rogue.ask("cancel_reminder", name="n") == {"ok": False}
    assert rogue.ask("reminders") == {"ok": ["daily"]}


@pytest.mark.parametrize(
    ("operation", "argument", "code"),
    [
        ("nothing", "", "unknown-operation"),
        ("trap", '{"how": "gently"}', "bad-argument"),
        ("trap", "", "bad-argument"),
        ("trap", "[]", "bad-argument"),
        ("whoami", b"x", "bad-argument"),
    ],
)
def test_rejections(rogue: Rogue, operation: str, argument: str | bytes, code: str) -> None:
    with pytest.raises(Rejected) as rejected:
        rogue.invoke(operation, argument)
    assert rejected.value.code == code


def test_what_is_set_for_the_kind(rogue: Rogue) -> None:
    assert rogue.ask("config", name="COLOR") == {"value": None}
    rogue.config["COLOR"], rogue.secrets["TOKEN"] = "red", "s3cret"
    assert rogue.ask("config", name="COLOR") == {"value": "red"}
    assert rogue.ask("config", name="TOKEN") == {"value": None}
    assert rogue.ask("secret", name="TOKEN") == {"value": "s3cret"}
    rogue.ask("secret", name="TOKEN", how="log")
    assert rogue.lines == [("info", "TOKEN is s3cret")]
    with pytest.raises(Rejected, match="s3cret"):
        rogue.ask("secret", name="TOKEN", how="reject")
    with pytest.raises(Failed, match="s3cret"):
        rogue.ask("secret", name="TOKEN", how="fail")


def test_manifest_lists_every_operation(rogue: Rogue) -> None:
    operations = json.loads(rogue.describe())["operations"]
    names = [told["name"] for told in operations]
    assert len(names) == len(set(names)) == 32
    for name in set(names) - {"spin", "recurse", "allocate"}:
        code = None
        try:
            rogue.ask(name, how="", key="", kind="")
        except Rejected as rejected:
            code = rejected.code
        assert code in (None, "bad-argument", "absent"), name
