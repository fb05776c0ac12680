"""What became of messages between actors."""

from __future__ import annotations

__all__ = ["LetterMeter"]


class LetterMeter:
    """The messages that came to receivers on this node."""

    __slots__ = ("dead", "delivered", "repeated", "tried_again")

    def __init__(self) -> None:
        self.delivered = 0
        """Turns that ran for a message, and went well."""
        self.dead = 0
        """Those that became dead letters."""
        self.repeated = 0
        """Those that came again, and were only acknowledged."""
        self.tried_again = 0
        """Attempts that came to nothing, after which another one was made."""
