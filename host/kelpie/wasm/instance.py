"""One guest: an instance of a component, and the turns that it runs."""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Callable
from dataclasses import dataclass

from kelpie.env import Env
from kelpie.errors import GuestTimedOut, HostFault, KelpieError
from kelpie.ids import Payload
from kelpie.limits import Limits
from kelpie.wasm.collector import Collector
from kelpie.wasm.errors import take_message
from kelpie.wasm.faults import failure_of_guest, fault_of_host_call, fault_of_trap
from kelpie.wasm.handles import NativeEngine, NativeStore
from kelpie.wasm.library import (
    ADDRESS,
    FUNCTION_BYTES,
    INSTANCE_BYTES,
    SIZE,
    VALUE_BYTES,
    hold,
    release,
)
from kelpie.wasm.linking import Current, Imports
from kelpie.wasm.marshalling import Marshalling, read_payload, read_text
from kelpie.wasm.memories import LinearMemories, MemoryAccount
from kelpie.wasm.native_values import delete_value
from kelpie.wasm.slow_lane import SlowLane
from kelpie.wasm.turn import Effects, Outcome, Turn

__all__ = ["Instance", "Workshop"]

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

# Where things are in an instance's block of native memory.
_RESULT = 0
_INSTANCE = _RESULT + VALUE_BYTES
_FUNCTION = _INSTANCE + INSTANCE_BYTES
_ERROR = _FUNCTION + FUNCTION_BYTES
_FUEL = _ERROR + 8
_BLOCK_BYTES = _FUEL + 8

_word = struct.Struct("<Q")
_result = struct.Struct("<8xQQ")
# Ticks until a guest first yields: two, so that a short turn that happens to
# begin just before a tick is not taken for a long one.
_FIRST_SLICE_TICKS = 2
_NEVER = 1 << 40


@dataclass(slots=True)
class Workshop:
    """What the guests of one engine share."""

    env: Env
    limits: Limits
    epochs: bool
    hold_interpreter: bool
    """Whether a guest's first slice may run with the interpreter lock held."""
    engine: NativeEngine
    memories: LinearMemories
    marshalling: Marshalling
    current: Current
    imports: Imports
    slow_lane: SlowLane


