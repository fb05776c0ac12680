"""A host, as seen by a program that calls its actors."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable, Mapping
from typing import Any, Unpack

from kelpie.api.deploy_terms import DeployTerms
from kelpie.api.durable_calls import DurableCalls
from kelpie.api.journal_calls import JournalCalls
from kelpie.api.message_calls import MessageCalls
from kelpie.api.payloads import JSON_TYPE
from kelpie.api.safe_calls import Asking
from kelpie.api.transport import quoted, with_query
from kelpie.api.typed.actor import Actor
from kelpie.api.typed.descriptions import Descriptions
from kelpie.ids import Payload

__all__ = ["Client"]


class Client(JournalCalls, MessageCalls, DurableCalls):
    """Calls one host over HTTP. Use it as an asynchronous context manager.

    Every method raises the KelpieError that the host answers with, or
    HostUnreachable. What an actor is asked to do is asked again, after every error
    with which that may help, until its `timeout`, and done once: see `SafeCalls`. An
    error of it has the id under which it was asked in `details["request_id"]`, or
    `request_id`. Nothing else is asked again.
    """

    def __init__(self, url: str, **options: Unpack[Asking]) -> None:
        super().__init__(url, **options)
        self._descriptions = Descriptions(self._fetch_kind, self._limits.client_kinds_max)

    def actor(self, kind: str, key: str, *, timeout: float | None = None) -> Actor:
        """An actor whose operations are methods: `await client.actor("counter",
        "alice").add(amount=5)`. Each may take `timeout` seconds. Asks nobody yet."""
        return Actor(self, self._descriptions, kind, key, timeout)

    async def _fetch_kind(self, kind: str, until_ns: int) -> dict[str, Any]:
        path = f"/v1/kinds/{quoted(kind)}"
        _, found = await self.ask_safely("GET", path, b"", None, until_ns=until_ns)
        view: dict[str, Any] = self.read_as("Kind", found)
        return view

    async def delete_actor(
        self,
        kind: str,
        key: str,
        *,
        force: bool = False,
        request_id: str | None = None,
        timeout: float | None = None,
    ) -> dict[str, Any]:
        """Deletes an actor's state and kv, in its turn and for good. `deleted` says
        whether it had any. Afterwards it is there again, empty, as soon as it is named.

        With a `request_id` it is done once: asked again, it does not delete what
        the actor has stored since. By `force` it goes also where what says who owns
        the actor, or how far it has come, is damaged.
        """
        path = f"/v1/actors/{quoted(kind)}/{quoted(key)}"
        path = with_query(path, force="true" if force else None)
        _, found = await self.ask_safely(
            "DELETE", path, b"", None, until_ns=self.until_ns(timeout), request_id=request_id
        )
        deleted: dict[str, Any] = self.read_as("DeletedActor", found)
        return deleted

    async def deploy(
        self,
        kind: str,
        upload: bytes,
        *,
        on_sent: Callable[[int], object] | None = None,
        **terms: Unpack[DeployTerms],
    ) -> dict[str, Any]:
        """Deploys a component, or a core module. `changed` says whether it is new,
        `changes` what it adds, removes and narrows, `shadow` what it does with recorded
        turns if it was tried on some. `on_sent` is told how many bytes are sent, as it
        goes on."""
        return await self._upload(kind, upload, on_sent, terms)

    async def check(
        self,
        kind: str,
        upload: bytes,
        *,
        on_sent: Callable[[int], object] | None = None,
        **terms: Unpack[DeployTerms],
    ) -> dict[str, Any]:
        """What `deploy` would answer, without deploying anything."""
        return await self._upload(kind, upload, on_sent, terms, check=True)

    async def versions(
        self, kind: str, *, before: int | None = None, limit: int | None = None
    ) -> tuple[list[dict[str, Any]], bool]:
        """A page of a kind's versions, newest first, and whether there are more:
        ask again with `before` set to the last number."""
        path = with_query(f"/v1/kinds/{quoted(kind)}/versions", before=before, limit=limit)
        page = await self.ask_older(path, "VersionPage", "versions", "number", before)
        return page["versions"], page["more"]

    async def version(self, kind: str, number: int) -> dict[str, Any]:
        """One version of a kind."""
        path = f"/v1/kinds/{quoted(kind)}/versions/{number}"
        return await self.ask_json("GET", path, "Version")

    async def roll_back(self, kind: str, to: int | None = None) -> dict[str, Any]:
        """Makes an older version current again, as a new version; without `to`, the
        newest that differs."""
        headers = {"Content-Type": JSON_TYPE}
        body = b"" if to is None else json.dumps({"version": to}).encode()
        path = f"/v1/kinds/{quoted(kind)}/current"
        return await self.ask_json("POST", path, "Deployed", body, headers)

    async def delete_kind(self, kind: str, *, force: bool = False) -> dict[str, Any]:
        """Deletes a kind with all its versions. Unless `force`, it is refused while
        actors of it hold state, kv, or records of requests that may yet be asked
        again; they are deleted as well."""
        path = with_query(f"/v1/kinds/{quoted(kind)}", force="true" if force else None)
        return await self.ask_json("DELETE", path, "Deleted")

    async def kinds(self) -> list[dict[str, Any]]:
        """What is deployed, by name."""
        answer = await self.ask_json("GET", "/v1/kinds", "Kinds")
        found: list[dict[str, Any]] = answer["kinds"]
        return found

    async def kind(self, kind: str) -> dict[str, Any]:
        """The current deploy of a kind."""
        return await self.ask_json("GET", f"/v1/kinds/{quoted(kind)}", "Kind")

    async def create_token(self, name: str, roles: list[str], **wishes: object) -> dict[str, Any]:
        """Makes a token. Its secret is the answer's `token`, and is never told again."""
        headers = {"Content-Type": JSON_TYPE}
        body = json.dumps({"name": name, "roles": roles, **wishes}).encode()
        return await self.ask_json("POST", "/v1/tokens", "NewToken", body, headers)

    async def tokens(self) -> list[dict[str, Any]]:
        """The tokens that there are, by name, without their secrets."""
        answer = await self.ask_json("GET", "/v1/tokens", "Tokens")
        found: list[dict[str, Any]] = answer["tokens"]
        return found

    async def revoke_token(self, name: str) -> dict[str, Any]:
        """Makes a token worth nothing."""
        return await self.ask_json("DELETE", f"/v1/tokens/{quoted(name)}", "Revoked")

    async def audit(self, *, before: int | None = None, limit: int | None = None) -> dict[str, Any]:
        """A page of the audit log: `entries`, newest first, the numbers of those that
        are `damaged`, and whether there are `more`: ask again with its `before`."""
        path = with_query("/v1/audit", before=before, limit=limit)
        return await self.ask_json("GET", path, "AuditPage")

    async def show(self, kind: str, key: str) -> dict[str, Any]:
        """What can be said of an actor without running it."""
        return await self.ask_json("GET", f"/v1/actors/{quoted(kind)}/{quoted(key)}", "Actor")

    async def trace(self, name: str) -> dict[str, Any]:
        """The `spans` of a trace that are known, in the order in which they were asked
        for. `name` is the `trace_id`, or the id of a request in it."""
        return await self.ask_json("GET", f"/v1/traces/{quoted(name)}", "Trace")

    async def config(self, kind: str) -> dict[str, str]:
        """What is set for a kind, by name."""
        shown = await self.ask_json("GET", f"/v1/kinds/{quoted(kind)}/config", "Config")
        found: dict[str, str] = shown["config"]
        return found

    async def secrets(self, kind: str) -> list[dict[str, Any]]:
        """The secrets of a kind, without their values."""
        shown = await self.ask_json("GET", f"/v1/kinds/{quoted(kind)}/secrets", "Secrets")
        found: list[dict[str, Any]] = shown["secrets"]
        return found

    async def change_config(self, kind: str, values: Mapping[str, str | None]) -> dict[str, Any]:
        """Sets what is given and unsets what is None, all by one new version of the
        kind. `changed` is false if all of it was so already."""
        path = f"/v1/kinds/{quoted(kind)}/config"
        return await self._change(path, "ConfigChanged", values)

    async def change_secrets(self, kind: str, values: Mapping[str, str | None]) -> dict[str, Any]:
        """As `change_config`. Nobody but the kind's actors reads them again."""
        path = f"/v1/kinds/{quoted(kind)}/secrets"
        return await self._change(path, "SecretsChanged", values)

    async def _change(
        self, path: str, shape: str, values: Mapping[str, str | None]
    ) -> dict[str, Any]:
        body = json.dumps(dict(values)).encode()
        return await self.ask_json("PATCH", path, shape, body, {"Content-Type": JSON_TYPE})

    async def _upload(
        self,
        kind: str,
        upload: bytes,
        on_sent: Callable[[int], object] | None,
        terms: DeployTerms,
        *,
        check: bool = False,
    ) -> dict[str, Any]:
        headers = {"Content-Type": "application/wasm"}
        # A flag that is not set is not told.
        told: dict[bool, str | None] = {True: "true", False: None}
        given: dict[str, Any] = {**terms, "check": check}
        wishes = {
            name: told[value] if isinstance(value, bool) else value for name, value in given.items()
        }
        path = with_query(f"/v1/kinds/{quoted(kind)}", **wishes)
        shape = "Checked" if check else "Deployed"
        return await self.ask_json("PUT", path, shape, upload, headers, on_sent=on_sent)

    async def actors(
        self, kind: str, *, prefix: str = "", after: str | None = None, limit: int | None = None
    ) -> dict[str, Any]:
        """One page of the actors of a kind that hold something, by key, behind
        `after`; the page's own `after` is where the next one begins, or None."""
        path = f"/v1/actors/{quoted(kind)}"
        path = with_query(path, prefix=prefix or None, after=after, limit=limit)
        return await self.ask_page(path, "ActorPage", after=after)

    async def state(self, kind: str, key: str) -> Payload:
        """An actor's state, as it is stored."""
        return await self._value(f"/v1/state/{quoted(kind)}/{quoted(key)}")

    async def kv_page(
        self,
        kind: str,
        key: str,
        *,
        prefix: str = "",
        after: str | None = None,
        limit: int | None = None,
        read: Callable[[bytes], Any] = json.loads,
    ) -> dict[str, Any]:
        """One page of an actor's kv, as `actors`. `read` is what reads its JSON, for
        whom numbers must not become floats."""
        path = f"/v1/kv/{quoted(kind)}/{quoted(key)}"
        path = with_query(path, prefix=prefix or None, after=after, limit=limit)
        return await self.ask_page(path, "KvPage", after=after, read=read)

    async def kv_entry(self, kind: str, key: str, entry: str) -> Payload:
        """One value of an actor's kv, as it is stored."""
        return await self._value(f"/v1/kv/{quoted(kind)}/{quoted(key)}/{quoted(entry)}")

    async def lines(
        self,
        kind: str | None = None,
        key: str | None = None,
        *,
        level: str | None = None,
        since: str | None = None,
        last: int | None = None,
        follow: bool = False,
    ) -> AsyncGenerator[dict[str, Any], None]:
        """What actors have logged of late: of every kind, of one, or of one actor.
        With `follow` also what they log from now on, until the host stops; an item
        `{"lost": n}` says how many lines came faster than they were read, and
        `{"ended": why}` is the last one if the token ends before.

        `since` is how long ago, as `10m`, or a time; `last` at most so many of
        those that there are."""
        path = with_query(
            "/v1/logs",
            kind=kind,
            key=key,
            level=level,
            since=since,
            last=last,
            follow="true" if follow else None,
        )
        async with self.asking("GET", path, b"", {}) as response:
            async for line in response.lines():
                if line:
                    yield self.read_as("LogLine", line)

    async def _value(self, path: str) -> Payload:
        content_type, body = await self.ask("GET", path, b"", {})
        return self.payload_of(content_type, body)
