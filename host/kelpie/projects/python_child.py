"""Builds a project in Python: `python -m kelpie.projects.python_child PROJECT OUTPUT`.

It is a process of its own, since it takes seconds, and can be ended.
"""

from __future__ import annotations

import sys
from pathlib import Path

from kelpie_actor_build import BuildError, build

__all__ = ["main"]


def main(project: str, output: str) -> int:
    try:
        build(Path(project), Path(output))
    except BuildError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
