"""An actor's state in the memory of its instance: loaded once, saved when it changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kelpie_actor.codec.codec import Mismatch
from kelpie_actor.errors import StateError
from kelpie_actor.failures import failure_message
from kelpie_actor.host import Host
from kelpie_actor.json_text import JsonError, check_text, read_json

if TYPE_CHECKING:
    from kelpie_actor.declaration import ActorType

__all__ = ["LoadedState", "envelope"]


class LoadedState:
    """The actor of one instance, and the text of its state as it was last seen.

    A turn that failed leaves it as it is: whoever runs turns has to drop it then.
    """

    __slots__ = ("actor", "encode", "is_plain", "text", "write")

    def __init__(self, kind: ActorType, host: Host) -> None:
        """
        Raises:
            StateError: what is stored is not a state of this actor.
        """
        self.write = host.state_save
        self.text: str | None = ""
        """What is stored, as it was last seen; None if it is something else."""
        self.actor: Any
        self.encode = kind.encode
        """What is to be stored. Raises `Mismatch`."""
        self.is_plain = kind.state is None or kind.state.is_ascii
        """Whether that can be stored without a look at its characters."""
        if kind.state is None:
            self.actor = kind.kind()
            return
        stored = host.state_load()
        if stored is None:
            self.actor, is_current = kind.kind(), True
        else:
            self.actor, is_current = _decode(kind, stored)
        # A migrated one is not what is stored, and is saved by the next turn that writes.
        self.text = self.see() if is_current else None

    def save(self, seen: str) -> None:
        """Saves the state, which `see` has seen, if it is not what was last seen."""
        if seen != self.text:
            self.write(seen)
            self.text = seen

    def see(self) -> str:
        """What is to be stored of the state as it is now, to compare it with what was.

        Raises:
            TypeError: it has something in it that is not of its type.
        """
        try:
            return check_text(self.encode(self.actor))
        except (Mismatch, ValueError) as error:
            raise TypeError(f"the state is not what its type hints say: {error}") from None


def envelope(version: int) -> tuple[str, str]:
    """What is stored before a state of this version, and after it."""
    return f'{{"version":{version},"state":', "}"


def _decode(kind: ActorType, stored: str | bytes) -> tuple[Any, bool]:
    """The actor that was stored, and whether it was of this version."""
    if isinstance(stored, bytes):
        raise StateError("the stored state cannot be read: it is bytes, not JSON")
    try:
        envelope = read_json(stored)
    except JsonError as error:
        raise StateError(f"the stored state cannot be read: {error}") from error
    if type(envelope) is not dict or envelope.keys() != {"version", "state"}:
        raise StateError('the stored state cannot be read: it is not {"version":...,"state":...}')
    version, state = envelope["version"], envelope["state"]
    if type(version) is not int or version < 1:
        raise StateError(
            f"the stored state cannot be read: its version {version!r} is no positive integer"
        )
    if version > kind.state_version:
        raise StateError(
            f"the stored state is of version {version}, and this component knows "
            f"{kind.state_version}: roll forward"
        )
    if version < kind.state_version:
        return _migrated(kind, version, state), False
    assert kind.state is not None
    try:
        return kind.state.decode(state), True
    except Mismatch as error:
        raise StateError(
            f"the stored state of version {version} cannot be read: {error} (give the actor a new "
            "state_version and a migrate)"
        ) from error


def _migrated(kind: ActorType, version: int, state: Any) -> Any:
    migrate: Any = kind.kind.migrate  # type: ignore[attr-defined]
    try:
        actor = migrate(version, state)
    except Exception as error:
        raise StateError(
            f"the stored state of version {version} cannot be migrated to "
            f"{kind.state_version}: {failure_message(error)}"
        ) from error
    if not isinstance(actor, kind.kind):
        raise StateError(
            f"{kind.kind.__name__}.migrate returned {type(actor).__name__} for the state of "
            f"version {version}, not a {kind.kind.__name__}"
        )
    return actor
