"""What went wrong, out of what componentize-py prints."""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["error_of"]

_START = "Traceback (most recent call last):\n"
# Frames of the interpreter in the component name their files by numbered folders.
_FRAME = re.compile(
    r'  File "(?P<file>[^"]*)", line (?P<line>\d+)(?P<rest>, in .*)?\n(?P<source>(?:    .*\n)*)'
)
_OF_OURS = ("/0/kelpie_entry.py", "/0/kelpie_guest/", "/0/kelpie_actor/", "<frozen ")


def error_of(printed: str, folders: Sequence[str]) -> str:
    """The traceback of the author's program, with the paths of this machine; if it
    was not that, all that was printed."""
    inner = printed.partition("Stack backtrace:")[0].partition("Caused by:")[0]
    places = [found.start() for found in re.finditer(re.escape(_START), inner)]
    own = [place for place in places if inner.startswith('  File "/', place + len(_START))]
    # The first is that of componentize-py itself, with a path of this machine.
    own = [place for place in own if re.match(r'  File "/\d+/', inner[place + len(_START) :])]
    if not own:
        return f"componentize-py could not make the component:\n{printed.strip()}"
    frames, rest = [], inner[own[-1] + len(_START) :]
    while found := _FRAME.match(rest):
        rest = rest[found.end() :]
        if not found["file"].startswith(_OF_OURS):
            frames.append(_frame(found, folders))
    message = rest.strip()
    return _START + "".join(frames) + message if frames else message


def _frame(found: re.Match[str], folders: Sequence[str]) -> str:
    file = re.sub(
        r"^/(\d+)/",
        lambda number: (
            f"{folders[int(number[1])]}/" if int(number[1]) < len(folders) else number[0]
        ),
        found["file"],
    )
    return f'  File "{file}", line {found["line"]}{found["rest"] or ""}\n{found["source"]}'
