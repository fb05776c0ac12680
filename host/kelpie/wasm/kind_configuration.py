"""What whoever deploys a kind has set for it: its configuration and its secrets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["NO_CONFIGURATION", "REDACTED", "Configuration", "Secret"]

REDACTED = "[secret]"

# A shorter secret would be found in words that have nothing to do with it.
_REDACTED_BYTES_MIN = 8


@dataclass(frozen=True, slots=True, repr=False)
class Secret:
    """A value that shows in no log, traceback or journal: only `value` has it."""

    value: str
    set_at_ns: int = field(compare=False)

    def __repr__(self) -> str:
        return "Secret()"


@dataclass(frozen=True, slots=True)
class Configuration:
    """All that is set for one version of a kind."""

    config: Mapping[str, str]
    secrets: Mapping[str, Secret]
    _hidden: tuple[str, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        values = {each.value for each in self.secrets.values()}
        hidden = [each for each in values if len(each.encode()) >= _REDACTED_BYTES_MIN]
        # A secret may have another one in it: the longest goes first.
        object.__setattr__(self, "_hidden", tuple(sorted(hidden, key=len, reverse=True)))

    def redact(self, told: str) -> str:
        """`told`, without the secrets that stand in it word for word."""
        for value in self._hidden:
            told = told.replace(value, REDACTED)
        return told


NO_CONFIGURATION = Configuration({}, {})
