"""An actor that evaluates what it is asked, to see Python's library in a component."""

from __future__ import annotations

import datetime  # noqa: ICN001 - as people write it
import logging
import os
import random
import secrets
import sys
import time
import uuid
from datetime import datetime as DateTime  # noqa: N812
from random import randint
from time import time as seconds
from typing import Literal

import greetings
import helper

from kelpie_actor import Context, MessagingError, actor, operation

# What expressions may name, besides what is used below.
KNOWN = (logging, secrets, uuid, DateTime, seconds)
# Taken while the component is built: what they give must be the turn's all the same.
early = {"random": random.random, "randint": randint, "urandom": os.urandom, "time": time.time}
own_generator = random.Random(7)
BUILT = time.time()


@actor
class Ambient:
    """Evaluates expressions of Python."""

    @operation
    def evaluate(self, context: Context, expression: str) -> str:
        """What it is, as Python shows it; what it raises, by its type and message."""
        known = {**globals(), "context": context}
        try:
            return repr(eval(expression, known))
        except Exception as error:
            return f"{type(error).__name__}: {error}"

    @operation
    def raise_messaging_error(
        self, kind: Literal["rejected", "failed", "unavailable", "unknown"]
    ) -> None:
        """As of a message that came to nothing."""
        raise MessagingError(kind, "later")

    @operation
    def parse_time(self, text: str, form: str) -> str:
        """A time that `strptime` reads."""
        return datetime.datetime.strptime(text, form).isoformat()  # noqa: DTZ007

    @operation
    def late_import(self) -> str:
        """What is imported within a function."""
        import textwrap  # noqa: PLC0415 - the point of it

        return textwrap.shorten("a late  import", 20)

    @operation
    def greet(self, name: str) -> str:
        """By modules of its own and of others."""
        return helper.twice(greetings.greet(name))

    @operation
    def deep(self, levels: int) -> int:
        """Descends so far."""
        return 0 if levels == 0 else 1 + self.deep(levels - 1)

    @operation
    def leave(self) -> None:
        """Wants to end the process."""
        sys.exit(3)
