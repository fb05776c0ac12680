"""`kelpie new`: a project to begin with."""

from __future__ import annotations

import argparse
import os
import shlex
from pathlib import Path

from kelpie.cli.output import say
from kelpie.projects.errors import ToolchainMissing
from kelpie.projects.project import BY_NAME
from kelpie.projects.scaffold import scaffold

__all__ = ["run"]


def run(options: argparse.Namespace) -> int:
    language = BY_NAME[options.lang]
    directory = options.directory or Path(options.name)
    scaffold(language, options.name, directory)
    print(f"made {directory}: {options.name}, an actor in {language.title}")
    try:
        language.toolchain(directory.absolute())
    except ToolchainMissing as missing:
        say(f"{missing.message}, which it is built with")
        for line in missing.advice:
            say(f"  {line}")
    if directory.resolve() != Path.cwd():
        say(f"try: {shlex.join(('cd', os.fspath(directory)))}")
        say("then: kelpie dev")
    else:
        say("try: kelpie dev")
    say("its README.md says how it is tested, built and deployed")
    return 0
