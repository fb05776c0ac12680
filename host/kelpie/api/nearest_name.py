"""What somebody may have meant who asked for a name that nobody has."""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches
from os.path import commonprefix

__all__ = ["nearest_name"]

_SHOWN_MAX = 10
# What is longer is compared by its beginning: comparing costs its square.
_COMPARED_MAX = 64
# Of more names those are compared that begin most like it: strangers may ask, and often.
_COMPARED_NAMES_MAX = 30


def nearest_name(asked: str, known: Collection[str], what: str) -> str:
    """A hint for an error's detail: the name that is most like it, or, if none is, some
    of those that there are. `what` they are, as in `deployed`; there is at least one."""
    names, asked = list(known), asked[:_COMPARED_MAX]
    likely = names
    if len(names) > _COMPARED_NAMES_MAX:
        likely = sorted(names, key=lambda name: -_letters_shared(name, asked))
    by_beginning = {name[:_COMPARED_MAX]: name for name in likely[:_COMPARED_NAMES_MAX]}
    close = get_close_matches(asked, by_beginning, n=1)
    if close:
        return f"did you mean {by_beginning[close[0]]!r}?"
    return f"{what} are: {', '.join(names[:_SHOWN_MAX])}" + (
        ", ..." if len(names) > _SHOWN_MAX else ""
    )


def _letters_shared(name: str, asked: str) -> int:
    """How many letters they have in common before they part."""
    return len(commonprefix((name, asked)))  # noqa: RUF071 - letter by letter is what is meant
