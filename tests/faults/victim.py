"""A host that is killed again and again."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

from tests.api.support import Remote
from tests.cli.host import launch

__all__ = ["Victim"]


class Victim:
    """One data directory, and the processes that serve it one after the other."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._process: subprocess.Popen[str] | None = None
        self._talk = data
        self._remote: Remote | None = None
        self.open = asyncio.Event()
        """Set while clients may ask."""

    @property
    def remote(self) -> Remote:
        assert self._remote is not None, "no host is ready"
        return self._remote

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def launch(self) -> None:
        """Starts a process, and does not wait for it."""
        assert self._process is None
        self._process, self._talk = launch(self._data)

    async def ready(self) -> Remote:
        """Waits until the process takes requests. It is for the test to let clients in."""
        assert self._process is not None
        assert self._process.stdout is not None
        line = await asyncio.to_thread(self._process.stdout.readline)
        assert line.startswith("ready on http://"), self._talk.read_text()
        self._remote = Remote(line.removeprefix("ready on ").strip())
        return self._remote

    async def start(self) -> Remote:
        """A host that is ready."""
        self.launch()
        return await self.ready()

    def kill(self) -> None:
        """Ends the process at once, if there is one."""
        self.open.clear()
        self._remote = None
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._forget()

    async def stop(self) -> None:
        """Tells the process to end, and lets clients go on until it has."""
        assert self._process is not None
        self._process.terminate()
        assert await asyncio.to_thread(self._process.wait, 60) == 0
        self.open.clear()
        self._remote = None
        self._forget()
        assert "Traceback" not in self._talk.read_text()

    def _forget(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._process = None
