"""Whose host calls come in: known because one guest runs at a time."""

from __future__ import annotations

from typing import Protocol

from kelpie.errors import GuestBrokeContract
from kelpie.wasm.collector import Collector
from kelpie.wasm.errors import error_address
from kelpie.wasm.outside import Outside
from kelpie.wasm.wasi.surroundings import Surroundings

__all__ = ["Current"]


class _Running(Protocol):
    """The guest being polled."""

    surroundings: Surroundings | None
    """What it has of WASI, once it asked."""


class Current:
    """Whose host calls come in now: the collector of the guest being polled."""

    __slots__ = ("cause", "collector", "guest", "outside")

    def __init__(self) -> None:
        self.guest: _Running | None = None
        """The guest being polled. It must not be closed before the poll returns."""
        self.collector: Collector | None = None
        """None while a guest is polled outside of a turn."""
        self.outside: Outside | None = None
        """Who answers outside of a turn what may be asked there."""
        self.cause: BaseException | None = None
        """What a host call of this guest raised: the reason of the trap that follows."""

    def fail(self, error: BaseException) -> int:
        """Keeps why the guest traps. Returns the error that makes it trap."""
        self.cause = error
        return error_address(f"host call: {error}")

    def expect_turn(self) -> Collector:
        """Whose turn it is. For what an actor may ask only then."""
        if self.collector is None:
            raise GuestBrokeContract("a host call was made outside of a turn")
        return self.collector

    def expect_beginning(self) -> Collector:
        """For what an actor may also ask when it begins, and has not been asked for anything."""
        outside = self.outside
        return outside.collector if outside and outside.begins else self.expect_turn()

    def expect_anyone(self) -> Collector:
        """For what an actor may also ask while it describes itself."""
        return self.outside.collector if self.outside else self.expect_turn()
