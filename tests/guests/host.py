"""A host of a few lines for the fixture guests, over wasmtime's public layer.

It has no durability, limits or atomicity, and is slow. It is here so that the
guests can be tested without the product, and shows what each of them calls.
"""

from __future__ import annotations

import dataclasses
import functools
from pathlib import Path
from typing import Any

from wasmtime import Config, Engine, Store
from wasmtime.component import Component, Instance, Linker, Record, Variant

ROOT = Path(__file__).resolve().parents[2]
CONTRACT = "kelpie:actor"
VERSION = "0.1.0"


def record(**fields: Any) -> Record:
    made = Record()
    for name, value in fields.items():
        setattr(made, name.replace("_", "-"), value)
    return made


@dataclasses.dataclass
class Rejected(Exception):
    code: str
    message: str


class Failed(Exception):
    """The guest answered with a failure that is not a rejection."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(f"{kind}: {message}")
        self.kind = kind
        self.message = message


@functools.cache
def _compiled(wasm: bytes, *, consume_fuel: bool) -> tuple[Engine, Component]:
    config = Config()
    config.consume_fuel = consume_fuel
    engine = Engine(config)
    return engine, Component(engine, wasm)


class Actor:
    """One instance of a component and all that the host keeps for it."""

    def __init__(
        self, wasm: Path | bytes, *, fuel: int | None = None, memory: int = 64 << 20
    ) -> None:
        wasm = wasm.read_bytes() if isinstance(wasm, Path) else wasm
        self.engine, self.component = _compiled(wasm, consume_fuel=fuel is not None)
        self.fuel = fuel
        self.memory = memory
        self.state: str | bytes | None = None
        self.kv: dict[str, str | bytes] = {}
        self.sent: list[tuple[Any, ...]] = []
        self.lines: list[tuple[str, str]] = []
        self.calls: list[str] = []
        self.config: dict[str, str] = {}
        self.secrets: dict[str, str] = {}
        self.reply_to_calls: Any = Variant("unavailable", "nobody is there")
        self.renew()

    def renew(self) -> None:
        """Drops the instance and makes a new one."""
        self.store = Store(self.engine)
        self.store.set_limits(memory_size=self.memory, table_elements=100_000)
        if self.fuel is not None:
            self.store.set_fuel(self.fuel)
        self.instance = self._instantiate()

    def invoke(self, operation: str, argument: str | bytes = "") -> Any:
        """The reply; `Rejected` or `Failed` for a failure."""
        reply = self._function("invoke")(operation, argument)
        if not isinstance(reply, Variant):
            return reply
        if reply.tag == "rejected":
            raise Rejected(reply.payload.code, reply.payload.message)
        raise Failed(reply.tag, reply.payload)

    def describe(self) -> str:
        return self._function("describe")()

    def _function(self, name: str) -> Any:
        handler = self.instance.get_export_index(self.store, f"{CONTRACT}/handler@{VERSION}")
        index = self.instance.get_export_index(self.store, name, handler)
        function = self.instance.get_func(self.store, index)
        assert function is not None

        def call(*arguments: Any) -> Any:
            reply = function(self.store, *arguments)
            function.post_return(self.store)
            return reply

        return call

    def _instantiate(self) -> Instance:
        linker = Linker(self.engine)
        with linker.root() as root:
            root.add_instance(f"{CONTRACT}/types@{VERSION}").close()
            for interface, functions in self._imports().items():
                with root.add_instance(f"{CONTRACT}/{interface}@{VERSION}") as instance:
                    for name, function in functions.items():
                        instance.add_func(name, self._noted(f"{interface}.{name}", function))
        return linker.instantiate(self.store, self.component)

    def _noted(self, name: str, function: Any) -> Any:
        def call(_store: Any, *arguments: Any) -> Any:
            self.calls.append(name)
            return function(*arguments)

        return call

    def _imports(self) -> dict[str, dict[str, Any]]:
        return {
            "state": {
                "load": lambda: self.state,
                "save": lambda value: setattr(self, "state", value),
                "clear": lambda: setattr(self, "state", None),
            },
            "kv": {
                "get": self.kv.get,
                "set": self.kv.__setitem__,
                "delete": lambda key: self.kv.pop(key, None) and None,
                "list": self._list,
            },
            "messaging": {
                "call": self._call,
                "send": lambda *message: self.sent.append(("send", *message)),
                "send-after": lambda *message: self.sent.append(("send-after", *message)),
                "request": lambda *message: self.sent.append(("request", *message)),
                "remind": lambda *reminder: self.sent.append(("remind", *reminder)),
                "cancel-reminder": lambda _name: False,
                "reminders": lambda: ["daily"],
            },
            "clock": {"now": lambda: 1_700_000_000_000_000_000},
            "entropy": {
                "get-bytes": lambda length: (
                    bytes(range(256)) * (length // 256) + bytes(range(length % 256))
                ),
                "get-u64": lambda: 2**64 - 1,
                "get-uuid": lambda: "00000000-0000-4000-8000-000000000000",
            },
            "log": {"write": lambda level, message: self.lines.append((level, message))},
            "identity": {
                "self-address": lambda: record(namespace="default", kind="fixture", key="one"),
                "turn": lambda: 7,
                "request-id": lambda: "request-1",
                "get-caller": lambda: Variant("client", "anonymous"),
            },
            "config": {"get": self.config.get},
            "secrets": {"get": self.secrets.get},
        }

    def _list(self, prefix: str, after: str | None, limit: int, reverse: bool) -> Record:
        keys = sorted((key for key in self.kv if key.startswith(prefix)), key=str.encode)
        if reverse:
            keys.reverse()
        if after is not None:
            keys = [key for key in keys if (key < after if reverse else key > after)]
        entries = [record(key=key, value=self.kv[key]) for key in keys[:limit]]
        return record(entries=entries, more=len(keys) > limit)

    def _call(self, target: Record, operation: str, argument: Any, key: str | None) -> Any:
        self.sent.append(("call", target, operation, argument, key))
        return self.reply_to_calls
