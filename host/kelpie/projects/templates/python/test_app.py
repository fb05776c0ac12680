"""The operations, run as a host runs them."""

import pytest
from kelpie_actor import Rejection
from kelpie_actor.testing import FakeActor

from app import Counter


def test_it_counts() -> None:
    counter = FakeActor(Counter)
    assert counter.invoke("add") == {"value": 1}
    assert counter.invoke("add", {"amount": 5}) == {"value": 6}
    assert counter.invoke("get") == {"value": 6}
    assert counter.invoke("reset") == {"value": 0}


@pytest.mark.parametrize("amount", [-3, 2**63 - 1])
def test_it_never_goes_below_zero_or_too_far(amount: int) -> None:
    counter = FakeActor(Counter)
    counter.invoke("add", {"amount": 2})
    with pytest.raises(Rejection, match="out-of-range"):
        counter.invoke("add", {"amount": amount})
    # What was refused has changed nothing.
    assert counter.invoke("get") == {"value": 2}
