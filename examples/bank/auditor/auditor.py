"""The auditor of the bank: keeps a book of all accounts, and says whether it adds up.

Accounts send a movement for each change of their balance. The sends of one account come
once and in order, those of different accounts in any order. So the book is made a
*consistent cut*: of each account it has the movements up to some number, and what came
of a withdrawal only if it has the withdrawal too. What comes too early waits. Such a book
is always a state in which the bank may have been, and in it

    what accounts say they have + what transfers have taken out and not yet put in

is the money that accounts were opened with. The first is told by the accounts and never
reckoned here; the second is reckoned here, for each transfer, and never told.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal, TypedDict

from kelpie_actor import ActorCaller, Context, MessagingError, Rejection, actor, operation

ACCOUNT = "account"
PROBLEMS_MAX = 20


@dataclass
class Movement:
    """One change of a balance, by its number among those of its account."""

    number: int
    sort: Literal["opened", "withdrawn", "deposited", "refunded"]
    transfer: str
    amount: int
    balance: int


@dataclass
class Line:
    """What the book has of an account."""

    number: int = 0
    balance: int = 0


class Statement(TypedDict):
    """What an account says of itself."""

    is_open: bool
    balance: int
    movements: int


class Report(TypedDict):
    balanced: bool
    opened: int
    in_accounts: int
    in_flight: int
    movements: int
    waiting: int
    problems: list[str]


class Audit(TypedDict):
    agree: int
    ahead: int
    silent: int
    wrong: list[str]


@actor
@dataclass
class Auditor:
    """Keeps the book of all accounts, and says whether it adds up."""

    opened: int = 0
    in_accounts: int = 0
    in_flight: int = 0
    movements: int = 0
    waiting: int = 0
    problems: list[str] = field(default_factory=list)

    @operation
    def enter(
        self,
        context: Context,
        number: int,
        sort: Literal["opened", "withdrawn", "deposited", "refunded"],
        transfer: str,
        amount: int,
        balance: int,
    ) -> None:
        """Takes a movement, and enters whatever can be entered now."""
        if not isinstance(context.caller, ActorCaller) or context.caller.address.kind != ACCOUNT:
            raise Rejection("no-account", "only accounts tell of their movements")
        account = context.caller.address.key
        self._take(context, account, [Movement(number, sort, transfer, amount, balance)])

    @operation(read_only=True)
    def report(self) -> Report:
        """Whether the book adds up."""
        adds_up = self.in_accounts + self.in_flight == self.opened
        return {
            "balanced": adds_up and not self.problems,
            "opened": self.opened,
            "in_accounts": self.in_accounts,
            "in_flight": self.in_flight,
            "movements": self.movements,
            "waiting": self.waiting,
            "problems": self.problems,
        }

    @operation
    def audit(self, context: Context, accounts: tuple[str, ...] = ()) -> Audit:
        """Asks every account of the book, and these, whether it says the same."""
        found = Audit(agree=0, ahead=0, silent=0, wrong=[])
        says = self._asked(context, sorted({*accounts, *_in_book(context)}), found)
        for account, statement in says.items():
            line = _line(context, account)
            if statement["movements"] > line.number:
                found["ahead"] += 1
            elif (statement["movements"], statement["balance"]) == (line.number, line.balance):
                found["agree"] += 1
            else:
                found["wrong"].append(f"{account} says {statement}, the book {line}")
        for problem in found["wrong"]:
            self._note(problem)
        return found

    @operation
    def watch(
        self, context: Context, every_minutes: int = 60, accounts: tuple[str, ...] = ()
    ) -> None:
        """Audits again and again, however often the host is restarted."""
        every = timedelta(minutes=every_minutes)
        context.messaging.remind("audit", "audit", {"accounts": accounts}, every=every)

    def _asked(self, context: Context, accounts: list[str], found: Audit) -> dict[str, Statement]:
        """What accounts say. Of what they say that they have told, the book has all it can."""
        says = {}
        for account in accounts:
            whom = context.peer(ACCOUNT, account)
            try:
                says[account] = context.messaging.call(whom, "balance", returns=Statement)
                told, after = says[account]["movements"], _line(context, account).number
                if told > after:
                    # On its way, or never to come: a message whose turn has failed is dead.
                    missed = context.messaging.call(
                        whom, "movements", {"after": after}, returns=list[Movement]
                    )
                    # By now there may be more of them than there were at the first question.
                    self._take(context, account, [each for each in missed if each.number <= told])
            except MessagingError as error:
                # Refused, broken, or out of reach: in any case it is no answer.
                context.log.warn(f"{account} did not say what it has: {error}")
                says.pop(account, None)
                found["silent"] += 1
        return says

    def _take(self, context: Context, account: str, movements: list[Movement]) -> None:
        """Takes what an account has told, and enters whatever can be entered now."""
        entered = _line(context, account).number
        for movement in movements:
            key = _told(account, movement.number)
            if movement.number > entered and context.kv.get(key) is None:
                context.kv.set_json(key, movement)
                self.waiting += 1
        ready = [account]
        while ready:
            ready += self._enter_next(context, ready.pop())

    def _enter_next(self, context: Context, account: str) -> Iterator[str]:
        """Enters what an account has told, up to what has to wait; then whose turn it is."""
        line = _line(context, account)
        while True:
            key = _told(account, line.number + 1)
            movement = context.kv.get_json(key, Movement)
            if movement is None:
                break
            if movement.sort in ("deposited", "refunded") and not self._is_known(context, movement):
                context.kv.set(f"awaits/{movement.transfer}", account)
                break
            self._enter(context, account, line, movement)
            context.kv.delete(key)
            self.waiting -= 1
            awaits = f"awaits/{movement.transfer}"
            if movement.sort == "withdrawn" and (other := context.kv.get(awaits)) is not None:
                context.kv.delete(awaits)
                yield str(other)
        context.kv.set_json(f"line/{account}", line)

    def _enter(self, context: Context, account: str, line: Line, movement: Movement) -> None:
        change = -movement.amount if movement.sort == "withdrawn" else movement.amount
        if line.balance + change != movement.balance:
            self._note(f"{account} had {line.balance}, then {movement}")
        if movement.sort == "opened":
            self.opened += movement.amount
        else:
            self._follow(context, movement)
            self.in_flight -= change
        self.in_accounts += movement.balance - line.balance
        self.movements += 1
        line.number, line.balance = movement.number, movement.balance

    def _follow(self, context: Context, movement: Movement) -> None:
        """A transfer takes out once, and then puts in once, the same amount."""
        key = f"transfer/{movement.transfer}"
        before = context.kv.get_json(key, Movement)
        if movement.sort == "withdrawn":
            follows = before is None
        else:
            follows = before is not None and before.sort == "withdrawn"
            follows = follows and before.amount == movement.amount
        if not follows:
            self._note(f"{movement} of {movement.transfer} behind {before}")
        context.kv.set_json(key, movement)

    def _is_known(self, context: Context, movement: Movement) -> bool:
        return context.kv.get(f"transfer/{movement.transfer}") is not None

    def _note(self, problem: str) -> None:
        if len(self.problems) < PROBLEMS_MAX:
            self.problems.append(problem)


def _told(account: str, number: int) -> str:
    return f"told/{account}/{number}"


def _line(context: Context, account: str) -> Line:
    return context.kv.get_json(f"line/{account}", Line) or Line()


def _in_book(context: Context) -> list[str]:
    return [key.removeprefix("line/") for key, _ in context.kv.items("line/")]
