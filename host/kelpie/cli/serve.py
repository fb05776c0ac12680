"""`kelpie serve`: one host on the embedded store."""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import os
import resource
import signal
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kelpie.access.audit import AuditLog
from kelpie.api.about import HostSettings
from kelpie.api.listening import AddressRefused, Listening, leads_here
from kelpie.api.server import HttpServer
from kelpie.api.tls import ServerTls, is_open_to_others
from kelpie.cli.allocator import return_large_blocks
from kelpie.cli.cache import cache_directory
from kelpie.cli.host_log import log_to_stderr
from kelpie.cli.log_options import LogOptions
from kelpie.cli.log_writer import LogWriter
from kelpie.cli.output import complain, printable, told_of
from kelpie.cli.setting import SETTINGS
from kelpie.env import real
from kelpie.env.real import RealEnv
from kelpie.errors import StoreStopped
from kelpie.limits import DEFAULT_LIMITS
from kelpie.runtime.host import Runtime
from kelpie.runtime.telemetry.open_telemetry import telemetry
from kelpie.store.sqlite import open_store
from kelpie.store.sqlite.directory import changeable_by_others
from kelpie.store.sqlite.unmade import unmade_on_failure
from kelpie.wasm.engine import WasmEngine

__all__ = ["Companion", "Serving", "run", "tune_collector"]

_log = logging.getLogger("kelpie")

# A busy host makes and drops objects without cycles: look for cycles rarely.
_COLLECTION_THRESHOLDS = (50_000, 20, 50)

_MAKE_A_TOKEN = (
    "try: kelpie token create NAME --role admin --data DIR --new, and then the same again",
    "or serve on 127.0.0.1; or, where only friends can reach it, with --insecure-public",
)


@dataclass(frozen=True, slots=True)
class Serving:
    """A host that takes requests."""

    env: RealEnv
    log: LogWriter
    engine: WasmEngine
    runtime: Runtime
    audit: AuditLog
    url: str


class _Refused(Exception):
    """It does not serve there: why, and what to try. Nothing was kept for anybody."""


Companion = Callable[[Serving], Coroutine[Any, Any, None]]
"""What goes on beside a host. It is cancelled when the host stops, and the host
stops when it fails."""


def run(options: argparse.Namespace, companion: Companion | None = None) -> int:
    """Serves until it is told to stop. Exit status 1 if the store, or the companion,
    stopped by itself."""
    _use_all_descriptors()

    async def serve(env: RealEnv) -> int:
        log_options = LogOptions(options.log_level, options.log_requests, options.log_format)
        log = log_to_stderr(env, DEFAULT_LIMITS, log_options)
        # Whoever has the files for TLS changed while they are read is heard.
        end = _End(env, log)
        try:
            listening = _listening(options)
        except OSError as error:
            told = f"{error.filename}: " if error.filename else ""
            told += error.strerror or str(error)
            complain(
                f"TLS cannot be used with {options.tls_cert} and {options.tls_key}: {told}",
                "they are a certificate with its chain and its private key, in PEM",
            )
            return 1
        end.tls = listening.tls
        return await _serve(env, log, end, options, listening, companion)

    if (options.tls_cert is None) != (options.tls_key is None):
        complain("TLS wants both --tls-cert and --tls-key")
        return 2
    try:
        with unmade_on_failure(options.data.absolute(), _Refused):
            return real.run(serve, _on_fault, DEFAULT_LIMITS)
    except _Refused as refusal:
        complain(*refusal.args)
        return 1


def _settings(options: argparse.Namespace) -> HostSettings:
    """What the host was started with, from wherever it came."""
    found = {each.name: getattr(options, each.name) for each in SETTINGS if each.section == "serve"}
    return {name: str(v) if isinstance(v, Path) else v for name, v in found.items()}


def _listening(options: argparse.Namespace) -> Listening:
    """Raises:
    OSError: the files for TLS cannot be used.
    """
    tls = None
    if options.tls_cert is not None:
        tls = ServerTls(options.tls_cert, options.tls_key)
    return Listening(options.host, options.port, tls, options.insecure_public)


