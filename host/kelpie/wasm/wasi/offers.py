"""Which interfaces of WASI a component may import, and which functions of them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from kelpie.wasm.wasi.calls import CALLS
from kelpie.wasm.wasi.values import Resource

__all__ = ["PACKAGE_PREFIX", "RESOURCES", "UNSUPPORTED", "VERSION", "is_wasi", "why_not_served"]

PACKAGE_PREFIX = "wasi:"
VERSION = "0.2.0"
"""The linker takes every 0.2 for the same."""

_SERVED_VERSION = re.compile(r"0\.2\.\d+")

RESOURCES: Mapping[str, Mapping[str, Resource]] = {
    "wasi:io/error": {"error": Resource.ERROR},
    "wasi:io/poll": {"pollable": Resource.POLLABLE},
    "wasi:io/streams": {
        "input-stream": Resource.INPUT_STREAM,
        "output-stream": Resource.OUTPUT_STREAM,
    },
    "wasi:cli/terminal-input": {"terminal-input": Resource.TERMINAL_INPUT},
    "wasi:cli/terminal-output": {"terminal-output": Resource.TERMINAL_OUTPUT},
    "wasi:filesystem/types": {
        "descriptor": Resource.DESCRIPTOR,
        "directory-entry-stream": Resource.DIRECTORY_ENTRY_STREAM,
    },
    "wasi:sockets/network": {"network": Resource.NETWORK},
    "wasi:sockets/tcp": {"tcp-socket": Resource.TCP_SOCKET},
    "wasi:sockets/udp": {
        "udp-socket": Resource.UDP_SOCKET,
        "incoming-datagram-stream": Resource.INCOMING_DATAGRAM_STREAM,
        "outgoing-datagram-stream": Resource.OUTGOING_DATAGRAM_STREAM,
    },
    "wasi:sockets/ip-name-lookup": {"resolve-address-stream": Resource.RESOLVE_ADDRESS_STREAM},
}


def _methods(resource: str, names: str) -> list[str]:
    return [f"[method]{resource}.{name}" for name in names.split()]


UNSUPPORTED: Mapping[str, list[str]] = {
    "wasi:filesystem/types": [
        *_methods(
            "descriptor",
            """read-via-stream write-via-stream append-via-stream advise sync-data get-flags
            get-type set-size set-times read write read-directory sync create-directory-at stat
            stat-at set-times-at link-at open-at readlink-at remove-directory-at rename-at
            symlink-at unlink-file-at is-same-object metadata-hash metadata-hash-at""",
        ),
        *_methods("directory-entry-stream", "read-directory-entry"),
    ],
    "wasi:sockets/tcp": _methods(
        "tcp-socket",
        """start-bind finish-bind start-connect finish-connect start-listen finish-listen accept
        local-address remote-address is-listening address-family set-listen-backlog-size
        keep-alive-enabled set-keep-alive-enabled keep-alive-idle-time set-keep-alive-idle-time
        keep-alive-interval set-keep-alive-interval keep-alive-count set-keep-alive-count
        hop-limit set-hop-limit receive-buffer-size set-receive-buffer-size send-buffer-size
        set-send-buffer-size subscribe shutdown""",
    ),
    "wasi:sockets/udp": [
        *_methods(
            "udp-socket",
            """start-bind finish-bind stream local-address remote-address address-family
            unicast-hop-limit set-unicast-hop-limit receive-buffer-size set-receive-buffer-size
            send-buffer-size set-send-buffer-size subscribe""",
        ),
        *_methods("incoming-datagram-stream", "receive subscribe"),
        *_methods("outgoing-datagram-stream", "check-send send subscribe"),
    ],
    "wasi:sockets/ip-name-lookup": _methods(
        "resolve-address-stream", "resolve-next-address subscribe"
    ),
}
"""Methods of what nobody can have: no file can be opened, no socket made. They are
there so that components link which could call them."""

# What tools put into components, and how to leave it out.
_INSTEAD = {
    "wasi:http": (
        "an actor makes no requests of its own. With componentize-js (jco), build with "
        "`--disable http --disable fetch-event`"
    ),
}
_ELSE = "it is not in the virtual WASI. Build without it, or leave its use out"


def is_wasi(name: str) -> bool:
    return name.startswith(PACKAGE_PREFIX)


def why_not_served(name: str, functions: list[str]) -> str | None:
    """Why an import of WASI, of these functions, is refused; None if it is served."""
    interface, _, version = name.partition("@")
    package = interface.partition("/")[0]
    if interface not in CALLS:
        return _INSTEAD.get(package, _ELSE)
    if not _SERVED_VERSION.fullmatch(version):
        return f"the virtual WASI is {VERSION.rpartition('.')[0]}: build for wasip2"
    known = {*CALLS[interface], *UNSUPPORTED.get(interface, ())}
    missing = [each for each in functions if each not in known]
    if missing:
        return f"its {', '.join(missing)} is not in the virtual WASI"
    return None
