"""Queues, sizes and counts have limits, and what is beyond one says so."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kelpie.errors import GuestLimitExceeded, MailboxFull, Overloaded
from kelpie.ids import Address, Payload, text
from kelpie.limits import DEFAULT_LIMITS
from kelpie.runtime.commits.batch import Finished
from kelpie.runtime.requests.envelope import Envelope
from kelpie.runtime.requests.message import Message
from kelpie.store.buffer import Buffer
from kelpie.store.chunks import clear_value, encode_payload, write_value
from kelpie.store.keyspace import ActorKeys
from kelpie.store.kv_keys import KvKeys
from kelpie.wasm.turn import Effects, Outcome
from tests.runtime.conftest import StartScripted
from tests.runtime.scripted import Host
from tests.runtime.scripts import Gate, append, read
from tests.runtime.support import outcome, settle


async def test_a_full_mailbox(scripted: StartScripted) -> None:
    gate = Gate()
    node = await scripted({"slow": gate.script(append), "append": append}, mailbox_messages_max=3)
    asked = [node.ask("slow", "a")]
    await settle()
    asked += [node.ask("append", "b") for _ in range(3)]
    await settle()
    with pytest.raises(MailboxFull):
        await node.ask("append", "c")
    # Others are not hurt.
    assert await node.get("append", "x", key="two") == "x"
    gate.open()
    assert [await outcome(each) for each in asked] == ["a", "ab", "abb", "abbb"]
    assert await node.get("append", "d") == "abbbd"


async def test_a_mailbox_that_is_full_of_bytes(scripted: StartScripted) -> None:
    gate = Gate()
    node = await scripted({"slow": gate.script(append), "append": append}, mailbox_bytes_max=10)
    asked = [node.ask("slow", "a" * 100)]
    await settle()
    # One always fits, however large.
    asked.append(node.ask("append", "b" * 100))
    await settle()
    assert await outcome(node.ask("append", "c")) == "mailbox-full"
    gate.open()
    assert [await outcome(each) for each in asked] == ["a" * 100, "a" * 100 + "b" * 100]


async def test_a_refused_request_leaves_nothing_behind(scripted: StartScripted) -> None:
    gate = Gate()
    node = await scripted({"slow": gate.script(append), "append": append}, mailbox_messages_max=1)
    asked = [node.ask("slow", "a")]
    await settle()
    asked.append(node.ask("append", "b", id="waits"))
    await settle()
    for _ in range(10):
        assert await outcome(node.ask("append", "c", id="refused")) == "mailbox-full"
    assert node.runtime.outstanding == 2
    gate.open()
    assert [await outcome(each) for each in asked] == ["a", "ab"]
    assert await outcome(node.ask("append", "c", id="refused")) == "abc"


@pytest.mark.parametrize("limits", [{"waiting_messages_max": 5}, {"waiting_bytes_max": 50}])
async def test_a_host_with_too_much_to_do(scripted: StartScripted, limits: dict[str, int]) -> None:
    gate = Gate()
    node = await scripted({"slow": gate.script(append)}, **limits)
    asked = [node.ask("slow", "x" * 10, key=str(n)) for n in range(5)]
    await settle()
    with pytest.raises(Overloaded) as caught:
        await node.ask("slow", "x", key="other", id="request")
    assert caught.value.code == "overloaded"
    assert caught.value.details["retry_after_ms"]
    gate.open()
    assert [await outcome(each) for each in asked] == ["x" * 10] * 5
    assert await outcome(node.ask("slow", "x", key="other", id="request")) == "x"


async def test_a_busy_actor_lets_others_run(scripted: StartScripted) -> None:
    """Turns that never wait do not keep the loop until the mailbox is empty."""

    def spin(host: Host) -> Payload:
        # As if it had taken long.
        node.env.ahead_ms += 2
        return text("done")

    node = await scripted({"spin": spin, "append": append}, guest_tick_ms=1)
    spinning = [node.ask("spin") for _ in range(200)]
    await settle(3)
    quick = node.ask("append", "a", key="other")
    assert await outcome(quick) == "a"
    assert not spinning[-1].done()
    for each in spinning:
        await outcome(each)


async def test_turns_fold_only_as_far_as_a_commit_holds(scripted: StartScripted) -> None:
    def write(host: Host) -> Payload:
        host.set(host.turn.argument.data, text("x" * 100_000))
        return text("ok")

    node = await scripted({"write": write, "read": read})
    node.link.holding = True
    asked = [node.ask("write", "first")]
    held = await node.link.held()
    asked += [node.ask("write", str(n)) for n in range(200)]
    await settle(50)
    node.link.holding = False
    held.land()
    assert {await outcome(each) for each in asked} == {"ok"}


async def test_a_turn_that_no_commit_holds_is_refused(scripted: StartScripted) -> None:
    """Many keys of an actor whose own key is long: each costs far more than the
    guest was charged for."""

    def flood(host: Host) -> Payload:
        for n in range(10_000):
            host.set(f"{n:05}".encode(), text(""))
        return text("ok")

    node = await scripted({"flood": flood, "append": append})
    key = "\0" * 2048
    await node.get("append", "a", key=key)
    asked = node.ask("flood", key=key, id="request")
    with pytest.raises(GuestLimitExceeded) as caught:
        await asked
    assert caught.value.details["limit"] == "commit_bytes_max"
    assert await node.get("append", "b", key=key) == "ab"
    assert await outcome(node.ask("flood", id="request")) == "ok"


KEY = st.binary(max_size=40) | st.just(b"\0" * 1000)
VALUE = st.integers(0, 400) | st.integers(89_980, 90_020) | st.just(400_000)


@settings(deadline=None, max_examples=100)
@given(
    actor_key=st.sampled_from(["k", "\0" * 2048, "x" * 2048]),
    request_id=st.sampled_from(["r", "\0" * 256]),
    state=st.none() | VALUE,
    kv=st.dictionaries(KEY, st.none() | VALUE, max_size=5),
    reply=VALUE,
    recorded=st.booleans(),
)
def test_a_turn_is_never_larger_than_was_thought(
    actor_key: str,
    request_id: str,
    state: int | None,
    kv: dict[bytes, int | None],
    reply: int,
    recorded: bool,
) -> None:
    def payload(size: int | None) -> Payload | None:
        return None if size is None else text("x" * size)

    keys = ActorKeys(Address("default", "thing", actor_key))
    effects = Effects(True, payload(state), {key: payload(size) for key, size in kv.items()})
    envelope = Envelope(keys.address, "op", text(""), request_id, "p" * 256, recorded, 0)
    outcome = Outcome(text("x" * reply), None, effects, [], [], 0)
    message = Message(envelope, lambda _: None)
    expected = Finished(message, outcome, keys, recorded=recorded).bytes_max
    buffer = Buffer()
    for key, value in [
        (keys.state, effects.state),
        *((KvKeys(keys.prefix, 1 << 63).entry(key), value) for key, value in effects.kv.items()),
    ]:
        if value is None:
            clear_value(buffer, key)  # type: ignore[arg-type]
        else:
            write_value(buffer, key, encode_payload(value))  # type: ignore[arg-type]
    if recorded:
        body = b"x" * (reply + 64)
        write_value(buffer, keys.record("p" * 256, request_id), body)  # type: ignore[arg-type]
    assert buffer.size <= expected


def test_the_limits_of_a_commit_leave_room_for_the_rest() -> None:
    limits = DEFAULT_LIMITS
    index_rows = 2 * limits.store_value_bytes_max
    owner_and_sequence = 4 * limits.store_key_bytes_max
    assert (
        limits.commit_bytes_max + limits.commit_cleared_bytes_max + index_rows + owner_and_sequence
        <= limits.store_transaction_bytes_max
    )
    assert limits.turn_write_bytes_max < limits.commit_bytes_max
