"""Names for those who ask."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kelpie.ids import Address
from kelpie.limits import DEFAULT_LIMITS
from kelpie.runtime.requests.envelope import principal_of

NAMES = st.from_regex(r"[a-z][a-z0-9-]{0,63}", fullmatch=True)
KEYS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=300)
ADDRESSES = st.builds(Address, NAMES, NAMES, KEYS)


def test_of_an_actor() -> None:
    address = Address("default", "counter", "a/b")
    assert principal_of(address, DEFAULT_LIMITS) == "actor:default/counter/a/b"


@given(ADDRESSES, ADDRESSES)
def test_each_actor_has_its_own(one: Address, other: Address) -> None:
    names = [principal_of(each, DEFAULT_LIMITS) for each in (one, other)]
    assert (names[0] == names[1]) == (one == other)
    for name in names:
        assert 0 < len(name.encode()) <= DEFAULT_LIMITS.principal_bytes_max
        # No client is called so.
        assert ":" in name
