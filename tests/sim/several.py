"""The bank of `examples/bank`, with its accounts, and with transfers that are a class here:
right ones, and such as an author might get wrong."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from kelpie.ids import text
from kelpie.limits import DEFAULT_LIMITS
from kelpie.sim.cast import Cast
from kelpie.sim.choice import Choice
from kelpie.sim.engine import Foundry
from kelpie.sim.native import add_native
from kelpie.sim.run import Plan
from kelpie.sim.workload import Workload
from kelpie.sim.workload_file import read_workload
from kelpie_actor import Context, Rejection, actor, operation
from tests.examples.bank import BANK

__all__ = ["Forgetful", "Impatient", "Transfer", "bank_with", "bank_of"]

STEPS = {
    "withdrawing": ("withdraw", "depositing", "refused"),
    "depositing": ("deposit", "done", "refunding"),
    "refunding": ("refund", "refunded", "refunding"),
}


@dataclass
class _Transfer:
    """As the one in Go."""

    stage: str = ""
    payer: str = ""
    paid: str = ""
    amount: int = 0

    @operation
    def start(self, context: Context, order: dict[str, Any]) -> str:
        if self.stage == "":
            self.payer, self.paid, self.amount = order["from"], order["to"], order["amount"]
            self._enter(context, "withdrawing")
        elif order != {"from": self.payer, "to": self.paid, "amount": self.amount}:
            raise Rejection("another-order", "this transfer was started with another order")
        return self.stage

    @operation
    def answered(
        self,
        context: Context,
        target: Any,
        operation: str,
        request_id: str,
        reply: Any = None,
        failure: Any = None,
    ) -> None:
        if operation == STEPS.get(self.stage, ("",))[0]:
            self._go_on(context, reply)

    @operation
    def again(self, context: Context) -> None:
        if self.stage in STEPS:
            self._ask(context)

    @operation(read_only=True)
    def status(self) -> str:
        return self.stage

    def _go_on(self, context: Context, reply: Any) -> None:
        _, done, refused = STEPS[self.stage]
        if reply is not None:
            self._enter(context, done if reply["outcome"] == "done" else refused)

    def _enter(self, context: Context, stage: str) -> None:
        self.stage = stage
        if stage in STEPS:
            self._ask(context)
            context.messaging.remind("again", "again", every=timedelta(seconds=10))
        else:
            context.messaging.cancel_reminder("again")

    def _ask(self, context: Context) -> None:
        account = context.peer("account", self.paid if self.stage == "depositing" else self.payer)
        argument = {"amount": self.amount}
        context.messaging.request(account, STEPS[self.stage][0], argument, continuation="answered")


@actor
@dataclass
class Transfer(_Transfer):
    """The right one."""


@actor
@dataclass
class Forgetful(_Transfer):
    """Puts nothing back."""

    def _enter(self, context: Context, stage: str) -> None:
        super()._enter(context, "refunded" if stage == "refunding" else stage)


@actor
@dataclass
class Impatient(_Transfer):
    """Takes it for a refusal that no answer has come yet."""

    @operation
    def again(self, context: Context) -> None:
        if self.stage in STEPS:
            self._go_on(context, {"outcome": "refused"})


def bank_with(transfer: type, foundry: Foundry) -> Plan:
    """With this class for its transfers, and without a toolchain."""
    uploads = {
        "account": (BANK / "account" / "account.wasm").read_bytes(),
        "transfer": add_native(foundry, transfer),
        "auditor": add_native(foundry, _auditor()),
    }
    plan = bank_of(uploads, foundry)
    plan.workload = replace(plan.workload, choices=tuple(map(_in_python, plan.workload.choices)))
    return plan


def bank_of(uploads: dict[str, bytes], foundry: Foundry) -> Plan:
    """What `kelpie sim` does with these components and the workload of the example."""
    cast = Cast(foundry, uploads)
    manifests = {kind: cast.component(kind).manifest for kind in cast}
    default = Workload.of_kinds(manifests)
    workload = read_workload(BANK / "workload.toml", manifests, default)
    return Plan(uploads, workload, DEFAULT_LIMITS, foundry)


def _in_python(choice: Choice) -> Choice:
    """There no parameter is called `from`."""
    if choice.operation != "start":
        return choice
    arguments = (text(f'{{"order":{each.data.decode()}}}') for each in choice.arguments)
    return replace(choice, arguments=tuple(arguments))


def _auditor() -> type:
    """The class that the component in Python is made of, in this process."""
    name = "bank_auditor"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, BANK / "auditor" / "auditor.py")
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return sys.modules[name].Auditor  # type: ignore[no-any-return]
