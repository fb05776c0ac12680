"""One guest: an instance of a component, and the turns that it runs."""

from __future__ import annotations

import struct

from kelpie.errors import KelpieError, PayloadTooLarge
from kelpie.ids import Payload
from kelpie.limits import Limits
from kelpie.wasm.batch import batch_failure_of_guest, read_batch_reply
from kelpie.wasm.collector import Collector
from kelpie.wasm.faults import failure_of_guest, told_in_log
from kelpie.wasm.handles import CompiledComponent, ExportIndex
from kelpie.wasm.library import memory
from kelpie.wasm.marshalling import read_payload, read_text
from kelpie.wasm.native_guest import NativeGuest
from kelpie.wasm.outside import Outside
from kelpie.wasm.slow_lane import Pace
from kelpie.wasm.turn import Description, Effects, Outcome, Turn
from kelpie.wasm.workshop import Workshop

__all__ = ["Instance"]

_result = struct.Struct("<8xQQ")


class Instance:
    """A guest. See `kelpie.wasm.turn.Guest`."""

    __slots__ = ("_batch", "_component", "_found_batch", "_invoke", "_native", "_workshop")

    def __init__(self, workshop: Workshop, pace: Pace, *, yields: bool = True) -> None:
        """Without `yields` a guest that runs long holds up the loop: it never waits."""
        self._workshop = workshop
        self._native = NativeGuest(workshop, pace, yields=yields)
        self._component: CompiledComponent | None = None
        """What its first turn makes it of; None once it is made."""
        self._invoke: ExportIndex | None = None
        self._batch: ExportIndex | None = None
        self._found_batch = False
        """Whether the function to call is that of batches."""

    @property
    def memory_bytes(self) -> int:
        return self._native.account.resident_bytes

    @property
    def held_bytes(self) -> int:
        """Its linear memory, touched or not."""
        return self._native.account.bytes

    def close(self) -> None:
        self._native.close()

    async def start(
        self,
        component: CompiledComponent,
        invoke: ExportIndex,
        batch: ExportIndex | None,
        *,
        in_turn: bool,
    ) -> None:
        """Instantiates the component, and finds its `invoke`. `batch` is what
        takes batches, if it does. With `in_turn` the first turn does it.

        Raises:
            ActorError: its start function failed, or it went over a limit. The
                instance is closed then.
        """
        self._component, self._invoke, self._batch = component, invoke, batch
        if not in_turn and (fault := await self._begin(None)):
            self.close()
            raise fault

    async def _begin(self, collector: Collector | None) -> KelpieError | None:
        component, self._component = self._component, None
        assert component is not None, "an instance begins once"
        self._native.account.image = component.image
        fault = await self._native.instantiate(component.address, collector)
        if fault is None:
            self._find(batch=False)
        return fault

    async def describe(
        self, component: CompiledComponent, describe: int, outside: Outside
    ) -> Description:
        """What the component says of itself, by the index of its `describe`.

        Raises:
            ActorError: it failed, at the start or then. The instance is closed.
        """
        native = self._native
        native.outside = outside
        native.account.image = component.image
        fault = await native.instantiate(component.address, None)
        if fault is None:
            outside.begins = False
            native.find(describe)
            fault = native.end(None) if native.start(0, 0, None) else await native.finish(None)
        if native.surroundings is not None:
            native.surroundings.leave(outside.collector)
        if fault is not None:
            self.close()
            raise fault
        maximum = self._workshop.limits.component_describe_bytes_max
        try:
            text = read_text(native.result_address, maximum, "component_describe_bytes_max")
            return Description(text.decode(), native.fuel_used())
        finally:
            native.drop_result()

    async def run(self, turn: Turn) -> Outcome:
        workshop, native = self._workshop, self._native
        collector = Collector(turn, workshop.limits)
        fault = _fault_of_argument(turn.argument, workshop.limits)
        fuel, reply = 0, None
        if turn.fuel_max is not None:
            native.fuel_max = turn.fuel_max
        if fault is None and self._component is not None:
            collector.begin_entropy()
            fault = await self._begin(collector)
            collector.entropy = None
            fuel = native.fuel_used()
        if fault is None:
            if native.pace.long:
                await workshop.slow_lane.next_slice()
            if turn.is_batch is not self._found_batch:
                self._find(batch=turn.is_batch)
            marshalling = workshop.marshalling
            if turn.is_batch:
                marshalling.set_batch(turn.argument.data)
                ended = native.start(marshalling.batch_address, 1, collector)
            else:
                marshalling.set_arguments(turn.operation, turn.argument)
                ended = native.start(marshalling.arguments_address, 2, collector)
            if ended:
                fault = native.end(collector)
            else:
                fault = await native.finish(collector)
            fuel += native.fuel_used()
        if fault is None:
            try:
                reply = self._reply(collector)
            except KelpieError as error:
                # Not with its traceback, which leads back here: see `fault_of_host_call`.
                fault = error.with_traceback(None)
        if native.surroundings is not None:
            unlogged = native.surroundings.leave(collector)
            fault = fault or unlogged
        if fault is not None:
            native.close()
            fault = told_in_log(fault, collector.log, workshop.limits)
            collector.effects = Effects()
        return Outcome(
            reply if fault is None else None,
            fault,
            collector.effects,
            collector.journal,
            collector.log,
            fuel,
            fault is not None or native.account.outgrown(),
            collector.moved_bytes,
        )

    def _find(self, *, batch: bool) -> None:
        """Makes the function for batches, or that for single operations, the one to call."""
        export = self._batch if batch else self._invoke
        assert export is not None, "the runtime asks for no batch where none is taken"
        self._native.find(export.address)
        self._found_batch = batch

    def _reply(self, collector: Collector) -> Payload:
        """What the guest returned.

        Raises:
            KelpieError: a failure, or a reply over a limit.
        """
        limits, native = collector.limits, self._native
        configuration = collector.turn.configuration
        try:
            succeeded, value = _result.unpack_from(memory, native.result_address)
            if self._found_batch:
                operations = collector.turn.argument.data
                if not succeeded & 0xFF:
                    raise batch_failure_of_guest(value, operations, limits, configuration)
                reply = read_batch_reply(value, operations, limits)
            elif not succeeded & 0xFF:
                raise failure_of_guest(value, limits, configuration)
            else:
                reply = read_payload(
                    value, limits.payload_bytes_max, "payload_bytes_max", limits.binary_bytes_max
                )
        finally:
            native.drop_result()
        collector.check_reply(reply)
        return reply


def _fault_of_argument(argument: Payload, limits: Limits) -> KelpieError | None:
    size = len(argument.data)
    if argument.is_text or size <= limits.binary_bytes_max:
        return None
    return PayloadTooLarge(
        f"a binary argument of {size} bytes is over the limit binary_bytes_max of "
        f"{limits.binary_bytes_max}",
        limit="binary_bytes_max",
    )
