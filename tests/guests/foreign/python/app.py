"""An actor as somebody writes it who knows componentize-py and no SDK of Kelpie's. Built
without `--stub-wasi`, so that it imports WASI."""

import json
import os
import secrets
import select
import sys
import time
from pathlib import Path
from typing import Any

import wit_world.exports
from wit_world.imports.types import Payload_Text


class Handler(wit_world.exports.Handler):
    def describe(self) -> str:
        return json.dumps({"operations": [{"name": "now"}]})

    def invoke(self, operation: str, argument: Any) -> Any:
        return Payload_Text(json.dumps(getattr(self, operation)(argument.value)))

    def now(self, _argument: str) -> int:
        return time.time_ns()

    def random(self, _argument: str) -> str:
        return secrets.token_hex(16)

    def wait(self, argument: str) -> list[int]:
        """For its input or so many seconds: how much there was, and the time gone by."""
        begin = time.monotonic_ns()
        ready, _, _ = select.select([sys.stdin], [], [], float(argument))
        return [len(ready), time.monotonic_ns() - begin]

    def say(self, argument: str) -> None:
        print(argument)
        print("complaint", file=sys.stderr)

    def file(self, argument: str) -> str:
        try:
            return Path(argument).read_text()
        except OSError:
            return "no such thing"

    def surroundings(self, _argument: str) -> list[Any]:
        return [dict(os.environ), sys.stdin.read()]

    def crash(self, argument: str) -> None:
        raise RuntimeError(argument)
