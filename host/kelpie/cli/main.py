"""The command, and what a mistake looks like."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module

from kelpie.api.unreachable import HostUnreachable
from kelpie.cli import arguments as checked
from kelpie.cli import settings
from kelpie.cli.output import complain, say, tell_error
from kelpie.cli.parser import parser
from kelpie.cli.setting import SettingsInvalid
from kelpie.errors import ActorOutcomeUnknown, KelpieError, OutcomeUnknown
from kelpie.projects.errors import ProjectError

__all__ = ["function_of", "main", "tell_of_lost_output"]

_WRONG_USAGE = 2
_INTERRUPTED = 130
# Where OpenSSL looks for certificates, if it is told.
_CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR")


def main(arguments: Sequence[str]) -> int:
    """Runs one command, and returns its exit status."""
    try:
        options = parser(arguments).parse_args(arguments)
        _take_environment(options)
        return function_of(options.run)(options)
    except SettingsInvalid as error:
        complain(str(error))
        return _WRONG_USAGE
    except (OutcomeUnknown, ActorOutcomeUnknown) as error:
        tell_error(error, _if_perhaps_done(options, error.details.get("request_id")))
    except KelpieError as error:
        tell_error(error)
    except HostUnreachable as error:
        complain(str(error), *_if_unreachable(error, options))
    except ProjectError as error:
        complain(error.message, *error.advice)
    except BrokenPipeError:
        pass  # whoever read our output has seen enough
    except OSError as error:
        complain(f"{error.filename}: {error.strerror}" if error.filename else str(error))
    except KeyboardInterrupt:
        return _INTERRUPTED
    return 1


def function_of(name: str) -> Callable[..., int]:
    """What runs a command: the `run` of its options, see `cli.parser`."""
    module, _, function = name.partition(":")
    with _no_certificates():
        found: Callable[..., int] = getattr(import_module(f"kelpie.cli.{module}"), function)
    return found


@contextmanager
def _no_certificates() -> Iterator[None]:
    """When it is imported, aiohttp reads every certificate that the system trusts, for
    clients: a tenth of the time in which `serve` is ready, and a server needs none.
    Commands that ask over TLS read them when they do (`api.certificates.trusting`)."""
    before = {name: os.environ.get(name) for name in _CERTIFICATES}
    os.environ.update(dict.fromkeys(_CERTIFICATES, os.devnull))
    try:
        yield
    finally:
        for name, value in before.items():
            del os.environ[name]
            if value is not None:
                os.environ[name] = value


def tell_of_lost_output(error: OSError) -> None:
    """Not to whoever read it, and has seen enough."""
    if not isinstance(error, BrokenPipeError):
        complain(f"what was to be printed is lost: {error.strerror}")


def _take_environment(options: argparse.Namespace) -> None:
    """Fills in what was not given, but is set elsewhere.

    Raises:
        SettingsInvalid, OSError
    """
    for told in settings.unknown(os.environ):
        say(f"kelpie: warning: {told}")
    settings.fill(options)
    seed = os.environ.get("DST_SEED")
    if seed and getattr(options, "seed", seed) is None:
        try:
            options.seed = checked.whole(seed)
        except argparse.ArgumentTypeError as error:
            raise SettingsInvalid(f"$DST_SEED: {error}") from None


def _if_unreachable(error: HostUnreachable, options: argparse.Namespace) -> tuple[str, ...]:
    """What to try next."""
    if error.sent:
        return (_if_perhaps_done(options, error.request_id),)
    if error.answers:
        return ()
    return ("try: start one with `kelpie serve`, or name another with --url",)


def _if_perhaps_done(options: argparse.Namespace, request_id: object) -> str:
    """What to try when nobody knows whether it was done."""
    if "perhaps_done" in options:
        told: str = options.perhaps_done
        return told
    if "id" not in options:
        return "it may have been done: the same again does no harm"
    asked = "the same --id" if options.id is not None else f"--id {request_id}"
    return f"it may have been done: ask again with {asked} to learn whether it was"
