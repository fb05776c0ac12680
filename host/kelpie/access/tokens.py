"""All tokens of the host: in the store, and in memory for whoever comes in."""

from __future__ import annotations

import asyncio
import logging
from hmac import compare_digest

from kelpie.access.caller import Caller
from kelpie.access.digest import digest_of
from kelpie.access.token import Token, check_token
from kelpie.env import Env
from kelpie.errors import (
    InvalidRequest,
    LastAdmin,
    TokenExists,
    TokenNotFound,
    TokensFull,
    Unreadable,
)
from kelpie.limits import Limits
from kelpie.store import access_keys
from kelpie.store.protocol import Store, Transaction
from kelpie.store.reading import reading
from kelpie.store.retry import transact
from kelpie.store.witness import Witness, nobody

__all__ = ["Tokens"]

_log = logging.getLogger("kelpie")


class Tokens:
    """What is in memory changes once the store has changed, and before anybody is told."""

    def __init__(self, env: Env, store: Store, limits: Limits) -> None:
        self._env = env
        self._store = store
        self._limits = limits
        self._callers: dict[bytes, Caller] = {}
        self._changing = asyncio.Lock()
        self.required = False
        """Whether there are any: then every request needs one."""
        self.damaged: dict[str, Unreadable] = {}
        """Those that cannot be read, and why. Nobody knows their secrets' digests, so
        whoever shows one is a stranger."""

    async def open(self) -> None:
        """Reads them.

        Raises:
            StoreError
        """
        with reading(self._store) as transaction:
            found, self.damaged = await self._read(transaction)
        for name, error in self.damaged.items():
            _log.error("the token %s opens no door: %s", name, error.message)
        self._callers = {token.digest: Caller(token) for token in found.values()}
        self.required = bool(found or self.damaged)

    def all(self) -> list[Token]:
        """By name."""
        tokens = [caller.token for caller in self._callers.values()]
        return sorted((each for each in tokens if each is not None), key=lambda each: each.name)

    def find(self, secret: str) -> Caller | None:
        """Whose token this is. It may have expired.

        What is looked up and compared is the digest, of which a caller can choose
        no byte: how long it takes says nothing about the tokens that there are.
        """
        digest = digest_of(secret)
        caller = self._callers.get(digest)
        if caller is None or caller.token is None:
            return None
        return caller if compare_digest(caller.token.digest, digest) else None

    def holds(self, caller: Caller) -> bool:
        """Whether the caller's token is still one of them. It may have expired."""
        if caller.token is None:
            return not self.required
        return caller.token.digest in self._callers

    async def add(self, token: Token, witness: Witness = nobody) -> None:
        """Keeps a new token; from now on its secret opens the door.

        Raises:
            TokenExists, TokensFull
            InvalidRequest: it is the first, and could not make further ones; or
                see `check_token`.
            InvalidAddress, StoreError
        """
        check_token(token, self._limits)

        async def work(transaction: Transaction) -> None:
            await self._check_new(token, *await self._read(transaction))
            transaction.set(*token.row())
            await witness(transaction, _described(token))

        async with self._changing:
            await transact(self._env, self._store, self._limits, work, repeatable=True)
            self._callers[token.digest] = Caller(token)
            self.required = True

    async def revoke(self, name: str, witness: Witness = nobody, *, force: bool = False) -> None:
        """Forgets a token: from now on its secret is worth nothing.

        Raises:
            LastAdmin: nobody could make a token any more, and it is not done by force.
            TokenNotFound, StoreError
        """

        async def work(transaction: Transaction) -> None:
            found, damaged = await self._read(transaction)
            if name in damaged:
                transaction.clear(access_keys.token(name))
                return await witness(transaction, "damaged")
            if name not in found:
                # Perhaps an earlier attempt of ours, of which nobody knew, has done it.
                if self._digest_of(name) is None and name not in self.damaged:
                    raise TokenNotFound(f"there is no token {name[:80]!a}")
                return None
            if not force:
                self._check_not_last(name, found)
            transaction.clear(access_keys.token(name))
            return await witness(transaction, _described(found[name]))

        async with self._changing:
            await transact(self._env, self._store, self._limits, work, repeatable=True)
            digest = self._digest_of(name)
            if digest is not None:
                del self._callers[digest]
            self.damaged.pop(name, None)
            self.required = bool(self._callers or self.damaged)

    async def _read(
        self, transaction: Transaction
    ) -> tuple[dict[str, Token], dict[str, Unreadable]]:
        """By name; and those that cannot be read, with what is wrong with each."""
        rows = await transaction.get_range(*access_keys.tokens(), limit=self._limits.tokens_max + 1)
        found: dict[str, Token] = {}
        damaged: dict[str, Unreadable] = {}
        for key, stored in rows:
            name = access_keys.token_name(key)
            try:
                found[name] = Token.of_row(key, stored)
            except Unreadable as error:
                damaged[name] = error
        return found, damaged

    async def _check_new(
        self, token: Token, found: dict[str, Token], damaged: dict[str, Unreadable]
    ) -> None:
        if token.name in damaged:
            raise TokenExists(
                f"there is a token {token.name!r} that cannot be read: revoke it first, or choose "
                "another name"
            )
        same = found.get(token.name)
        if same is not None and same.digest != token.digest:
            raise TokenExists(
                f"there is a token {token.name!r} already: revoke it first, or choose another name"
            )
        if not found and not token.runs_host(self._env.wall_ns()):
            raise InvalidRequest(
                "from the first token on every request needs one: let it be one that can make "
                "others, with the role admin in all namespaces"
            )
        if same is None and len(found) + len(damaged) >= self._limits.tokens_max:
            raise TokensFull(f"there are {len(found)} tokens: revoke one first")

    def _check_not_last(self, name: str, found: dict[str, Token]) -> None:
        now_ns = self._env.wall_ns()
        others = (token for token in found.values() if token.name != name)
        if found[name].runs_host(now_ns) and not any(each.runs_host(now_ns) for each in others):
            raise LastAdmin(
                f"without {name!r} nobody could make or revoke tokens: make another with the role "
                "admin first, or revoke it in the data directory, with --data, while the host is "
                "stopped"
            )

    def _digest_of(self, name: str) -> bytes | None:
        return next(
            (
                digest
                for digest, caller in self._callers.items()
                if caller.token is not None and caller.token.name == name
            ),
            None,
        )


def _described(token: Token) -> str:
    """What of it goes into the audit log."""
    roles = "+".join(sorted(role.value for role in token.roles))
    return f"{roles} in {token.namespace or 'all namespaces'}"
