"""State: loaded once, saved when it changed, never guessed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from kelpie_actor import Context, DeclarationError, Rejection, actor, operation
from kelpie_actor.testing import Failed, FakeActor


@actor
@dataclass
class Notes:
    """Keeps notes."""

    notes: dict[str, str] = field(default_factory=dict)
    asked: int = field(default=0, init=False)

    @operation
    def note(self, name: str, text: str) -> None:
        self.asked += 1
        self.notes[name] = text

    @operation
    def forget(self, name: str) -> bool:
        return self.notes.pop(name, None) is not None

    @operation(read_only=True)
    def get(self) -> dict[str, str]:
        return self.notes

    @operation(read_only=True)
    def times_asked(self) -> int:
        return self.asked

    @operation(read_only=True)
    def spoil(self) -> None:
        self.notes["spoilt"] = "yes"

    @operation
    def note_and_refuse(self, context: Context) -> None:
        self.notes["a"] = "b"
        context.kv.set("a", "b")
        context.messaging.send(context.peer("other", "key"), "hello")
        raise Rejection("refused", "no")

    @operation
    def break_type(self) -> None:
        self.notes["a"] = 1  # type: ignore[assignment]


@pytest.fixture
def notes() -> FakeActor:
    return FakeActor(Notes)


def stored(actor: FakeActor) -> Any:
    return actor.context.host.stored.state


def test_it_is_one_json_text_with_its_version(notes: FakeActor) -> None:
    notes.invoke("note", {"name": "a", "text": "é"})
    assert stored(notes) == '{"version":1,"state":{"notes":{"a":"é"}}}'
    notes.restart()
    assert notes.invoke("get") == {"a": "é"}


def test_it_is_saved_only_if_it_changed(notes: FakeActor, monkeypatch: pytest.MonkeyPatch) -> None:
    saved: list[object] = []
    monkeypatch.setattr(notes.context.host, "state_save", saved.append)
    notes.invoke("forget", {"name": "a"})
    assert saved == []
    notes.invoke("note", {"name": "a", "text": "b"})
    notes.invoke("note", {"name": "a", "text": "b"})
    notes.invoke("get")
    assert len(saved) == 1


def test_what_is_no_field_of_the_state_is_only_remembered(notes: FakeActor) -> None:
    notes.invoke("note", {"name": "a", "text": "b"})
    assert notes.invoke("times_asked") == 1
    notes.restart()
    assert notes.invoke("times_asked") == 0


def test_a_rejected_turn_changes_nothing(notes: FakeActor) -> None:
    with pytest.raises(Rejection, match="refused"):
        notes.invoke("note_and_refuse")
    assert (stored(notes), notes.context.stored_kv, notes.context.messages) == (None, {}, [])
    assert notes.invoke("get") == {}


def test_a_read_only_operation_that_changes_the_state_fails(notes: FakeActor) -> None:
    with pytest.raises(Failed, match="spoil is declared read-only, and has changed the state"):
        notes.invoke("spoil")
    with pytest.raises(Failed, match="read-only"):
        notes.batch([("get", None), ("spoil", None)])
    assert notes.invoke("get") == {}


def test_state_of_a_wrong_type_is_not_saved(notes: FakeActor) -> None:
    with pytest.raises(Failed, match=r"notes\.a must be a string, not an integer"):
        notes.invoke("break_type")
    assert stored(notes) is None


@pytest.mark.parametrize(
    ("state", "told"),
    [
        ("", "not JSON"),
        ("null", "it is not"),
        ('{"notes":{}}', "it is not"),
        ('{"version":1}', "it is not"),
        ('{"version":"1","state":{}}', "its version"),
        ('{"version":0,"state":{}}', "its version"),
        ('{"version":1,"state":{"notes":{"a":1}}}', "notes.a must be a string"),
        ('{"version":1,"state":{"more":1}}', "more is an unknown member (there is notes) (give"),
        ('{"version":1,"state":{"more":1}}', "a new state_version and a migrate)"),
        ('{"version":1,"state":[]}', "must be an object"),
        ('{"version":3,"state":{}}', "is of version 3, and this component knows 1: roll forward"),
        (b"{}", "it is bytes"),
    ],
)
@pytest.mark.parametrize("operation", ["get", "note"])
def test_state_that_cannot_be_read_is_a_failure(
    notes: FakeActor, state: str | bytes, told: str, operation: str
) -> None:
    notes.context.host.stored.state = state
    with pytest.raises(Failed) as failed:
        notes.invoke(operation, {"name": "a", "text": "b"} if operation == "note" else None)
    assert told in str(failed.value)
    assert stored(notes) == state


def test_a_field_that_was_added_has_its_default(notes: FakeActor) -> None:
    notes.context.host.stored.state = '{"version":1,"state":{}}'
    assert notes.invoke("get") == {}


@actor(state_version=3)
@dataclass
class Renamed:
    """What was `value` is `total` since version 2, in cents since version 3."""

    total: int = 0

    @classmethod
    def migrate(cls, version: int, old: Any) -> Any:
        if version == 1:
            return cls(old["value"] * 100)
        return cls(old["total"] * 100) if old["total"] else old

    @operation
    def touch(self) -> int:
        return self.total

    @operation(read_only=True)
    def get(self) -> int:
        return self.total


@pytest.mark.parametrize(
    "state", ['{"version":1,"state":{"value":5}}', '{"version":2,"state":{"total":5}}']
)
def test_migration(state: str) -> None:
    renamed = FakeActor(Renamed)
    renamed.context.host.stored.state = state
    assert renamed.invoke("get") == 500
    assert stored(renamed) == state
    assert renamed.invoke("touch") == 500
    assert stored(renamed) == '{"version":3,"state":{"total":500}}'
    renamed.restart()
    assert renamed.invoke("get") == 500


def test_a_migration_that_returns_something_else(notes: FakeActor) -> None:
    renamed = FakeActor(Renamed)
    renamed.context.host.stored.state = '{"version":2,"state":{"total":0}}'
    with pytest.raises(Failed, match="migrate returned dict"):
        renamed.invoke("get")


@actor(state_version=3)
@dataclass
class Refusing:
    total: int = 0

    @classmethod
    def migrate(cls, version: int, old: Any) -> Any:
        raise Rejection("old", "too old")

    @operation
    def touch(self) -> int:
        return self.total


@pytest.mark.parametrize(
    ("kind", "cause"),
    [
        (Renamed, r"KeyError: 'value' \(.*test_state\.py:\d+, in migrate\)"),
        (Refusing, r"Rejection: .*too old \("),
    ],
)
def test_a_migration_that_fails(kind: type[Any], cause: str) -> None:
    fake = FakeActor(kind)
    fake.context.host.stored.state = state = '{"version":1,"state":{}}'
    with pytest.raises(
        Failed, match=f"the stored state of version 1 cannot be migrated to 3: {cause}"
    ):
        fake.invoke("touch")
    assert stored(fake) == state


def test_a_higher_version_needs_a_migration() -> None:
    with pytest.raises(DeclarationError, match="migrate"):

        @actor(state_version=2)
        class Careless:
            value: int = 0

            @operation
            def get(self) -> int:
                return self.value


@actor
class Raw:
    """Declares no state."""

    @operation
    def put(self, context: Context, data: bytes) -> None:
        context.state.save(data)

    @operation
    def clear(self, context: Context) -> None:
        context.state.clear()

    @operation(read_only=True)
    def get(self, context: Context) -> bytes:
        found = context.state.load()
        assert isinstance(found, bytes)
        return found


def test_an_actor_without_fields_has_its_state_raw() -> None:
    raw = FakeActor(Raw)
    raw.invoke("put", b"\x00")
    assert raw.invoke("get") == b"\x00"
    raw.invoke("clear")
    with pytest.raises(Failed, match="AssertionError"):
        raw.invoke("get")


def test_an_actor_with_fields_has_not(notes: FakeActor) -> None:
    notes.invoke("get")
    with pytest.raises(RuntimeError, match="saved by themselves"):
        notes.context.state.load()
