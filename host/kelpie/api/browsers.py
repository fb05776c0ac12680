"""Pages in browsers: those of others may not change anything.

A browser sends for any page what the page asks for, to this machine as well,
and says in `Origin` whose page it is wherever something could change. That
stops pages that say who they are. A page can also have its own name lead to
this machine (DNS rebinding), and then it is the host's own page for the
browser; but it still asks for that name, so a host that only this machine can
reach answers only to names that this machine has.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from ipaddress import ip_address

from multidict import MultiMapping

from kelpie.api.loopback import is_loopback
from kelpie.errors import HostNotAllowed, OriginNotAllowed

__all__ = ["Browsers"]

_SAFE = {"GET", "HEAD", "OPTIONS"}
_LOCAL = "localhost"


class Browsers:
    """Refuses what a page of another origin has a browser ask for."""

    def __init__(self, allowed_hosts: Iterable[str] = ()) -> None:
        """`allowed_hosts` are further names of this host, as a proxy may pass them on."""
        self._names = {_LOCAL, *(name.lower() for name in allowed_hosts)}
        self._is_local = False
        self._schemes = {"http", "https"}
        self.usual_hosts: frozenset[str] | None = None
        """Values of `Host` of which nothing need be asked; None: none at all need be."""

    def listen(self, address: str, port: int, *, tls: bool = False) -> None:
        """From now on the host is reached at this address."""
        # Where it speaks no TLS itself, a proxy may before it.
        self._schemes = {"https"} if tls else {"http", "https"}
        self._is_local = is_loopback(address)
        if self._is_local:
            names = {*self._names, "127.0.0.1", "[::1]", f"[{address}]", address}
            self.usual_hosts = frozenset({*names, *(f"{name}:{port}" for name in names)})
        else:
            self.usual_hosts = None

    def check(self, method: str, headers: MultiMapping[str], authority: str | None = None) -> None:
        """`authority` is what the request's target names, if that is a whole URL: it
        counts, and not what `Host` says.

        Raises:
        HostNotAllowed: the host is only for this machine, and asked for by
            another name.
        OriginNotAllowed: a page of another origin wants to change something.
        """
        hosts = headers.getall("Host", ())
        if authority is not None:
            # A proxy on the way may go by either.
            self._check_authority(authority, hosts)
        for host in hosts:
            if self.usual_hosts is not None and host not in self.usual_hosts:
                self._check_host(host)
        if method not in _SAFE:
            for origin in headers.getall("Origin", ()):
                # That of a page without one is `null`.
                scheme, _, asked_for = origin.lower().partition("://")
                if (
                    not asked_for
                    or scheme not in self._schemes
                    or asked_for not in map(str.lower, hosts)
                ):
                    raise OriginNotAllowed(
                        f"a page of {origin[:80]!a} asks for this: only pages of this host, "
                        "and programs that are no browsers, can change something"
                    )

    def _check_authority(self, authority: str, hosts: Collection[str]) -> None:
        if any(authority.lower() != host.lower() for host in hosts):
            raise HostNotAllowed(
                f"the target names the host {authority[:80]!a}, and the header `Host` another: "
                "name the same, or begin the target with '/'"
            )
        if self._is_local:
            self._check_host(authority)

    def _check_host(self, host: str) -> None:
        name = _name_in(host)
        if name in self._names or name.endswith(f".{_LOCAL}") or _is_address(name):
            return
        raise HostNotAllowed(
            f"this host is only for its own machine, which is not called {name[:80]!a}: ask for "
            f"127.0.0.1 or localhost; or start it with --allow-host {ascii(name[:80])[1:-1]}, if "
            "a proxy stands before it"
        )


def _name_in(host: str) -> str:
    """The name in a `Host` header, without the port."""
    if host.startswith("["):
        name, _, port = host[1:].partition("]")
        # Behind the bracket is a port, or it is nobody's name.
        return name.lower() if not port or port.startswith(":") else host.lower()
    return host.partition(":")[0].lower().removesuffix(".")


def _is_address(name: str) -> bool:
    """Whether it is an address, and so nothing that DNS could lead astray."""
    try:
        ip_address(name.partition("%")[0])
    except ValueError:
        return False
    return True
