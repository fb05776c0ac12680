"""The host, as the Python SDK calls it, for an actor of this process.

Every call is checked, recorded and answered as one of a component is. An error of the
host ends the turn: an actor that catches it does not go on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from kelpie.errors import KelpieError
from kelpie.ids import Payload
from kelpie.native import messaging
from kelpie.native.answers import TimedAnswers
from kelpie.native.payloads import (
    check_name,
    checked,
    checked_text,
    encoded,
    key_of,
    optional,
    sdk_payload,
)
from kelpie.wasm.collector import Collector
from kelpie.wasm.entropy import uuid_of
from kelpie.wasm.faults import timed_out
from kelpie.wasm.marshalling import over_limit
from kelpie.wasm.turn import Failure, LogLine
from kelpie_actor import host as sdk
from kelpie_actor.addresses import ActorCaller, Address, Caller, ClientCaller, ReminderCaller

__all__ = ["HostCalls", "TurnEnded"]

Result = TypeVar("Result")


class TurnEnded(BaseException):
    """The turn is over, whatever the actor does about it."""


class HostCalls:
    """`kelpie_actor.host.Host` for one instance. `begin` says for which turn."""

    def __init__(self) -> None:
        self._collector: Collector | None = None
        self._answers: TimedAnswers | None = None
        self.fault: KelpieError | None = None
        """Why the turn has ended."""

    def begin(self, collector: Collector, answers: TimedAnswers) -> None:
        self._collector, self._answers, self.fault = collector, answers, None

    def end(self) -> None:
        """From now on nobody answers: what an instance does between turns counts for nothing."""
        self._collector = None

    def state_load(self) -> sdk.Payload | None:
        def answer(turn: Collector) -> Payload | None:
            value = turn.state()
            turn.record("state.load", (), value, 0 if value is None else len(value.data))
            return value

        return optional(self._ask(answer))

    def state_save(self, value: sdk.Payload, /) -> None:
        def answer(turn: Collector) -> None:
            turn.check_may_change("state.save")
            payload = checked(turn, value, turn.limits.state_bytes_max, "state_bytes_max")
            turn.record("state.save", (payload,), None, len(payload.data))
            turn.write_state(payload)

        self._ask(answer)

    def state_clear(self) -> None:
        def answer(turn: Collector) -> None:
            turn.check_may_change("state.clear")
            turn.record("state.clear", (), None, 0)
            turn.write_state(None)

        self._ask(answer)

    def kv_get(self, key: str, /) -> sdk.Payload | None:
        def answer(turn: Collector) -> Payload | None:
            name = key_of(turn, key)
            if name in turn.effects.kv:
                value = turn.effects.kv[name]
            else:
                value = self._given.of_host(turn.turn.answers.kv_get(name))
            size = 0 if value is None else len(value.data)
            turn.record("kv.get", (name,), value, len(name) + size)
            return value

        return optional(self._ask(answer))

    def kv_set(self, key: str, value: sdk.Payload, /) -> None:
        def answer(turn: Collector) -> None:
            turn.check_may_change("kv.set")
            name = key_of(turn, key)
            payload = checked(turn, value, turn.limits.kv_value_bytes_max, "kv_value_bytes_max")
            turn.record("kv.set", (name, payload), None, len(name) + len(payload.data))
            turn.write_key(name, payload)

        self._ask(answer)

    def kv_delete(self, key: str, /) -> None:
        def answer(turn: Collector) -> None:
            turn.check_may_change("kv.delete")
            name = key_of(turn, key)
            turn.record("kv.delete", (name,), None, len(name))
            turn.write_key(name, None)

        self._ask(answer)

    def kv_list(
        self, prefix: str, after: str | None, limit: int, reverse: bool, /
    ) -> tuple[list[tuple[str, sdk.Payload]], bool]:
        def answer(turn: Collector) -> Any:
            limits = turn.limits
            begins = checked_text(prefix, limits.kv_key_bytes_max, "kv_key_bytes_max")
            behind = None if after is None else encoded(after)
            most = min(limit, limits.kv_page_entries_max)
            answers, writes = turn.turn.answers, turn.effects.kv
            page = self._given.of_host(answers.kv_list(begins, behind, most, reverse, writes))
            size = sum(len(key) + len(value.data) for key, value in page.entries)
            turn.record("kv.list", (begins, behind, limit, reverse), page, size)
            return page

        page = self._ask(answer)
        return [(key.decode(), sdk_payload(value)) for key, value in page.entries], page.more

    def call(
        self, target: Address, operation: str, argument: sdk.Payload, key: str | None, /
    ) -> sdk.Payload:
        answer = self._ask(
            lambda turn: messaging.call(
                turn, self._given.of_actor, target, operation, argument, key
            )
        )
        return messaging.fail(answer) if isinstance(answer, Failure) else sdk_payload(answer)

    def send(self, target: Address, operation: str, argument: sdk.Payload, /) -> None:
        self._leave("messaging.send", target, operation, argument)

    def send_after(
        self, target: Address, operation: str, argument: sdk.Payload, delay_ms: int, /
    ) -> None:
        self._leave("messaging.send-after", target, operation, argument, delay_ms=delay_ms)

    def request(
        self, target: Address, operation: str, argument: sdk.Payload, continuation: str, /
    ) -> None:
        self._leave("messaging.request", target, operation, argument, continuation=continuation)

    def remind(
        self,
        name: str,
        schedule: sdk.Schedule,
        missed: sdk.Missed,
        operation: str,
        argument: sdk.Payload,
        /,
    ) -> None:
        failure = self._ask(
            lambda turn: messaging.remind(
                turn, self._given.of_host, name, schedule, missed, operation, argument
            )
        )
        if failure is not None:
            messaging.fail(failure)

    def cancel_reminder(self, name: str, /) -> bool:
        return self._ask(lambda turn: messaging.cancel(turn, self._given.of_host, name))

    def reminders(self) -> list[str]:
        return self._ask(lambda turn: messaging.reminders(turn, self._given.of_host))

    def now(self) -> int:
        return self._tell("clock.now", lambda turn: turn.turn.time_ns, 8)

    def entropy_bytes(self, length: int, /) -> bytes:
        def answer(turn: Collector) -> bytes:
            maximum = turn.limits.entropy_bytes_max
            if length > maximum:
                raise over_limit("entropy_bytes_max", length, maximum)
            drawn = turn.draw_entropy(length)
            turn.record("entropy.get-bytes", (length,), drawn, length)
            return drawn

        return self._ask(answer)

    def entropy_u64(self) -> int:
        def draw(turn: Collector) -> int:
            return int.from_bytes(turn.draw_entropy(8), "little")

        return self._tell("entropy.get-u64", draw, 8)

    def entropy_uuid(self) -> str:
        def draw(turn: Collector) -> str:
            return uuid_of(turn.draw_entropy(16))

        return self._tell("entropy.get-uuid", draw, 36)

    def log(self, level: sdk.Level, message: str, /) -> None:
        def answer(turn: Collector) -> None:
            maximum = turn.limits.log_message_bytes_max
            size = len(checked_text(message, maximum, "log_message_bytes_max"))
            told = turn.turn.configuration.redact(message)
            turn.record("log.write", (level, told), None, size)
            turn.write_log(LogLine(level, told), size)

        self._ask(answer)

    def self_address(self) -> Address:
        found = self._tell("identity.self-address", lambda turn: turn.turn.address, 0)
        return Address(*found)

    def turn(self) -> int:
        return self._tell("identity.turn", lambda turn: turn.turn.number, 8)

    def request_id(self) -> str:
        return self._tell("identity.request-id", lambda turn: turn.turn.request_id, 0)

    def caller(self) -> Caller:
        found = self._tell("identity.get-caller", lambda turn: turn.turn.caller, 0)
        if found.address is not None:
            return ActorCaller(Address(*found.address))
        sort = ClientCaller if found.sort == "client" else ReminderCaller
        return sort(found.name)

    def config(self, name: str, /) -> str | None:
        def answer(turn: Collector) -> str | None:
            check_name(turn, name)
            value = turn.turn.configuration.config.get(name)
            turn.record("config.get", (name,), value, len(name) + len(value or ""))
            return value

        return self._ask(answer)

    def secret(self, name: str, /) -> str | None:
        def answer(turn: Collector) -> str | None:
            check_name(turn, name)
            secret = turn.turn.configuration.secrets.get(name)
            # The journal gets the secret, which does not show, and not its value.
            turn.record("secrets.get", (name,), secret, len(name))
            return None if secret is None else secret.value

        return self._ask(answer)

    @property
    def _given(self) -> TimedAnswers:
        assert self._answers is not None, "a turn was begun"
        return self._answers

    def _tell(self, name: str, find: Callable[[Collector], Result], size: int) -> Result:
        def answer(turn: Collector) -> Result:
            found = find(turn)
            turn.record(name, (), found, size)
            return found

        return self._ask(answer)

    def _leave(
        self,
        name: str,
        target: Address,
        operation: str,
        argument: sdk.Payload,
        **more: Any,
    ) -> None:
        failure = self._ask(
            lambda turn: messaging.leave(
                turn, self._given.of_host, name, target, operation, argument, **more
            )
        )
        if failure is not None:
            messaging.fail(failure)

    def _ask(self, answer: Callable[[Collector], Result]) -> Result:
        """What the host answers.

        Raises:
            TurnEnded: nothing more is answered in this turn.
        """
        collector = self._collector
        if collector is None or self.fault is not None:
            raise TurnEnded
        try:
            self._given.check()
            return answer(collector)
        except KelpieError as error:
            self.fault = error.with_traceback(None)
        except TimeoutError:
            self.fault = timed_out(collector.limits)
        raise TurnEnded from None
