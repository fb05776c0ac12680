"""Small sequential objects to hold histories against."""

from __future__ import annotations

from collections.abc import Hashable, Iterable

from kelpie.sim.history import NEVER, Operation, Step


class Counter:
    """`add n` answers the new total, `get` the total. Above ten it refuses."""

    def initial(self) -> Hashable:
        return 0

    def steps(self, state: Hashable, operation: Operation) -> Iterable[Step]:
        assert isinstance(state, int)
        match operation.name:
            case "get":
                return [Step(state, state)]
            case "add":
                assert isinstance(operation.argument, int)
                total = state + operation.argument
                return [Step("refused", state)] if total > 10 else [Step(total, total)]
            case "set":
                return [Step("ok", operation.argument)]
            case "stamp":  # sets to any of its inputs: nobody saw which
                return [Step("ok", each) for each in operation.inputs]
        raise AssertionError(operation)


def add(amount: int, reply: Hashable, invoked: int, responded: int) -> Operation:
    return Operation("add", amount, invoked, responded, reply)


def get(reply: Hashable, invoked: int, responded: int) -> Operation:
    return Operation("get", None, invoked, responded, reply, read_only=True)


def put(value: int, invoked: int, responded: int) -> Operation:
    return Operation("set", value, invoked, responded, "ok")


def lost(name: str, argument: Hashable, invoked: int) -> Operation:
    return Operation(name, argument, invoked, NEVER)
