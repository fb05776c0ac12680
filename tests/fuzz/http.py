"""A host is asked for whatever its OpenAPI document lets one ask, and for what it
does not. It has to stay up, and each answer has to be one that the document has.

`python -m tests.fuzz.http --examples 500` asks at length.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from urllib.request import Request, urlopen

import schemathesis
from hypothesis import HealthCheck, Phase, assume, given, settings
from schemathesis import (
    APIOperation,
    Case,
    CheckContext,
    GenerationMode,
    Response,
    SerializationContext,
)
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from schemathesis.specs.openapi.schemas import OpenApiSchema

from tests.cli.host import COUNTER, LEDGER, Served, serving

__all__ = ["Api", "deploy"]


@schemathesis.serializer("application/x-ndjson")
def as_lines(_context: SerializationContext, value: Any) -> bytes:
    """Of an array every member is a line."""
    if isinstance(value, bytes):
        return value
    lines = value if isinstance(value, list) else [value]
    return b"".join(json.dumps(each).encode() + b"\n" for each in lines)


def is_no_fault_of_the_host(_context: CheckContext, response: Response, _case: Case) -> None:
    """That a deadline of a millisecond passes, before the turn or in the middle, is none."""
    if response.status_code >= 500:
        code = response.json()["code"]
        assert code in {"deadline-exceeded", "outcome-unknown"}, response.text


CHECKS = [
    is_no_fault_of_the_host,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
]
# What leads somewhere. Who asks for what is not possible leaves this behind.
KNOWN = {
    "namespace": ["default"],
    "kind": ["counter", "ledger", "nobody"],
    "key": ["a", "b/c", "\u00fc"],
    "operation": ["get", "increment", "list", "nothing"],
    "number": [1, 2],
    "entry": ["item/00000000000000000001", "none"],
    "code": ["not-found", "nothing"],
    "name": ["ci", "none"],
}


def deploy(served: Served) -> None:
    for kind, file in (("counter", COUNTER), ("ledger", LEDGER)):
        asked = Request(f"{served.url}/v1/kinds/{kind}", file.read_bytes(), method="PUT")
        asked.add_header("Content-Type", "application/wasm")
        with urlopen(asked):
            pass


class Api:
    """What a host lets one ask."""

    def __init__(self, served: Served) -> None:
        with urlopen(f"{served.url}/v1/openapi.json") as answer:
            document = json.load(answer)
        _lead_somewhere(document)
        schema: OpenApiSchema = schemathesis.openapi.from_dict(document)
        schema.config.update(base_url=served.url)
        found = [each.ok() for each in schema.get_all_operations()]
        self._operations: dict[str, APIOperation[Any, Any, Any]] = {
            each.definition.raw["operationId"]: each for each in found
        }
        self.names = list(self._operations)
        self.answers: Counter[tuple[str, int]] = Counter()
        """How many there were, by operation and status."""

    def ask(self, name: str, mode: GenerationMode, examples: int, *, same: bool) -> None:
        """Asks for an operation, in as many ways; the same ones each time, if wanted."""
        operation = self._operations[name]

        @settings(
            max_examples=examples,
            deadline=None,
            derandomize=same,
            database=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def asked(case: Case) -> None:
            assume(_is_at(case, operation.path))
            response = case.call_and_validate(checks=CHECKS)
            self.answers[name, response.status_code] += 1

        asked()

    def modes(self, name: str) -> list[GenerationMode]:
        """In which ways an operation can be asked for: rightly, and perhaps wrongly."""
        asked = self._operations[name].definition.raw
        names = {each.get("name") for each in asked["parameters"]} - {None}
        # Whatever is in the header, and in no other parameter, is possible.
        is_simple = "requestBody" not in asked and not names and len(asked["parameters"]) < 2
        modes = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]
        return modes[:1] if is_simple else modes


def _lead_somewhere(document: dict[str, Any]) -> None:
    parameters = list(document["components"]["parameters"].values())
    for path in document["paths"].values():
        for operation in path.values():
            # Who follows gets an answer without end.
            operation["parameters"] = [
                each for each in operation["parameters"] if each.get("name") != "follow"
            ]
            # What the others need is not deleted.
            if operation["operationId"] != "delete_kind":
                parameters += operation["parameters"]
    for parameter in parameters:
        if parameter.get("name") in KNOWN:
            parameter["schema"] = {"enum": KNOWN[parameter["name"]]}


def _is_at(case: Case, path: str) -> bool:
    """Whether it asks for this path: some characters the client takes for its end, or
    for the way to another one."""
    asked = urlsplit(case.as_transport_kwargs(base_url="http://host")["url"]).path.split("/")
    return len(asked) == len(path.split("/")) and not {".", ".."} & set(map(unquote, asked))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=500, help="of each operation and mode")
    examples = parser.parse_args().examples
    wrong = 0
    with tempfile.TemporaryDirectory() as directory, serving(Path(directory) / "data") as served:
        deploy(served)
        api = Api(served)
        for name in api.names:
            for mode in api.modes(name):
                try:
                    api.ask(name, mode, examples, same=False)
                except BaseExceptionGroup as failures:
                    wrong += 1
                    print(f"{name}, {mode}: {failures.exceptions}", file=sys.stderr)
            told = {status: n for (each, status), n in api.answers.items() if each == name}
            print(name, *(f"{status}: {told[status]}" for status in sorted(told)), flush=True)
            assert served.process.poll() is None, "the host is gone"
    print(f"{api.answers.total()} answers, {wrong} operations that answered wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
