"""The conformance actor: every call of the contract, and every way to fail.

It behaves as those in the other languages do; one suite asks them all.
"""

from __future__ import annotations

import random
import secrets
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated, Any, Literal, TypedDict

from kelpie_actor import (
    ActorCaller,
    Address,
    ClientCaller,
    Context,
    MessagingError,
    Payload,
    Range,
    Rejection,
    actor,
    operation,
)

INTEGER_MIN, INTEGER_MAX = -(2**63), 2**63 - 1


class Count(TypedDict):
    count: int


class Told(TypedDict):
    count: int
    notes: dict[str, str]


class Nanoseconds(TypedDict):
    nanoseconds: int


def shown(value: Payload) -> dict[str, str]:
    return {"text": value} if isinstance(value, str) else {"hex": value.hex()}


def outcome(attempt: Callable[[], Any]) -> dict[str, Any]:
    """The reply of every messaging operation."""
    try:
        return {"ok": attempt()}
    except MessagingError as error:
        code = {} if error.code is None else {"code": error.code}
        return {"failure": error.kind, **code, "message": error.message}


def address_json(address: Address) -> dict[str, str]:
    return dict(address._asdict())


@actor
@dataclass
class Conformance:
    """Does whatever the suite asks of it."""

    count: int = 0
    notes: dict[str, str] = field(default_factory=dict)
    turns: int = field(default=0, init=False)
    """How many times this instance was asked for them; only in memory."""

    @operation
    def echo(self, value: Any) -> Any:
        """Replies what it is given."""
        return value

    @operation
    def echo_bytes(self, data: bytes) -> bytes:
        """Replies the bytes it is given."""
        return data

    @operation
    def add(self, amount: Annotated[int, "How much."] = 1) -> Count:
        """Adds to the count."""
        if not INTEGER_MIN <= self.count + amount <= INTEGER_MAX:
            raise Rejection("overflow", "the count would be too large")
        self.count += amount
        return {"count": self.count}

    @operation(read_only=True)
    def get(self) -> Told:
        """The whole state."""
        return {"count": self.count, "notes": self.notes}

    @operation
    def note(self, name: str, text: str) -> None:
        """Keeps a note."""
        self.notes[name] = text

    @operation
    def forget(self, name: str) -> bool:
        """Whether there was such a note."""
        return self.notes.pop(name, None) is not None

    @operation
    def clear_all(self, context: Context) -> None:
        """Back to the beginning, kv included."""
        self.count, self.notes = 0, {}
        for entry in list(context.kv.items()):
            context.kv.delete(entry.key)

    @operation
    def kv_set(self, context: Context, key: str, text: str) -> None:
        """Sets a value of text."""
        context.kv.set(key, text)

    @operation
    def kv_set_bytes(self, context: Context, key: str, hex: str) -> None:  # noqa: A002
        """Sets a value of bytes."""
        context.kv.set(key, bytes.fromhex(hex))

    @operation(read_only=True)
    def kv_get(self, context: Context, key: str) -> dict[str, str] | None:
        """The value, by its lane."""
        value = context.kv.get(key)
        return None if value is None else shown(value)

    @operation
    def kv_delete(self, context: Context, key: str) -> None:
        """Deletes a key."""
        context.kv.delete(key)

    @operation(read_only=True)
    def kv_list(
        self,
        context: Context,
        prefix: str = "",
        after: str | None = None,
        limit: Annotated[int, Range(0, 2**32 - 1)] = 100,
        reverse: bool = False,
    ) -> Any:
        """A page of entries."""
        page = context.kv.list(prefix, after=after, limit=limit, reverse=reverse)
        entries = [{"key": entry.key, **shown(entry.value)} for entry in page.entries]
        return {"entries": entries, "more": page.more}

    @operation(read_only=True)
    def time(self, context: Context) -> Nanoseconds:
        """The time of the turn."""
        return {"nanoseconds": context.now_ns()}

    @operation(read_only=True)
    def language_time(self) -> Nanoseconds:
        """The same, by Python's own clock."""
        return {"nanoseconds": time.time_ns()}

    @operation
    def entropy(self, context: Context, length: int) -> str:
        """Random bytes, in hex."""
        return context.entropy.bytes(length).hex()

    @operation
    def entropy_u64(self, context: Context) -> str:
        """A random integer."""
        return str(context.entropy.u64())

    @operation
    def uuid(self, context: Context) -> str:
        """A UUID."""
        return str(context.entropy.uuid())

    @operation
    def language_random(self) -> list[str]:
        """Four numbers of Python's own sources."""
        numbers = (random.random(), random.getrandbits(64), secrets.randbits(64), uuid.uuid4().int)
        return [str(number) for number in numbers]

    @operation
    def log(
        self, context: Context, level: Literal["debug", "info", "warn", "error"], message: str
    ) -> None:
        """Writes a line."""
        getattr(context.log, level)(message)

    @operation(read_only=True)
    def identity(self, context: Context) -> Any:
        """Who and what this is."""
        caller = context.caller
        if isinstance(caller, ClientCaller):
            by: dict[str, Any] = {"client": caller.name}
        elif isinstance(caller, ActorCaller):
            by = {"actor": address_json(caller.address)}
        else:
            by = {"reminder": caller.name}
        return {
            **address_json(context.address),
            "turn": context.turn,
            "request_id": context.request_id,
            "caller": by,
        }

    @operation(read_only=True)
    def config(self, context: Context, name: str) -> str | None:
        """What is set for the kind."""
        return context.config(name)

    @operation(read_only=True)
    def secret(self, context: Context, name: str) -> str | None:
        """A secret of the kind."""
        return context.secret(name)

    @operation
    def reject(self, code: str, message: str) -> None:
        """Refuses."""
        raise Rejection(code, message)

    @operation
    def fail(self, message: str) -> None:
        """Fails in an orderly manner."""
        raise ValueError(message)

    @operation
    def panic(self, message: str) -> None:
        """Breaks."""
        assert not message, message

    @operation
    def spin(self) -> None:
        """Never ends."""
        while True:
            pass

    @operation
    def allocate(self, bytes: int) -> None:  # noqa: A002
        """Holds so much memory until the turn ends."""
        held = bytearray(bytes)
        held[::4096] = b"x" * len(held[::4096])

    @operation
    def add_then_reject(self, context: Context, amount: int) -> None:
        """Changes state and kv, and refuses."""
        self.count += amount
        context.kv.set("mark", "set")
        raise Rejection("refused", "after the change")

    @operation(read_only=True)
    def write_read_only(self, context: Context) -> None:
        """Writes, against its word."""
        context.kv.set("mark", "set")

    @operation(read_only=True)
    def change_read_only(self) -> None:
        """Changes the state in memory, against its word."""
        self.count += 1

    @operation(read_only=True)
    def instance_turns(self) -> int:
        """How many times this instance was asked this."""
        self.turns += 1
        return self.turns

    @operation
    def call(
        self, context: Context, kind: str, key: str, operation: str, argument: Any = None
    ) -> Any:
        """Asks another actor."""
        target = context.peer(kind, key)
        return outcome(lambda: context.messaging.call(target, operation, argument))

    @operation
    def send(
        self, context: Context, kind: str, key: str, operation: str, argument: Any = None
    ) -> Any:
        """Sends to another actor."""
        target = context.peer(kind, key)
        return outcome(lambda: context.messaging.send(target, operation, argument))

    @operation
    def send_after(
        self,
        context: Context,
        kind: str,
        key: str,
        operation: str,
        delay_ms: int,
        argument: Any = None,
    ) -> Any:
        """Sends to another actor, later."""
        target = context.peer(kind, key)
        delay = timedelta(milliseconds=delay_ms)
        return outcome(
            lambda: context.messaging.send_after(target, operation, argument, delay=delay)
        )

    @operation
    def request(
        self,
        context: Context,
        kind: str,
        key: str,
        operation: str,
        continuation: str,
        argument: Any = None,
    ) -> Any:
        """Asks another actor, and takes the reply in a later turn."""
        target = context.peer(kind, key)
        return outcome(
            lambda: context.messaging.request(
                target, operation, argument, continuation=continuation
            )
        )

    @operation
    def remind(
        self,
        context: Context,
        name: str,
        operation: str,
        after_ms: int | None = None,
        every_ms: int | None = None,
        cron: str | None = None,
        zone: str = "UTC",
        argument: Any = None,
    ) -> Any:
        """Sets a reminder."""
        if [after_ms, every_ms, cron].count(None) != 2:
            raise Rejection("bad-argument", "one of after_ms, every_ms and cron")
        return outcome(
            lambda: context.messaging.remind(
                name,
                operation,
                argument,
                after=None if after_ms is None else timedelta(milliseconds=after_ms),
                every=None if every_ms is None else timedelta(milliseconds=every_ms),
                cron=None if cron is None else (cron, zone),
            )
        )

    @operation
    def cancel_reminder(self, context: Context, name: str) -> Any:
        """Cancels a reminder."""
        return outcome(lambda: context.messaging.cancel_reminder(name))

    @operation(read_only=True)
    def reminders(self, context: Context) -> Any:
        """The names of the reminders."""
        return outcome(context.messaging.reminders)
