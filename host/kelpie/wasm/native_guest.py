"""The native half of a guest: its store, its calls on a fiber, its ends."""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Callable

from kelpie.errors import HostFault, KelpieError
from kelpie.wasm.collector import Collector
from kelpie.wasm.errors import take_message
from kelpie.wasm.faults import fault_of_host_call, fault_of_trap, timed_out
from kelpie.wasm.handles import NativeStore
from kelpie.wasm.library import (
    ADDRESS,
    FUNCTION_BYTES,
    INSTANCE_BYTES,
    SIZE,
    VALUE_BYTES,
    hold,
    release,
)
from kelpie.wasm.memories import MemoryAccount
from kelpie.wasm.native_values import delete_value
from kelpie.wasm.outside import Outside
from kelpie.wasm.slow_lane import Pace, Stretch
from kelpie.wasm.wall_time import WallTime
from kelpie.wasm.wasi.surroundings import Surroundings
from kelpie.wasm.workshop import Workshop

__all__ = ["NativeGuest"]

_new_store = hold("wasmtime_store_new", ADDRESS, ADDRESS, ADDRESS, ADDRESS)
_context = hold("wasmtime_store_context", ADDRESS, ADDRESS)
_limit_store = hold("wasmtime_store_limiter", None, ADDRESS, *[ctypes.c_int64] * 5)
_set_fuel = hold("wasmtime_context_set_fuel", ADDRESS, ADDRESS, ctypes.c_uint64)
_get_fuel = hold("wasmtime_context_get_fuel", ADDRESS, ADDRESS, ADDRESS)
_set_deadline = hold("wasmtime_context_set_epoch_deadline", None, ADDRESS, ctypes.c_uint64)
# The header promises an error, but the function returns nothing.
_yield_at_deadline = hold(
    "wasmtime_context_epoch_deadline_async_yield_and_update", None, ADDRESS, ctypes.c_uint64
)
_instantiate = hold(
    "wasmtime_component_linker_instantiate_async",
    ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS,
)  # fmt: skip
_get_function = hold(
    "wasmtime_component_instance_get_func", ctypes.c_bool, ADDRESS, ADDRESS, ADDRESS, ADDRESS
)
_call = hold(
    "wasmtime_component_func_call_async",
    ADDRESS, ADDRESS, ADDRESS, ADDRESS, SIZE, ADDRESS, SIZE, ADDRESS,
)  # fmt: skip
_delete_future = hold("wasmtime_call_future_delete", None, ADDRESS)
# Most turns end within microseconds: handing the interpreter lock over and
# back would cost more than it gives. One that runs long lets others have it.
_poll_holding = hold("wasmtime_call_future_poll", ctypes.c_bool, ADDRESS)
_poll_releasing = release("wasmtime_call_future_poll", ctypes.c_bool, ADDRESS)

# Where things are in a guest's block of native memory.
_RESULT = 0
_INSTANCE = _RESULT + VALUE_BYTES
_FUNCTION = _INSTANCE + INSTANCE_BYTES
_ERROR = _FUNCTION + FUNCTION_BYTES
_FUEL = _ERROR + 8
_BLOCK_BYTES = _FUEL + 8

_word = struct.Struct("<Q")
# Ticks until a guest first yields: two, so that a short turn that happens to
# begin just before a tick is not taken for a long one.
_FIRST_SLICE_TICKS = 2
_NEVER = 1 << 40
_NS_PER_MS = 1_000_000


