"""Values as bytes: they come back as they were, or as their digest."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kelpie.ids import Payload
from kelpie.journal.masks import Mask, stand_in
from kelpie.journal.values import Digest, Packer, unpack
from kelpie.wasm.kind_configuration import NO_CONFIGURATION, Configuration, Secret
from kelpie.wasm.turn import Caller, Page

PAYLOADS = st.builds(Payload, st.just(False), st.binary()) | st.builds(
    lambda text: Payload(True, text.encode()), st.text()
)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(1 << 63), (1 << 64) - 1)
    | st.text()
    | st.binary()
    | PAYLOADS
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner).map(tuple) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def packer(bytes_max: int = 1 << 30, **secrets: str) -> Packer:
    told = {name: Secret(value, 0) for name, value in secrets.items()}
    return Packer(Mask(Configuration({}, told)), bytes_max)


@given(VALUES)
def test_a_value_comes_back(value: object) -> None:
    assert unpack(packer().pack(value)) == value


@given(st.binary())
def test_what_is_no_value_is_refused(packed: bytes) -> None:
    with suppress(ValueError):
        unpack(packed)


def test_the_shapes_of_the_contract() -> None:
    page = Page([(b"key", Payload(True, b"value"))], more=True)
    packed = packer().pack((page, Caller("client", "me")))
    assert unpack(packed) == (
        (((b"key", Payload(True, b"value")),), True),
        ("client", "me", None),
    )


def test_what_is_large_has_its_digest_where_that_is_enough() -> None:
    small, large = Payload(True, b"x" * 10), Payload(True, b"x" * 11)
    brief = packer(10).brief
    told: Any = unpack(packer().pack(brief((small, b"y" * 10, "z" * 10))))
    assert told == (small, b"y" * 10, "z" * 10)
    digests = [unpack(Packer(Mask(NO_CONFIGURATION), 10).pack(None))]
    for value in (large, b"y" * 11, "z" * 11):
        packed = _packed(brief(value))
        digests.append(unpack(packed))
        assert digests[-1].size == 11
        assert isinstance(digests[-1], Digest)
    assert len(set(digests)) == 4
    assert _packed(brief(Payload(True, b"x" * 12))) != _packed(brief(large))


def _packed(told: object) -> bytes:
    return bytes(msgpack.packb(told))


def test_no_secret_is_packed() -> None:
    hides = packer(TOKEN="correct horse", SHORT="abc")
    secret = Secret("correct horse", 5)
    told = ("so: correct horse!", b"correct horse", Payload(True, b"(correct horse)"))
    for value in (secret, *told):
        assert b"correct" not in hides.pack(value)
    assert unpack(hides.pack(secret)) == stand_in("TOKEN", len("correct horse"))
    assert b"abc" not in hides.pack(Secret("abc", 1))


def test_a_stand_in_is_as_long_as_what_it_stands_for() -> None:
    for size in (1, 8, 200):
        assert len(stand_in("TOKEN", size)) == size
    assert stand_in("ONE", 20) != stand_in("OTHER", 20)


@given(st.text(min_size=8), st.text())
def test_hiding_again_changes_nothing(value: str, around: str) -> None:
    mask = Mask(Configuration({}, {"A": Secret(value, 0)}))
    hidden = mask.hide((around + value).encode())
    stands = {"A": Secret(mask.stand_ins["A"], 0)}
    assert Mask(Configuration({}, stands)).stand_ins == mask.stand_ins
    assert Mask(Configuration({}, stands)).hide(hidden) == hidden


def test_what_the_contract_does_not_pass_is_not_packed() -> None:
    with pytest.raises(TypeError, match="object"):
        packer().pack(object())
