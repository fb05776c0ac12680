"""Interleaved transactions against a model that is plain dictionaries.

The model keeps the whole contents of every version. A transaction must see its
version's contents with its own operations on top, and must conflict exactly if
a later commit wrote something that it read.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from kelpie.errors import StoreConflict, StoreTooOld
from kelpie.store.buffer import added
from tests.store.clock import ClockEnv
from tests.store.conformance.backends import BACKENDS, Backend
from tests.store.conformance.helpers import END, contents

KEYS = [b"", b"a", b"a\0", b"ab", b"b", b"b\xff", b"c"]
keys = st.sampled_from(KEYS)
bounds = st.sampled_from([*KEYS, b"d", END])
values = st.sampled_from([b"", b"1", b"22", b"333"])
Contents = dict[bytes, bytes]
Operation = Callable[[Contents], object]
Touches = Callable[[bytes], bool]


def _within(begin: bytes, end: bytes) -> Touches:
    return lambda key: begin <= key < end


class Model:
    """One transaction, as the model sees it."""

    def __init__(self, version: int, age: int, seen: Contents) -> None:
        self.version = version
        self.age = age
        self.seen = dict(seen)
        self.operations: list[Operation] = []
        self.known: set[bytes] = set()
        """Keys whose value does not depend on the store."""
        self.read: list[Touches] = []
        self.written: list[Touches] = []

    def do(self, operation: Operation, written: Touches) -> None:
        operation(self.seen)
        self.operations.append(operation)
        self.written.append(written)


class Interleavings(RuleBasedStateMachine):
    backend_class: type[Backend]
    transactions = Bundle("transactions")

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.directory = tempfile.TemporaryDirectory()
        self.now: Contents = {}
        self.commits: list[tuple[int, list[Touches]]] = []
        self.age = 0
        """Grows when all versions that were given out become too old."""

    def wait(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(asyncio.wait_for(work, 20))

    @initialize()
    def open(self) -> None:
        async def opened() -> Backend:
            backend = self.backend_class(ClockEnv(), Path(self.directory.name) / "data")
            await backend.open()
            return backend

        self.backend: Backend = self.wait(opened())

    def teardown(self) -> None:
        self.wait(self.backend.close())
        self.backend.env.close()
        self.loop.close()
        self.directory.cleanup()

    @rule(target=transactions)
    def begin(self) -> tuple[Any, Model]:
        transaction = self.backend.store.transaction()
        version = self.wait(transaction.read_version())
        return transaction, Model(version, self.age, self.now)

    @rule(pair=transactions, key=keys, value=values)
    def set(self, pair: tuple[Any, Model], key: bytes, value: bytes) -> None:
        pair[0].set(key, value)
        pair[1].do(lambda seen: seen.update({key: value}), lambda each: each == key)
        pair[1].known.add(key)

    @rule(pair=transactions, key=keys)
    def clear(self, pair: tuple[Any, Model], key: bytes) -> None:
        pair[0].clear(key)
        pair[1].do(lambda seen: seen.pop(key, None), lambda each: each == key)
        pair[1].known.add(key)

    @rule(pair=transactions, begin=bounds, end=bounds)
    def clear_range(self, pair: tuple[Any, Model], begin: bytes, end: bytes) -> None:
        pair[0].clear_range(begin, end)
        if begin >= end:
            return
        touched = _within(begin, end)

        def remove(seen: Contents) -> None:
            for key in [key for key in seen if touched(key)]:
                del seen[key]

        pair[1].do(remove, touched)
        pair[1].known.update(key for key in KEYS if touched(key))

    @rule(pair=transactions, key=keys, delta=st.integers(-3, 3))
    def add(self, pair: tuple[Any, Model], key: bytes, delta: int) -> None:
        pair[0].add(key, delta)
        pair[1].do(
            lambda seen: seen.update({key: added(seen.get(key), delta)}), lambda each: each == key
        )

    @rule(pair=transactions, key=keys, snapshot=st.booleans())
    def get(self, pair: tuple[Any, Model], key: bytes, snapshot: bool) -> None:
        transaction, model = pair
        if model.age < self.age:
            return
        assert self.wait(transaction.get(key, snapshot=snapshot)) == model.seen.get(key)
        if not snapshot and key not in model.known:
            model.read.append(lambda each: each == key)

    @rule(
        pair=transactions,
        begin=bounds,
        end=bounds,
        limit=st.integers(1, 4),
        reverse=st.booleans(),
        snapshot=st.booleans(),
    )
    def get_range(
        self,
        pair: tuple[Any, Model],
        begin: bytes,
        end: bytes,
        limit: int,
        reverse: bool,
        snapshot: bool,
    ) -> None:
        transaction, model = pair
        if model.age < self.age:
            return
        pairs = self.wait(
            transaction.get_range(begin, end, limit=limit, reverse=reverse, snapshot=snapshot)
        )
        touched = _within(begin, end)
        expected = sorted([each for each in model.seen.items() if touched(each[0])])
        if reverse:
            expected.reverse()
        assert pairs == expected[:limit]
        if snapshot:
            return
        if len(pairs) == limit:
            last = pairs[-1][0]
            touched = _within(last, end) if reverse else _within(begin, last + b"\0")
        model.read.append(touched)

    @rule(pair=transactions, key=keys)
    def add_read_conflict(self, pair: tuple[Any, Model], key: bytes) -> None:
        pair[0].add_read_conflict(key)
        pair[1].read.append(lambda each: each == key)

    @rule(pair=transactions, begin=bounds, end=bounds)
    def add_read_conflict_range(self, pair: tuple[Any, Model], begin: bytes, end: bytes) -> None:
        pair[0].add_read_conflict_range(begin, end)
        pair[1].read.append(_within(begin, end))

    @rule(pair=consumes(transactions))
    def commit(self, pair: tuple[Any, Model]) -> None:
        self.commit_all([pair])

    @rule(first=consumes(transactions), second=consumes(transactions), third=consumes(transactions))
    def commit_together(
        self, first: tuple[Any, Model], second: tuple[Any, Model], third: tuple[Any, Model]
    ) -> None:
        self.commit_all([first, second, third])

    def commit_all(self, pairs: list[tuple[Any, Model]]) -> None:
        async def together() -> list[int | BaseException]:
            commits = [transaction.commit() for transaction, _ in pairs]
            return await asyncio.gather(*commits, return_exceptions=True)

        results = self.wait(together())
        for (_, model), result in zip(pairs, results, strict=True):
            if not model.written:
                assert result == model.version
            elif model.age < self.age:
                assert isinstance(result, StoreTooOld)
            elif self.conflicts(model):
                assert isinstance(result, StoreConflict)
            else:
                assert isinstance(result, int)
                for operation in model.operations:
                    operation(self.now)
                self.commits.append((result, model.written))

    def conflicts(self, model: Model) -> bool:
        return any(
            read(key) and written(key)
            for version, touched in self.commits
            if version > model.version
            for written in touched
            for read in model.read
            for key in [*KEYS, b"d"]
        )

    @rule(pair=consumes(transactions))
    def cancel(self, pair: tuple[Any, Model]) -> None:
        pair[0].cancel()

    @rule()
    def five_seconds_pass(self) -> None:
        self.backend.env.advance(5_001)
        self.age += 1

    @invariant()
    def contents_are_as_modelled(self) -> None:
        if hasattr(self, "backend"):
            assert self.wait(contents(self.backend.store)) == sorted(self.now.items())


@pytest.mark.parametrize("name", list(BACKENDS))
def test_interleaved_transactions_are_serializable(name: str) -> None:
    machine = type("Machine", (Interleavings,), {"backend_class": BACKENDS[name]})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=60,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
