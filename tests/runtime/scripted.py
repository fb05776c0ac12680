"""Actors written in Python, for tests that must stop a turn at a chosen point.

The real engine cannot be told to wait in the middle of a turn until a commit
has landed; these guests can. They stand for the guest alone: runtime, store and
Env are the real ones. Whatever needs no such timing is tested with components.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Collection
from hashlib import sha256
from typing import Any, TypeVar

from kelpie.errors import HostFault, KelpieError
from kelpie.ids import Address, Payload, text
from kelpie.journal.expected import Halted
from kelpie.wasm.outgoing import Outgoing, Send
from kelpie.wasm.schedule import SetReminder
from kelpie.wasm.turn import (
    Description,
    Effects,
    Failure,
    HostCall,
    Manifest,
    Operation,
    Outcome,
    Page,
    Turn,
)

BATCH = "(batch)"
"""The name of the script that runs batches."""

Result = TypeVar("Result")
Script = Callable[["Host"], Payload | Awaitable[Payload]]


class Host:
    """What a script may do: the host calls of the contract."""

    def __init__(self, turn: Turn, guest: ScriptedGuest) -> None:
        self.turn = turn
        self.guest = guest
        self.effects = Effects()

    @property
    def state(self) -> Payload | None:
        return self.effects.state if self.effects.state_written else self.turn.state

    def save(self, value: Payload | None) -> None:
        self.effects.state_written = True
        self.effects.state = value

    def set(self, key: bytes, value: Payload | None) -> None:
        self.effects.kv[key] = value

    async def get(self, key: bytes) -> Payload | None:
        if key in self.effects.kv:
            return self.effects.kv[key]
        answer = self.turn.answers.kv_get(key)
        value = await answer if inspect.isawaitable(answer) else answer
        return self._recorded("kv.get", (key,), value)

    async def send(self, key: str, operation: str, argument: str = "", **more: Any) -> str | None:
        """Sends to another actor of the same kind; why not, if it is refused."""
        target = self.turn.address._replace(key=key)
        send = Send(target, operation, text(argument), **more)
        outgoing = self.effects.outgoing or Outgoing()
        size = outgoing.bytes + send.size
        refused = self.turn.answers.refuses_send(target, len(outgoing.sends) + 1, size)
        if inspect.isawaitable(refused):
            refused = await refused
        asked = (target, operation, send.argument)
        self._recorded("messaging.send", asked, "ok" if refused is None else refused)
        if refused is not None:
            return refused.message
        outgoing.sends.append(send)
        outgoing.bytes = size
        self.effects.outgoing = outgoing
        return None

    def remind(self, name: str, reminder: SetReminder | None) -> None:
        """Sets a reminder, or cancels it."""
        if self.effects.outgoing is None:
            self.effects.outgoing = Outgoing()
        self.effects.outgoing.reminders[name] = reminder

    async def reminders(self) -> set[str]:
        answer = self.turn.answers.reminder_names()
        names = set(await answer if inspect.isawaitable(answer) else answer)
        outgoing = self.effects.outgoing
        for name, reminder in ({} if outgoing is None else outgoing.reminders).items():
            (names.discard if reminder is None else names.add)(name)
        return names

    async def list(
        self,
        prefix: bytes = b"",
        after: bytes | None = None,
        limit: int = 100,
        reverse: bool = False,
    ) -> Page:
        answer = self.turn.answers.kv_list(prefix, after, limit, reverse, self.effects.kv)
        page = await answer if inspect.isawaitable(answer) else answer
        return self._recorded("kv.list", (prefix, after, limit, reverse), page)

    async def call(
        self,
        key: str,
        operation: str,
        argument: str = "",
        *,
        kind: str = "thing",
        namespace: str = "default",
        call_key: str | None = None,
    ) -> Payload | Failure:
        """Asks another actor."""
        target = Address(namespace, kind, key)
        asked = (target, operation, text(argument), call_key)
        given = self.turn.answers.call(*asked)
        answer = await given if inspect.isawaitable(given) else given
        return self._recorded("messaging.call", asked, answer)

    def _recorded(self, name: str, arguments: tuple[object, ...], result: Result) -> Result:
        self.turn.journal.append(HostCall(name, arguments, result))
        return result


class ScriptedGuest:
    """One instance; `memory` is what it would keep in wasm memory."""

    def __init__(self, component: ScriptedComponent) -> None:
        self.component = component
        self.memory: dict[str, object] = {}
        self.memory_bytes = component.memory_bytes
        self.closed = False

    async def run(self, turn: Turn) -> Outcome:
        assert not self.closed, "a closed guest ran a turn"
        host = Host(turn, self)
        self.component.turns.append(turn)
        try:
            script = self.component.scripts[BATCH if turn.is_batch else turn.operation]
            reply = script(host)
            if inspect.isawaitable(reply):
                reply = await reply
        except KelpieError as error:
            return Outcome(None, error, Effects(), turn.journal, [], 1, instance_lost=True)
        except Halted as halted:
            fault = HostFault(str(halted))
            return Outcome(None, fault, Effects(), turn.journal, [], 1, instance_lost=True)
        return Outcome(reply, None, host.effects, turn.journal, [], 1)

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            self.component.live.discard(self)


class ScriptedComponent:
    def __init__(
        self,
        name: str,
        scripts: dict[str, Script],
        read_only: set[str],
        durable: Collection[str] = (),
    ) -> None:
        self.digest = sha256(name.encode()).hexdigest()
        self.scripts = scripts
        operations = {
            name: Operation(name, read_only=name in read_only, durable=name in durable)
            for name in scripts
            if name != BATCH
        }
        self.manifest = Manifest("", operations)
        self.imports: tuple[str, ...] = ()
        self.batches = BATCH in scripts
        self.report = b"found"
        self.turns: list[Turn] = []
        self.live: set[ScriptedGuest] = set()
        self.made = 0
        self.memory_bytes = 65536
        self.start_error: KelpieError | None = None
        """What instantiating it fails with."""

    async def describe(self) -> Description:
        return Description(",".join(self.manifest.operations), 1)

    async def instantiate(self) -> ScriptedGuest:
        if self.start_error is not None:
            raise self.start_error
        guest = ScriptedGuest(self)
        self.live.add(guest)
        self.made += 1
        return guest


class ScriptedEngine:
    """Its uploads are the names of the components that a test has given it."""

    def __init__(self, **components: dict[str, Script]) -> None:
        self.components: dict[str, ScriptedComponent] = {}
        self.refused: dict[bytes, KelpieError] = {}
        """What is said of these uploads."""
        self.loads = 0
        self.reports: list[bytes] = []
        """What loads were given."""
        self.load_stands: asyncio.Future[None] | None = None
        """What loads wait for."""
        for name, scripts in components.items():
            self.add(name, scripts)

    def add(
        self,
        name: str,
        scripts: dict[str, Script],
        read_only: set[str] | None = None,
        durable: set[str] | None = None,
    ) -> ScriptedComponent:
        component = ScriptedComponent(name, scripts, read_only or set(), durable or set())
        self.components[name] = component
        return component

    async def componentize(self, upload: bytes) -> bytes:
        return upload

    async def load(self, wasm: bytes, report: bytes = b"") -> ScriptedComponent:
        self.loads += 1
        self.reports.append(report)
        if self.load_stands is not None:
            await self.load_stands
        if wasm in self.refused:
            raise self.refused[wasm]
        return self.components[wasm.decode()]

    def close(self) -> None:
        pass
