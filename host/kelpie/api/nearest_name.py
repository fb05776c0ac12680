"""What somebody may have meant who asked for a name that nobody has."""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches

__all__ = ["nearest_name"]

_SHOWN_MAX = 10
# What is longer is compared by its beginning: comparing costs its square.
_COMPARED_MAX = 80


def nearest_name(asked: str, known: Collection[str], what: str) -> str:
    """A hint for an error's detail: the name that is most like it, or, if none is, some
    of those that there are. `what` they are, as in `deployed`; there is at least one."""
    by_beginning = {name[:_COMPARED_MAX]: name for name in reversed(list(known))}
    close = get_close_matches(asked[:_COMPARED_MAX], by_beginning, n=1)
    if close:
        return f"did you mean {by_beginning[close[0]]!r}?"
    names = list(known)
    return f"{what} are: {', '.join(names[:_SHOWN_MAX])}" + (
        ", ..." if len(names) > _SHOWN_MAX else ""
    )
