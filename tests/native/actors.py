"""Native actors for tests."""

from __future__ import annotations

from kelpie_actor import Address, Context, Rejection, actor, operation


@actor
class Basket:
    """Counts what is put into it."""

    total: int = 0

    @operation
    def put(self, item: str, context: Context, amount: int = 1) -> int:
        """Adds some of an item; how many there are of it."""
        if amount < 1:
            raise Rejection("nothing", "put in at least one")
        count = int(context.kv.get(item) or "0") + amount
        context.kv.set(item, str(count))
        self.total += amount
        return count

    @operation(read_only=True)
    def count(self, item: str, context: Context) -> int:
        """How many there are of an item."""
        return int(context.kv.get(item) or "0")

    @operation(read_only=True)
    def items(self, context: Context) -> list[str]:
        """What is in it."""
        return [entry.key for entry in context.kv.items()]

    @operation
    def draw(self, context: Context) -> list[str]:
        """Whatever the turn is given."""
        return [str(context.now_ns()), str(context.entropy.u64()), str(context.entropy.uuid())]

    @operation
    def dawdle(self, context: Context, rounds: int, asks: bool) -> int:
        """Takes its time, and asks the host now and then if it is to."""
        for number in range(rounds):
            if asks:
                context.kv.get(f"{number}")
            self.total += sum(range(1_000))
        return rounds

    @operation
    def ask(self, key: str, context: Context) -> str:
        """What another one says."""
        other = Address(context.address.namespace, context.address.kind, key)
        return str(context.messaging.call(other, "count"))

    @operation
    def crash(self) -> None:
        self.total += 100
        raise ValueError("out of order")

    @operation(read_only=True)
    def cheat(self, context: Context) -> str:
        """Goes on where it may not."""
        try:
            context.kv.set("a", "b")
        except BaseException as error:
            return f"got away with {type(error).__name__}"
        return "nobody minded"
