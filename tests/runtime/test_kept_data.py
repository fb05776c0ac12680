"""A data directory that an older version left is opened, and goes on. See tests/store/kept."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from kelpie.errors import KindNotFound, StoreFormatUnsupported
from kelpie.ids import Address, Payload, text
from kelpie.journal.bundles import read_bundle
from kelpie.journal.summary import replay_all
from kelpie.runtime.commits.ownership import read_kv
from kelpie.runtime.host import Runtime
from kelpie.runtime.kinds.configuration import check_change
from kelpie.runtime.kinds.deploy import Differences
from kelpie.runtime.requests.envelope import Envelope, deletion
from kelpie.store import keyspace
from kelpie.store.format import KEYSPACE_FORMAT, OLDEST_FORMAT
from kelpie.store.frame import frame, unframe
from kelpie.store.keyspace import ActorKeys
from kelpie.store.kv_keys import KvKeys
from kelpie.store.reading import reading
from kelpie.store.sqlite import open_store
from kelpie.wasm.engine import WasmEngine
from tests.runtime.support import ROOT, World
from tests.runtime.test_on_sqlite import started

KEPT = ROOT / "tests" / "store" / "kept"


async def ask(
    runtime: Runtime, actor: str, operation: str, argument: object, request: str
) -> object:
    kind, _, key = actor.partition("/")
    deadline_ns = runtime.node.env.monotonic_ns() + 60_000_000_000
    given = text("") if argument is None else text(json.dumps(argument))
    address = Address("default", kind, key)
    envelope = Envelope(address, operation, given, request, "anonymous", True, deadline_ns)
    reply: Payload = await runtime.invoke(envelope)
    return json.loads(reply.data)


@pytest.fixture(params=range(OLDEST_FORMAT, KEYSPACE_FORMAT))
def older(request: pytest.FixtureRequest) -> int:
    """An older format."""
    number: int = request.param
    return number


@pytest.fixture
def data(tmp_path: Path, older: int) -> Path:
    """A data directory as an older format left it."""
    packed = (KEPT / f"format-{older}.db.gz").read_bytes()
    (tmp_path / "kelpie.db").write_bytes(gzip.decompress(packed))
    return tmp_path


def test_there_is_one_of_every_older_format() -> None:
    kept = {path.name for path in KEPT.glob("*.gz")}
    assert kept == {f"format-{n}.db.gz" for n in range(OLDEST_FORMAT, KEYSPACE_FORMAT)}


async def test_actors_go_on(world: World, data: Path, wasm: Callable[..., WasmEngine]) -> None:
    engine = wasm()
    for start in range(2):
        async with started(world, data, engine) as runtime:
            # What was done before is not done again.
            assert await ask(runtime, "counter/alice", "add", 40, "old-1") == {"value": 40}
            assert await ask(runtime, "counter/alice", "increment", None, f"{start}") == {
                "value": 42 + start
            }
            assert await ask(runtime, "counter/bob", "get", None, "get") == {"value": 5}
            listed = await ask(runtime, "ledger/book", "list", {}, "list")
            assert [each["item"] for each in listed["items"]][:4] == [  # type: ignore[index]
                "one",
                "two",
                "three",
                "four",
            ]
            added = await ask(runtime, "ledger/book", "append", {"item": "five"}, "append")
            assert added == {"number": 5, "count": 5}


async def test_kinds_and_their_versions_go_on(
    world: World, data: Path, wasm: Callable[..., WasmEngine]
) -> None:
    engine = wasm()
    async with started(world, data, engine) as runtime:
        kinds = [each.kind for each in runtime.kinds("default") if each.kind != "parcels"]
        assert kinds == ["counter", "ledger", "thing"]
        versions, more = await runtime.history.page("default", "thing", None, 100)
        assert ([each.number for each in versions], more) == ([3, 2, 1], False)
        assert versions[0].digest == versions[2].digest != versions[1].digest
        for each in versions:
            assert (each.grants, each.configured_at) == (None, 0)
            assert each.differences == Differences(component=True)
        walk = versions[1].manifest.operations["walk"]
        assert walk.read_only
        assert walk.argument == {"type": "number", "maximum": 9}
        change = check_change("config", {"COLOR": "red"}, runtime.node.limits)
        assert (await runtime.configure("default", "counter", change)).number == 2
        assert (await runtime.roll_back("default", "thing")).number == 4
        with pytest.raises(KindNotFound):
            runtime.kind("default", "gone")
        wasm_bytes = (ROOT / "examples" / "rust-counter" / "counter.wasm").read_bytes()
        # The name goes on where it was, and its actors are new.
        assert (await runtime.deploy("default", "gone", wasm_bytes, grant=("state",))).number == 2
        assert await ask(runtime, "gone/x", "increment", None, "gone-1") == {"value": 1}
    async with started(world, data, engine) as runtime:
        counter = runtime.kind("default", "counter")
        assert (await runtime.configuration(counter)).config == {"COLOR": "red"}
        assert runtime.kind("default", "thing").differences == Differences(component=True)
        assert runtime.kind("default", "gone").grants == ("state",)


@pytest.mark.parametrize("older", [3, 4], indirect=True)
async def test_journals_and_reminders_go_on(
    world: World, data: Path, wasm: Callable[..., WasmEngine]
) -> None:
    engine, carol = wasm(), Address("default", "counter", "carol")
    async with started(world, data, engine) as runtime:
        # It was due while no host ran.
        while await ask(runtime, "parcels/paul", "reminders", None, "list") != []:
            await runtime.node.env.sleep(5)
        rang = await ask(runtime, "parcels/paul", "count", {"of": "rang/once-1"}, "count")
        assert rang == {"count": 1}
        assert await ask(runtime, "counter/carol", "increment", None, "new-1") == {"value": 4}
        page = await runtime.journals.page(carol, None, 100)
        assert [each.given.number for each in page.turns] == [4, 3, 2, 1]
        bundle = read_bundle(await runtime.journals.export(carol, None, None), runtime.node.limits)
        limits = bundle.head.limits_under(runtime.node.limits)
        summary = await replay_all(bundle, engine, limits)
        assert (summary.turns, summary.divergence) == (4, None)


@pytest.mark.parametrize("older", [4], indirect=True)
async def test_deleted_actors_go_on(
    world: World, data: Path, wasm: Callable[..., WasmEngine]
) -> None:
    engine = wasm()
    async with started(world, data, engine, rows_cleared_max=1) as runtime:
        listed = await ask(runtime, "ledger/left", "list", {}, "list")
        assert listed == {"items": [{"number": 1, "item": "after"}]}
        going = Address("default", "ledger", "going")
        await runtime.invoke(
            deletion(going, "bye", "anonymous", recorded=True, deadline_ns=2**62, witness=None)
        )
        assert await ask(runtime, "ledger/going", "list", {}, "list") == {"items": []}
        appended = await ask(runtime, "ledger/going", "append", {"item": "new"}, "append")
        assert appended == {"number": 1, "count": 1}
        actor = ActorKeys(going)
        with reading(runtime.node.store) as transaction:
            assert (await read_kv(transaction, actor)).generation == 1
        left = KvKeys(actor.prefix, 0).range()
        while await runtime.node.store.transaction().get_range(*left, limit=1):
            await runtime.node.env.sleep(1)
    async with started(world, data, engine) as runtime:
        listed = await ask(runtime, "ledger/going", "list", {}, "list")
        assert listed == {"items": [{"number": 1, "item": "new"}]}


async def test_it_is_marked_so_that_older_versions_refuse_it(
    world: World, data: Path, older: int, wasm: Callable[..., WasmEngine]
) -> None:
    engine, key = wasm(), keyspace.store_format()
    store = await open_store(world.env, data, world.faults.append)
    assert unframe(key, await store.transaction().get(key) or b"") == b"%d" % older
    await store.close()
    async with started(world, data, engine) as runtime:
        stored = await runtime.node.store.transaction().get(key)
        assert unframe(key, stored or b"") == b"%d" % KEYSPACE_FORMAT


async def test_data_of_a_newer_version_is_refused(
    world: World, data: Path, wasm: Callable[..., WasmEngine]
) -> None:
    key = keyspace.store_format()
    store = await open_store(world.env, data, world.faults.append)
    transaction = store.transaction()
    transaction.set(key, frame(key, b"%d" % (KEYSPACE_FORMAT + 1)))
    await transaction.commit()
    await store.close()
    with pytest.raises(StoreFormatUnsupported, match="use the version that wrote it"):
        async with started(world, data, wasm()):
            pass
