"""Values as bytes: msgpack, before they are framed."""

from __future__ import annotations

import msgpack

__all__ = ["pack_value"]

# One for all, in the loop's thread: each new one takes a large buffer.
pack_value = msgpack.Packer().pack
