"""What the process holds of memory that it does not use."""

from __future__ import annotations

import ctypes

from kelpie.limits import MIB

__all__ = ["return_large_blocks"]

# Of glibc's <malloc.h>. Other C libraries have no such function, and give back by themselves.
_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
_LARGE_BYTES = 1 * MIB


def return_large_blocks() -> None:
    """Has the C library give large blocks back to the system once they are free. By
    itself it keeps larger ones the more of them it has seen: after many uploads, all
    that they took at their height."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)
        mallopt(_M_TRIM_THRESHOLD, _LARGE_BYTES)
