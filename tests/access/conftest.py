"""Tokens and an audit log on a store in memory."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import pytest

from kelpie.access.audit import AuditLog
from kelpie.access.digest import digest_of
from kelpie.access.roles import Role
from kelpie.access.secret import new_secret
from kelpie.access.token import Token
from kelpie.access.tokens import Tokens
from kelpie.errors import StoreCommitUnknown, StoreConflict
from kelpie.limits import Limits
from kelpie.store.memory import CommitRequest, DirectLink, MemoryClient, MemoryStore
from tests.store.clock import ClockEnv

LIMITS = Limits(store_retry_ms=1, store_retry_ms_max=1, tokens_max=4, audit_entries_max=5)


class WallEnv(ClockEnv):
    """... whose wall clock can be put forward as well."""

    def wall_ns(self) -> int:
        return time.time_ns() + self._ahead_ns


class DoubtfulLink(DirectLink):
    """Commits, and then may say that it does not know; or does not commit."""

    commits = 0
    doubts = 0
    refusals = 0

    async def commit(self, request: CommitRequest) -> int:
        self.commits += 1
        if self.refusals:
            self.refusals -= 1
            raise StoreConflict("another one")
        version = await super().commit(request)
        if self.doubts:
            self.doubts -= 1
            raise StoreCommitUnknown("nobody knows")
        return version


class Access:
    """What there is of one host."""

    def __init__(self, env: WallEnv) -> None:
        self.env = env
        self._store = MemoryStore(env)
        self.link = DoubtfulLink(self._store, env)
        self.client = MemoryClient(self._store, self.link)
        self.tokens = Tokens(env, self.client, LIMITS)
        self.audit = AuditLog(env, self.client, LIMITS)

    async def opened_anew(self) -> Tokens:
        """The tokens as another process would find them."""
        tokens = Tokens(self.env, self.client, LIMITS)
        await tokens.open()
        return tokens

    def token(
        self,
        name: str,
        *roles: Role,
        namespace: str | None = None,
        lifetime_ms: int | None = None,
    ) -> tuple[str, Token]:
        """A secret, and the token that it would be."""
        secret, now_ns = new_secret(self.env), self.env.wall_ns()
        expires_at_ns = None if lifetime_ms is None else now_ns + lifetime_ms * 1_000_000
        held = frozenset(roles or [Role.ADMIN])
        digest = digest_of(secret)
        return secret, Token(name, digest, held, namespace, now_ns, "me", expires_at_ns, None, None)


@pytest.fixture
async def access() -> AsyncIterator[Access]:
    env = WallEnv()
    yield Access(env)
    env.close()
