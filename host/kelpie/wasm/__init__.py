"""Guests: the only room that knows wasmtime.

`turn` is the seam to the rest: a turn goes in, an outcome comes out.
"""

from __future__ import annotations
