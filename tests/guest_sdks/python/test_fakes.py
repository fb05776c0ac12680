"""The fakes: what a unit test of an actor can set, and what it sees."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import pytest

from kelpie_actor import (
    ActorCaller,
    Address,
    ClientCaller,
    Context,
    MessagingError,
    Payload,
    Rejection,
    actor,
    operation,
)
from kelpie_actor.testing import Failed, FakeActor, FakeContext, Message


@dataclass
class Order:
    item: str
    amount: int = 1


@actor
@dataclass
class Shop:
    orders: int = 0

    @operation
    def order(self, context: Context, order: Order) -> Any:
        self.orders += 1
        stock = context.peer("stock", order.item)
        left = context.messaging.call(
            stock, "take", {"amount": order.amount}, returns=dict[str, int]
        )
        context.kv.set_json(f"order/{self.orders}", order)
        context.messaging.send(stock, "count")
        context.log.info(f"ordered {order.item}")
        return left

    @operation
    def later(self, context: Context) -> list[str]:
        here = context.address
        second = dt.timedelta(seconds=1)
        context.messaging.send_after(here, "order", Order("a"), delay=second)
        context.messaging.request(here, "order", b"\x00", continuation="later")
        context.messaging.remind("daily", "later", cron=("0 0 * * *", "UTC"), missed="skip")
        context.messaging.remind("soon", "later", after=2 * second)
        assert context.messaging.cancel_reminder("soon")
        assert not context.messaging.cancel_reminder("soon")
        return context.messaging.reminders()

    @operation(read_only=True)
    def told(self, context: Context) -> Any:
        return {
            "address": context.address,
            "caller": list(context.caller),
            "now": context.now().isoformat(),
            "now_ns": context.now_ns(),
            "turn": context.turn,
            "config": context.config("color"),
            "secret": context.secret("token"),
            "random": [context.entropy.bytes(4).hex(), context.entropy.u64()],
            "uuid": str(context.entropy.uuid()),
        }

    @operation(read_only=True)
    def orders_kept(self, context: Context) -> list[Order]:
        return [
            order
            for entry in context.kv.items("order/")
            if (order := context.kv.get_json(entry.key, Order)) is not None
        ]


def test_calls_are_answered_and_effects_kept() -> None:
    shop = FakeActor(Shop, kind="shop", key="s")
    shop.context.answer_calls(lambda message: '{"left": 3}')
    assert shop.invoke("order", {"order": {"item": "tea"}}) == {"left": 3}
    stock = Address("default", "stock", "tea")
    assert shop.context.messages == [
        Message("call", stock, "take", '{"amount":1}', {"key": None}),
        Message("send", stock, "count", ""),
    ]
    assert shop.context.stored_kv == {"order/1": '{"item":"tea","amount":1}'}
    assert shop.context.lines == [("info", "ordered tea")]
    assert shop.invoke("orders_kept") == [{"item": "tea", "amount": 1}]


def refuse(_message: Message) -> Payload:
    raise MessagingError("rejected", "there is none", "sold-out")


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (None, "unavailable: this test has set no answers to calls"),
        (refuse, r"rejected \(sold-out\): there is none"),
        (lambda _message: '{"left": "3"}', r"the reply of stock to take: left must be an integer"),
        (lambda _message: b"\x00", "the reply of stock to take is bytes, not JSON"),
    ],
)
def test_a_call_that_fails_undoes_the_turn(answer: Any, told: str) -> None:
    shop = FakeActor(Shop)
    if answer is not None:
        shop.context.answer_calls(answer)
    with pytest.raises(Failed, match=told) as failed:
        shop.invoke("order", {"order": {"item": "tea"}})
    assert "test_fakes.py:" in str(failed.value)
    assert (shop.state, shop.context.messages, shop.context.stored_kv) == (None, [], {})
    # The log is no effect: it says what and where.
    level, line = shop.context.lines[-1]
    assert level == "error"
    assert "Traceback" in line
    assert "in order" in line


def test_messages_for_later() -> None:
    shop = FakeActor(Shop, kind="shop", key="s")
    assert shop.invoke("later") == ["daily"]
    here = Address("default", "shop", "s")
    assert shop.context.messages == [
        Message("send_after", here, "order", '{"item":"a","amount":1}', {"delay_ms": 1000}),
        Message("request", here, "order", b"\x00", {"continuation": "later"}),
        Message(
            "remind",
            None,
            "later",
            "",
            {"name": "daily", "schedule": ("cron", ("0 0 * * *", "UTC")), "missed": "skip"},
        ),
        Message(
            "remind",
            None,
            "later",
            "",
            {"name": "soon", "schedule": ("after-ms", 2000), "missed": "fire-once"},
        ),
    ]


def test_what_a_turn_is_told() -> None:
    context = FakeContext(
        namespace="n",
        kind="shop",
        key="ä",
        now=dt.datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=dt.UTC),
        config={"color": "red"},
        secrets={"token": "t"},
    )
    shop = FakeActor(Shop, context)
    told = shop.invoke("told")
    assert told["address"] == ["n", "shop", "ä"]
    assert told["caller"] == ["anonymous"]
    assert told["now"] == "2026-01-02T03:04:05.678901+00:00"
    assert told["now_ns"] == 1767323045678901000
    assert (told["turn"], told["config"], told["secret"]) == (1, "red", "t")
    context.pass_time(dt.timedelta(hours=1))
    context.set_caller(ActorCaller(Address("n", "a", "b")))
    told = shop.invoke("told")
    assert told["now"] == "2026-01-02T04:04:05.678901+00:00"
    assert told["caller"] == [["n", "a", "b"]]
    context.set_caller(ClientCaller("ann"))
    assert shop.invoke("told")["caller"] == ["ann"]


def test_entropy_is_that_of_the_request() -> None:
    def drawn(request_id: str, **changes: Any) -> Any:
        told = FakeActor(Shop, **changes).invoke("told", request_id=request_id)
        return told["random"], told["uuid"]

    assert drawn("a") == drawn("a")
    assert len({str(drawn(id_, seed=seed)) for id_ in "ab" for seed in (1, 2)}) == 4


def test_a_method_can_be_called_by_itself() -> None:
    context = FakeContext(key="k")
    assert Shop().told(context)["address"] == Address("default", "actor", "k")


def test_a_batch_is_one_turn() -> None:
    shop = FakeActor(Shop)
    shop.context.answer_calls(lambda _message: "{}")
    order = {"order": {"item": "tea"}}
    replies = shop.batch([("order", order), ("order", order), ("orders_kept", None)])
    assert len(replies[2]) == 2
    with pytest.raises(Rejection, match="unknown-operation") as rejected:
        shop.batch([("order", order), ("none", None)])
    assert rejected.value.__notes__ == ["the operation of the batch with index 1"]
    assert shop.state == {"orders": 2}


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("", "not JSON"),
        ("[]", "must be a JSON object"),
        ("{}", "operation is missing"),
        ('{"operation":1}', "operation is missing in the line, or no string"),
        ('{"operation":"later","more":1}', "unknown member more"),
        ('{"operation":"later","operation":"later"}', "'operation' is there twice"),
    ],
)
def test_a_bad_line(line: str, told: str) -> None:
    with pytest.raises(Rejection, match="bad-argument") as rejected:
        FakeActor(Shop).batch_raw(f'{{"operation":"orders_kept"}}\n{line}\n')
    assert told in str(rejected.value)


def test_pages_of_kv() -> None:
    context = FakeContext()
    keys = [f"k/{number:04}" for number in range(2_500)]
    for key in ["a", *keys, "z"]:
        context.kv.set(key, key)
    assert [entry.key for entry in context.kv.items("k/")] == keys
    assert [entry.key for entry in context.kv.items("k/", reverse=True)] == keys[::-1]
    page = context.kv.list(after="k/0001", limit=2)
    assert ([entry.key for entry in page.entries], page.more) == (["k/0002", "k/0003"], True)
    context.kv.delete("a")
    assert context.kv.get("a") is None
    with pytest.raises(TypeError, match="set_json"):
        context.kv.set("a", 1)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="the value of 'z': this is not JSON"):
        context.kv.get_json("z", int)


def test_a_context_is_kept_nowhere() -> None:
    import copy  # noqa: PLC0415 - this test alone wants it

    with pytest.raises(TypeError, match="kept nowhere"):
        copy.copy(FakeContext())
