"""Each answer is counted, and told of in the log if that is wanted."""

from __future__ import annotations

import logging

from kelpie.env import Env
from kelpie.meters.http import HttpMeter

__all__ = ["RequestLog"]

_NS_PER_MS = 1_000_000
_SERVER_ERROR = 500

_log = logging.getLogger("kelpie.request")


class RequestLog:
    """The answers of one server. On every path: what is not wanted costs next to nothing."""

    def __init__(self, env: Env) -> None:
        self.meter = HttpMeter()
        self.begin = env.monotonic_ns
        """When a request begins, for `answered`."""

    def answered(
        self,
        method: str,
        path: str,
        status: int,
        begun_ns: int,
        request_id: str | None,
        code: str | None,
        principal: str | None,
    ) -> None:
        """A request has its answer. `code` is that of the error, if it is one;
        `principal` who asked, as far as that is known."""
        duration_ns = self.begin() - begun_ns
        self.meter.answered(status, duration_ns)
        if code is not None:
            self.meter.refused(code)
        level = logging.INFO if status < _SERVER_ERROR else logging.WARNING
        if _log.isEnabledFor(level):
            about: dict[str, object] = {
                "method": method,
                "path": path,
                "status": status,
                "ms": round(duration_ns / _NS_PER_MS, 3),
            }
            known = {"code": code, "request_id": request_id, "principal": principal}
            about.update((name, value) for name, value in known.items() if value is not None)
            _tell(level, about)


def _tell(level: int, about: dict[str, object]) -> None:
    _log.log(
        level,
        "%s %s %d %.1f ms %s",
        about["method"],
        about["path"],
        about["status"],
        about["ms"],
        about.get("request_id", "-"),
        extra={"about": about},
    )
