"""Turns that are held as bytes: what is journaled of them is the same."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kelpie.ids import Address, Payload
from kelpie.journal.compact import compact, expanded
from kelpie.journal.entries import Given, entry_of
from kelpie.journal.masks import Mask
from kelpie.journal.values import Packer
from kelpie.limits import DEFAULT_LIMITS
from kelpie.wasm.kind_configuration import Configuration, Secret
from kelpie.wasm.outgoing import Outgoing, Send
from kelpie.wasm.schedule import Schedule, SetReminder
from kelpie.wasm.turn import Caller, Effects, Failure, HostCall, LogLine, Outcome, Page, Turn
from tests.wasm.support import StoredValues

ADDRESS = Address("default", "thing", "one")
SECRETS = {"KEY": Secret("correct horse", 7), "PIN": Secret("1", 7)}
CONFIGURATION = Configuration({"COLOR": "red"}, SECRETS)

texts = st.text(max_size=8)
payloads = st.builds(
    Payload, st.booleans(), st.binary(max_size=8) | st.just(b"a correct horse") | st.just(b"\0")
)
failures = st.builds(Failure, st.sampled_from(["rejected", "failed", "unknown"]), texts, texts)
schedules = st.builds(Schedule, st.sampled_from(["after-ms", "cron"]), st.integers(0, 9), texts)
reminders = st.builds(SetReminder, schedules, st.just("skip"), texts, payloads)
numbers = st.integers(0, (1 << 64) - 1)
calls = st.one_of(
    st.builds(HostCall, st.just("kv.get"), st.tuples(st.binary()), st.none() | payloads),
    st.builds(
        HostCall,
        st.just("kv.list"),
        st.tuples(st.binary(), st.none() | st.binary(), numbers, st.booleans()),
        st.builds(Page, st.lists(st.tuples(st.binary(), payloads), max_size=2), st.booleans()),
    ),
    st.builds(
        HostCall,
        st.just("messaging.call"),
        st.tuples(st.just(ADDRESS), texts, payloads, st.none() | texts),
        payloads | failures,
    ),
    st.builds(
        HostCall,
        st.just("messaging.remind"),
        st.tuples(texts, schedules, texts, texts, payloads),
        st.just("ok") | failures,
    ),
    st.builds(
        HostCall, st.just("secrets.get"), st.tuples(texts), st.sampled_from([*SECRETS.values()])
    ),
    st.builds(HostCall, st.just("entropy.get-bytes"), st.tuples(numbers), st.binary()),
    st.builds(HostCall, st.just("messaging.reminders"), st.just(()), st.tuples(texts, texts)),
    st.builds(HostCall, st.just("messaging.cancel-reminder"), st.tuples(texts), st.booleans()),
)
outgoing = st.builds(
    Outgoing,
    st.lists(
        st.builds(Send, st.just(ADDRESS), texts, payloads, numbers, st.none() | texts), max_size=2
    ),
    st.integers(0, 9),
    st.dictionaries(texts, st.none() | reminders, max_size=2),
)
effects = st.builds(
    Effects,
    st.booleans(),
    st.none() | payloads,
    st.dictionaries(st.binary(max_size=4), st.none() | payloads, max_size=3),
    st.booleans(),
    st.none() | outgoing,
)
callers = st.sampled_from(
    [Caller("client", "me"), Caller("actor", "x", ADDRESS), Caller("reminder", "tea")]
)


@given(
    st.lists(calls, max_size=4),
    effects,
    payloads,
    payloads,
    callers,
    st.lists(st.builds(LogLine, st.just("info"), texts), max_size=2),
    st.binary(),
)
def test_what_is_journaled_is_the_same(
    journal: list[HostCall],
    changes: Effects,
    argument: Payload,
    reply: Payload,
    caller: Caller,
    log: list[LogLine],
    seed: bytes,
) -> None:
    turn = Turn(
        ADDRESS, "add", argument, "id", caller, 3, 1_800_000_000_000_000_000, seed,
        False, None, StoredValues(), CONFIGURATION,
    )  # fmt: skip
    outcome = Outcome(reply, None, changes, journal, log, 77)
    packer = Packer(Mask(CONFIGURATION), DEFAULT_LIMITS.journal_argument_bytes_max)
    wanted = entry_of(Given.of(turn), outcome, packer, DEFAULT_LIMITS)
    assert entry_of(*expanded(compact(turn, outcome)), packer, DEFAULT_LIMITS) == wanted
