"""A kind imports no more than its deploys grant."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kelpie.errors import ImportsNotGranted, InvalidRequest
from kelpie.runtime.kinds.deploy import Differences
from kelpie.runtime.kinds.grants import ALL, beyond, granted, parse_grant
from kelpie.wasm.contract import IMPORTS, PACKAGE, VERSION, interfaces
from tests.runtime.conftest import StartScripted
from tests.runtime.scripts import append
from tests.runtime.support import ROOT, TestNode
from tests.runtime.test_deploys import add


def importing(node: TestNode, name: str, *names: str) -> None:
    add(node, name)
    component = node.engine.components[name]  # type: ignore[attr-defined]
    component.imports = tuple(f"{PACKAGE}/{each}@{VERSION}" for each in ("types", *names))


async def test_without_a_grant_everything_is_granted(scripted: StartScripted) -> None:
    node = await scripted({"append": append})
    importing(node, "newer", "state", "kv")
    deploy = await node.runtime.deploy("default", "thing", b"newer")
    assert deploy.grants is None
    assert deploy.changes.imports == ("state", "kv")
    assert (await node.runtime.deploy("default", "thing", b"thing")).changes.imports == ()


async def test_a_component_that_imports_more_is_refused(scripted: StartScripted) -> None:
    node = await scripted({"append": append})
    importing(node, "newer", "state", "kv", "log")
    before = node.runtime.kind("default", "thing")
    for ask in (node.runtime.deploy, node.runtime.check):
        with pytest.raises(ImportsNotGranted) as caught:
            await ask("default", "thing", b"newer", grant=("kv",))
        assert caught.value.details == {"missing": ["state", "log"], "granted": ["kv"]}
        with pytest.raises(ImportsNotGranted):
            await ask("default", "another", b"newer", grant=())
    assert node.runtime.kind("default", "thing") is before
    exact = await node.runtime.deploy("default", "thing", b"newer", grant=("state", "kv", "log"))
    assert exact.grants == ("state", "kv", "log")
    assert exact.differences == Differences(component=True, grants=True)


async def test_grants_are_inherited_until_they_are_given_anew(scripted: StartScripted) -> None:
    node = await scripted({"append": append})
    importing(node, "small", "state")
    importing(node, "large", "state", "messaging")
    runtime = node.runtime
    assert (await runtime.deploy("default", "thing", b"small", grant=("state", "kv"))).number == 2
    with pytest.raises(ImportsNotGranted):
        await runtime.deploy("default", "thing", b"large")
    assert (await runtime.deploy("default", "thing", b"thing")).grants == ("state", "kv")
    assert (await runtime.check("default", "thing", b"large", grant=(ALL,))).grants is None
    lifted = await runtime.deploy("default", "thing", b"large", grant=(ALL,))
    assert (lifted.number, lifted.grants) == (4, None)
    # The same bytes with other grants are another version.
    narrower = await runtime.deploy("default", "thing", b"large", grant=("state", "messaging"))
    assert (narrower.number, narrower.differences) == (5, Differences(grants=True))
    assert not (await runtime.deploy("default", "thing", b"large")).changed
    # A rollback restores them with the rest.
    assert (await runtime.roll_back("default", "thing")).grants is None
    assert (await runtime.roll_back("default", "thing", 3)).grants == ("state", "kv")


@given(st.lists(st.sampled_from(IMPORTS), min_size=1))
def test_a_grant_is_read_in_any_order(names: list[str]) -> None:
    assert parse_grant(", ".join(names)) == tuple(x for x in IMPORTS if x in names)


@pytest.mark.parametrize(
    ("asked", "hint"),
    [
        ("kvs", "did you mean 'kv'"),
        ("all,state", "'all' stands alone"),
        ("state,none", "'none' stands alone"),
        ("types", "there is no import 'types'"),
        ("", "the grant is empty"),
        ("none,messaging:shop", "'none' stands alone"),
        ("all,messaging:", "'messaging:' grants nothing"),
        ("messaging:Shop", "grants nothing: 'Shop' is no name for a namespace"),
        (" ,", "the grant is empty"),
    ],
)
def test_a_wrong_grant_is_told(asked: str, hint: str) -> None:
    with pytest.raises(InvalidRequest, match=hint):
        parse_grant(asked)


def test_nothing_can_be_granted() -> None:
    assert parse_grant("none") == ()


def test_namespaces_are_granted_beside_interfaces() -> None:
    assert parse_grant("all,messaging:b,messaging:a") == (ALL, "messaging:a", "messaging:b")
    # What it is to talk with goes without saying.
    assert parse_grant("messaging:a,kv") == ("kv", "messaging", "messaging:a")
    assert beyond(parse_grant("messaging:b,messaging:a,messaging")) == ["a", "b"]
    assert beyond(("state", "messaging")) == beyond(None) == []


async def test_all_and_a_namespace_is_everything_still(scripted: StartScripted) -> None:
    node = await scripted({"append": append})
    importing(node, "newer", "state", "messaging")
    grant = parse_grant("all,messaging:shop")
    deploy = await node.runtime.deploy("default", "thing", b"newer", grant=grant)
    assert deploy.grants == ("all", "messaging:shop")
    # It stays granted until it is granted anew.
    importing(node, "newest", "state", "messaging", "kv")
    assert (await node.runtime.deploy("default", "thing", b"newest")).grants == deploy.grants


def test_what_is_granted_after_what() -> None:
    assert granted(None, None) is None
    assert granted(None, ("kv",)) == ("kv",)
    assert granted((ALL,), ("kv",)) is None
    assert granted((), None) == ()


def test_the_contract_has_these_imports() -> None:
    world = (ROOT / "wit" / "actor.wit").read_text().partition("world actor {")[2]
    assert (*re.findall(r"^    import (\w+);$", world, re.MULTILINE), "wasi", "native") == IMPORTS
    assert interfaces(["wasi:io/poll@0.2.6", "kelpie:actor/kv@0.1.0"]) == ("kv", "wasi")
    assert interfaces(f"{PACKAGE}/{each}@{VERSION}" for each in ("log", "types", "kv")) == (
        "kv",
        "log",
    )