class Instance:
    """A guest. See `kelpie.wasm.turn.Guest`."""

    __slots__ = (
        "_account",
        "_block",
        "_block_address",
        "_context",
        "_first_poll",
        "_running",
        "_slice_ticks",
        "_store",
        "_workshop",
    )

    def __init__(self, workshop: Workshop, *, yields: bool = True) -> None:
        """Without `yields` a guest that runs long holds up the loop: it never waits."""
        limits = workshop.limits
        self._workshop = workshop
        self._account = MemoryAccount(limits.instance_memory_bytes_max)
        self._block = ctypes.create_string_buffer(_BLOCK_BYTES)
        self._block_address = ctypes.addressof(self._block)
        self._running = False
        self._first_poll = _poll_holding if workshop.hold_interpreter else _poll_releasing
        self._store = NativeStore(
            _new_store(workshop.engine.address, None, None), keeps=workshop.memories
        )
        self._context: int = _context(self._store.address)
        _limit_store(
            self._store.address,
            -1,  # bytes of memory: kept by the account
            limits.instance_table_elements_max,
            limits.instance_modules_max,
            limits.instance_tables_max,
            limits.instance_memories_max,
        )
        self._slice_ticks = 0
        if workshop.epochs:
            self._slice_ticks = _FIRST_SLICE_TICKS if yields else _NEVER
            _yield_at_deadline(self._context, 1)

    @property
    def memory_bytes(self) -> int:
        return self._account.bytes

    def close(self) -> None:
        self._store.close()

    async def start(self, component: int, invoke: int) -> None:
        """Instantiates the component, and finds its `invoke` by its index.

        Raises:
            ActorError: its start function failed, or it went over a limit. The
                instance is closed then.
        """
        block = self._block_address
        self._refuel()
        future = _instantiate(
            self._workshop.imports.linker.address,
            self._context,
            component,
            block + _INSTANCE,
            block + _ERROR,
        )
        fault = await self._complete(future, None)
        if fault is not None:
            self.close()
            raise fault
        self._find(invoke)

    async def describe(self, describe: int) -> str:
        """What the component says of itself, by the index of its `describe`.

        Raises:
            ActorError: it failed. The instance is closed then.
        """
        self._find(describe)
        fault = await self._complete(self._call(argument_count=0), None)
        if fault is not None:
            self.close()
            raise fault
        try:
            result = self._block_address + _RESULT
            limit = self._workshop.limits.component_describe_bytes_max
            return read_text(result, limit, "component_describe_bytes_max").decode()
        finally:
            self._drop_result()

    async def run(self, turn: Turn) -> Outcome:
        assert not self._running, "a guest runs one turn at a time"
        workshop = self._workshop
        collector = Collector(turn, workshop.limits)
        workshop.marshalling.set_arguments(turn.operation, turn.argument)
        fault = await self._complete(self._call(argument_count=2), collector)
        fuel = self._fuel_used()
        reply = None
        if fault is None:
            try:
                reply = self._reply(collector)
            except KelpieError as error:
                fault = error
        if fault is not None:
            self.close()
            return Outcome(None, fault, Effects(), collector.journal, collector.log, fuel, True)
        return Outcome(reply, None, collector.effects, collector.journal, collector.log, fuel)

    def _find(self, export: int) -> None:
        block = self._block_address
        if not _get_function(block + _INSTANCE, self._context, export, block + _FUNCTION):
            raise HostFault("an export that was inspected is not in the instance")

    def _call(self, *, argument_count: int) -> int:
        """A new native future for a call of the function that was found last."""
        block = self._block_address
        # The engine drops what it finds here before it writes: it must find nothing.
        _word.pack_into(self._block, _RESULT, 0)
        self._refuel()
        future: int = _call(
            block + _FUNCTION,
            self._context,
            self._workshop.marshalling.arguments_address,
            argument_count,
            block + _RESULT,
            1,
            block + _ERROR,
        )
        return future

    def _refuel(self) -> None:
        workshop = self._workshop
        self._account.refused_bytes = 0
        _set_fuel(self._context, workshop.limits.turn_fuel_max)
        if self._slice_ticks:
            _set_deadline(self._context, self._slice_ticks)

    def _fuel_used(self) -> int:
        _get_fuel(self._context, self._block_address + _FUEL)
        (left,) = _word.unpack_from(self._block, _FUEL)
        return self._workshop.limits.turn_fuel_max - int(left)

    async def _complete(self, future: int, collector: Collector | None) -> KelpieError | None:
        """Runs a native future to its end; deletes it. Returns why it failed, if it did.

        If this is cancelled the guest is killed and closed.
        """
        self._running = True
        try:
            fault = None
            if not self._poll(future, collector, self._first_poll):
                fault = await self._wait(future, collector)
        except BaseException:
            _delete_future(future)
            self.close()
            raise
        self._running = False
        _delete_future(future)
        return self._fault(fault)

    def _poll(self, future: int, collector: Collector | None, poll: Callable[[int], bool]) -> bool:
        workshop = self._workshop
        current = workshop.current
        current.cause = None
        current.collector = collector
        workshop.memories.account = self._account
        try:
            return poll(future)
        finally:
            current.collector = None
            workshop.memories.account = None

    async def _wait(self, future: int, collector: Collector | None) -> KelpieError | None:
        """Polls until the guest is done, or its time is up."""
        workshop = self._workshop
        env, limits = workshop.env, workshop.limits
        ends_ns = env.monotonic_ns() + limits.turn_wall_time_ms_max * 1_000_000
        while True:
            left_ms = (ends_ns - env.monotonic_ns()) / 1_000_000
            suspension = collector.suspension if collector is not None else None
            poll = _poll_releasing
            try:
                if left_ms <= 0:
                    raise TimeoutError
                if suspension is not None:
                    await env.within(left_ms, suspension.settle())
                    if self._slice_ticks:
                        _set_deadline(self._context, self._slice_ticks)
                    poll = self._first_poll
                else:
                    await workshop.slow_lane.next_slice()
            except TimeoutError:
                return GuestTimedOut(
                    f"the turn took longer than {limits.turn_wall_time_ms_max} ms "
                    "(turn_wall_time_ms_max)",
                    limit="turn_wall_time_ms_max",
                )
            if self._poll(future, collector, poll):
                return None

    def _fault(self, fault: KelpieError | None) -> KelpieError | None:
        (error,) = _word.unpack_from(self._block, _ERROR)
        if not error:
            return fault
        _word.pack_into(self._block, _ERROR, 0)
        message = take_message(error)
        if fault is not None:
            return fault
        workshop = self._workshop
        cause = workshop.current.cause
        if cause is not None:
            return fault_of_host_call(cause)
        return fault_of_trap(message, self._account, workshop.limits)

    def _reply(self, collector: Collector) -> Payload:
        """What the guest returned.

        Raises:
            KelpieError: a failure, or a reply over a limit.
        """
        limits = collector.limits
        try:
            succeeded, value = _result.unpack_from(self._block, _RESULT)
            if not succeeded & 0xFF:
                raise failure_of_guest(value, limits)
            reply = read_payload(
                value, limits.payload_bytes_max, "payload_bytes_max", limits.binary_bytes_max
            )
        finally:
            self._drop_result()
        collector.check_reply(reply)
        return reply

    def _drop_result(self) -> None:
        delete_value(self._block_address + _RESULT)
        _word.pack_into(self._block, _RESULT, 0)
