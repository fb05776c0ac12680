"""`kelpie token` and `kelpie audit`: who may do what, and who did.

With `--data` the tokens are those of a data directory, and no host serves from
it: that is how the first one is made, and how one gets in again who has lost
all others. Who can write there can do everything anyhow.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

from kelpie.access.audit import AuditEntry, AuditLog
from kelpie.access.change import Change
from kelpie.access.digest import digest_of
from kelpie.access.roles import Role
from kelpie.access.secret import new_secret
from kelpie.access.token import Token
from kelpie.access.tokens import Tokens
from kelpie.api.client import Client
from kelpie.api.token_handlers import token_view
from kelpie.cli.output import complain, print_json, print_table, printable, say
from kelpie.cli.with_host import with_host
from kelpie.env import real
from kelpie.env.real import RealEnv
from kelpie.errors import KelpieError, StoreStopped
from kelpie.limits import DEFAULT_LIMITS
from kelpie.store.format import check_format
from kelpie.store.sqlite import open_store
from kelpie.store.sqlite.schema import FILE_NAME
from kelpie.store.sqlite.unmade import unmade_on_failure

__all__ = ["audit", "create", "list_tokens", "revoke"]

Result = TypeVar("Result")

_NS_PER_S = 1_000_000_000
# Who is in the audit log where there is no host, and so nobody to name.
_OFFLINE = "(data directory)"


def create(options: argparse.Namespace) -> int:
    """The secret goes to stdout, or into a file, this once."""
    if options.offline is not None and not options.new and not _has_store(options.offline):
        return 1
    if options.out is None:
        made = _made(options)
        say("keep it well: it is shown this once; use it as KELPIE_TOKEN")
        if options.output == "json":
            print_json(made)
        else:
            print(printable(made["token"]))
        return 0
    try:
        # Made first: a token that could not be kept would be lost.
        descriptor = os.open(options.out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        complain(f"{options.out} exists already, and is not overwritten")
        return 1
    with os.fdopen(descriptor, "w") as file:
        try:
            made = _made(options)
        except BaseException:
            options.out.unlink()
            raise
        print(made.pop("token"), file=file)
    if options.output == "json":
        print_json(made)
    say(f"it is in {options.out}, and nowhere else; use it as KELPIE_TOKEN")
    return 0


def _made(options: argparse.Namespace) -> dict[str, Any]:
    """A new token; `token` is its secret."""
    if options.offline is None:
        return with_host(
            options,
            lambda client: client.create_token(
                options.name,
                options.role,
                namespace=options.namespace,
                lifetime_s=options.expires,
                requests_per_second_max=options.requests_per_second,
                body_bytes_max=options.body_bytes,
            ),
        )
    return _offline(options.offline, lambda door: door.create(options))


def _has_store(data: Path) -> bool:
    """Complains if there is none: nobody means to leave the real one open to all."""
    if (data / FILE_NAME).exists():
        return True
    complain(
        f"there is no store in {data.absolute()}",
        "try: the directory from which the host serves (`kelpie serve --data`); `kelpie token "
        "create --new` makes one",
    )
    return False


def list_tokens(options: argparse.Namespace) -> int:
    found = with_host(options, Client.tokens)
    if options.output == "json":
        print_json(found)
        return 0
    if not found:
        say("there are no tokens: everybody who reaches the host can do everything")
        return 0
    rows = [
        (
            each["name"],
            "+".join(each["roles"]),
            each["namespace"] or "(all)",
            each["expires_at"] or "never",
            _or_dash(each["requests_per_second_max"]),
            _or_dash(each["body_bytes_max"]),
            each["created_at"],
            each["created_by"],
        )
        for each in found
    ]
    head = ("NAME", "ROLES", "NAMESPACE", "EXPIRES", "A SECOND", "BODY BYTES", "CREATED", "BY")
    print_table(head, rows)
    return 0


def revoke(options: argparse.Namespace) -> int:
    if options.offline is None:
        with_host(options, lambda client: client.revoke_token(options.name))
        _tell_revoked(options)
        return 0
    if not _has_store(options.offline):
        return 1
    are_left = _offline(options.offline, lambda door: door.revoke(options.name))
    _tell_revoked(options)
    if not are_left:
        complain("that was the last one: whoever reaches the host can do everything again")
    return 0


def _tell_revoked(options: argparse.Namespace) -> None:
    if options.output == "json":
        print_json({"name": options.name, "revoked": True})
    else:
        print(f"revoked {options.name}")


def audit(options: argparse.Namespace) -> int:
    page = with_host(
        options, lambda client: client.audit(before=options.before, limit=options.limit)
    )
    if options.output == "json":
        print_json(page)
        return 0
    rows = [
        (
            str(each["number"]),
            each["at"],
            each["principal"],
            each["source"],
            each["action"],
            each["subject"],
            each["namespace"] or "",
            each["outcome"],
            each["detail"],
        )
        for each in page["entries"]
    ]
    head = ("NO", "AT", "WHO", "FROM", "ACTION", "WHAT", "NAMESPACE", "OUTCOME", "DETAIL")
    print_table(head, rows)
    if page["damaged"]:
        numbers = ", ".join(map(str, page["damaged"]))
        complain(f"damaged, and left out: {numbers}; restore them from a backup")
    if page["more"]:
        say(f"there are more: --before {page['before']}")
    return 0


class _Offline:
    """The tokens in a data directory from which no host serves."""

    def __init__(self, env: RealEnv, tokens: Tokens, audit: AuditLog) -> None:
        self._env = env
        self._tokens = tokens
        self._audit = audit

    async def create(self, options: argparse.Namespace) -> dict[str, Any]:
        secret, now_ns = new_secret(self._env), self._env.wall_ns()
        lifetime_s = options.expires
        token = Token(
            options.name,
            digest_of(secret),
            frozenset(map(Role, options.role)),
            options.namespace,
            now_ns,
            _OFFLINE,
            None if lifetime_s is None else now_ns + lifetime_s * _NS_PER_S,
            options.requests_per_second,
            options.body_bytes,
        )
        change = self._change("token create", options.name)
        await _seen_through(change, self._tokens.add(token, change.witness))
        return {**token_view(token), "token": secret}

    async def revoke(self, name: str) -> bool:
        """Whether there are any left."""
        change = self._change("token revoke", name)
        revoking = self._tokens.revoke(name, change.witness, force=True)
        await _seen_through(change, revoking)
        return self._tokens.required

    def _change(self, action: str, name: str) -> Change:
        env = self._env
        entry = AuditEntry(
            env.wall_ns(), _OFFLINE, "offline", action, None, name, "", "", env.new_id()
        )
        return Change(self._audit, entry)


async def _seen_through(change: Change, work: Awaitable[None]) -> None:
    """Has the audit log know of it also where it is refused."""
    try:
        await work
    except KelpieError as error:
        await change.end(error.code)
        raise


def _offline(data: Path, work: Callable[[_Offline], Awaitable[Result]]) -> Result:
    limits, directory = DEFAULT_LIMITS, data.absolute()

    def stopped(error: StoreStopped) -> None:
        say(f"kelpie: {error.message}")

    async def with_store(env: RealEnv) -> Result:
        store = await open_store(env, directory, stopped, limits)
        try:
            await check_format(env, store, limits)
            tokens = Tokens(env, store, limits)
            await tokens.open()
            return await work(_Offline(env, tokens, AuditLog(env, store, limits)))
        finally:
            await store.close()

    with unmade_on_failure(directory):
        return real.run(with_store, lambda what, error: say(f"kelpie: {what}: {error}"))


def _or_dash(value: Any) -> str:
    return "-" if value is None else str(value)
