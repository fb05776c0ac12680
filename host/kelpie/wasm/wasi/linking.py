"""The virtual WASI in an engine's linker."""

from __future__ import annotations

from typing import Any

from kelpie.errors import GuestTrapped
from kelpie.wasm.current import Current
from kelpie.wasm.library import HOST_FUNCTION, RESOURCE_DESTRUCTOR, VALUE_BYTES
from kelpie.wasm.linker_instance import LinkerInstance
from kelpie.wasm.wasi.calls import CALLS, Call, Caller
from kelpie.wasm.wasi.offers import RESOURCES, UNSUPPORTED, VERSION
from kelpie.wasm.wasi.surroundings import Surroundings
from kelpie.wasm.wasi.values import Resource, Results, read

__all__ = ["VirtualWasi"]


class VirtualWasi:
    """Puts every function of it into a linker. Must outlive that."""

    def __init__(self, linker: int, current: Current) -> None:
        self._current = current
        self._callbacks: list[Any] = []
        for interface, calls in CALLS.items():
            instance = LinkerInstance(linker, f"{interface}@{VERSION}")
            for name, resource in RESOURCES.get(interface, {}).items():
                instance.add_resource(name, resource, self._keep(self._destructor(resource)))
            for name, call in calls.items():
                instance.add(name, self._keep(self._callback(f"{interface}.{name}", call)))
            for name in UNSUPPORTED.get(interface, ()):
                call = _unsupported(f"{interface}.{name}")
                instance.add(name, self._keep(self._callback(f"{interface}.{name}", call)))
            instance.close()

    def _keep(self, callback: Any) -> Any:
        self._callbacks.append(callback)
        return callback

    def _destructor(self, resource: Resource) -> Any:
        current = self._current

        def dropped(_data: int | None, _context: int, number: int) -> int:
            # Also when an instance goes: then no guest is current, and all goes with it.
            guest = current.guest
            if resource is Resource.POLLABLE and guest is not None and guest.surroundings:
                guest.surroundings.pollables.pop(number, None)
            return 0

        return RESOURCE_DESTRUCTOR(dropped)

    def _callback(self, name: str, call: Call) -> Any:
        current = self._current

        def callback(
            _environment: int,
            context: int,
            _type: int,
            arguments: int,
            argument_count: int,
            results: int,
            _result_count: int,
        ) -> int | None:
            try:
                collector = current.collector or current.expect_anyone()
                guest = current.guest
                assert guest is not None, "a host call comes from a guest"
                has = guest.surroundings
                if has is None:
                    has = guest.surroundings = Surroundings()
                has.enter(collector)
                given = tuple(
                    read(arguments + VALUE_BYTES * index, context)
                    for index in range(argument_count)
                )
                result = Results(context)
                answer = call(Caller(collector, has, result), *given)
                shown = None if answer is None else result.show(answer)
                collector.record(name, given, shown, _weight(given) + _weight((shown,)))
                if answer is not None:
                    result.write(answer, results)
            except BaseException as error:  # noqa: BLE001 - becomes this guest's trap
                return current.fail(error)
            return None

        return HOST_FUNCTION(callback)


def _weight(values: tuple[object, ...]) -> int:
    return sum(len(each) if isinstance(each, bytes) else 8 for each in values)


def _unsupported(name: str) -> Call:
    def refuse(_caller: Caller, *_given: object) -> None:
        raise GuestTrapped(f"the actor called {name}, which the virtual WASI does not support")

    return refuse
