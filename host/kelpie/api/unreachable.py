"""What a client of a host meets where no host answers."""

from __future__ import annotations

__all__ = ["HostUnreachable"]


class HostUnreachable(ConnectionError):
    """There was no answer: no host is at the URL, or it went away.

    What was asked may have been done if it could be sent (`sent`): ask again
    under the same request id to learn which.
    """

    def __init__(
        self,
        message: str,
        *,
        sent: bool,
        answers: bool = False,
        retry_after_ms: int | None = None,
    ) -> None:
        super().__init__(message)
        self.sent = sent
        self.retry_after_ms = retry_after_ms
        """How long to wait before asking again, if somebody on the way has said so."""
        self.request_id: str | None = None
        """Under which it was asked, if it was a turn that was asked for."""
        self.answers = answers
        """Whether somebody is at the URL, with whom there is no speaking as it is."""
