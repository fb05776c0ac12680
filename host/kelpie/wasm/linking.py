"""Host calls, from the engine's side: every import of the contract, by name.

One linker serves all guests of an engine. Which guest a call comes from is
known because only one runs at a time: `Current` holds its collector while it
is polled. Whatever a host call raises becomes a trap of that guest, with the
cause kept in the collector; nothing ever leaves through the engine.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from kelpie.wasm import calls_surroundings as surroundings
from kelpie.wasm.calls_actors import ActorCalls
from kelpie.wasm.calls_configuration import ConfigurationCalls
from kelpie.wasm.calls_reminding import REMINDING_CALLS
from kelpie.wasm.calls_sending import SENDING_CALLS
from kelpie.wasm.calls_storage import StorageCalls
from kelpie.wasm.collector import Collector, Suspension
from kelpie.wasm.contract import PACKAGE, VERSION
from kelpie.wasm.current import Current
from kelpie.wasm.handles import NativeEngine, NativeLinker
from kelpie.wasm.library import (
    ADDRESS,
    ASYNC_HOST_FUNCTION,
    CONTINUATION,
    HOST_FUNCTION,
    address_of_callback,
    hold,
    memory,
)
from kelpie.wasm.linker_instance import LinkerInstance
from kelpie.wasm.marshalling import Marshalling
from kelpie.wasm.wasi.linking import VirtualWasi

__all__ = ["Imports"]

Call = Callable[[Collector, int, int], None]
WaitingCall = Callable[[Collector, int, int], Suspension | None]

_new_linker = hold("wasmtime_component_linker_new", ADDRESS, ADDRESS)
_word = struct.Struct("<Q")
_continuation = struct.Struct("<QQQ")


class Imports:
    """The linker of one engine, with the whole contract in it."""

    def __init__(self, engine: NativeEngine, current: Current, marshalling: Marshalling) -> None:
        self._current = current
        self._callbacks: list[Any] = []
        self._done = CONTINUATION(lambda _environment: True)
        self._resume = CONTINUATION(self._on_resume)
        self._done_now = (address_of_callback(self._done), 0, 0)
        self._resume_later = (address_of_callback(self._resume), 0, 0)
        self.linker = NativeLinker(_new_linker(engine.address))
        self._add_all(StorageCalls(marshalling), ConfigurationCalls(marshalling))
        self._add_messaging(ActorCalls(marshalling))
        self._wasi = VirtualWasi(self.linker.address, current)

    def close(self) -> None:
        self.linker.close()

    def _add_all(self, storage: StorageCalls, configuration: ConfigurationCalls) -> None:
        self._add(
            "state",
            [("load", storage.load), ("save", storage.save), ("clear", storage.clear)],
        )
        self._add(
            "kv",
            [("set", storage.set), ("delete", storage.delete)],
            [("get", storage.get), ("list", storage.list)],
        )
        current = self._current
        self._add("clock", [("now", surroundings.clock_now)], expect=current.expect_beginning)
        self._add(
            "entropy",
            [
                ("get-bytes", surroundings.entropy_bytes),
                ("get-u64", surroundings.entropy_u64),
                ("get-uuid", surroundings.entropy_uuid),
            ],
            expect=current.expect_beginning,
        )
        self._add("log", [("write", surroundings.log_write)], expect=current.expect_anyone)
        self._add(
            "identity",
            [
                ("self-address", surroundings.identity_address),
                ("turn", surroundings.identity_turn),
                ("request-id", surroundings.identity_request_id),
                ("get-caller", surroundings.identity_caller),
            ],
        )
        self._add("config", [("get", configuration.config)])
        self._add("secrets", [("get", configuration.secret)])

    def _add_messaging(self, actors: ActorCalls) -> None:
        self._add(
            "messaging",
            [],
            [("call", actors.call), *SENDING_CALLS, *REMINDING_CALLS],
        )

    def _add(
        self,
        interface: str,
        calls: list[tuple[str, Call]],
        waiting_calls: list[tuple[str, WaitingCall]] | None = None,
        expect: Callable[[], Collector] | None = None,
    ) -> None:
        instance = LinkerInstance(self.linker.address, f"{PACKAGE}/{interface}@{VERSION}")
        for name, call in calls:
            instance.add(name, self._keep(self._immediate(call, expect)))
        for name, waiting_call in waiting_calls or ():
            instance.add_async(name, self._keep(self._waiting(waiting_call)))
        instance.close()

    def _keep(self, callback: Any) -> Any:
        self._callbacks.append(callback)
        return callback

    def _immediate(self, call: Call, expect: Callable[[], Collector] | None) -> Any:
        """A host call that is answered from memory, at once."""
        current = self._current
        expect = expect or current.expect_turn

        def callback(
            _environment: int,
            _context: int,
            _type: int,
            arguments: int,
            _argument_count: int,
            results: int,
            _result_count: int,
        ) -> int | None:
            try:
                call(current.collector or expect(), arguments, results)
            except BaseException as error:  # noqa: BLE001 - becomes this guest's trap
                return current.fail(error)
            return None

        return HOST_FUNCTION(callback)

    def _waiting(self, call: WaitingCall) -> Any:
        """A host call that may have to wait, with the guest on its fiber."""
        current = self._current
        done, resume = self._done_now, self._resume_later

        def callback(
            _environment: int,
            _context: int,
            _type: int,
            arguments: int,
            _argument_count: int,
            results: int,
            _result_count: int,
            error_return: int,
            continuation: int,
        ) -> None:
            next_step = done
            try:
                collector = current.collector or current.expect_turn()
                suspension = call(collector, arguments, results)
                if suspension is not None:
                    suspension.error_return = error_return
                    collector.suspension = suspension
                    next_step = resume
            except BaseException as error:  # noqa: BLE001 - becomes this guest's trap
                _word.pack_into(memory, error_return, current.fail(error))
            _continuation.pack_into(memory, continuation, *next_step)

        return ASYNC_HOST_FUNCTION(callback)

    def _on_resume(self, _environment: int | None) -> bool:
        """Asked at each poll of a waiting guest: whether its call has a result."""
        collector = self._current.expect_turn()
        suspension = collector.suspension
        assert suspension is not None, "a guest waits for nothing"
        if not suspension.settled:
            return False
        collector.suspension = None
        try:
            if suspension.error is not None:
                raise suspension.error
            suspension.finish(suspension.answer)
        except BaseException as error:  # noqa: BLE001 - becomes this guest's trap
            _word.pack_into(memory, suspension.error_return, self._current.fail(error))
        return True
