"""Whatever actors in three languages are asked, they do the same: replies, state and
effects, as JSON values in the text lane and byte for byte in the binary one."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from kelpie.errors import ActorRejected
from kelpie.ids import Payload, binary
from kelpie.limits import DEFAULT_LIMITS
from kelpie.wasm.component import LoadedComponent
from kelpie.wasm.engine import WasmEngine
from kelpie.wasm.turn import Outcome
from tests.guest_sdks.conformance.languages import LANGUAGES, CannotBuild
from tests.guest_sdks.conformance.turns import Turns
from tests.runtime.support import World
from tests.wasm.support import StoredValues

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.slow]

Loaded = dict[str, LoadedComponent]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def all_loaded(compiled_cache: Path) -> AsyncIterator[Loaded]:
    world = World()
    engine = WasmEngine(world.env, DEFAULT_LIMITS, compiled_cache, epochs=False)
    loaded, missing = {}, []
    sealed = {name: each for name, each in LANGUAGES.items() if each.is_sealed}
    for name, language in sealed.items():
        try:
            loaded[name] = await engine.load(language.component(compiled_cache))
        except CannotBuild as reason:
            missing.append(f"{name}: {reason}")
    if len(loaded) < 2:
        pytest.skip("; ".join(missing))
    yield loaded
    await world.close()
    engine.close()


@dataclass(frozen=True)
class Step:
    """One turn. `fresh`: in an instance of its own."""

    operation: str
    argument: Any
    fresh: bool = False


names = st.sampled_from(["", "a", "b", "a/1", "ä", "\U0001f600", "A"])
words = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
integers = st.integers(-(2**63), 2**63 - 1)
values = st.recursive(
    st.none() | st.booleans() | integers | st.floats(allow_nan=False, allow_infinity=False) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=8,
)
hexes = st.binary(max_size=20).map(bytes.hex)


def asks(operation: str, **members: st.SearchStrategy[Any]) -> st.SearchStrategy[Step]:
    return st.builds(Step, st.just(operation), st.fixed_dictionaries(members), st.booleans())


steps = st.one_of(
    asks("echo", value=values),
    st.builds(Step, st.just("echo_bytes"), st.binary(max_size=300).map(binary), st.booleans()),
    asks("add", amount=integers | st.integers(-3, 3)),
    asks("get"),
    asks("note", name=names | words, text=words),
    asks("forget", name=names),
    asks("clear_all"),
    asks("kv_set", key=names, text=words),
    asks("kv_set_bytes", key=names, hex=hexes),
    asks("kv_get", key=names),
    asks("kv_delete", key=names),
    asks(
        "kv_list",
        prefix=st.sampled_from(["", "a", "a/", "ä"]),
        after=st.none() | names,
        limit=st.integers(0, 5),
        reverse=st.booleans(),
    ),
    asks("time"),
    asks("language_time"),
    asks("entropy", length=st.integers(0, 40)),
    asks("entropy_u64"),
    asks("uuid"),
    asks("log", level=st.sampled_from(["debug", "info", "warn", "error"]), message=words),
    asks("identity"),
    asks("reject", code=st.sampled_from(["full", "not-now"]), message=words),
    asks("fail", message=words),
    asks("add_then_reject", amount=st.integers(-3, 3)),
    asks("write_read_only"),
    asks("change_read_only"),
    # What none of them understands.
    asks("add", amount=st.sampled_from([1.5, "1", None, 2**63, True])),
    asks("note", name=words),
    st.builds(Step, st.sampled_from(["add", "get", "nothing"]), words, st.just(False)),
    st.builds(Step, st.sampled_from(["add", "echo_bytes"]), st.just(binary(b"{}")), st.just(False)),
)


@dataclass
class Subject:
    """An actor in one language: what is stored of it, and its instance."""

    turns: Turns
    kv: dict[bytes, Payload] = field(default_factory=dict)
    asked: int = 0

    async def does(self, step: Step) -> Any:
        """A turn, and all that can be told of it."""
        if step.fresh:
            self.turns.renew()
        self.asked += 1
        outcome = await self.turns.run(
            step.operation,
            step.argument,
            number=self.asked,
            entropy_seed=self.asked.to_bytes(8, "little"),
            answers=StoredValues(dict(self.kv)),
        )
        for key, value in outcome.effects.kv.items():
            if value is None:
                self.kv.pop(key, None)
            else:
                self.kv[key] = value
        return {
            "reply": shown(outcome.reply),
            "error": None if outcome.error is None else type(outcome.error).__name__,
            "rejection": told(outcome),
            "state": shown(self.turns.state),
            "kv": self.kv,
            "log": [] if outcome.error is not None else outcome.log,
        }


def shown(payload: Payload | None) -> Any:
    """Text as what it means, bytes as they are."""
    if payload is None or not payload.is_text:
        return payload
    return json.loads(payload.data)


def told(outcome: Outcome) -> tuple[str, str] | None:
    """Of a rejection its code, and the message if it is the author's."""
    error = outcome.error
    if not isinstance(error, ActorRejected):
        return None
    code = error.rejection_code
    by_sdk = code in ("bad-argument", "unknown-operation")
    return code, "" if by_sdk else error.message


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(steps, min_size=1, max_size=15))
@example([Step("add", {"amount": 1}), Step("get", {}, fresh=True), Step("add", "")])
@example([Step("echo", {"value": [2.6583591176626477e289, 1e23, 5e-324, 0.1]})])
async def test_whatever_they_are_asked_they_do_the_same(
    all_loaded: Loaded, asked: list[Step]
) -> None:
    subjects = {name: Subject(Turns(loaded)) for name, loaded in all_loaded.items()}
    try:
        for step in asked:
            done = {name: await each.does(step) for name, each in subjects.items()}
            first, *others = done
            for other in others:
                assert done[other] == done[first], (step, first, other)
    finally:
        for each in subjects.values():
            each.turns.close()
