"""Kelpie: a host for virtual actors that are WebAssembly components.

For programs that call actors: `Client`, the errors that it raises, and `Payload`,
what actors store, as it is. They are imported when they are first named: whoever
runs the `kelpie` command waits for nothing that it does not need.
"""

from __future__ import annotations

from importlib import import_module

# To import `typing` takes longer than all else here.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from kelpie.api.client import Client
    from kelpie.api.unreachable import HostUnreachable
    from kelpie.errors import KelpieError
    from kelpie.ids import Payload

__version__ = "0.1.0"

__all__ = ["Client", "HostUnreachable", "KelpieError", "Payload", "__version__"]

_WHERE = {
    "Client": "kelpie.api.client",
    "HostUnreachable": "kelpie.api.unreachable",
    "KelpieError": "kelpie.errors",
    "Payload": "kelpie.ids",
}


def __getattr__(name: str) -> object:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(import_module(_WHERE[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
