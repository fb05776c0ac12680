"""Which addresses lead to this machine alone."""

from __future__ import annotations

import pytest

from kelpie.api.loopback import is_loopback


@pytest.mark.parametrize(
    ("address", "loopback"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("::1%lo", True),
     ("::ffff:127.0.0.1", True), ("::ffff:192.168.1.2", False), ("0.0.0.0", False), ("::", False),
     ("192.168.1.2", False), ("fe80::1%eth0", False), ("localhost", False)],
)  # fmt: skip
def test_loopback(address: str, loopback: bool) -> None:
    assert is_loopback(address) is loopback
