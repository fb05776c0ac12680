"""Compilation, in a process of its own, with its results kept on disk."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict

from kelpie.errors import ComponentInvalid, ComponentTooCostly, HostFault
from kelpie.limits import Limits
from kelpie.wasm.cache import CompiledCache
from kelpie.wasm.compile_child import INVALID
from kelpie.wasm.compiled_parts import CompiledParts
from kelpie.wasm.configuration import Configuration

__all__ = ["Compiler"]

# Every thread of the compiler and its allocator reserves address space, which
# counts as memory: a machine with many cores must not run out of it sooner.
_FEW_THREADS = {"RAYON_NUM_THREADS": str(min(4, os.cpu_count() or 1)), "MALLOC_ARENA_MAX": "4"}
_COMMAND = (sys.executable, "-P", "-m", "kelpie.wasm.compile_child")
_COST_SIGNALS = {
    signal.SIGXCPU: "processor time (component_compile_ms_max)",
    signal.SIGKILL: "time or memory",
    signal.SIGABRT: "memory (component_compile_memory_bytes_max)",
}


class Compiler:
    """Compiles components for one configuration, and tools of our own.

    Every method may be called from any thread: it blocks.
    """

    def __init__(
        self,
        configuration: Configuration,
        limits: Limits,
        cache: CompiledCache,
        shared: CompiledCache | None = None,
    ) -> None:
        """In `shared` are the tools, and perhaps components that others have compiled."""
        self._configuration = configuration
        self._limits = limits
        self._tools = shared or cache
        self._forms = CompiledParts(cache, self._tools, configuration.fingerprint())
        self._running: set[subprocess.Popen[bytes]] = set()
        self._closed = False

    @property
    def running(self) -> int:
        return len(self._running)

    def name(self, wasm: bytes, *, tool: bool = False) -> str:
        """What the compiled form of `wasm` is called in the cache."""
        fingerprint = self._configuration.fingerprint()
        return f"{hashlib.sha256(wasm).hexdigest()}-{'tool' if tool else 'guest'}-{fingerprint}"

    def compile(self, wasm: bytes, *, tool: bool = False) -> bytes:
        """The compiled form, from the cache or made anew.

        Raises:
            ComponentInvalid: the engine refuses it; the message says why.
            ComponentTooCostly: it took too much time or memory, or came out too large.
            HostFault: the compiler could not do its work.
        """
        name = self.name(wasm, tool=tool)
        if tool:
            return self._tools.get_or_make(name, lambda: self._compile(wasm, tool=True))
        return self._forms.get_or_make(name, lambda known: self._compile(wasm, known=known))

    def forget(self, wasm: bytes, *, tool: bool = False) -> None:
        """Drops a compiled form that the engine would not load."""
        name = self.name(wasm, tool=tool)
        if tool:
            self._tools.remove(name)
        else:
            self._forms.forget(name)

    def close(self) -> None:
        """Ends the compilations in progress, each with HostFault."""
        self._closed = True
        for process in tuple(self._running):
            process.kill()

    def _compile(self, wasm: bytes, *, tool: bool = False, known: Sequence[str] = ()) -> bytes:
        limits = self._limits
        order = {
            "tool": tool,
            "known": known,
            "configuration": asdict(self._configuration),
            # Of all its threads together, so that more cores mean no shorter time.
            "cpu_seconds_max": max(1, limits.component_compile_ms_max // 1000) * 4,
            "memory_bytes_max": limits.component_compile_memory_bytes_max,
        }
        if self._closed:
            raise HostFault("the engine is closed")
        with _start(json.dumps(order)) as process:
            self._running.add(process)
            try:
                compiled, complaint = process.communicate(
                    wasm, timeout=limits.component_compile_ms_max / 1000
                )
            except subprocess.TimeoutExpired:
                raise ComponentTooCostly(
                    f"compilation took longer than {limits.component_compile_ms_max} ms "
                    "(component_compile_ms_max)",
                    limit="component_compile_ms_max",
                ) from None
            finally:
                process.kill()
                self._running.discard(process)
        return self._judge(process.returncode, compiled, complaint.decode(errors="replace"))

    def _judge(self, status: int, compiled: bytes, complaint: str) -> bytes:
        if self._closed:
            raise HostFault("the engine was closed while it compiled")
        if status == INVALID:
            raise ComponentInvalid(f"the engine refuses it: {complaint.strip()}")
        if -status in _COST_SIGNALS:
            raise ComponentTooCostly(
                f"compilation took too much {_COST_SIGNALS[signal.Signals(-status)]}"
            )
        if status:
            raise HostFault(f"the compiler ended with status {status}: {complaint.strip()[-1000:]}")
        maximum = self._limits.component_compiled_bytes_max
        if len(compiled) > maximum:
            raise ComponentTooCostly(
                f"its compiled form has {len(compiled)} bytes; at most {maximum} are allowed "
                "(component_compiled_bytes_max)",
                limit="component_compiled_bytes_max",
            )
        return compiled


def _start(order: str) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            (*_COMMAND, order),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **_FEW_THREADS},
            # What a terminal sends to all in its foreground is for the host to heed,
            # which finishes its turns first.
            process_group=0,
        )
    except OSError as error:
        raise HostFault(f"the compiler cannot be started: {error}") from error
