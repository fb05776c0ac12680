"""What the tests of this folder run in a process of its own, over the shim.

child.py load DIRECTORY SYNCHRONOUS   commits until it is killed, and prints
                                      each commit that was acknowledged
child.py fail DIRECTORY TRIGGER       commits before, while and after TRIGGER
                                      is there, and prints what became of each
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import sys
from pathlib import Path

from kelpie.env.real import RealEnv, run
from kelpie.errors import StoreError, StoreStopped
from kelpie.limits import KIB, Limits
from kelpie.store.protocol import Store
from kelpie.store.sqlite import open_store
from kelpie.store.sqlite import store as store_module

WRITERS = 8
# So that the log is moved into the file many times in a second.
LIMITS = Limits(store_log_bytes_max=64 * KIB)


def with_synchronous(value: str) -> None:
    connect = store_module.connect_writer

    def connect_writer(directory: Path) -> sqlite3.Connection:
        connection = connect(directory)
        connection.execute(f"PRAGMA synchronous = {value}")
        return connection

    store_module.connect_writer = connect_writer  # type: ignore[attr-defined]


async def load(env: RealEnv, directory: Path) -> None:
    store = await open_store(env, directory, _report_stop, LIMITS)

    async def write(writer: int) -> None:
        for number in range(1_000_000):
            transaction = store.transaction()
            # Both or neither; of different sizes, so that pages split.
            transaction.set(b"a%d" % writer, b"%d" % number)
            transaction.set(b"b%d/%d" % (writer, number % 50), b"%d" % number + bytes(number % 900))
            await transaction.commit()
            print(writer, number, flush=True)

    await asyncio.gather(*[write(writer) for writer in range(WRITERS)])


async def fail(env: RealEnv, directory: Path, trigger: Path, mends: bool) -> dict[str, object]:
    told: list[str] = []
    store = await open_store(env, directory, lambda error: told.append(error.code), LIMITS)
    outcomes = [await outcome(store, b"before")]
    trigger.touch()
    both = [outcome(store, b"during"), outcome(store, b"beside")]
    outcomes += await asyncio.gather(*both)
    if mends:
        trigger.unlink()
    outcomes.append(await outcome(store, b"after"))
    await store.close()
    return {"outcomes": outcomes, "told": told}


async def outcome(store: Store, key: bytes) -> str:
    transaction = store.transaction()
    transaction.set(key, bytes(20_000))
    try:
        await transaction.commit()
    except StoreError as error:
        return error.code
    return "committed"


def _report_stop(error: StoreStopped) -> None:
    raise SystemExit(error.message)


def _report_fault(what: str, error: BaseException | None) -> None:
    print(what, error, file=sys.stderr)


if __name__ == "__main__":
    mode, directory = sys.argv[1], Path(sys.argv[2])
    if mode == "load":
        with_synchronous(sys.argv[3])
        run(lambda env: load(env, directory), _report_fault)
    else:
        trigger, mends = Path(sys.argv[3]), mode == "fail"
        print(json.dumps(run(lambda env: fail(env, directory, trigger, mends), _report_fault)))
