"""The two floors: what HTTP alone, and HTTP with a durable log, cost on this loop.

`python -m benchmarks.floors PORT` is bare aiohttp: it counts in memory.
`python -m benchmarks.floors PORT LOG RECORD_BYTES` is aiohttp with a
group-committed log: a request's record joins the next group, a writer thread
writes the group to LOG and syncs it, and only then the requests are answered.

Neither knows actors, requests' ids or checksums. Both run on the event loop and
the lowest layer of aiohttp that a host would use.
"""

from __future__ import annotations

import asyncio
import os
import queue
import signal
import sys
import threading
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import uvloop
from aiohttp import web

__all__ = ["main"]

LOG_BYTES = 64 << 20

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


@dataclass(slots=True)
class Group:
    """Records that one sync makes durable, and the requests that wait for it."""

    durable: asyncio.Future[None]
    records: list[bytes] = field(default_factory=list)


class GroupLog:
    """A log in a file that has its full size from the start, like a database's.

    So a sync need not write the file's new size: that makes it the faster floor.
    At its end it begins anew. While one group is on its way to disk the next
    one gathers.
    """

    def __init__(self, path: str, record_bytes: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC)
        os.write(self._file, bytes(LOG_BYTES))
        os.fsync(self._file)
        self._position = 0
        # Not zeros: some disks and file systems write those for nothing.
        self._filler = os.urandom(record_bytes)
        self._gathering = Group(self._loop.create_future())
        self._groups: queue.SimpleQueue[Group] = queue.SimpleQueue()
        self._writing = False
        threading.Thread(target=self._write_groups, name="log-writer", daemon=True).start()

    def append(self, record: bytes) -> asyncio.Future[None]:
        """Adds a record, padded to the size of all; the future is done when it is durable."""
        group = self._gathering
        group.records.append(record + self._filler[len(record) :])
        if not self._writing:
            self._writing = True
            # At the end of the loop's iteration: whoever was read in it joins the group.
            self._loop.call_soon(self._submit)
        return group.durable

    def _submit(self) -> None:
        group, self._gathering = self._gathering, Group(self._loop.create_future())
        self._groups.put(group)

    def _write_groups(self) -> None:
        while True:
            group = self._groups.get()
            data = b"".join(group.records)
            if self._position + len(data) > LOG_BYTES:
                self._position = 0
            assert os.pwrite(self._file, data, self._position) == len(data), "a short write"
            os.fdatasync(self._file)
            self._position += len(data)
            self._loop.call_soon_threadsafe(self._written, group)

    def _written(self, group: Group) -> None:
        group.durable.set_result(None)
        if self._gathering.records:
            self._submit()
        else:
            self._writing = False


def bare() -> Handler:
    """Counts per path, in memory."""
    counts: defaultdict[str, int] = defaultdict(int)

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        path = request.rel_url.raw_path
        await request.read()
        counts[path] = count = counts[path] + 1
        return web.Response(body=b"%d" % count, content_type="application/json")

    return handle


def logged(log: GroupLog) -> Handler:
    """Counts per path, and answers when the count is durable."""
    counts: defaultdict[str, int] = defaultdict(int)

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        path = request.rel_url.raw_path
        await request.read()
        counts[path] = count = counts[path] + 1
        await log.append(b"%s %d\n" % (path.encode(), count))
        return web.Response(body=b"%d" % count, content_type="application/json")

    return handle


async def serve(port: int, log_path: str | None, record_bytes: int) -> None:
    """Serves until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    handler = logged(GroupLog(log_path, record_bytes)) if log_path else bare()
    runner = web.ServerRunner(web.Server(handler, access_log=None))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await stop.wait()
    await runner.cleanup()


def main(arguments: list[str]) -> None:
    port = int(arguments[0])
    log_path, record_bytes = (arguments[1], int(arguments[2])) if arguments[1:] else (None, 0)
    uvloop.run(serve(port, log_path, record_bytes))


if __name__ == "__main__":
    main(sys.argv[1:])
