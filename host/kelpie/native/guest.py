"""One instance of a native actor, and its turns."""

from __future__ import annotations

from pathlib import Path

from kelpie.env import Env
from kelpie.errors import ActorError, GuestBrokeContract, KelpieError
from kelpie.ids import Payload
from kelpie.limits import Limits
from kelpie.native.answers import TimedAnswers
from kelpie.native.host_calls import HostCalls, TurnEnded
from kelpie.native.payloads import payload_of, sdk_payload
from kelpie.native.waiting import Waiting
from kelpie.wasm.collector import Collector
from kelpie.wasm.faults import failure_of, timed_out
from kelpie.wasm.marshalling import over_limit
from kelpie.wasm.turn import Effects, LogLine, Outcome, Turn
from kelpie.wasm.wall_time import WallTime
from kelpie_actor.declaration import ActorType
from kelpie_actor.dispatcher import BatchStopped, Dispatcher
from kelpie_actor.errors import Rejection
from kelpie_actor.failures import failure_message, traceback_text

__all__ = ["NativeGuest"]

# What an object of Python and its parts take at the least; nobody can say how much.
_MEMORY_BYTES = 4096
_OURS = str(Path(__file__).parent)


class NativeGuest:
    """See `kelpie.wasm.turn.Guest`. Memory of a turn has no bound. Its time has one
    wherever it asks the host for something, and at its end, but not in between."""

    def __init__(self, env: Env, kind: ActorType, limits: Limits) -> None:
        self._env = env
        self._limits = limits
        self._calls = HostCalls()
        self._dispatcher = Dispatcher(kind, self._calls)

    @property
    def memory_bytes(self) -> int:
        return _MEMORY_BYTES

    async def run(self, turn: Turn) -> Outcome:
        collector = Collector(turn, self._limits)
        calls, time = self._calls, WallTime(self._env, self._limits)
        waiting = Waiting(lambda: self._dispatch(turn))
        calls.begin(collector, TimedAnswers(waiting.wait, time))
        reply: Payload | None = None
        fault: KelpieError | None = None
        try:
            reply = await waiting.run()
            time.check()
            self._check_reply(reply, collector)
        except TurnEnded:
            # `calls.fault` says why.
            pass
        except TimeoutError:
            fault = timed_out(self._limits)
        except KelpieError as error:
            fault = error.with_traceback(None)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever the author raised
            fault = self._fault(error, collector)
        finally:
            calls.end()
        # Also of an actor that went on as if nothing had been.
        fault = calls.fault or fault
        if fault is not None:
            return Outcome(None, fault, Effects(), collector.journal, collector.log, 0, True)
        return Outcome(reply, None, collector.effects, collector.journal, collector.log, 0)

    def close(self) -> None:
        self._calls.end()

    def _dispatch(self, turn: Turn) -> Payload:
        argument = sdk_payload(turn.argument)
        if turn.is_batch:
            assert isinstance(argument, str)
            return payload_of(self._dispatcher.invoke_batch(argument))
        return payload_of(self._dispatcher.invoke(turn.operation, argument))

    def _check_reply(self, reply: Payload, collector: Collector) -> None:
        """
        Raises:
            GuestLimitExceeded
        """
        limits = self._limits
        maximum, limit = limits.payload_bytes_max, "payload_bytes_max"
        if not reply.is_text and limits.binary_bytes_max < maximum:
            maximum, limit = limits.binary_bytes_max, "binary_bytes_max"
        if len(reply.data) > maximum:
            raise over_limit(limit, len(reply.data), maximum)
        collector.check_reply(reply)

    def _fault(self, error: BaseException, collector: Collector) -> ActorError:
        """What is told of an exception of the actor's; its traceback goes into its log."""
        if isinstance(error, BatchStopped):
            assert error.__cause__ is not None
            fault = self._fault(error.__cause__, collector)
            fault.details["index"] = error.index
            return fault
        configuration = collector.turn.configuration
        if isinstance(error, Rejection):
            rejection = {"code": error.code, "message": error.message}
            if not all(isinstance(each, str) for each in rejection.values()):
                return GuestBrokeContract("a rejection has a code and a message, which are texts")
            return failure_of(("rejected", rejection), self._limits, configuration)
        _leave_out_ours(error)
        told = configuration.redact(traceback_text(error))
        collector.log.append(LogLine("error", told))
        return failure_of(("failed", failure_message(error)), self._limits, configuration)


def _leave_out_ours(error: BaseException) -> None:
    """What led to the actor is not its author's."""
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_frame.f_code.co_filename.startswith(_OURS):
        traceback = traceback.tb_next
    error.__traceback__ = traceback
