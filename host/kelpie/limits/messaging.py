"""The limits of actors that talk to each other."""

from __future__ import annotations

from dataclasses import dataclass

from kelpie.limits.components import ComponentLimits
from kelpie.limits.limit import KIB, MIB, limit

__all__ = ["MessagingLimits"]


@dataclass(frozen=True, slots=True, kw_only=True, init=False, repr=False, eq=False)
class MessagingLimits(ComponentLimits):
    """Those of `Limits` that are about messages between actors."""

    # Calls.
    call_key_bytes_max: int = limit(
        256, "the key that a guest gives a call; `guest-limit-exceeded`"
    )
    call_chain_actors_max: int = limit(
        32, "actors that wait for each other, the last one's callee included; the call fails"
    )
    call_margin_ms_max: int = limit(
        500,
        "time that a call leaves its caller before the caller's own deadline; a tenth of what is "
        "left if that is less",
    )
    call_retry_ms: int = limit(
        5, "pause before a call is tried again; it doubles with each attempt"
    )
    call_retry_ms_max: int = limit(500, "such a pause at the longest")
    calls_waiting_max: int = limit(
        20_000, "calls between actors that wait in the host; further ones are tried again later"
    )

    # Messages that nobody waits for.
    turn_sends_max: int = limit(1_000, "messages that a turn sends; `guest-limit-exceeded`")
    send_delay_ms_max: int = limit(
        366 * 86_400_000, "delay of a message; the guest gets `failure.failed`"
    )
    outbox_letters_max: int = limit(
        10_000,
        "messages of an actor that are not yet delivered; the guest gets `failure.unavailable`",
    )
    outbox_bytes_max: int = limit(32 * MIB, "... and their bytes; as above")
    outbox_count_ms_min: int = limit(
        100, "time between two counts of an outbox that is full; until then it stays full"
    )
    outboxes_open_max: int = limit(
        500, "actors whose messages are being delivered at once; those of others wait in the store"
    )
    outbox_page_letters_max: int = limit(200, "messages of an outbox that are read at once")
    outbox_page_bytes_max: int = limit(1 * MIB, "... and their bytes, but one message at the least")
    outbox_cleared_letters_max: int = limit(
        200, "delivered messages that are taken out of an outbox at once"
    )
    outbox_sweep_ms: int = limit(
        30_000, "time between two looks at which outboxes hold something; else one is told"
    )
    letters_in_flight_max: int = limit(
        4_000, "messages that are being delivered at once; others wait in the store"
    )
    letters_in_flight_bytes_max: int = limit(64 * MIB, "... and their bytes, about")
    letter_deadline_ms: int = limit(
        60_000, "time for one attempt to deliver a message, its turn included; then it is retried"
    )
    letter_retry_ms_min: int = limit(50, "pause after a first failed attempt; it doubles each time")
    letter_retry_ms_max: int = limit(30_000, "the longest pause between two attempts")
    letter_attempts_max: int = limit(
        5_000, "attempts of one host to deliver a message; then it is a dead letter"
    )
    letter_trying_ms_max: int = limit(
        86_400_000, "time for which a host tries to deliver it; then it is a dead letter"
    )
    dead_letters_max: int = limit(
        1_000, "dead letters kept by an actor; beyond it messages wait and are retried"
    )
    dead_letters_bytes_max: int = limit(32 * MIB, "... and their bytes; as above")
    dead_letters_page_entries_max: int = limit(
        100, "dead letters in a page of a listing; `invalid-request`"
    )
    dead_letters_page_bytes_max: int = limit(4 * MIB, "... and their bytes, about; more follow")
    receivers_page_entries_max: int = limit(
        1_000, "actors in a page of those that have dead letters; `invalid-request`"
    )
    cursors_cached_max: int = limit(
        256, "senders whose cursor an active actor keeps in memory; others are read anew"
    )

    # Reminders.
    reminders_max: int = limit(100, "reminders of an actor; the guest gets `failure.failed`")
    reminder_name_bytes_max: int = limit(
        128, "the name of a reminder in UTF-8; `guest-limit-exceeded`"
    )
    reminder_argument_bytes_max: int = limit(
        64 * KIB, "the argument of a reminder's turn; `guest-limit-exceeded`"
    )
    reminder_period_ms_min: int = limit(
        1_000, "the time between two turns of a reminder; the guest gets `failure.failed`"
    )
    reminder_after_ms_max: int = limit(
        10 * 366 * 86_400_000,
        "the time until a reminder is due, or between two times; the guest gets `failure.failed`",
    )
    reminder_cron_bytes_max: int = limit(
        256, "a cron expression, and a time zone's name; `guest-limit-exceeded`"
    )
    reminder_late_ms_max: int = limit(
        60_000, "how late a reminder may fire; beyond it the time was missed"
    )
    due_in_flight_max: int = limit(
        1_000, "reminders and delayed messages that are handled at once; others wait in the store"
    )
    due_put_off_max: int = limit(
        10_000, "... that could not be handled and wait in memory; others are tried at once"
    )
    due_poll_ms: int = limit(
        1_000, "how late a host notices at the most that its clock was put forward"
    )
    due_rows_at_once_max: int = limit(200, "rows of what is due that are read at once")
    delayed_sent_at_once_max: int = limit(
        100, "delayed messages of an actor that leave in one turn; others leave in another"
    )
    delayed_sent_at_once_bytes_max: int = limit(1 * MIB, "... and their bytes; as above")
