"""Plain functions that wait for what is asynchronous, without threads."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from contextvars import copy_context
from typing import Any, Generic, TypeVar, cast

from greenlet import GreenletExit, greenlet

__all__ = ["Waiting"]

Result = TypeVar("Result")


class Waiting(Generic[Result]):
    """One run of a function. While it waits, the task that runs it awaits, and the
    function stands where it is, on a stack of its own."""

    def __init__(self, function: Callable[[], Result]) -> None:
        self._greenlet = greenlet(function)
        # What is known of the task that runs it is known on its stack as well.
        self._greenlet.gr_context = copy_context()
        self._is_over = False

    async def run(self) -> Result:
        """What the function returns or raises. Cancelled, it is ended where it waits."""
        inside = self._greenlet
        given = inside.switch()
        while not inside.dead:
            try:
                answer = await given
            except Exception as error:  # noqa: BLE001 - raised where it was waited for
                given = inside.throw(error)
            except BaseException:
                self._end()
                raise
            else:
                given = inside.switch(answer)
        return cast("Result", given)

    def wait(self, awaitable: Awaitable[Any]) -> Any:
        """Within the function: what the awaitable gives."""
        assert greenlet.getcurrent() is self._greenlet, "only the turn itself may wait"
        if self._is_over:
            if isinstance(awaitable, Coroutine):
                awaitable.close()
            raise GreenletExit
        outside = self._greenlet.parent
        assert outside is not None
        return outside.switch(awaitable)

    def _end(self) -> None:
        """Ends the function where it stands. What it still has to say nobody hears."""
        self._is_over = True
        with suppress(BaseException):
            self._greenlet.throw(GreenletExit)
