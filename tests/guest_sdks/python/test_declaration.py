"""What a class must be to be an actor, and what its manifest says."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, Optional, TypedDict

import pytest

from kelpie_actor import Context, DeclarationError, Range, actor, operation
from kelpie_actor.testing import FakeActor


class Color(enum.Enum):
    RED = "red"
    GREEN = "green"


class Point(TypedDict):
    x: int
    y: int


@dataclass
class Tree:
    """A tree."""

    name: str
    below: list[Tree] = field(default_factory=list)


@actor
@dataclass
class Everything:
    """Takes all there is."""

    seen: set[str] = field(default_factory=set)
    tree: Tree | None = None

    @operation
    def take(
        self,
        color: Color,
        mode: Literal["a", 1],
        point: Point,
        pair: tuple[int, str],
        when: dt.datetime,
        day: dt.date,
        id: uuid.UUID,  # noqa: A002
        either: int | list[str],
        names: dict[str, bool],
        data: bytes,
        level: Annotated[int, Range(0, 10), "how loud"] = 3,
        maybe: Optional[str] = None,  # noqa: UP045 - written so, too
    ) -> Any:
        """Takes one of each."""
        self.seen.update(names)
        assert isinstance(when, dt.datetime)
        assert isinstance(id, uuid.UUID)
        return {
            "color": color.name,
            "mode": mode,
            "sum": point["x"] + point["y"],
            "pair": list(pair),
            "when": when.timestamp(),
            "day": day.isoformat(),
            "either": either,
            "data": data.hex(),
            "level": level,
            "maybe": maybe,
        }

    @operation
    def plant(self, tree: Tree) -> Tree:
        self.tree = tree
        return tree

    @operation(durable=True)
    def color(self, context: Context) -> Color:
        assert context.turn
        return Color.GREEN

    @operation(read_only=True)
    def when(self) -> dt.datetime:
        return dt.datetime(2026, 1, 2, tzinfo=dt.UTC)


GIVEN: dict[str, Any] = {
    "color": "red",
    "mode": 1,
    "point": {"x": 1, "y": 2},
    "pair": [1, "b"],
    "when": "2026-01-02T00:00:00+01:00",
    "day": "2026-01-02",
    "id": "00000000-0000-4000-8000-000000000000",
    "either": ["a"],
    "names": {"b": True, "a": False},
    "data": "AP8=",
}


def test_every_type() -> None:
    everything = FakeActor(Everything)
    assert everything.invoke("take", GIVEN) == {
        "color": "RED",
        "mode": 1,
        "sum": 3,
        "pair": [1, "b"],
        "when": 1767308400.0,
        "day": "2026-01-02",
        "either": ["a"],
        "data": "00ff",
        "level": 3,
        "maybe": None,
    }
    # A set is written in order, so that equal states are equal texts.
    assert everything.state == {"seen": ["a", "b"], "tree": None}
    assert everything.invoke("color") == "green"
    assert everything.invoke("when") == "2026-01-02T00:00:00Z"


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("color", "blue", 'color must be one of "red", "green"'),
        ("mode", True, 'mode must be one of "a", 1'),
        ("mode", [], "mode must be one of"),
        ("point", {"x": 1}, "point.y is missing"),
        ("pair", [1], "pair must have 2 values"),
        ("when", "2026-01-02T00:00:00", "when must be a time with its zone"),
        ("when", "2026-01-02", "when must be a time with its zone"),
        ("day", "2026-13-02", "day must be a date"),
        ("id", "{00000000-0000-4000-8000-000000000000}", "id must be a UUID"),
        ("either", "a", "either must be an integer, not a string, or must be an array"),
        ("names", {"a": 1}, "names.a must be true or false"),
        ("data", "AP8", "data must be a string of base64"),
        ("level", 11, "level must be 0 to 10"),
        ("maybe", 1, "maybe must be a string"),
    ],
)
def test_every_type_refuses(name: str, value: object, told: str) -> None:
    with pytest.raises(Exception, match="bad-argument") as rejected:
        FakeActor(Everything).invoke("take", {**GIVEN, name: value})
    assert told in str(rejected.value)


def test_a_type_that_contains_itself() -> None:
    everything = FakeActor(Everything)
    tree = {"name": "a", "below": [{"name": "b", "below": []}]}
    assert everything.invoke("plant", {"tree": tree}) == tree
    everything.restart()
    assert everything.invoke("plant", {"tree": {"name": "c"}}) == {"name": "c", "below": []}
    with pytest.raises(Exception, match=r"tree\.below\[0\]\.name must be a string"):
        everything.invoke("plant", {"tree": {"name": "a", "below": [{"name": 1}]}})


def test_the_manifest() -> None:
    manifest = FakeActor(Everything).manifest()
    assert manifest["doc"] == "Takes all there is."
    told = {each["name"]: each for each in manifest["operations"]}
    assert list(told) == ["take", "plant", "color", "when"]
    assert (told["color"]["read_only"], told["color"]["durable"]) == (False, True)
    assert told["color"]["argument"] == {
        "type": "object",
        "properties": {},
        "additionalProperties": False,
    }
    assert told["color"]["result"] == {"enum": ["red", "green"]}
    properties = told["take"]["argument"]["properties"]
    assert properties["level"] == {
        "type": "integer",
        "minimum": 0,
        "maximum": 10,
        "description": "how loud",
        "default": 3,
    }
    assert properties["maybe"] == {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None}
    assert told["take"]["argument"]["required"] == list(GIVEN)
    plant = told["plant"]
    assert plant["argument"]["properties"]["tree"] == {"$ref": "#/$defs/Tree"}
    assert plant["result"]["$ref"] == "#/$defs/Tree"
    assert (
        plant["result"]["$defs"]["Tree"]["properties"]["below"]["items"]
        == plant["argument"]["properties"]["tree"]
    )


def test_a_plain_class_is_made_a_dataclass() -> None:
    @actor
    class Plain:
        value: int = 1

        @operation
        def get(self) -> int:
            return self.value

    assert FakeActor(Plain).invoke("get") == 1
    assert FakeActor(Plain).manifest()["doc"] == ""


def declare(body: dict[str, Any], hints: dict[str, Any] | None = None) -> None:
    actor(type("Wrong", (), {"__annotations__": hints or {}, **body}))


def ok(self: object) -> int:
    return 1


def untyped(self: object, amount) -> int:  # type: ignore[no-untyped-def]
    return 1


def many(self: object, *amounts: int) -> int:
    return 1


def strange(self: object, amount: complex) -> int:
    return 1


def keys(self: object, amount: dict[int, str]) -> int:
    return 1


async def later(self: object) -> int:
    return 1


def changing(self: object, amounts: list[int] = []) -> int:  # noqa: B006 - as people write it
    return 1


def mistaken(self: object, amount: int = "one") -> int:  # type: ignore[assignment]
    return 1


def none_at_first(self: object, amount: int = None) -> int:  # type: ignore[assignment]  # noqa: RUF013
    return 1


def contexts(self: object, context: Context, other: Context) -> int:
    return 1


@pytest.mark.parametrize(
    ("method", "told"),
    [
        (untyped, "the parameter amount has no type hint"),
        (many, "the parameter amounts must be an ordinary one"),
        (strange, "wrong, amount: .*complex.* cannot be JSON"),
        (keys, "the keys of an object in JSON are str"),
        (later, "not async"),
        (changing, "the default of amounts can be changed"),
        (mistaken, "the default of amount is not what its type hint says"),
        (none_at_first, "the default of amount is not what its type hint says"),
        (contexts, "two parameters for it"),
    ],
)
def test_a_wrong_operation(method: Any, told: str) -> None:
    with pytest.raises(DeclarationError, match=told):
        declare({"wrong": operation(method)})


def test_a_wrong_class() -> None:
    with pytest.raises(DeclarationError, match="has no operation"):
        declare({})
    with pytest.raises(DeclarationError, match=r"Wrong\.value has no default"):
        declare({"get": operation(ok)}, {"value": int})
    with pytest.raises(DeclarationError, match="is no actor: put @actor"):
        FakeActor(int)
    with pytest.raises(DeclarationError, match="stands before a class"):
        actor(ok)  # type: ignore[type-var]
    with pytest.raises(DeclarationError, match="not a property"):
        operation(property(ok))  # type: ignore[type-var]
    with pytest.raises(DeclarationError, match="read_only or durable, not both"):
        operation(read_only=True, durable=True)


def test_what_an_init_sets_would_not_be_kept() -> None:
    def init(self: Any) -> None:
        self.value = 1

    with pytest.raises(DeclarationError, match="what that sets is not kept"):
        declare({"__init__": init, "get": operation(ok)})


class Verdict(TypedDict):
    holds: bool
    why: str


def test_a_record_with_a_truth_in_it() -> None:
    @actor
    class Judge:
        @operation(read_only=True)
        def judge(self, holds: bool) -> Verdict:
            return {"holds": holds, "why": 'it\'s "so"'}

    for holds in (True, False):
        verdict = FakeActor(Judge).invoke("judge", {"holds": holds})
        assert verdict == {"holds": holds, "why": 'it\'s "so"'}
