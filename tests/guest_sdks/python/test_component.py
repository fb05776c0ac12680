"""Python in a component: its clock and randomness are the turn's, and what it cannot
have is refused with words."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from kelpie.env.real import RealEnv
from kelpie.limits import DEFAULT_LIMITS
from kelpie.wasm.component import LoadedComponent
from kelpie.wasm.engine import WasmEngine
from kelpie.wasm.image_taking import take_image
from kelpie.wasm.instance import Instance
from kelpie.wasm.turn import Outcome
from kelpie_actor_build.stubs import in_order
from tests.guest_sdks.components import CannotBuild, python_component
from tests.wasm.support import TIME_NS, turn

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.slow]

PROJECT = Path(__file__).resolve().parents[2] / "guests" / "ambient"

RANDOM = [
    "random.random()",
    "[random.randint(0, 2**70), random.choice(range(10**9)), random.uniform(0, 1)]",
    "random.sample(range(10**6), 5)",
    "[random.gauss(0, 1) for _ in range(3)]",
    "random.getstate()[1][:3]",
    "random.randbytes(9)",
    "random.Random().random()",
    "random.SystemRandom().random()",
    "[early['random'](), early['randint'](0, 10**9)]",
    "early['urandom'](8)",
    "os.urandom(70_000)[-8:]",
    "secrets.token_hex()",
    "[secrets.randbelow(10**9), secrets.choice(range(10**9))]",
    "uuid.uuid1()",
    "uuid.uuid4()",
    "uuid.uuid7()",
    "context.entropy.uuid()",
]
CLOCK = {
    "time.time()": "1700000000.1234567",
    "time.time_ns()": "1700000000123456789",
    "time.monotonic_ns()": "1700000000123456789",
    "time.perf_counter()": "1700000000.1234567",
    "time.process_time()": "0.0",
    "early['time']()": "1700000000.1234567",
    "seconds()": "1700000000.1234567",
    "time.gmtime().tm_year": "2023",
    "time.localtime().tm_hour": "22",
    "time.ctime()": "'Tue Nov 14 22:13:20 2023'",
    "time.asctime()": "'Tue Nov 14 22:13:20 2023'",
    "time.strftime('%Y-%m-%d')": "'2023-11-14'",
    "datetime.datetime.now()": "datetime.datetime(2023, 11, 14, 22, 13, 20, 123456)",
    "datetime.datetime.utcnow()": "datetime.datetime(2023, 11, 14, 22, 13, 20, 123456)",
    "datetime.datetime.now(datetime.UTC).isoformat()": "'2023-11-14T22:13:20.123456+00:00'",
    "DateTime.today().isoformat()": "'2023-11-14T22:13:20.123456'",
    "datetime.date.today().isoformat()": "'2023-11-14'",
    "time.sleep(1.5) or time.time_ns()": "1700000001623456789",
    "context.now().isoformat()": "'2023-11-14T22:13:20.123456+00:00'",
    "BUILT": "0.0",
    "isinstance(datetime.datetime.now(), DateTime)": "True",
    "isinstance(datetime.datetime.now(), datetime.date)": "True",
    "isinstance(datetime.date.today(), datetime.datetime)": "False",
    "type(datetime.datetime.now() - datetime.timedelta(1)) is DateTime": "True",
    "logging.LogRecord('a', 10, '', 1, 'm', (), None).created": "1700000000.1234567",
}
REFUSED = {
    "open('/etc/passwd')": "OSError: .*an actor has no files: keep data in its state or kv",
    "os.listdir('/')": "OSError: .*an actor has no files",
    "os.path.exists('/')": "False",
    "__import__('io').open('/x')": "OSError: .*an actor has no files",
    "os._exit(3)": "OSError: .*an actor does not exit",
    "os.abort()": "OSError: .*an actor does not exit",
    "__import__('threading').Thread(target=print).start()": "OSError: .*an actor has one thread",
    "__import__('_thread').start_new_thread(print, ())": "OSError: .*an actor has one thread",
    "input()": "OSError: .*an actor has no standard input",
    "__import__('decimal')": "ModuleNotFoundError: the module decimal is not in this component",
    "__import__('nothing')": "ModuleNotFoundError: .*import it at the top",
}


class Turns:
    """Turns of one instance, until one of them fails."""

    def __init__(self, component: LoadedComponent) -> None:
        self._component = component
        self._guest: Instance | None = None

    async def run(self, operation: str, argument: Any = "", **changes: Any) -> Outcome:
        if self._guest is None:
            self._guest = await self._component.instantiate()
        outcome = await self._guest.run(turn(operation, argument, **changes))
        if outcome.instance_lost:
            self.renew()
        return outcome

    def renew(self) -> None:
        """Drops the instance."""
        if self._guest is not None:
            self._guest.close()
        self._guest = None


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def loaded(compiled_cache: Path) -> AsyncIterator[LoadedComponent]:
    try:
        component = python_component(PROJECT, compiled_cache)
    except CannotBuild as reason:
        pytest.skip(str(reason))
    env = RealEnv(lambda what, error: pytest.fail(f"{what}: {error!r}"))
    engine = WasmEngine(env, DEFAULT_LIMITS, compiled_cache, epochs=False)
    yield await engine.load(component)
    engine.close()
    env.close()


@pytest_asyncio.fixture(loop_scope="module")
async def turns(loaded: LoadedComponent) -> AsyncIterator[Turns]:
    made = Turns(loaded)
    yield made
    made.renew()


def reply(outcome: Outcome) -> Any:
    assert outcome.error is None, outcome.error
    assert outcome.reply is not None
    return json.loads(outcome.reply.data)


async def evaluated(turns: Turns, expression: str, **changes: Any) -> str:
    told = reply(await turns.run("evaluate", {"expression": expression}, **changes))
    assert isinstance(told, str)
    return told


async def test_it_is_sealed_and_imports_only_what_it_uses(loaded: LoadedComponent) -> None:
    used = {name.removeprefix("kelpie:actor/").partition("@")[0] for name in loaded.imports}
    assert used == {"types", "state", "clock", "entropy", "log"}


async def test_its_code_is_that_of_others(loaded: LoadedComponent, compiled_cache: Path) -> None:
    """If its stubs are not known for what they are, it stays as it was made, with names."""
    made = python_component(PROJECT, compiled_cache)
    assert b"\x0ecomponent-name" not in made
    assert in_order(made) == made
    taken = take_image(made)
    assert len(taken.content) > 5_000_000


@pytest.mark.parametrize("expression", RANDOM)
async def test_randomness_is_the_turns(turns: Turns, expression: str) -> None:
    first = await evaluated(turns, expression)
    assert "Error" not in first
    # Another turn of the same instance, and then the first again: what the instance
    # did in between does not show.
    other = await evaluated(turns, expression, entropy_seed=b"another")
    assert other != first
    assert await evaluated(turns, expression) == first
    turns.renew()
    assert await evaluated(turns, expression) == first


async def test_a_generator_of_ones_own_is_not_touched(turns: Turns) -> None:
    import random  # noqa: PLC0415 - the same algorithm, here

    expected = repr(random.Random(7).random())
    assert await evaluated(turns, "own_generator.random()") == expected
    assert await evaluated(turns, "random.seed(5) or random.random()") == repr(
        random.Random(5).random()
    )


@pytest.mark.parametrize("expression", CLOCK)
async def test_the_time_is_the_turns(turns: Turns, expression: str) -> None:
    assert await evaluated(turns, expression) == CLOCK[expression]
    assert TIME_NS == 1_700_000_000_123_456_789


async def test_time_that_was_slept_is_gone_in_the_next_turn(turns: Turns) -> None:
    await evaluated(turns, "time.sleep(5)")
    assert await evaluated(turns, "time.time_ns()") == str(TIME_NS)


async def test_a_turn_that_uses_neither_asks_for_neither(turns: Turns) -> None:
    outcome = await turns.run("greet", {"name": "you"})
    assert outcome.journal == []


async def test_modules_are_packed(turns: Turns) -> None:
    assert reply(await turns.run("greet", {"name": "you"})) == "Hello, you! Hello, you!"
    assert reply(await turns.run("late_import")) == "a late import"
    given = {"text": "2 Mar 2026", "form": "%d %b %Y"}
    assert reply(await turns.run("parse_time", given)) == "2026-03-02T00:00:00"


@pytest.mark.parametrize("expression", REFUSED)
async def test_what_there_is_not_is_refused_with_words(turns: Turns, expression: str) -> None:
    assert re.match(REFUSED[expression], await evaluated(turns, expression))


async def test_what_is_printed_goes_to_the_log(turns: Turns) -> None:
    outcome = await turns.run(
        "evaluate", {"expression": "print('a\\nb', end='') or print('c', file=sys.stderr)"}
    )
    assert outcome.log == [("info", "a"), ("warn", "c"), ("info", "b")]
    outcome = await turns.run("evaluate", {"expression": "logging.warning('w')"})
    assert outcome.log == [("warn", "WARNING:root:w")]


async def test_half_a_character_is_a_question_mark_to_people(turns: Turns) -> None:
    written = (
        "print('a\\ud800')",
        "context.log.info('b\\ud800')",
        "context.log.warn('c\\ud800')",
    )
    outcome = await turns.run("evaluate", {"expression": f"[{', '.join(written)}]"})
    assert outcome.error is None, outcome.error
    assert outcome.log == [("info", "a?"), ("info", "b?"), ("warn", "c?")]


async def test_recursion_and_exits_are_failures_with_words(turns: Turns) -> None:
    assert reply(await turns.run("deep", {"levels": 500})) == 500
    outcome = await turns.run("deep", {"levels": 100_000})
    assert outcome.error is not None
    assert "RecursionError" in outcome.error.message
    outcome = await turns.run("leave")
    assert outcome.error is not None
    assert "SystemExit: 3" in outcome.error.message


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("unavailable", "actor-unavailable"),
        ("unknown", "actor-outcome-unknown"),
        ("failed", "actor-failed"),
        ("rejected", "actor-failed"),
    ],
)
async def test_what_is_a_matter_of_time_is_passed_on(turns: Turns, kind: str, code: str) -> None:
    outcome = await turns.run("raise_messaging_error", {"kind": kind})
    assert outcome.error is not None
    assert outcome.error.code == code
    assert "later" in outcome.error.message
