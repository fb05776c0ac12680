"""Lines for people."""

from __future__ import annotations

from kelpie_actor.host import Host
from kelpie_actor.passing import shown_text

__all__ = ["Log"]


class Log:
    """Writes to the host's log: not an effect, so a turn that fails keeps its lines.

    At most 16 KiB a line and 1,000 lines a turn; a turn that logs more fails.
    """

    __slots__ = ("_host",)

    def __init__(self, host: Host) -> None:
        self._host = host

    def debug(self, message: object) -> None:
        self._host.log("debug", shown_text(message))

    def info(self, message: object) -> None:
        self._host.log("info", shown_text(message))

    def warn(self, message: object) -> None:
        self._host.log("warn", shown_text(message))

    def error(self, message: object) -> None:
        self._host.log("error", shown_text(message))
