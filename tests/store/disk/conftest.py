from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture(scope="session")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library of `shim.c`."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None or not sys.platform.startswith("linux"):
        pytest.skip("needs Linux and a C compiler, to put a failing disk under the store")
    library = tmp_path_factory.mktemp("shim") / "shim.so"
    source = Path(__file__).with_name("shim.c")
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], check=True)
    return library


@pytest.fixture
def start(shim: Path) -> Iterator[Start]:
    """Starts `child.py` over the shim, with its variables set."""
    processes: list[subprocess.Popen[str]] = []

    def started(*arguments: object, **variables: object) -> subprocess.Popen[str]:
        environment = {**os.environ, "LD_PRELOAD": str(shim)}
        environment |= {name: str(value) for name, value in variables.items()}
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.store.disk.child", *map(str, arguments)],
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        return process

    yield started
    for process in processes:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()
