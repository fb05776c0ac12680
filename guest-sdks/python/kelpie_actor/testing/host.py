"""A host in memory."""

from __future__ import annotations

import hashlib
import uuid

from kelpie_actor.addresses import Address, Caller
from kelpie_actor.errors import MessagingError
from kelpie_actor.host import Level, Missed, Payload, Schedule
from kelpie_actor.testing.effects import Answer, Message, Stored

__all__ = ["FakeHost"]

# As `docs/limits.md` has them.
_PAGE_ENTRIES_MAX = 1_000
_ENTROPY_BYTES_MAX = 65_536


class FakeHost:
    """See `kelpie_actor.host.Host`."""

    def __init__(
        self,
        address: Address,
        caller: Caller,
        time_ns: int,
        seed: object,
        config: dict[str, str],
        secrets: dict[str, str],
    ) -> None:
        self.address = address
        self.present_caller = caller
        self.time_ns = time_ns
        self.seed = seed
        self.number = 1
        self.present_request = "request-1"
        self.values = config
        self.secrets = secrets
        self.stored = Stored()
        self.lines: list[tuple[Level, str]] = []
        self.answer: Answer | None = None
        self.read_only = False
        self._draws = 0

    def begin(self, request_id: str, *, read_only: bool) -> None:
        """The next turn begins."""
        self.present_request = request_id
        self.read_only = read_only
        self._draws = 0

    def state_load(self) -> Payload | None:
        return self.stored.state

    def state_save(self, value: Payload, /) -> None:
        self._check_may_write("state.save")
        self.stored.state = value

    def state_clear(self) -> None:
        self._check_may_write("state.clear")
        self.stored.state = None

    def kv_get(self, key: str, /) -> Payload | None:
        return self.stored.kv.get(key)

    def kv_set(self, key: str, value: Payload, /) -> None:
        self._check_may_write("kv.set")
        self.stored.kv[key] = value

    def kv_delete(self, key: str, /) -> None:
        self._check_may_write("kv.delete")
        self.stored.kv.pop(key, None)

    def kv_list(
        self, prefix: str, after: str | None, limit: int, reverse: bool, /
    ) -> tuple[list[tuple[str, Payload]], bool]:
        kv = self.stored.kv
        keys = sorted((key for key in kv if key.startswith(prefix)), reverse=reverse)
        if after is not None:
            keys = [key for key in keys if (key < after if reverse else key > after)]
        shown = keys[: min(limit, _PAGE_ENTRIES_MAX)]
        return [(key, kv[key]) for key in shown], len(shown) < len(keys)

    def call(
        self, target: Address, operation: str, argument: Payload, key: str | None, /
    ) -> Payload:
        message = Message("call", target, operation, argument, {"key": key})
        self._send(message)
        if self.answer is None:
            raise MessagingError("unavailable", "this test has set no answers to calls")
        return self.answer(message)

    def send(self, target: Address, operation: str, argument: Payload, /) -> None:
        self._send(Message("send", target, operation, argument))

    def send_after(
        self, target: Address, operation: str, argument: Payload, delay_ms: int, /
    ) -> None:
        self._send(Message("send_after", target, operation, argument, {"delay_ms": delay_ms}))

    def request(
        self, target: Address, operation: str, argument: Payload, continuation: str, /
    ) -> None:
        more = {"continuation": continuation}
        self._send(Message("request", target, operation, argument, more))

    def remind(
        self,
        name: str,
        schedule: Schedule,
        missed: Missed,
        operation: str,
        argument: Payload,
        /,
    ) -> None:
        more = {"name": name, "schedule": schedule, "missed": missed}
        self._send(Message("remind", None, operation, argument, more))
        self.stored.reminders.add(name)

    def cancel_reminder(self, name: str, /) -> bool:
        self._check_may_write("messaging.cancel-reminder")
        was_there = name in self.stored.reminders
        self.stored.reminders.discard(name)
        return was_there

    def reminders(self) -> list[str]:
        return sorted(self.stored.reminders)

    def now(self) -> int:
        return self.time_ns

    def entropy_bytes(self, length: int, /) -> bytes:
        if length > _ENTROPY_BYTES_MAX:
            raise ValueError(f"at most {_ENTROPY_BYTES_MAX} bytes at once (entropy_bytes_max)")
        # By seed, actor, request and place in the turn: run again, it is the same.
        source = f"{self.seed!r} {self.address!r} {self.present_request!r} {self._draws}"
        self._draws += 1
        return hashlib.shake_256(source.encode()).digest(length)

    def entropy_u64(self) -> int:
        return int.from_bytes(self.entropy_bytes(8), "little")

    def entropy_uuid(self) -> str:
        return str(uuid.UUID(bytes=self.entropy_bytes(16), version=4))

    def log(self, level: Level, message: str, /) -> None:
        self.lines.append((level, message))

    def self_address(self) -> Address:
        return self.address

    def turn(self) -> int:
        return self.number

    def request_id(self) -> str:
        return self.present_request

    def caller(self) -> Caller:
        return self.present_caller

    def config(self, name: str, /) -> str | None:
        return self.values.get(name)

    def secret(self, name: str, /) -> str | None:
        return self.secrets.get(name)

    def _send(self, message: Message) -> None:
        self._check_may_write(f"messaging.{message.how}")
        self.stored.messages.append(message)

    def _check_may_write(self, what: str) -> None:
        if self.read_only:
            raise RuntimeError(f"a read-only operation called {what}")
