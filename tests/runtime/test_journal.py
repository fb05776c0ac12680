"""What is kept of turns: by which policy, for how long, and that it runs again."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kelpie.errors import KelpieError, StoreWriteFailed, TurnsNotFound
from kelpie.ids import Address
from kelpie.journal.bundles import Bundle, read_bundle
from kelpie.journal.policy import Policy
from kelpie.journal.summary import Summary, replay_all
from kelpie.limits import Limits
from kelpie.runtime.kinds.configuration import Change
from kelpie.runtime.views.journals import JournaledTurn
from kelpie.store.journal_keys import JournalKeys
from kelpie.store.keyspace import ActorKeys
from kelpie.store.reading import reading
from kelpie.wasm.engine import WasmEngine
from tests.runtime.conftest import LIMITS
from tests.runtime.link import failing
from tests.runtime.support import COUNTER, TestNode, World, outcome, settle
from tests.wasm.support import ROGUE

ONE = Address("default", "rogue", "one")


class Host:
    """A node with the rogue and the counter."""

    def __init__(self, node: TestNode, engine: WasmEngine) -> None:
        self.node = node
        self.engine = engine
        self.journals = node.runtime.journals

    async def ask(self, operation: str, argument: object = None, key: str = "one") -> object:
        return await self.node.value(operation, argument, kind="rogue", key=key)

    async def fail(self, operation: str = "fail", key: str = "one") -> KelpieError:
        asked = self.node.ask(operation, '{"kind": "failed"}', kind="rogue", key=key)
        with pytest.raises(KelpieError) as raised:
            await asked
        return raised.value

    async def turns(self, address: Address = ONE) -> list[JournaledTurn]:
        return (await self.journals.page(address, None, 1_000)).turns

    async def operations(self, address: Address = ONE) -> list[str]:
        return [each.given.operation for each in reversed(await self.turns(address))]

    async def bundle(self, begin: int | None = None, end: int | None = None) -> Bundle:
        return read_bundle(await self.journals.export(ONE, begin, end), self.node.limits)

    async def replay(self, begin: int | None = None, end: int | None = None) -> Summary:
        bundle = await self.bundle(begin, end)
        limits = bundle.head.limits_under(self.node.limits)
        return await replay_all(bundle, self.engine, limits)

    async def keep_all(self) -> None:
        await self.journals.set_policy("default", "rogue", Policy.ALL)


@pytest.fixture
def start(world: World, wasm: Callable[..., WasmEngine]) -> Callable[..., object]:
    async def make(**limits: int) -> Host:
        told = Limits(**{"journal_failure_pause_ms": 1, **LIMITS, **limits})
        engine = wasm(told)
        node = await world.start(engine, told)
        await node.runtime.deploy("default", "rogue", ROGUE.read_bytes())
        await node.runtime.deploy("default", "counter", COUNTER.read_bytes())
        return Host(node, engine)

    return make


async def test_a_failure_is_kept_with_what_led_to_it(start: Callable[..., object]) -> None:
    host: Host = await start()  # type: ignore[misc]
    assert await host.journals.policy("default", "rogue") is Policy.FAILURES
    await host.ask("save", "a")
    await host.ask("volatile")
    assert await host.turns() == []
    error = await host.fail()
    assert await host.operations() == ["save", "volatile", "fail"]
    assert error.details["bundle"] == "/v1/bundles/rogue/one?namespace=default&from=2&to=2"
    last, *_ = await host.turns()
    assert last.end.error == ("actor-failed", "on purpose")
    assert (last.position, last.instance, last.deploy_number) == (3, 1, 1)
    summary = await host.replay()
    assert (summary.divergence, summary.turns, summary.instances) == (None, 3, 1)


async def test_a_refusal_is_no_failure(start: Callable[..., object]) -> None:
    host: Host = await start()  # type: ignore[misc]
    assert await outcome(host.node.ask("load", "{}", kind="rogue")) == "rejected"
    with pytest.raises(TurnsNotFound, match="--policy all"):
        await host.bundle()


async def test_nothing_is_kept_if_nothing_shall_be(start: Callable[..., object]) -> None:
    host: Host = await start()  # type: ignore[misc]
    await host.journals.set_policy("default", "rogue", Policy.OFF)
    error = await host.fail()
    assert "bundle" not in error.details
    assert await host.turns() == []


async def test_every_turn_is_kept_by_its_own_commit(start: Callable[..., object]) -> None:
    host: Host = await start()  # type: ignore[misc]
    await host.keep_all()
    commits = host.node.link.commits
    await host.ask("save", "a")
    assert host.node.link.commits == commits + 1
    # One that commits nothing rides on the next commit.
    await host.ask("read_only_load", {})
    assert await host.operations() == ["save"]
    await host.ask("save", "b")
    assert await host.operations() == ["save", "read_only_load", "save"]
    await host.fail()
    assert (await host.operations())[-1] == "fail"
    await host.ask("save", "c")
    assert [each.given.number for each in reversed(await host.turns())] == [1, 2, 2, 3, 3]
    summary = await host.replay()
    assert (summary.divergence, summary.turns, summary.instances) == (None, 5, 2)
    assert [len(each.entries) for each in (await host.bundle(1, 1)).flown] == [1]
    assert [len(each.entries) for each in (await host.bundle(3, 3)).flown] == [4, 1]
    with pytest.raises(TurnsNotFound):
        await host.bundle(7, 9)


async def test_turns_that_ride_on_nothing_are_written_in_time(
    start: Callable[..., object],
) -> None:
    host: Host = await start(journal_waiting_bytes_max=60_000)  # type: ignore[misc]
    await host.keep_all()
    await host.ask("save", "a")
    for _ in range(10):
        await host.ask("read_only_load", {})
    assert len(await host.turns()) > 1
    assert (await host.replay()).divergence is None


async def test_an_instance_is_made_anew_in_time(start: Callable[..., object]) -> None:
    host: Host = await start(journal_instance_turns_max=3)  # type: ignore[misc]
    await host.keep_all()
    seen = [await host.ask("volatile") for _ in range(7)]
    await host.ask("save", "x")
    assert [each["turns"] for each in seen] == [1, 2, 3, 1, 2, 3, 1]  # type: ignore[index]
    summary = await host.replay()
    assert (summary.divergence, summary.turns, summary.instances) == (None, 8, 3)


async def test_an_instance_is_made_anew_when_it_has_done_much(
    start: Callable[..., object],
) -> None:
    host: Host = await start(journal_instance_bytes_max=50_000)  # type: ignore[misc]
    for _ in range(3):
        await host.ask("save", "x" * 20_000)
    made = host.node.runtime.node.meters.of("default", "rogue").instances_made
    assert made == 2


async def test_old_instances_leave_the_journal(start: Callable[..., object]) -> None:
    host: Host = await start(  # type: ignore[misc]
        journal_instance_turns_max=2, journal_turns_max=6
    )
    await host.keep_all()
    for number in range(20):
        await host.ask("save", number)
    turns = await host.turns()
    assert [each.position for each in turns] == [20, 19, 18, 17, 16, 15, 14, 13]
    summary = await host.replay()
    assert (summary.divergence, summary.turns) == (None, 8)


@pytest.mark.parametrize("limit", ["journal_bytes_max", "journal_age_ms_max"])
async def test_a_journal_is_bounded_in_bytes_and_in_age(
    start: Callable[..., object], world: World, limit: str
) -> None:
    host: Host = await start(  # type: ignore[misc]
        journal_instance_turns_max=1, **{limit: 3_000}
    )
    await host.keep_all()
    for number in range(20):
        world.env.wall_ahead_ms += 1_000
        await host.ask("save", number)
    assert 2 < len(await host.turns()) < 19


async def test_rows_of_what_left_are_gone(start: Callable[..., object]) -> None:
    host: Host = await start(  # type: ignore[misc]
        journal_instance_turns_max=1, journal_turns_max=2
    )
    await host.keep_all()
    for _ in range(10):
        await host.ask("save", "x" * 150_000)
    assert len(await rows(host)) == 3


async def test_deleting_an_actor_clears_its_journal(start: Callable[..., object]) -> None:
    host: Host = await start()  # type: ignore[misc]
    await host.keep_all()
    await host.ask("save", "x" * 150_000)
    await host.node.delete(kind="rogue")
    assert await rows(host) == []
    # What it does now is another life.
    await host.ask("save", "b")
    summary = await host.replay()
    assert (summary.divergence, summary.turns) == (None, 1)
    # One that holds nothing but a journal is deleted as well.
    await host.ask("clear", {})
    await host.node.delete(kind="rogue")
    assert await rows(host) == []


async def test_deleting_a_kind_clears_all_of_it(start: Callable[..., object]) -> None:
    host: Host = await start()  # type: ignore[misc]
    await host.keep_all()
    await host.ask("save", "a")
    await host.node.runtime.delete_kind("default", "rogue", force=True)
    assert await rows(host) == []
    await host.node.runtime.deploy("default", "rogue", ROGUE.read_bytes())
    assert await host.journals.policy("default", "rogue") is Policy.FAILURES


async def rows(host: Host) -> list[object]:
    keys = JournalKeys(ActorKeys(ONE).prefix)
    with reading(host.node.client) as transaction:
        for key_range in keys.everything()[:2]:
            found = await transaction.get_range(*key_range, limit=1_000)
            if not found:
                assert not await transaction.get_range(*keys.everything()[2], limit=1)
                return []
        return list(await transaction.get_range(*keys.everything()[2], limit=1_000))


async def test_what_is_kept_in_memory_is_bounded(start: Callable[..., object]) -> None:
    host: Host = await start(journal_memory_bytes_max=20_000)  # type: ignore[misc]
    flights = host.node.runtime.node.flights
    for number in range(40):
        await host.ask("save", "x" * 1_000, key=f"actor-{number % 10}")
        assert flights.bytes <= 20_000
    assert flights.forgotten > 0
    # One that was forgotten begins anew, and what it does from then on is whole.
    await host.ask("volatile")
    await host.fail()
    summary = await host.replay()
    assert (summary.divergence, summary.turns) == (None, 2)


async def test_nothing_is_held_of_instances_that_are_gone(start: Callable[..., object]) -> None:
    host: Host = await start()  # type: ignore[misc]
    for number in range(5):
        await host.ask("save", "x", key=f"actor-{number}")
    host.node.runtime.drop_instances()
    assert host.node.runtime.node.flights.bytes == 0


async def test_failures_in_a_row_are_not_all_kept(start: Callable[..., object]) -> None:
    host: Host = await start(journal_failure_pause_ms=1_000_000)  # type: ignore[misc]
    assert "bundle" in (await host.fail()).details
    assert "bundle" not in (await host.fail()).details
    host.node.env.ahead_ms += 1_000_001
    assert "bundle" in (await host.fail()).details
    assert await host.operations() == ["fail", "fail"]


async def test_a_turn_that_is_not_committed_is_not_kept(start: Callable[..., object]) -> None:
    host: Host = await start()  # type: ignore[misc]
    await host.keep_all()
    await host.ask("save", "a")
    full = StoreWriteFailed("the disk is full")
    host.node.link.fates.append(lambda held: held.fail(full))
    assert await outcome(host.node.ask("save", "b", kind="rogue")) == "store-write-failed"
    await host.ask("save", "c")
    assert [each.given.argument.data for each in reversed(await host.turns())] == [b'"a"', b'"c"']
    assert (await host.replay()).divergence is None


async def test_a_journal_that_cannot_be_written_hides_no_answer(
    start: Callable[..., object],
) -> None:
    host: Host = await start()  # type: ignore[misc]
    full = StoreWriteFailed("the disk is full")
    for _ in range(host.node.limits.commit_attempts_max):
        host.node.link.fates.append(lambda held: held.fail(full))
    error = await host.fail()
    assert error.code == "actor-failed"
    assert "bundle" not in error.details


async def test_of_an_instance_that_has_lost_turns_no_later_ones_are_kept(
    start: Callable[..., object],
) -> None:
    host: Host = await start(journal_waiting_bytes_max=1)  # type: ignore[misc]
    await host.keep_all()
    await host.ask("save", "a")
    link, full = host.node.link, StoreWriteFailed("the disk is full")
    link.hold()
    # What it leaves in the journal is written before it is answered.
    read = host.node.ask("read_only_load", "{}", kind="rogue")
    held = await link.held()
    # This one ends meanwhile.
    saved = host.node.ask("save", '"b"', kind="rogue")
    await settle()
    link.fates.extend([failing(full)] * (host.node.limits.commit_attempts_max - 1))
    held.fail(full)
    await read
    await saved
    await host.ask("save", "c")
    assert [each.given.argument.data for each in reversed(await host.turns())] == [b'"a"', b'"c"']
    summary = await host.replay()
    assert (summary.divergence, summary.turns, summary.instances) == (None, 2, 2)


async def test_secrets_do_not_leave(start: Callable[..., object]) -> None:
    host: Host = await start()  # type: ignore[misc]
    await host.node.runtime.configure(
        "default", "rogue", Change("secrets", {"TOKEN": "correct-horse-battery"})
    )
    await host.keep_all()
    told = await host.ask("secret", {"name": "TOKEN"})
    assert told == {"value": "correct-horse-battery"}
    await host.ask("save", "correct-horse-battery")
    bundle = await host.journals.export(ONE, None, None)
    assert b"correct-horse" not in bundle
    summary = await host.replay()
    assert (summary.divergence, summary.turns) == (None, 2)


async def test_a_journal_of_a_version_that_is_gone_runs_again(
    start: Callable[..., object],
) -> None:
    host: Host = await start()  # type: ignore[misc]
    await host.keep_all()
    await host.ask("save", "a")
    await host.node.runtime.deploy("default", "rogue", COUNTER.read_bytes())
    await host.node.get("get", kind="rogue", key="two")
    summary = await host.replay()
    assert (summary.divergence, summary.turns) == (None, 1)


async def test_a_journal_goes_on_after_a_restart(
    start: Callable[..., object], world: World, wasm: Callable[..., WasmEngine]
) -> None:
    host: Host = await start()  # type: ignore[misc]
    await host.keep_all()
    await host.ask("save", "a")
    engine = wasm(host.node.limits)
    host = Host(await world.start(engine, host.node.limits), engine)
    await host.ask("save", "b")
    assert [each.position for each in await host.turns()] == [2, 1]
    summary = await host.replay()
    assert (summary.divergence, summary.turns, summary.instances) == (None, 2, 2)
