"""Dead letters and reminders over HTTP."""

from __future__ import annotations

import json
from http import HTTPStatus

from aiohttp import web

from kelpie.api.door import CHANGE
from kelpie.api.moments import told_moment
from kelpie.api.paths import Target, decode_segment, number_of
from kelpie.api.payloads import JSON_TYPE, value_type
from kelpie.api.responses import Handler, json_response, respond
from kelpie.api.views import value_members
from kelpie.errors import InvalidRequest
from kelpie.ids import Address, check_name
from kelpie.limits import Limits
from kelpie.runtime.messaging.dead_letter import DeadLetter
from kelpie.runtime.messaging.messages import Messages
from kelpie.runtime.messaging.reminder import Reminder
from kelpie.wasm.schedule import Schedule

__all__ = ["MessageHandlers"]

_NUMBER_MAX = (1 << 63) - 1
_NS_PER_MS = 1_000_000


class MessageHandlers:
    def __init__(self, messages: Messages, limits: Limits) -> None:
        self._messages = messages
        self._limits = limits
        self.handlers: dict[str, Handler] = {
            "list_receivers": self._list_receivers,
            "list_dead_letters": self._list_dead_letters,
            "retry_dead_letter": self._retry_dead_letter,
            "drop_dead_letter": self._drop_dead_letter,
            "list_reminders": self._list_reminders,
            "cancel_reminder": self._cancel_reminder,
        }

    async def _list_receivers(self, _request: web.BaseRequest, target: Target) -> web.Response:
        check_name("namespace", target.namespace, self._limits)
        kind, after = (target.parameters.get(name) for name in ("kind", "after"))
        if kind is not None:
            check_name("kind", kind, self._limits)
        page = await self._messages.with_dead_letters(
            target.namespace,
            kind,
            None if after is None else _receiver(after),
            target.number("limit", self._limits.receivers_page_entries_max)
            or self._limits.page_entries_default,
        )
        told = [each._asdict() for each in page.actors]
        last = f"{page.actors[-1].kind}/{page.actors[-1].key}" if page.more else None
        return json_response({"actors": told, "after": last})

    async def _list_dead_letters(self, _request: web.BaseRequest, target: Target) -> web.Response:
        limit = target.number("limit", self._limits.dead_letters_page_entries_max)
        page = await self._messages.dead_letters(
            self._address(target),
            target.number("after", _NUMBER_MAX),
            limit or self._limits.dead_letters_page_entries_max,
        )
        letters = b",".join(_dead_letter(number, each) for number, each in page.letters)
        body = b'{"letters":[%b],"after":%b}' % (letters, json.dumps(page.after).encode())
        return respond(HTTPStatus.OK, JSON_TYPE, body)

    async def _retry_dead_letter(self, _request: web.BaseRequest, target: Target) -> web.Response:
        reply = await self._messages.retry(self._address(target), _number(target))
        told = respond(HTTPStatus.OK, value_type(reply), reply.data)
        # What actors reply is the actors' own: no browser shall guess that it is a page.
        told.headers["X-Content-Type-Options"] = "nosniff"
        return told

    async def _drop_dead_letter(self, _request: web.BaseRequest, target: Target) -> web.Response:
        address, number = self._address(target), _number(target)
        await self._messages.drop(address, number)
        return json_response({**address._asdict(), "number": number, "dropped": True})

    async def _list_reminders(self, _request: web.BaseRequest, target: Target) -> web.Response:
        found = await self._messages.reminders(self._address(target))
        body = b'{"reminders":[%b]}' % b",".join(_reminder(*each) for each in found)
        return respond(HTTPStatus.OK, JSON_TYPE, body)

    async def _cancel_reminder(self, request: web.BaseRequest, target: Target) -> web.Response:
        address, name = self._address(target), decode_segment(target.segments[4])
        cancelled = await self._messages.cancel_reminder(address, name)
        if not cancelled:
            request[CHANGE].is_vain("there was none")
        return json_response({**address._asdict(), "name": name, "cancelled": cancelled})

    def _address(self, target: Target) -> Address:
        kind, key = map(decode_segment, target.segments[2:4])
        return Address.checked(target.namespace, kind, key, self._limits)


def _receiver(told: str) -> tuple[str, str]:
    kind, slash, key = told.partition("/")
    if not (kind and slash and key):
        raise InvalidRequest("after is the `after` of the page before, as in orders/7")
    return kind, key


def _number(target: Target) -> int:
    return number_of("number", decode_segment(target.segments[4]), _NUMBER_MAX)


def _dead_letter(number: int, letter: DeadLetter) -> bytes:
    told = {
        "number": number,
        "sender": letter.sender._asdict(),
        "operation": letter.operation,
        "sent_at": told_moment(letter.sent_ns),
        "died_at": told_moment(letter.died_ns),
        "attempts": letter.attempts,
        "code": letter.code,
        "rejection": letter.rejection,
        "message": letter.message,
    }
    return b'%b,"argument":{%b}}' % (json.dumps(told).encode()[:-1], value_members(letter.argument))


def _reminder(name: str, reminder: Reminder) -> bytes:
    told = {
        "name": name,
        "operation": reminder.operation,
        "schedule": _schedule(reminder.schedule),
        "missed": reminder.missed,
        "due_at": told_moment(reminder.due_ms * _NS_PER_MS),
        "fired": reminder.fired,
        "last_error": reminder.last_error,
    }
    argument = value_members(reminder.argument)
    return b'%b,"argument":{%b}}' % (json.dumps(told).encode()[:-1], argument)


def _schedule(schedule: Schedule) -> dict[str, object]:
    if schedule.sort == "cron":
        return {"cron": schedule.expression, "zone": schedule.zone}
    return {"after_ms" if schedule.sort == "after-ms" else "every_ms": schedule.ms}
