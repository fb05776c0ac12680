"""The host calls of a turn that is run again: answered from its journal, and compared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, NoReturn

from kelpie.ids import Payload
from kelpie.journal.entries import Altered, EntryInvalid, Seals, packed_call, read_call
from kelpie.journal.values import Packer
from kelpie.wasm.turn import Failure, HostCall, Page

__all__ = ["Divergence", "Expected", "Halted", "RecordedAnswers", "shown", "shown_call"]

_SHOWN_MAX = 400
_SENDS = ("messaging.send", "messaging.send-after", "messaging.request")
_REMINDS = ("messaging.remind", "messaging.cancel-reminder", "messaging.reminders")


class Halted(Exception):
    """Raised in a host call to end the guest: the replay knows why."""


class Divergence(NamedTuple):
    """The first thing that was not as recorded."""

    turn: int
    """Its number, as its guest was told."""
    position: int
    """Which of the turns that were run again, counted from 1."""
    call: int | None
    """Which host call of the turn, counted from 1; None: it is no host call."""
    what: str
    expected: str
    got: str

    def __str__(self) -> str:
        where = f"turn {self.turn}" + (f", host call {self.call}" if self.call else "")
        return f"{where}: {self.what}"


class Expected(list[HostCall]):
    """The journal of a turn that is run again: a call that was not recorded is
    refused, and the first one is kept in `difference`."""

    def __init__(self, calls: tuple[bytes, ...], seals: Seals, packer: Packer) -> None:
        super().__init__()
        self._calls = calls
        self._seals = seals
        self._packer = packer
        self.difference: tuple[int | None, str, str, str] | None = None
        """Which call, in what, expected, and got."""
        self.ran_out = False
        """Whether the guest went on where the journal ends."""

    def append(self, call: HostCall) -> None:
        number = len(self)
        if number >= len(self._calls):
            self.ran_out = True
            self.refuse("one more host call was made", "the end of the turn", shown_call(call))
        recorded = self._calls[number]
        if packed_call(call, self._packer) != recorded:
            self._compare(recorded, call)
        if not self._seals.is_of_call(number + 1, recorded):
            sealed = "what the turn has sealed, which is something else"
            self.refuse("its record was altered", sealed, shown_call(call))
        super().append(call)

    def next_recorded(self, *asked: str) -> HostCall:
        """The recorded call, of one of these names, whose answer is wanted now."""
        number = len(self)
        if number >= len(self._calls):
            self.ran_out = True
            self.refuse("one more host call was made", "the end of the turn", asked[0])
        recorded = self._read(self._calls[number])
        if recorded.name not in asked:
            self.refuse("another host call was made", shown_call(recorded), asked[0])
        return recorded

    def finish(self) -> None:
        """The turn has ended: whether it made all of its calls."""
        if self.difference is None and len(self) < len(self._calls):
            try:
                missing = shown_call(self._read(self._calls[len(self)]))
                self.refuse("a host call was not made", missing, "the end of the turn")
            except Halted:
                pass

    def _compare(self, recorded: bytes, call: HostCall) -> None:
        expected = self._read(recorded)
        if expected.name != call.name:
            what = "another host call was made"
        else:
            got = read_call(packed_call(call, self._packer))
            asked = expected.arguments != got.arguments
            what = (
                f"{call.name} was {'asked for something' if asked else 'answered something'} else"
            )
        self.refuse(what, shown_call(expected), shown_call(call))

    def _read(self, recorded: bytes) -> HostCall:
        try:
            return read_call(recorded)
        except (Altered, EntryInvalid) as error:
            self.refuse("its record was altered", "a whole record", str(error))

    def refuse(self, what: str, expected: str, got: str) -> NoReturn:
        """Ends the guest, and keeps why if it is the first time."""
        if self.difference is None:
            self.difference = (len(self) + 1, what, expected, got)
        raise Halted(what)


class RecordedAnswers:
    """Answers what the host was asked beyond the turn's own input, as it was
    answered then. See `kelpie.wasm.turn.Answers`."""

    def __init__(self, expected: Expected, kv: Mapping[bytes, Payload | None]) -> None:
        """`kv`: what the turns before have shown of it, and what they left."""
        self._expected = expected
        self._kv = kv

    def kv_get(self, key: bytes) -> Payload | None:
        result = self._expected.next_recorded("kv.get").result
        if result is not None and type(result) is not Payload:
            self._expected.refuse("kv.get was answered with no value", "a value", shown(result))
        self._check(key, result, "kv.get", self._kv)
        return result

    def kv_list(
        self,
        prefix: bytes,
        after: bytes | None,
        _limit: int,
        reverse: bool,
        writes: Mapping[bytes, Payload | None],
    ) -> Page:
        result = self._expected.next_recorded("kv.list").result
        page = _page_of(result)
        if page is None:
            self._expected.refuse("kv.list was answered with no page", "a page", shown(result))
        known, listed = {**self._kv, **writes}, dict(page.entries)
        for key, value in page.entries:
            self._check(key, value, "kv.list", known)
        last = page.entries[-1][0] if page.more and page.entries else None
        for key, held in known.items():
            if held is None or key in listed or not key.startswith(prefix):
                continue
            begun = after is None or (key < after if reverse else key > after)
            ended = last is not None and (key < last if reverse else key > last)
            if begun and not ended:
                self._check(key, None, "kv.list", known)
        return page

    def call(self, *_asked: object) -> Payload | Failure:
        result = self._expected.next_recorded("messaging.call").result
        return result if isinstance(result, Payload) else self._failure(result)

    def refuses_send(self, *_asked: object) -> Failure | None:
        result = self._expected.next_recorded(*_SENDS).result
        return None if result == "ok" else self._failure(result)

    def why_never_due(self, _schedule: object) -> str | None:
        result = self._expected.next_recorded("messaging.remind").result
        return None if result == "ok" else self._failure(result).message

    def reminder_names(self) -> frozenset[str]:
        """As many of them as the recorded call tells of: no other one matters to it."""
        name, arguments, result = self._expected.next_recorded(*_REMINDS)
        match name, result:
            case "messaging.reminders", tuple():
                return frozenset(str(each) for each in result)
            case "messaging.cancel-reminder", True:
                return frozenset(map(str, arguments))
        return frozenset()

    def _failure(self, result: object) -> Failure:
        failure = _failure_of(result)
        if failure is None:
            self._expected.refuse("it was answered with no failure", "a failure", shown(result))
        return failure

    def _check(
        self, key: bytes, value: Payload | None, name: str, known: Mapping[bytes, Payload | None]
    ) -> None:
        """Nobody else writes what an actor holds: what is known of it must be so."""
        if key in known and known[key] != value:
            what = f"{name} was answered something else for {shown(key)}"
            self._expected.refuse(what, shown(known[key]), shown(value))


def _failure_of(result: object) -> Failure | None:
    match result:
        case ("rejected" | "failed" | "unavailable" | "unknown" as case, str(message), *code):
            return Failure(case, message, *map(str, code[:1]))
    return None


def _page_of(result: object) -> Page | None:
    match result:
        case (tuple(entries), bool(more)):
            pairs = [each for each in entries if type(each) is tuple and len(each) == 2]
            if len(pairs) == len(entries) and all(
                type(key) is bytes and type(value) is Payload for key, value in pairs
            ):
                return Page(pairs, more)
    return None


def shown_call(call: HostCall) -> str:
    """For people. Long values are cut."""
    arguments = ", ".join(map(shown, call.arguments))
    return f"{call.name}({arguments}) -> {shown(call.result)}"


def shown(value: object) -> str:
    match value:
        case Payload(is_text=True, data=data):
            told = data.decode(errors="replace")
        case Payload(data=data):
            told = f"{len(data)} bytes {data[:_SHOWN_MAX].hex()}"
        case None:
            told = "nothing"
        case bytes():
            told = repr(value.decode()) if value.isascii() else value.hex()
        case tuple() if type(value) is tuple:
            told = f"({', '.join(map(shown, value))})"
        case str():
            told = repr(value)
        case _:
            told = str(value)
    return told if len(told) <= _SHOWN_MAX else f"{told[:_SHOWN_MAX]}..."
