"""What is set for a kind is a part of its versions, and an input of its turns."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kelpie.errors import (
    ConfigurationFull,
    InvalidRequest,
    InvalidText,
    KindNotFound,
    PayloadTooLarge,
    StoredValueCorrupt,
    VersionNotFound,
)
from kelpie.ids import Payload, text
from kelpie.limits import DEFAULT_LIMITS, Limits
from kelpie.runtime.kinds.configuration import (
    Change,
    Sort,
    check_change,
    differing,
    read_configuration,
    secret_digest,
    write_configuration,
)
from kelpie.runtime.kinds.deploy import Deploy, Differences, Names
from kelpie.store import keyspace
from kelpie.wasm.kind_configuration import REDACTED, Configuration, Secret
from kelpie.wasm.turn import Manifest
from tests.runtime.conftest import StartScripted
from tests.runtime.link import unknown_and_lost, unknown_but_landed
from tests.runtime.scripted import Host
from tests.runtime.scripts import Gate, append
from tests.runtime.support import TestNode, World, outcome, settle
from tests.runtime.test_deploys import add

NOTHING = Configuration({}, {})
NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_.-]{0,10}", fullmatch=True)
VALUES = st.text(max_size=20)
CONFIGURATIONS = st.builds(
    Configuration,
    st.dictionaries(NAMES, st.text(max_size=20), max_size=5),
    st.dictionaries(
        NAMES, st.builds(Secret, st.text(max_size=20), st.integers(0, 2**62)), max_size=5
    ),
)


def shown(host: Host) -> Payload:
    """All that the turn can read."""
    configuration = host.turn.configuration
    secrets = {name: each.value for name, each in configuration.secrets.items()}
    return text(f"{dict(configuration.config)} {secrets}")


async def put(node: TestNode, sort: Sort = "config", **values: str | None) -> Deploy:
    change = check_change(sort, values, node.limits)
    return await node.runtime.configure("default", "thing", change)


async def configuration(node: TestNode) -> Configuration:
    runtime = node.runtime
    return await runtime.configuration(runtime.kind("default", "thing"))


async def test_to_set_something_is_a_new_version_of_the_same_component(
    world: World, scripted: StartScripted
) -> None:
    node = await scripted({"append": append, "show": shown})
    assert await node.get("show") == "{} {}"
    assert await node.get("append", "a") == "a"
    one = await put(node, COLOR="red", SIZE="2")
    assert (one.number, one.changed, one.digest) == (2, True, node.component.digest)
    assert one.differences == Differences(config=Names(("COLOR", "SIZE")))
    # The instance that ran before is gone: it may have kept what it had read.
    made = node.component.made
    assert await node.get("show") == "{'COLOR': 'red', 'SIZE': '2'} {}"
    assert node.component.made == made + 1
    assert (await put(node, "secrets", TOKEN="abc")).number == 3
    two = await put(node, COLOR="blue", SIZE=None)
    assert two.differences == Differences(config=Names(("COLOR",), ("SIZE",)))
    assert await node.get("show") == "{'COLOR': 'blue'} {'TOKEN': 'abc'}"
    assert await node.get("append", "b") == "ab"
    again = await world.start(node.engine, node.limits)
    assert await again.get("show") == "{'COLOR': 'blue'} {'TOKEN': 'abc'}"
    view = await again.runtime.actors.show(again.envelope("x").target)
    assert view.deploy_number == 4


async def test_what_is_so_already_changes_nothing(scripted: StartScripted) -> None:
    node = await scripted({"show": shown})
    await put(node, COLOR="red")
    set_at = await put(node, "secrets", TOKEN="abc")
    before = node.client.store.pairs()
    for again in (
        await put(node, COLOR="red"),
        await put(node, SHAPE=None),
        await put(node, "secrets", TOKEN="abc"),
        await put(node, "secrets", OTHER=None),
        await put(node),
    ):
        assert (again.number, again.changed) == (set_at.number, False)
    assert node.client.store.pairs() == before


async def test_a_turn_sees_one_set_and_the_next_one_the_new(scripted: StartScripted) -> None:
    gate = Gate()
    node = await scripted({"slow": gate.script(shown), "show": shown})
    await put(node, COLOR="red")
    running = node.ask("slow")
    after = node.ask("show")
    await settle()
    await put(node, COLOR="blue")
    gate.open()
    assert await outcome(running) == "{'COLOR': 'red'} {}"
    assert await outcome(after) == "{'COLOR': 'blue'} {}"


async def test_a_deploy_inherits_and_a_rollback_restores(scripted: StartScripted) -> None:
    node = await scripted({"show": shown})
    add(node, "newer", show=shown)
    runtime = node.runtime
    await put(node, COLOR="red")
    assert (await runtime.deploy("default", "thing", b"newer")).number == 3
    assert await node.get("show") == "{'COLOR': 'red'} {}"
    await put(node, "secrets", TOKEN="abc")
    await put(node, COLOR="blue")
    # The last change was one of configuration: that is what is undone.
    back = await runtime.roll_back("default", "thing")
    assert (back.number, back.differences) == (6, Differences(config=Names(("COLOR",))))
    assert await node.get("show") == "{'COLOR': 'red'} {'TOKEN': 'abc'}"
    first = await runtime.roll_back("default", "thing", 1)
    assert first.digest == node.component.digest
    gone = Names((), ("COLOR",)), Names((), ("TOKEN",))
    assert first.differences == Differences(True, False, *gone)
    assert await node.get("show") == "{} {}"
    assert not (await runtime.roll_back("default", "thing", 1)).changed
    assert (await runtime.roll_back("default", "thing", 5)).number == 8
    assert await node.get("show") == "{'COLOR': 'blue'} {'TOKEN': 'abc'}"
    seen = [(await runtime.history.version("default", "thing", n)).differences for n in range(1, 9)]
    assert seen[0] == Differences(component=True)
    assert seen[2] == Differences(component=True)
    assert seen[3] == Differences(secrets=Names(("TOKEN",)))


async def test_a_kind_that_never_was_anything_else_has_nothing_to_go_back_to(
    scripted: StartScripted,
) -> None:
    node = await scripted({"show": shown})
    with pytest.raises(VersionNotFound):
        await node.runtime.roll_back("default", "thing")
    change = check_change("config", {"A": "b"}, node.limits)
    with pytest.raises(KindNotFound):
        await node.runtime.configure("default", "other", change)


async def test_a_deleted_kind_leaves_nothing_set(scripted: StartScripted) -> None:
    node = await scripted({"show": shown})
    await put(node, "secrets", TOKEN="abc" * 20_000, OTHER="def" * 20_000)
    await node.runtime.delete_kind("default", "thing")
    assert not any(b"abcabc" in value for _, value in node.client.store.pairs())
    await node.runtime.deploy("default", "thing", b"thing")
    assert await node.get("show") == "{} {}"


@pytest.mark.parametrize("fate", [unknown_but_landed, unknown_and_lost])
async def test_a_change_of_which_nobody_knew_is_made_once(
    scripted: StartScripted, fate: Any
) -> None:
    node = await scripted({"show": shown})
    await put(node, COLOR="red")
    node.link.fates.append(fate)
    changed = await put(node, COLOR="blue")
    assert (changed.number, changed.changed) == (3, True)
    assert changed.differences == Differences(config=Names(("COLOR",)))
    assert await node.get("show") == "{'COLOR': 'blue'} {}"
    assert (await put(node, COLOR="blue")).changed is False


async def test_what_is_set_and_cannot_be_read_is_not_taken_for_nothing(
    world: World, scripted: StartScripted
) -> None:
    node = await scripted({"show": shown})
    await put(node, COLOR="red")
    transaction = node.client.transaction()
    transaction.clear(keyspace.configuration("default", "thing", 2))
    await transaction.commit()
    again = await world.start(node.engine, node.limits)
    with pytest.raises(StoredValueCorrupt, match="is missing"):
        await again.get("show")


async def test_it_is_bounded(scripted: StartScripted) -> None:
    node = await scripted(
        {"show": shown},
        configuration_entries_max=2,
        configuration_bytes_max=10,
        configuration_value_bytes_max=8,
        configuration_name_bytes_max=3,
    )
    await put(node, A="1")
    await put(node, "secrets", B="2")
    with pytest.raises(ConfigurationFull) as caught:
        await put(node, C="3")
    assert caught.value.details["limit"] == "configuration_entries_max"
    with pytest.raises(ConfigurationFull) as caught:
        await put(node, "secrets", B="12345678")
    assert caught.value.details["limit"] == "configuration_bytes_max"
    assert "12345678" not in str(caught.value)
    assert (await put(node, "secrets", B="1234567")).changed
    with pytest.raises(PayloadTooLarge):
        await put(node, A="ä" * 5)
    for name in ("LONG", "", "1", "A B", "ä", "A=", "-A", "A\n"):
        with pytest.raises(InvalidRequest):
            check_change("config", {name: "x"}, node.limits)
    with pytest.raises(InvalidText):
        check_change("config", {"A": "\ud800"}, node.limits)


def test_a_secret_shows_nowhere() -> None:
    secret = Secret("hunter2hunter2", 1)
    whole = Configuration({"A": "b"}, {"TOKEN": secret})
    change = Change("secrets", {"TOKEN": "hunter2hunter2"})
    for shown_as in (repr(secret), str(secret), f"{secret}", repr(whole), repr(change)):
        assert "hunter2" not in shown_as
    assert secret == Secret("hunter2hunter2", 2) != Secret("other", 1)
    assert "TOKEN" in repr(change)


def test_a_digest_tells_only_whether_it_is_the_same() -> None:
    deploy = Deploy("default", "thing", 1, "d", 1, 1, Manifest("", {}), ())
    one = secret_digest(b"key", deploy, "TOKEN", Secret("abc", 1))
    assert one == secret_digest(b"key", deploy, "TOKEN", Secret("abc", 2))
    others = {
        secret_digest(b"key", deploy, "TOKEN", Secret("abd", 1)),
        secret_digest(b"key", deploy, "OTHER", Secret("abc", 1)),
        secret_digest(b"another", deploy, "TOKEN", Secret("abc", 1)),
    }
    assert one not in others
    assert len(others) == 3


def test_what_is_told_is_redacted() -> None:
    values = {"A": "longlong", "B": "longlonger", "C": "short", "D": "ä" * 4}
    whole = Configuration({}, {name: Secret(value, 1) for name, value in values.items()})
    told = whole.redact("a longlong, longlonger, short ääää")
    assert told == f"a {REDACTED}, {REDACTED}, short {REDACTED}"
    assert NOTHING.redact("longlong") == "longlong"


@given(CONFIGURATIONS, CONFIGURATIONS)
def test_changes_lead_from_one_to_the_other(before: Configuration, after: Configuration) -> None:
    config, secrets = differing(before, after)
    found = before
    values = {name: after.config[name] for name in config.added} | dict.fromkeys(config.removed)
    found = Change("config", values).applied_to(found, 1, DEFAULT_LIMITS, "thing")
    values = {name: after.secrets[name].value for name in secrets.added}
    change = Change("secrets", values | dict.fromkeys(secrets.removed))
    found = change.applied_to(found, 1, DEFAULT_LIMITS, "thing")
    assert found == after
    assert differing(after, found) == (Names(), Names())


@given(CONFIGURATIONS)
async def test_it_is_read_as_it_was_written(whole: Configuration) -> None:
    world = World()
    deploy = Deploy("default", "thing", 1, "d", 1, 1, Manifest("", {}), (), configured_at=1)
    client = world.make(None, Limits()).client  # type: ignore[arg-type]
    transaction = client.transaction()
    write_configuration(transaction, deploy, whole)
    await transaction.commit()
    found = await read_configuration(client.transaction(), deploy)
    assert found == whole
    for name, secret in whole.secrets.items():
        assert found.secrets[name].set_at_ns == secret.set_at_ns
    world.env.close()