async def _serve(
    env: RealEnv,
    log: LogWriter,
    end: _End,
    options: argparse.Namespace,
    listening: Listening,
    companion: Companion | None,
) -> int:
    data, names = options.data.absolute(), options.allow_host.split(",")
    limits = DEFAULT_LIMITS
    store = await open_store(env, data, end.store_stopped, limits)
    try:
        engine = WasmEngine(
            env, limits, data / "compiled", epochs=True, shared_directory=cache_directory()
        )
        try:
            runtime = Runtime(env, store, engine, limits)
            runtime.node.traces.exporter = telemetry(env)
            await runtime.start()
            server = HttpServer(env, runtime, limits, log.meter, names, _settings(options))
            try:
                url = await server.start(listening)
            except AddressRefused as error:
                raise _Refused(str(error), *_MAKE_A_TOKEN) from error
            except OSError as error:
                raise _Refused(
                    f"cannot listen on {listening.host}:{listening.port}: "
                    f"{error.strerror or error}",
                    "try: another --port (0 picks a free one) or --host",
                ) from error
            tune_collector()
            return_large_blocks()
            _warn_of_files(log, data, listening.tls)
            await _warn(log, listening, server)
            log.say(printable(f"store: sqlite in {data}, pid {os.getpid()}"))
            # With its end in one piece: where nothing is buffered, `print` writes twice.
            print(f"ready on {url}\n", end="", flush=True)
            serving = Serving(env, log, engine, runtime, server.audit, url)
            status = await end.wait_beside(companion and companion(serving))
            if status == 0:
                server.drain()
                await end.unless_hurried(runtime.drain())
            await server.stop()
            return status
        finally:
            engine.close()
    finally:
        await store.close()


async def _warn(log: LogWriter, listening: Listening, server: HttpServer) -> None:
    """Says what others could do."""
    if await leads_here(listening.host):
        return
    if not server.tokens.required:
        log.warn("there are no tokens: whoever reaches this host can do everything")
    elif listening.tls is None:
        log.warn(
            "without TLS whoever is on the way can read tokens: use --tls-cert and "
            "--tls-key, or a proxy with TLS on this machine"
        )


def _warn_of_files(log: LogWriter, data: Path, tls: ServerTls | None) -> None:
    """Says which files others could read or change that they should not."""
    for each in changeable_by_others(data):
        log.warn(printable(f"others can change {each}: chmod go-w {each}"))
    if tls is not None and is_open_to_others(tls.key):
        log.warn(printable(f"others can read or change {tls.key}: chmod go-w,o= {tls.key}"))
    if tls is not None and tls.why_refused:
        log.warn(printable(f"clients will refuse {tls.certificate}: {tls.why_refused}"))


class _End:
    """What signals do to a host, and why it ends: it was told to, or its store
    has stopped."""

    def __init__(self, env: RealEnv, log: LogWriter) -> None:
        self._env = env
        self._log = log
        self._status: asyncio.Future[int] = env.future()
        self._hurry: asyncio.Future[None] = env.future()
        self.tls: ServerTls | None = None
        """What a hangup has read again."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._signalled)
        loop.add_signal_handler(signal.SIGHUP, self._hung_up)

    async def wait_beside(self, work: Coroutine[Any, Any, None] | None) -> int:
        """The exit status, once there is a reason to exit; the work is ended then."""
        if work is None:
            return await self._status
        task = self._env.spawn(work, "companion")
        ends: set[asyncio.Future[Any]] = {task, self._status}
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        if not self._status.done():
            _log.error("what went on beside the host has ended", exc_info=task.exception())
            return 1
        task.cancel()
        await asyncio.wait({task})
        return self._status.result()

    async def unless_hurried(self, drain: Coroutine[object, object, None]) -> None:
        """Runs `drain` to its end, or until a second signal comes."""
        draining = self._env.spawn(drain, "drain")
        await asyncio.wait({draining, self._hurry}, return_when=asyncio.FIRST_COMPLETED)
        if draining.done():
            await draining

    def store_stopped(self, error: StoreStopped) -> None:
        if not self._status.done():
            self._status.set_result(1)
        self._log.say(printable(told_of(error)))

    def _hung_up(self) -> None:
        if self.tls is None:
            _log.info("SIGHUP is ignored: there is no TLS whose files could be read anew")
        else:
            self._env.spawn(self._reload(self.tls), "reload-tls")

    async def _reload(self, tls: ServerTls) -> None:
        try:
            await tls.reload(self._env)
        except OSError as error:
            told = f"{error.filename}: {error.strerror}" if error.filename else str(error)
            _log.error("the files for TLS cannot be used, those from before are: %s", told)
            return
        _log.info("the files for TLS are read anew")
        if tls.why_refused:
            _log.warning("clients will refuse %s: %s", tls.certificate, tls.why_refused)
        if is_open_to_others(tls.key):
            _log.warning("others can read or change %s", tls.key)

    def _signalled(self) -> None:
        if not self._status.done():
            self._status.set_result(0)
            self._log.say("stopping: what is in flight is finished first (once more stops at once)")
        elif not self._hurry.done():
            self._hurry.set_result(None)


def _on_fault(what: str, error: BaseException | None) -> None:
    _log.error("%s", what, exc_info=error)


def _use_all_descriptors() -> None:
    """Lets the process have as many connections as the system allows it."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def tune_collector() -> None:
    """What is there now is there to stay; what comes is looked at seldom."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECTION_THRESHOLDS)
