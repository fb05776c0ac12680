"""What a guest reads of what is set for its kind, and what is not told of it."""

from __future__ import annotations

import pytest

from kelpie.errors import ActorFailed, ActorRejected, GuestLimitExceeded
from kelpie.wasm.kind_configuration import Configuration, Secret
from kelpie.wasm.turn import HostCall
from tests.wasm.support import Workbench, reply_json

SECRET = "s3cr3t-ä-value"
SET = Configuration(
    {"COLOR": "red", "EMPTY": "", "LARGE": "é" * 32_768},
    {"TOKEN": Secret(SECRET, 1), "EMPTY": Secret("", 1)},
)


@pytest.mark.parametrize("name", ["COLOR", "EMPTY", "LARGE"])
async def test_config_is_read(workbench: Workbench, name: str) -> None:
    outcome = await workbench.run("config", {"name": name}, configuration=SET)
    assert reply_json(outcome) == {"value": SET.config[name]}
    assert outcome.journal == [HostCall("config.get", (name,), SET.config[name])]


@pytest.mark.parametrize("name", ["TOKEN", "color", "", "no name at all"])
async def test_what_is_not_set_is_none(workbench: Workbench, name: str) -> None:
    assert reply_json(await workbench.run("config", {"name": name}, configuration=SET)) == {
        "value": None
    }
    assert reply_json(await workbench.run("config", {"name": name})) == {"value": None}
    assert reply_json(await workbench.run("secret", {"name": name})) == {"value": None}


async def test_secrets_are_apart_and_are_not_in_the_journal(workbench: Workbench) -> None:
    outcome = await workbench.run("secret", {"name": "TOKEN"}, configuration=SET)
    assert reply_json(outcome) == {"value": SECRET}
    assert SECRET not in repr(outcome.journal)
    (call,) = outcome.journal
    assert call == HostCall("secrets.get", ("TOKEN",), Secret(SECRET, 1))
    other = await workbench.run("secret", {"name": "COLOR"}, configuration=SET)
    assert reply_json(other) == {"value": None}
    empty = await workbench.run("secret", {"name": "EMPTY"}, configuration=SET)
    assert reply_json(empty) == {"value": ""}


async def test_a_secret_is_taken_out_of_what_is_logged(workbench: Workbench) -> None:
    outcome = await workbench.run("secret", {"name": "TOKEN", "how": "log"}, configuration=SET)
    assert outcome.error is None
    assert [line.message for line in outcome.log] == ["TOKEN is [secret]"]
    assert SECRET not in repr(outcome)


@pytest.mark.parametrize(("how", "error"), [("reject", ActorRejected), ("fail", ActorFailed)])
async def test_a_secret_is_taken_out_of_errors(
    workbench: Workbench, how: str, error: type[Exception]
) -> None:
    outcome = await workbench.run("secret", {"name": "TOKEN", "how": how}, configuration=SET)
    assert type(outcome.error) is error
    assert str(outcome.error) == "TOKEN is [secret]"


async def test_a_name_is_bounded(workbench: Workbench) -> None:
    fits = await workbench.run("config", {"name": "n" * 128}, configuration=SET)
    assert reply_json(fits) == {"value": None}
    outcome = await workbench.run("config", {"name": "n" * 129}, configuration=SET)
    assert isinstance(outcome.error, GuestLimitExceeded)
    assert outcome.error.details["limit"] == "configuration_name_bytes_max"
