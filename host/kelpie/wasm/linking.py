"""Host calls, from the engine's side: every import of the contract, by name.

One linker serves all guests of an engine. Which guest a call comes from is
known because only one runs at a time: `Current` holds its collector while it
is polled. Whatever a host call raises becomes a trap of that guest, with the
cause kept in the collector; nothing ever leaves through the engine.
"""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Callable
from typing import Any

from kelpie.errors import GuestBrokeContract, HostFault
from kelpie.wasm import calls_surroundings as surroundings
from kelpie.wasm.calls_configuration import ConfigurationCalls
from kelpie.wasm.calls_messaging import MESSAGING_CALLS, unavailable
from kelpie.wasm.calls_storage import StorageCalls
from kelpie.wasm.collector import Collector, Suspension
from kelpie.wasm.contract import PACKAGE, VERSION
from kelpie.wasm.errors import error_address, take_message
from kelpie.wasm.handles import NativeEngine, NativeLinker
from kelpie.wasm.library import (
    ADDRESS,
    ASYNC_HOST_FUNCTION,
    BYTES,
    CONTINUATION,
    HOST_FUNCTION,
    SIZE,
    address_of_callback,
    hold,
    memory,
)
from kelpie.wasm.marshalling import Marshalling

__all__ = ["Current", "Imports"]

Call = Callable[[Collector, int, int], None]
WaitingCall = Callable[[Collector, int, int], Suspension | None]

_new_linker = hold("wasmtime_component_linker_new", ADDRESS, ADDRESS)
_root = hold("wasmtime_component_linker_root", ADDRESS, ADDRESS)
_add_instance = hold(
    "wasmtime_component_linker_instance_add_instance", ADDRESS, ADDRESS, BYTES, SIZE, ADDRESS
)
_delete_instance = hold("wasmtime_component_linker_instance_delete", None, ADDRESS)
_add_function = hold(
    "wasmtime_component_linker_instance_add_func",
    ADDRESS, ADDRESS, BYTES, SIZE, ADDRESS, ADDRESS, ADDRESS,
)  # fmt: skip
_add_async_function = hold(
    "wasmtime_component_linker_instance_add_func_async",
    ADDRESS, ADDRESS, BYTES, SIZE, ADDRESS, ADDRESS, ADDRESS,
)  # fmt: skip

_word = struct.Struct("<Q")
_continuation = struct.Struct("<QQQ")


class Current:
    """Whose host calls come in now: the collector of the guest being polled."""

    __slots__ = ("cause", "collector", "guest")

    def __init__(self) -> None:
        self.guest: object = None
        """The guest being polled. It must not be closed before the poll returns."""
        self.collector: Collector | None = None
        """None while a guest is polled outside of a turn: its host calls trap."""
        self.cause: BaseException | None = None
        """What a host call of this guest raised: the reason of the trap that follows."""

    def fail(self, error: BaseException) -> int:
        """Keeps why the guest traps. Returns the error that makes it trap."""
        self.cause = error
        return error_address(f"host call: {error}")

    def expect_turn(self) -> Collector:
        if self.collector is None:
            raise GuestBrokeContract("a host call was made outside of a turn")
        return self.collector


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
        self._add(
            "messaging",
            [
                (name, unavailable(name, parameters, changes=changes))
                for name, parameters, changes in MESSAGING_CALLS
            ],
        )
        self._add("clock", [("now", surroundings.clock_now)])
        self._add(
            "entropy",
            [
                ("get-bytes", surroundings.entropy_bytes),
                ("get-u64", surroundings.entropy_u64),
                ("get-uuid", surroundings.entropy_uuid),
            ],
        )
        self._add("log", [("write", surroundings.log_write)])
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

    def _add(
        self,
        interface: str,
        calls: list[tuple[str, Call]],
        waiting_calls: list[tuple[str, WaitingCall]] | None = None,
    ) -> None:
        root = _root(self.linker.address)
        made = ctypes.c_void_p()
        name = f"{PACKAGE}/{interface}@{VERSION}".encode()
        _must(_add_instance(root, name, len(name), ctypes.addressof(made)))
        functions = [(_add_function, name, self._immediate(call)) for name, call in calls]
        functions += [
            (_add_async_function, name, self._waiting(call)) for name, call in waiting_calls or ()
        ]
        for add, function_name, callback in functions:
            self._callbacks.append(callback)
            name = function_name.encode()
            _must(add(made.value, name, len(name), address_of_callback(callback), None, None))
        _delete_instance(made.value)
        _delete_instance(root)

    def _immediate(self, call: Call) -> Any:
        """A host call that is answered from memory, at once."""
        current = self._current

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
                call(current.collector or current.expect_turn(), arguments, results)
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


def _must(error: int | None) -> None:
    if error:
        raise HostFault(f"the host's own imports do not link: {take_message(error)}")
