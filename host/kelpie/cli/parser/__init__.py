"""Every command with its options.

A command is known here by its names and its help alone; `run` names what runs
it, as `module:function` within `kelpie.cli`. That module is imported when the
command runs: so no command waits for what only others need.

reading     how a command line is read, and what a wrong one is told
shared      options that many commands have
projects    new, build, dev
host        serve, settings, completion, doctor, backup, restore
kinds       deploy, check, kinds, versions, rollback, undeploy
configuration
            config, secret
actors      invoke, batch, stream, logs, trace, actors, show, state, kv
messages    letters, reminders
durable     turns, cancel
journal     journal, export, replay
access      token, audit
components  inspect, sim
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

from kelpie import __version__
from kelpie.cli.parser.reading import CommandParser

__all__ = ["CommandParser", "parser"]

_PROGRAM = "kelpie"
# What adds which commands, in the order in which they are listed.
_GROUPS = {
    "projects:add": ("new", "build", "dev"),
    "host:add_serve": ("serve",),
    "kinds:add": ("deploy", "check", "kinds", "versions", "rollback", "undeploy"),
    "configuration:add": ("config", "secret"),
    "actors:add": (
        *("invoke", "batch", "stream", "logs", "trace"),
        *("actors", "show", "state", "delete", "kv"),
    ),
    "messages:add": ("letters", "reminders"),
    "durable:add": ("turns", "cancel"),
    "journal:add": ("journal", "export", "replay"),
    "access:add": ("token", "audit"),
    "host:add_care": ("settings", "completion", "doctor", "backup", "restore"),
    "components:add": ("inspect", "sim"),
}


def parser(words: Sequence[str] = ()) -> CommandParser:
    """All commands with their options; if the first of the words names a command, only
    what it is added with: the others take longer than many a command."""
    whole = CommandParser(
        prog=_PROGRAM, description="A host for virtual actors that are WebAssembly components."
    )
    whole.add_argument("--version", action="version", version=f"kelpie {__version__}")
    commands = whole.add_subparsers(
        title="commands", metavar="COMMAND", required=True, prog=_PROGRAM
    )
    for group in _named(words) or _GROUPS:
        module, _, function = group.partition(":")
        getattr(import_module(f"{__name__}.{module}"), function)(commands)
    return whole


def _named(words: Sequence[str]) -> list[str]:
    return [group for group, names in _GROUPS.items() if set(words[:1]) & set(names)]
