"""Running a bundle again in this process, and telling what came of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from kelpie.cli.cache import cache_directory, without_cache
from kelpie.cli.output import printable, say
from kelpie.cli.progress import Progress
from kelpie.env import real
from kelpie.env.real import RealEnv
from kelpie.errors import BundleInvalid
from kelpie.journal.bundles import Bundle, read_bundle
from kelpie.journal.expected import Divergence
from kelpie.journal.summary import Summary, replay_all
from kelpie.limits import DEFAULT_LIMITS, Limits
from kelpie.wasm.engine import WasmEngine

__all__ = ["print_divergence", "read_file", "run_again", "with_engine"]

Result = TypeVar("Result")


def read_file(file: Path) -> Bundle:
    """The bundle in a file.

    Raises:
        BundleInvalid, OSError
    """
    if file.stat().st_size > DEFAULT_LIMITS.bundle_bytes_max:
        raise BundleInvalid(
            f"{file} has more than {DEFAULT_LIMITS.bundle_bytes_max} bytes (bundle_bytes_max)",
            limit="bundle_bytes_max",
        )
    try:
        return read_bundle(file.read_bytes(), DEFAULT_LIMITS)
    except BundleInvalid as error:
        raise BundleInvalid(f"{file}: {error.message}", **error.details) from error


def run_again(bundle: Bundle, until: int | None = None) -> Summary:
    """All of its turns, or those up to this number."""
    return with_engine(bundle, lambda engine, limits: replay_all(bundle, engine, limits, until))


def with_engine(bundle: Bundle, work: Callable[[WasmEngine, Limits], Awaitable[Result]]) -> Result:
    """What `work` returns, given an engine under the limits of the bundle."""
    limits = bundle.head.limits_under(DEFAULT_LIMITS)

    async def with_it(env: RealEnv) -> Result:
        engine = WasmEngine(env, limits, cache_directory(), epochs=True, trouble=without_cache())
        try:
            return await work(engine, limits)
        finally:
            engine.close()

    with Progress() as progress:
        progress.show(printable(f"running {bundle.turns} turns of {bundle.head.actor} again ..."))
        return real.run(with_it, lambda what, error: say(f"kelpie: {what}: {error}"))


def print_divergence(found: Divergence) -> None:
    """Where it was, what was expected, and what came."""
    print(printable(f"diverged at {found}"))
    print(printable(f"  expected  {found.expected}"))
    print(printable(f"  got       {found.got}"))
