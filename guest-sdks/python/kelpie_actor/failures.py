"""What an uncaught exception says of itself, in the reply and in the log."""

from __future__ import annotations

import itertools
from types import TracebackType

__all__ = ["failure_message", "traceback_text"]

# The host's `rejection_message_bytes_max` and `log_message_bytes_max`, less some room
# for what is said about what is left out.
_MESSAGE_BYTES_MAX = 4_096 - 96
_LOG_BYTES_MAX = 16_384 - 96
# Of the frames of one traceback, from its begin and from its end.
_FRAMES_KEPT = 20
_SDK = "kelpie_actor/"
_NOT_OWN = (_SDK, "kelpie_guest/", "/python/")


def failure_message(error: BaseException) -> str:
    """The exception with its message and place: `ValueError: no (app.py:12, in add)`."""
    told = _told(error)
    # Where the author's own code is, if that is where it comes from.
    own = [each for each in _frames(error.__traceback__) if not each[0].startswith(_NOT_OWN)]
    if own:
        file, line, name = own[-1]
        place = f" ({file}:{line}, in {name})"
    else:
        place = ""
    return _cut(told, _MESSAGE_BYTES_MAX - len(place.encode())) + place


def traceback_text(error: BaseException) -> str:
    """The traceback, without the SDK's own frames and without source lines, of which
    a component has none."""
    lines: list[str] = []
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        frames = _frames(current.__traceback__)
        own = [each for each in frames if not each[0].startswith((_SDK, "kelpie_guest/"))] or frames
        block = ["Traceback (most recent call last):"]
        block += _frame_lines(own)
        block.append(failure_message(current))
        cause = current.__cause__
        if cause is None and not current.__suppress_context__:
            cause = current.__context__
        if cause is not None:
            block.insert(0, "which led to:")
        lines[:0] = block
        current = cause
    return _cut("\n".join(lines), _LOG_BYTES_MAX)


def _frame_lines(frames: list[tuple[str, int, str]]) -> list[str]:
    """A line for each, but for those of a recursion, which are counted."""
    lines = []
    for (file, line, name), group in itertools.groupby(frames):
        lines.append(f'  File "{file}", line {line}, in {name}')
        repeated = len(list(group)) - 1
        if repeated:
            lines.append(f"  [the line before is there {repeated} more times]")
    return _without_middle(lines)


def _without_middle(lines: list[str]) -> list[str]:
    """Of very many the first and the last, as those tell most."""
    left_out = len(lines) - 2 * _FRAMES_KEPT
    if left_out <= 0:
        return lines
    told = f"  [{left_out} lines are left out here]"
    return [*lines[:_FRAMES_KEPT], told, *lines[-_FRAMES_KEPT:]]


def _told(error: BaseException) -> str:
    name = type(error).__name__
    try:
        message = str(error)
    except Exception as worse:  # noqa: BLE001 - an exception of the author's, of any kind
        message = f"(its message cannot be told: {type(worse).__name__})"
    message = message.encode(errors="replace").decode()
    return f"{name}: {message}" if message else name


def _frames(traceback: TracebackType | None) -> list[tuple[str, int, str]]:
    found = []
    while traceback is not None:
        code = traceback.tb_frame.f_code
        found.append((_shown(code.co_filename), traceback.tb_lineno or 0, code.co_name))
        traceback = traceback.tb_next
    return found


def _shown(path: str) -> str:
    """A path as its author knows it: where the builder puts folders is left out."""
    first, slash, rest = path.removeprefix("/").partition("/")
    if slash and (first.isdigit() or first in {"world", "bundled"}):
        return rest
    place = path.find(_SDK)
    return path[place:] if place >= 0 else path


def _cut(text: str, bytes_max: int) -> str:
    encoded = text.encode()
    if len(encoded) <= bytes_max:
        return text
    kept = encoded[:bytes_max].decode(errors="ignore")
    return f"{kept}... ({len(encoded) - bytes_max} more bytes are left out)"
