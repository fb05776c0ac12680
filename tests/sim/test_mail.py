"""When a simulated world has nothing more to deliver."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import pytest

from kelpie.ids import Address, text
from kelpie.limits import DEFAULT_LIMITS
from kelpie.runtime.messaging.letter import Letter
from kelpie.runtime.requests.cause import Cause
from kelpie.sim.env import SimEnv
from kelpie.sim.mail import until_quiet
from kelpie.store.chunks import write_value
from kelpie.store.keyspace import ActorKeys
from kelpie.store.memory import MemoryStore
from kelpie.store.message_keys import MessageKeys, pending
from tests.store.clock import ClockEnv

ONE, TWO, THREE = (Address("default", "thing", name) for name in ("one", "two", "three"))
LIMITS = replace(DEFAULT_LIMITS, dead_letters_max=2)


class Clock:
    """As much of an Env as it takes. Nobody delivers anything meanwhile."""

    def wall_ns(self) -> int:
        return 0

    async def sleep(self, milliseconds: float) -> None:
        """The time has passed at once."""


def keys_of(address: Address) -> MessageKeys:
    return MessageKeys(ActorKeys(address).prefix)


@pytest.mark.parametrize(
    ("receivers", "dead", "is_quiet"),
    [
        ([], {}, True),
        ([TWO], {}, False),
        ([TWO], {TWO: 1}, False),
        ([TWO, TWO], {TWO: 2}, True),
        ([TWO, THREE], {TWO: 2}, False),
        ([TWO, THREE], {TWO: 2, THREE: 2}, True),
    ],
)
async def test_who_keeps_all_the_dead_letters_it_may_is_not_waited_for(
    receivers: list[Address], dead: dict[Address, int], is_quiet: bool
) -> None:
    env = ClockEnv()
    store = MemoryStore(env, LIMITS).client(env)
    transaction = store.transaction()
    for number, each in enumerate(receivers):
        letter = Letter(each, "take", text("1"), None, "r", 0, Cause("send"))
        transaction.set(pending("node", ONE), b"")
        write_value(transaction, keys_of(ONE).letter(0, number, 0), letter.stored())
    for each, count in dead.items():
        for number in range(count):
            write_value(transaction, keys_of(each).dead_letter(number), b"a dead letter")
    await transaction.commit()
    undone = await until_quiet(cast("SimEnv", Clock()), store, LIMITS)
    assert undone == (None if is_quiet else "messages were never delivered")
    env.close()
