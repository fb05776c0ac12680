"""Where the `kelpie` command begins. It imports next to nothing: whoever interrupts a
command while it is still being imported sees no traceback either."""

from __future__ import annotations

import os
import signal
import sys
from importlib import import_module

# To import `typing` takes longer than all else here.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType
    from typing import NoReturn

__all__ = ["run"]

_NOT_DONE = 1
_INTERRUPTED = 130
_SERVES = "serve"
# A shell sets it that wants a word completed.
_COMPLETES = "_ARGCOMPLETE"


def run() -> NoReturn:
    """The `kelpie` command."""
    # Where the signal is ignored, as behind `nohup`, it stays so.
    interrupts = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if interrupts:
        signal.signal(signal.SIGINT, _leave)
    if sys.argv[1:2] == [_SERVES]:
        # For a host it means that it shall read its certificate anew, and until it
        # listens to that it has read none: nothing is missed.
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    streams = import_module("kelpie.cli.streams")
    streams.prepare()
    main = import_module("kelpie.cli.main")
    status: str | int | None
    try:
        if interrupts:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        if _COMPLETES in os.environ:
            main.function_of("completers:complete")()
        status = main.main(sys.argv[1:])
    except KeyboardInterrupt:
        status = _INTERRUPTED
    except SystemExit as ended:
        status = ended.code  # of whoever has read the command line
    lost = streams.finish()
    if lost is not None and not status:
        main.tell_of_lost_output(lost)
        status = _NOT_DONE
    sys.exit(status)


def _leave(_number: int, _frame: FrameType | None) -> NoReturn:
    # Nothing has begun that would have to be ended. An exception could come up
    # within an import, where some are told and then forgotten.
    os._exit(_INTERRUPTED)
