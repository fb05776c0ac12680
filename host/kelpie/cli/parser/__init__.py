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

from kelpie import __version__
from kelpie.cli.parser import (
    access,
    actors,
    components,
    configuration,
    durable,
    host,
    journal,
    kinds,
    messages,
    projects,
)
from kelpie.cli.parser.reading import CommandParser

__all__ = ["CommandParser", "parser"]


def parser() -> CommandParser:
    """All commands with their options."""
    whole = CommandParser(
        prog="kelpie", description="A host for virtual actors that are WebAssembly components."
    )
    whole.add_argument("--version", action="version", version=f"kelpie {__version__}")
    commands = whole.add_subparsers(title="commands", metavar="COMMAND", required=True)
    projects.add(commands)
    host.add_serve(commands)
    kinds.add(commands)
    configuration.add(commands)
    actors.add(commands)
    messages.add(commands)
    durable.add(commands)
    journal.add(commands)
    access.add(commands)
    host.add_care(commands)
    components.add(commands)
    return whole
