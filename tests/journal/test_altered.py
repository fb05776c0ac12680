"""A bundle that somebody altered who knows of checksums: every field of every part of
it, one by one, is named by a refusal or by a divergence."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import msgpack
import pytest

from kelpie.errors import BundleInvalid
from kelpie.ids import Payload
from kelpie.journal.birth import pack_birth, pack_entry, unpack_entries
from kelpie.journal.bundles import BundleWriter, read_bundle
from kelpie.journal.entries import Entry, seal
from kelpie.journal.expected import Divergence
from kelpie.journal.heads import Head, limits_told
from kelpie.journal.masks import Mask
from kelpie.journal.summary import replay_all
from kelpie.journal.values import Digest, unpack
from kelpie.limits import DEFAULT_LIMITS
from kelpie.wasm.kind_configuration import Configuration, Secret
from tests.journal.alteration import altered
from tests.journal.recording import Recording
from tests.wasm.support import ROGUE, Answerer, Workbench

_HEADER = 9
_MAGIC = len(b"kelpie bundle 2\n")
_BIRTH = ("format", "address", "deploy_number", "digest", "time_ns", "state", "config", "stand_ins")


class Frame(NamedTuple):
    kind: bytes
    body: bytes


@pytest.fixture
async def frames(workbench: Workbench) -> list[Frame]:
    """Of a bundle of one instance, with turns that end in every way."""
    rogue = await workbench.component(ROGUE)
    configuration = Configuration({"COLOR": "red"}, {"TOKEN": Secret("correct horse", 1)})
    recording = Recording(rogue, configuration)
    recording.answers = Answerer({b"old": Payload(True, b"1")}, answer=Payload(True, b"7"))
    await recording.run("save", "one")
    await recording.run("call", {"key": "other", "argument": "x"})
    await recording.run("kv_list", {})
    await recording.run("log", {"message": "hello", "lines": 2})
    await recording.run("send", {"key": "other", "argument": "x", "continuation": "echo"})
    await recording.run("fail", {"kind": "rejected"})
    flown = recording.flown()
    address = flown.birth.address
    limits = limits_told(DEFAULT_LIMITS)
    head = Head(f"{address.kind}/{address.key}", address.namespace, "1.0", "wasmtime", 5, limits)
    bundle = BundleWriter(head)
    bundle.add_component(ROGUE.read_bytes())
    bundle.add_birth(pack_birth(flown.birth, Mask(configuration)))
    bundle.add_turns(len(flown.entries), b"".join(map(pack_entry, flown.entries)))
    return list(_frames(bundle.finish()))


def _frames(data: bytes) -> Iterator[Frame]:
    at = _MAGIC
    while at < len(data):
        begin = at + _HEADER
        length = int.from_bytes(data[at + 1 : at + 5], "big")
        yield Frame(data[at : at + 1], data[begin : begin + length])
        at = begin + length


def _file(frames: list[Frame], magic: bytes = b"kelpie bundle 2\n") -> bytes:
    """With all checksums of frames put right."""
    parts = [magic]
    for kind, body in frames:
        length = len(body).to_bytes(4, "big")
        checksum = zlib.crc32(body, zlib.crc32(kind + length))
        parts.append(kind + length + checksum.to_bytes(4, "big") + body)
    return b"".join(parts)


def _with(frames: list[Frame], kind: bytes, change: Callable[[bytes], bytes]) -> bytes:
    return _file([each._replace(body=change(each.body)) if each.kind == kind else each
                  for each in frames])  # fmt: skip


def _refusal(file: bytes) -> str:
    with pytest.raises(BundleInvalid) as refused:
        read_bundle(file, DEFAULT_LIMITS)
    return refused.value.message


def test_every_field_of_the_head_is_named(frames: list[Frame]) -> None:
    told = json.loads(frames[0].body)
    names = [(name,) for name in Head._fields if name != "limits"]
    names += [("limits", name) for name in told["limits"]]
    for path in names:
        for value in (None, 1, "x") if len(path) == 1 else (1, "x"):
            head = json.loads(frames[0].body)
            holder = head if len(path) == 1 else head["limits"]
            if holder[path[-1]] == value:
                continue
            holder[path[-1]] = value
            changed = _with(frames, b"h", lambda _, head=head: json.dumps(head).encode())
            assert ".".join(path) in _refusal(changed)
        del holder[path[-1]]
        gone = _with(frames, b"h", lambda _, head=head: json.dumps(head).encode())
        assert ".".join(path) in _refusal(gone)


def test_nor_can_its_head_have_more_or_be_of_a_version_before(frames: list[Frame]) -> None:
    head = json.loads(frames[0].body)
    more = {**head, "limits": {**head["limits"], "of_nobody_max": 1}}
    assert "limits.of_nobody_max" in _refusal(_with(frames, b"h", lambda _: _json(more)))
    for sums in (None, {}, {**head["sums"], "actor": 0}, {**head["sums"], "other": 1}):
        bare = {**head, "sums": sums}
        assert "head" in _refusal(_with(frames, b"h", lambda _, bare=bare: _json(bare)))
    assert "head" in _refusal(_file(frames, b"kelpie bundle 1\n"))


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


def test_every_field_of_what_an_instance_was_made_of_is_named(frames: list[Frame]) -> None:
    body = next(each.body for each in frames if each.kind == b"b")
    for index, name in enumerate(_BIRTH):
        for value in (altered(unpack(body)[index]), 1.5, msgpack.Timestamp(5), "x", [], None):
            members = list(unpack(body))
            if members[index] == value or (index == 0 and value is None):
                continue
            members[index] = value
            told = _refusal(_with(frames, b"b", lambda _, m=members: msgpack.packb(_plain(m))))
            assert "instance 1" in told
            assert name in told, (name, value, told)


def test_what_cannot_be_sums_is_no_sum(frames: list[Frame]) -> None:
    body = next(each.body for each in frames if each.kind == b"b")
    for sums in (None, [], [1], "x", [0] * 7, [0] * 9):
        members = [*unpack(body)[:-1], sums]
        told = _refusal(_with(frames, b"b", lambda _, m=members: msgpack.packb(_plain(m))))
        assert "what instance 1 was made of" in told
    for version in (1, 2):
        members = [version, *unpack(body)[1:]]
        told = _refusal(_with(frames, b"b", lambda _, m=members: msgpack.packb(_plain(m))))
        assert "what instance 1 was made of" in told


def test_the_component_and_the_end_are_those_of_the_file(frames: list[Frame]) -> None:
    other = zlib.compress(b"\0asm and more")
    assert "was altered" in _refusal(_with(frames, b"w", lambda _: other))
    assert "its end" in _refusal(_with(frames, b"z", lambda body: body + b"1"))
    assert "its end" in _refusal(_with(frames, b"z", lambda _: b"4"))
    turns = next(each.body for each in frames if each.kind == b"t")
    entries = unpack_entries(6, turns[4:])
    fewer = (5).to_bytes(4, "big") + b"".join(map(pack_entry, entries[:5]))
    assert "5 turns" in _refusal(_with(frames, b"t", lambda _: fewer))


async def test_every_field_of_every_turn_is_named(
    frames: list[Frame], workbench: Workbench
) -> None:
    """What it was given, each host call, and its end: where it is."""
    body = next(each.body for each in frames if each.kind == b"t")
    entries = unpack_entries(6, body[4:])

    async def diverged(position: int, entry: Entry) -> Divergence:
        changed = [*entries[: position - 1], entry, *entries[position:]]
        packed = b"".join(map(pack_entry, changed))
        file = _with(frames, b"t", lambda body: body[:4] + packed)
        summary = await replay_all(
            read_bundle(file, DEFAULT_LIMITS), workbench.engine, DEFAULT_LIMITS
        )
        assert summary.divergence is not None, (position, entry)
        return summary.divergence

    altered = 0
    for position, entry in enumerate(entries, 1):
        for part in _alterations(entry.given):
            found = await diverged(position, entry._replace(given=part))
            assert (found.position, found.call) == (position, None)
            assert found.expected != found.got
            altered += 1
        for part in _alterations(entry.end):
            found = await diverged(position, entry._replace(end=part))
            assert found.position == position
            assert found.expected != found.got
            altered += 1
        for number, call in enumerate(entry.calls):
            for part in _alterations(call):
                calls = (*entry.calls[:number], part, *entry.calls[number + 1 :])
                found = await diverged(position, entry._replace(calls=calls))
                assert (found.position, found.call) == (position, number + 1)
                assert found.expected != found.got
                altered += 1
    assert altered > 300


async def test_turns_cannot_change_places(frames: list[Frame], workbench: Workbench) -> None:
    body = next(each.body for each in frames if each.kind == b"t")
    entries = unpack_entries(6, body[4:])
    entries[3], entries[4] = entries[4], entries[3]
    packed = b"".join(map(pack_entry, entries))
    file = _with(frames, b"t", lambda body: body[:4] + packed)
    bundle = read_bundle(file, DEFAULT_LIMITS)
    found = (await replay_all(bundle, workbench.engine, DEFAULT_LIMITS)).divergence
    assert found is not None
    assert found.position in (4, 5)


def _alterations(sealed: bytes) -> Iterator[bytes]:
    """The part with one leaf of it altered, with one of another type, and without its
    last member."""
    members = unpack(sealed[4:])
    for changed in _each_leaf(members):
        yield seal(msgpack.packb(_plain(changed)))
    for index in range(len(members)):
        other: object = 7.5
        yield seal(msgpack.packb(_plain((*members[:index], other, *members[index + 1 :]))))
    yield seal(msgpack.packb(_plain(members[:-1])))


def _each_leaf(value: Any) -> Iterator[Any]:
    if type(value) is tuple and value:
        for index, each in enumerate(value):
            for changed in _each_leaf(each):
                yield (*value[:index], changed, *value[index + 1 :])
    else:
        yield altered(value)


def _plain(value: Any) -> Any:
    match value:
        case Payload():
            return msgpack.ExtType(1 if value.is_text else 2, value.data)
        case Digest():
            return msgpack.ExtType(3, value.size.to_bytes(8, "big") + value.digest)
        case msgpack.Timestamp() | msgpack.ExtType():
            return value
        case tuple() | list():
            return [_plain(each) for each in value]
    return value
