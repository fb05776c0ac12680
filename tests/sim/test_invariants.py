"""What a workload file says that must hold, and what is found to be missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from kelpie.ids import Address, text
from kelpie.sim.cast import SIMULATED, Cast, KindsInvalid, read_uploads
from kelpie.sim.invariants import misses
from kelpie.sim.workload import Workload, WorkloadInvalid
from kelpie.sim.workload_file import read_workload
from kelpie.wasm.turn import Manifest, Operation

MANIFESTS = {
    "account": Manifest("", {"open": Operation("open"), "sum": Operation("sum", read_only=True)}),
    "book": Manifest("", {"add": Operation("add")}),
}
LONE = {SIMULATED: MANIFESTS["account"]}


def read(tmp_path: Path, content: str, manifests: dict[str, Manifest] = MANIFESTS) -> Workload:
    path = tmp_path / "w.toml"
    path.write_text(content)
    return read_workload(path, manifests, Workload.of_kinds(manifests))


WHOLE = """
actors = 2
[kinds.account]
keys = ["ann", "bob"]
[kinds.account.operations.open]
[kinds.book]
operations = {}

[[setup]]
actor = "account/ann"
operation = "open"
argument = {amount = 1}

[[invariants]]
name = "sums"
kind = "account"
operation = "sum"
sum = "of.all"
equals = 5

[[invariants]]
actor = "book/other"
operation = "add"
expect = {n = 1}
"""


def test_kinds_have_keys_operations_and_promises(tmp_path: Path) -> None:
    workload = read(tmp_path, WHOLE)
    ann, bob = (Address("default", "account", key) for key in ("ann", "bob"))
    assert workload.addresses("account") == [ann, bob]
    assert [each.key for each in workload.addresses("book")] == ["actor-1", "actor-2"]
    assert [(each.kind, each.operation) for each in workload.choices] == [("account", "open")]
    (setup,) = workload.setup
    assert (setup.address, setup.choice.arguments) == (ann, (text('{"amount":1}'),))
    sums, adds = workload.invariants
    assert (sums.name, sums.addresses, sums.member, sums.equals, sums.always) == (
        "sums",
        (ann, bob),
        ("of", "all"),
        5,
        False,
    )
    assert (adds.addresses, adds.expect, adds.always) == (
        (Address("default", "book", "other"),),
        {"n": 1},
        True,
    )
    assert sums.choice.read_only
    assert not adds.choice.read_only


def test_of_several_nothing_is_deleted_and_everything_else_asked_for(tmp_path: Path) -> None:
    workload = read(tmp_path, "")
    assert workload.deletes_per_cent == 0
    assert {(each.kind, each.operation) for each in workload.choices} == {
        ("account", "open"),
        ("account", "sum"),
        ("book", "add"),
    }


def test_of_one_the_kind_need_not_be_said(tmp_path: Path) -> None:
    entry = '[[invariants]]\noperation = "sum"\nexpect = 1\n'
    workload = read(
        tmp_path, f'actors = 2\n{entry}[[setup]]\nactor = "a"\noperation = "open"', LONE
    )
    assert [each.key for each in workload.invariants[0].addresses] == ["actor-1", "actor-2"]
    assert workload.setup[0].address == Address("default", SIMULATED, "a")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("[operations.open]", "kinds.NAME.operations"),
        ("[kinds.nobody]", "kinds must be tables"),
        ("[kinds.book]\nclients = 1", "may have actors, keys and operations"),
        ("[kinds.book]\nkeys = []", "different keys"),
        ('[kinds.book]\nkeys = ["a", "a"]', "different keys"),
        ('[kinds.book]\nkeys = ["a"]\nactors = 1', "different keys"),
        ("[kinds.book]\noperations = {}\n[kinds.account]\noperations = {}", "nobody is asked"),
        ("setup = 1", "setup must be"),
        ("[[setup]]\nactor = 'account/a'", "setup 1 must have"),
        ("[[setup]]\nactor = 'nobody/a'\noperation = 'open'", "KIND/KEY"),
        ("[[setup]]\nactor = 'account/a'\noperation = 'fly'", "no operation 'fly'"),
        ("[[setup]]\nactor = 'account/a'\noperation = 'open'\nwhen = 'end'", "no such key"),
        ("[[invariants]]\nkind = 'account'\noperation = 'sum'", "either expect, or sum"),
        ("[[invariants]]\nkind = 'account'\noperation = 'sum'\nsum = 'n'", "either expect, or sum"),
        (
            "[[invariants]]\nkind = 'account'\noperation = 'sum'\nsum = 'n'\nequals = '1'",
            "a whole number",
        ),
        ("[[invariants]]\noperation = 'sum'\nexpect = 1", "an actor, or a kind"),
        (
            "[[invariants]]\nkind = 'account'\noperation = 'sum'\nexpect = 1\nwhen = 'now'",
            "when must be",
        ),
    ],
)
def test_what_means_nothing_is_refused(tmp_path: Path, content: str, reason: str) -> None:
    with pytest.raises(WorkloadInvalid, match=reason):
        read(tmp_path, content)
    with pytest.raises(WorkloadInvalid, match="there is one component"):
        read(tmp_path, "[kinds.account]", LONE)
    entry = '[[invariants]]\noperation = "sum"\nexpect = 1\n'
    with pytest.raises(WorkloadInvalid, match="leave kind out, for there is one component"):
        read(tmp_path, entry + 'kind = "account"', LONE)
    with pytest.raises(WorkloadInvalid, match="its key alone"):
        read(tmp_path, entry + 'actor = "account/a"', LONE)


@pytest.mark.parametrize(
    ("expected", "found", "wrong"),
    [
        ({"a": 1}, {"a": 1, "b": 2}, None),
        ({"a": {"b": [1]}}, {"a": {"b": [1], "c": 0}}, None),
        (3, 3, None),
        ({"a": 1}, {"a": 2}, "a is 2, not 1"),
        ({"a": 1}, {"a": True}, "a is true, not 1"),
        ({"a": 1}, {}, "the reply has no a"),
        ({"a": {"b": 1}}, {"a": 5}, "a has no members"),
        ([1], [1, 2], "the reply is [1, 2], not [1]"),
    ],
)
def test_what_is_missing(expected: object, found: object, wrong: str | None) -> None:
    assert misses(expected, found) == wrong


def test_several_files_are_kinds_of_their_names(tmp_path: Path) -> None:
    one, other = tmp_path / "one.wasm", tmp_path / "other.wasm"
    for file in (one, other):
        file.write_bytes(file.name.encode())
    assert read_uploads([one]) == {SIMULATED: b"one.wasm"}
    assert read_uploads([one, other]) == {"one": b"one.wasm", "other": b"other.wasm"}
    for wrong in ([one, one], [one, tmp_path / "No Kind.wasm"], [one, tmp_path / "simulated.wasm"]):
        with pytest.raises(KindsInvalid):
            read_uploads(wrong)


def test_who_is_no_actor_of_the_run_has_no_operations() -> None:
    cast = Cast(None, {})  # type: ignore[arg-type]
    assert not cast.is_read_only(Address("default", "nobody", "a"), "sum")
