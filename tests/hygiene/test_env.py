"""`kelpie.env` is the one door to time, randomness, ids, tasks and threads."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.hygiene.source import SourceFile, host_files, imports

BEHIND_THE_DOOR = {"env", "sim"}
MODULES = {
    "concurrent.futures",
    "multiprocessing",
    "random",
    "sched",
    "secrets",
    "threading",
    "time",
    "uuid",
}
# Whatever makes a task or waits by a clock. `asyncio.gather` and `wait_for` wrap
# coroutines in tasks of their own.
ATTRIBUTES = {
    "asyncio.TaskGroup",
    "asyncio.create_task",
    "asyncio.ensure_future",
    "asyncio.gather",
    "asyncio.get_event_loop",
    "asyncio.run",
    "asyncio.sleep",
    "asyncio.timeout",
    "asyncio.to_thread",
    "asyncio.wait_for",
    "datetime.now",
    "datetime.utcnow",
    "os.urandom",
    "uvloop.run",
}
METHODS = {"create_task", "ensure_future", "run_in_executor", "call_soon_threadsafe"}

# The process is started by something: here the loop is made that Env stands on.
PROCESS_ENTRIES = {"kelpie.cli.process"}


def _violations(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "asyncio.Task":
            yield node.lineno, "asyncio.Task()"
        elif isinstance(node, ast.Attribute):
            name = ast.unparse(node)
            if node.attr in METHODS or any(name.endswith(each) for each in ATTRIBUTES):
                yield node.lineno, name
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                if alias.name in METHODS or name in ATTRIBUTES:
                    yield node.lineno, name


@pytest.mark.parametrize("file", host_files(), ids=lambda file: file.module)
def test_one_door(file: SourceFile) -> None:
    if file.room in BEHIND_THE_DOOR or file.module in PROCESS_ENTRIES:
        return
    wrong = [
        f"{file.name}:{line}: import of {name}"
        for line, name in imports(file)
        if name in MODULES or name.rpartition(".")[0] in MODULES
    ]
    wrong += [f"{file.name}:{line}: {name}" for line, name in _violations(file.tree)]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    "line",
    [
        "asyncio.create_task(work())",
        "asyncio.Task(work())",
        "self._loop.create_task(work())",
        "loop.run_in_executor(None, work)",
        "from asyncio import ensure_future",
        "os.urandom(8)",
        "datetime.datetime.now(datetime.UTC)",
    ],
)
def test_a_second_door_is_seen(line: str) -> None:
    assert list(_violations(ast.parse(line)))
