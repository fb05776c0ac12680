"""The text of a token."""

from __future__ import annotations

from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kelpie.access.digest import digest_of
from kelpie.access.secret import (
    PREFIX,
    SECRET_LENGTH,
    is_well_formed,
    new_secret,
    redacted,
)
from kelpie.env import Env


class _Drawn:
    def __init__(self, drawn: bytes) -> None:
        self._drawn = drawn

    def random_bytes(self, count: int) -> bytes:
        assert count == len(self._drawn)
        return self._drawn


def _secret(drawn: bytes) -> str:
    return new_secret(cast("Env", _Drawn(drawn)))


secrets = st.binary(min_size=32, max_size=32).map(_secret)


@given(secrets)
def test_a_new_one_is_well_formed(secret: str) -> None:
    assert secret.startswith(PREFIX)
    assert len(secret) == SECRET_LENGTH
    assert is_well_formed(secret)
    assert len(digest_of(secret)) == 32


@given(secrets, st.integers(0, SECRET_LENGTH - 1), st.sampled_from("abcz27_ A\0é"))
def test_a_slip_is_seen(secret: str, at: int, other: str) -> None:
    slipped = secret[:at] + other + secret[at + 1 :]
    assert is_well_formed(slipped) == (slipped == secret)


@given(secrets, st.integers(0, SECRET_LENGTH - 1))
def test_a_piece_is_none(secret: str, length: int) -> None:
    assert not is_well_formed(secret[:length])
    assert not is_well_formed(secret + secret[:length][:1] + "a")


@given(st.text(max_size=80) | st.text(st.sampled_from("kelpi_a27="), max_size=80))
def test_whatever_is_given(text: str) -> None:
    assert not is_well_formed(text)


@given(secrets, st.text(max_size=20), st.text(max_size=20))
def test_no_text_keeps_one(secret: str, before: str, behind: str) -> None:
    text = redacted(f"{before}{secret} {behind}{secret}")
    assert secret[len(PREFIX) : -10] not in text
    assert text.startswith(before)


@given(secrets, st.sets(st.integers(0, SECRET_LENGTH - 1)), st.integers(0, 2), st.booleans())
def test_nor_percent_encoded(secret: str, places: set[int], over: int, upper: bool) -> None:
    hexadecimal = "%{:02X}" if upper else "%{:02x}"
    path = "".join(
        hexadecimal.format(ord(each)).replace("%", "%" + "25" * over) if at in places else each
        for at, each in enumerate(secret)
    )
    assert redacted(f"GET /v1/kinds/{path}?a=%20b 404") == (
        f"GET /v1/kinds/{PREFIX}[redacted]?a=%20b 404"
    )


@given(secrets)
def test_nor_in_capitals_nor_without_its_prefix(secret: str) -> None:
    for written in (secret.upper(), secret.title(), secret[len(PREFIX) :]):
        for each in (written, written.upper()):
            assert redacted(f"GET /v1/kinds/{each}?x 404") == (
                f"GET /v1/kinds/{PREFIX}[redacted]?x 404"
            )


def test_what_is_only_as_long_stays() -> None:
    for text in ("a" * 58, "A" * 58, "sha256 " + "0a" * 32):
        assert redacted(text) == text


@pytest.mark.parametrize(
    "text",
    ["100 %", "/a%20b%2fc", "kelpie%5fa", "", "kelpie", "kelpie_turns_total", "see kelpie_ there"],
)
def test_other_texts_stay(text: str) -> None:
    assert redacted(text) == text
