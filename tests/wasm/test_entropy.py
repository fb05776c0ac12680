"""A turn's randomness."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from kelpie.wasm.entropy import EntropyStream

DRAWS = st.lists(st.integers(0, 100), max_size=10)


@given(st.binary(), DRAWS)
def test_the_same_seed_gives_the_same_bytes(seed: bytes, draws: list[int]) -> None:
    first, second = EntropyStream(seed), EntropyStream(seed)
    drawn = [first.draw(count) for count in draws]
    assert drawn == [second.draw(count) for count in draws]
    assert [len(each) for each in drawn] == draws


def test_no_draw_is_like_another() -> None:
    stream, other = EntropyStream(b"seed"), EntropyStream(b"seee")
    drawn = [each.draw(16) for each in (stream, other) for _ in range(1_000)]
    assert len(set(drawn)) == len(drawn)


def test_bytes_are_spread_evenly() -> None:
    seen = Counter(EntropyStream(b"seed").draw(65_536))
    assert len(seen) == 256
    assert max(seen.values()) < 2 * min(seen.values())