class NativeGuest:
    """One store with one instance in it, and at most one call in progress."""

    __slots__ = (
        "_block",
        "_context",
        "_first_poll",
        "_future",
        "_overran",
        "_slice_ticks",
        "_store",
        "_workshop",
        "account",
        "closed",
        "fuel_max",
        "outside",
        "pace",
        "result_address",
        "surroundings",
    )

    def __init__(self, workshop: Workshop, pace: Pace, *, yields: bool) -> None:
        """Without `yields` a guest that runs long holds up the loop: it never waits."""
        limits = workshop.limits
        self._workshop = workshop
        self.account = MemoryAccount(limits)
        self._block = ctypes.create_string_buffer(_BLOCK_BYTES)
        self.result_address = ctypes.addressof(self._block) + _RESULT
        self._future = 0
        self._overran = False
        self.closed = False
        self.fuel_max = limits.turn_fuel_max
        self.outside: Outside | None = None
        """Who answers its host calls outside of a turn; None: nobody."""
        self.surroundings: Surroundings | None = None
        self.pace = pace
        self._first_poll = _poll_holding if workshop.hold_interpreter else _poll_releasing
        self._store = NativeStore(_new_store(workshop.engine.address, None, None), keeps=workshop)
        self._context: int = _context(self._store.address)
        _limit_store(
            self._store.address,
            -1,  # bytes of memory: kept by the account
            limits.instance_table_elements_max,
            limits.instance_modules_max,
            limits.instance_tables_max,
            limits.instance_memories_max,
        )
        self._slice_ticks = _FIRST_SLICE_TICKS if yields and workshop.ticker else 0
        if workshop.ticker is not None:
            _yield_at_deadline(self._context, 1)
            if not yields:
                _set_deadline(self._context, _NEVER)

    def close(self) -> None:
        """Kills a call in progress, and lets go of everything native. Idempotent."""
        assert self._workshop.current.guest is not self, "a guest was closed by its own host call"
        self.closed = True
        self._drop_future()
        self._store.close()

    async def instantiate(self, component: int, collector: Collector | None) -> KelpieError | None:
        """Makes the instance, maybe as part of a turn. Returns why it failed, if it did."""
        self._begin()
        block = ctypes.addressof(self._block)
        self._future = _instantiate(
            self._workshop.imports.linker.address,
            self._context,
            component,
            block + _INSTANCE,
            block + _ERROR,
        )
        if self._first_poll_ends(collector):
            return self.end(None)
        return await self.finish(collector)

    def find(self, export: int) -> None:
        """Makes an exported function the one to call."""
        block = ctypes.addressof(self._block)
        if not _get_function(block + _INSTANCE, self._context, export, block + _FUNCTION):
            raise HostFault("an export that was inspected is not in the instance")

    def start(self, arguments: int, argument_count: int, collector: Collector | None) -> bool:
        """Calls the function that was found last. Whether it has returned already:
        then `end` must follow, else `finish`. Most turns need no coroutine."""
        self._begin()
        result = self.result_address
        self._future = _call(
            result + _FUNCTION,
            self._context,
            arguments,
            argument_count,
            result,
            1,
            result + _ERROR,
        )
        return self._first_poll_ends(collector)

    def end(
        self, collector: Collector | None, fault: KelpieError | None = None
    ) -> KelpieError | None:
        """Ends a call that has returned, or that `fault` befell. Returns why it
        failed, if it did; else the result is at `result_address` until `drop_result`.
        """
        self._drop_future()
        if collector is not None:
            # Of turns alone: the first turn touches more memory than the making.
            self.pace.long = self._overran
            self.account.measure()
        return self._fault(fault)

    async def finish(self, collector: Collector | None) -> KelpieError | None:
        """Waits until the call has returned, and ends it. Cancelled, it closes the guest."""
        try:
            fault = await self._wait(collector)
        except BaseException:
            self.close()
            raise
        return self.end(collector, fault)

    def drop_result(self) -> None:
        """Frees the result. The engine would drop what it finds there before it
        writes the next: it must find nothing."""
        delete_value(self.result_address)
        _word.pack_into(self._block, _RESULT, 0)

    def fuel_used(self) -> int:
        """Of the last call. 0 once closed."""
        if self.closed:
            return 0
        _get_fuel(self._context, self.result_address + _FUEL)
        (left,) = _word.unpack_from(self._block, _FUEL)
        return self.fuel_max - int(left)

    def _begin(self) -> None:
        if self.closed:
            raise HostFault("this guest is already closed")
        assert not self._future, "a guest runs one turn at a time"
        self.account.refused_bytes = 0
        self._overran = False
        _set_fuel(self._context, self.fuel_max)
        self._begin_slice()

    def _begin_slice(self) -> None:
        if self._slice_ticks:
            _set_deadline(self._context, self._slice_ticks)
            ticker = self._workshop.ticker
            assert ticker is not None, "epochs are counted by the ticker"
            ticker.expect()

    def _first_poll_ends(self, collector: Collector | None) -> bool:
        try:
            return self._poll(collector, self._first_poll)
        except BaseException:
            self.close()
            raise

    def _poll(self, collector: Collector | None, poll: Callable[[int], bool]) -> bool:
        workshop = self._workshop
        current = workshop.current
        assert current.guest is None, "a guest was run within a host call of another"
        current.guest = self
        current.cause = None
        current.collector = collector
        if collector is None:
            current.outside = self.outside
        workshop.memories.account = self.account
        try:
            return poll(self._future)
        finally:
            current.guest = current.collector = current.outside = None
            workshop.memories.account = None

    async def _wait(self, collector: Collector | None) -> KelpieError | None:
        """Polls until the guest is done, or its time is up."""
        workshop = self._workshop
        env, limits = workshop.env, workshop.limits
        wall_time = WallTime(env, limits)
        stretch = None if workshop.ticker is None else Stretch(env)
        while True:
            poll = _poll_releasing
            try:
                if collector is not None and collector.suspension is not None:
                    await wall_time.settle(collector.suspension)
                    if stretch and stretch.length_ns() > limits.guest_tick_ms * _NS_PER_MS:
                        await self._give_way()
                    poll = self._first_poll
                    self._begin_slice()
                else:
                    wall_time.check()
                    await self._give_way()
                    if workshop.ticker is not None:
                        workshop.ticker.expect()
            except TimeoutError:
                return timed_out(limits)
            if self.closed:
                return HostFault("the guest was closed during its turn")
            if self._poll(collector, poll):
                return None

    async def _give_way(self) -> None:
        self._overran = self.pace.long = True
        await self._workshop.slow_lane.next_slice()

    def _fault(self, fault: KelpieError | None) -> KelpieError | None:
        """Why the call failed: `fault`, or what the engine says."""
        (error,) = _word.unpack_from(self._block, _ERROR)
        if not error:
            return fault
        _word.pack_into(self._block, _ERROR, 0)
        message = take_message(error)
        if fault is not None:
            return fault
        cause = self._workshop.current.cause
        if cause is not None:
            return fault_of_host_call(cause)
        return fault_of_trap(message, self.account, self._workshop.limits)

    def _drop_future(self) -> None:
        # Always before the store: its fiber lives on the store's stack.
        future, self._future = self._future, 0
        if future:
            _delete_future(future)
