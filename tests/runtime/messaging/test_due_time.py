"""When reminders are due: intervals, and cron through every change of a clock."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kelpie.limits import DEFAULT_LIMITS
from kelpie.runtime.messaging.due_time import first_due_ms, next_due_ms, why_never_due
from kelpie.wasm.schedule import Schedule

BERLIN = "Europe/Berlin"


def cron(expression: str, zone: str = "UTC") -> Schedule:
    return Schedule("cron", expression=expression, zone=zone)


def ms(moment: str, zone: str = "UTC") -> int:
    return int(datetime.fromisoformat(moment).replace(tzinfo=ZoneInfo(zone)).timestamp()) * 1_000


def times(schedule: Schedule, begin: str, count: int, zone: str = "UTC") -> list[str]:
    """The next times, in UTC, each found from the one before."""
    due = first_due_ms(schedule, ms(begin, zone))
    found = []
    for _ in range(count):
        assert due is not None
        found.append(datetime.fromtimestamp(due / 1_000, UTC).strftime("%m-%d %H:%M"))
        due = next_due_ms(schedule, due, due)
    return found


def test_a_daily_time_that_the_clock_skips_is_due_behind_the_gap() -> None:
    daily = cron("30 2 * * *", BERLIN)
    found = times(daily, "2026-03-28T00:00", 3, BERLIN)
    assert found == ["03-28 01:30", "03-29 01:00", "03-30 00:30"]


def test_a_daily_time_that_comes_twice_is_due_once() -> None:
    daily = cron("30 2 * * *", BERLIN)
    found = times(daily, "2026-10-24T12:00", 3, BERLIN)
    assert found == ["10-25 00:30", "10-26 01:30", "10-27 01:30"]


def test_what_is_due_every_half_hour_is_so_in_the_hour_that_comes_twice() -> None:
    often = cron("*/30 * * * *", BERLIN)
    found = times(often, "2026-10-25T01:45", 5, BERLIN)
    assert found == ["10-25 00:00", "10-25 00:30", "10-25 01:00", "10-25 01:30", "10-25 02:00"]


def test_zones_differ() -> None:
    assert times(cron("0 9 * * 1", "America/New_York"), "2026-01-01T00:00", 1) == ["01-05 14:00"]
    assert times(cron("0 9 * * 1", "Asia/Kolkata"), "2026-01-01T00:00", 1) == ["01-05 03:30"]


def test_a_day_that_is_rare() -> None:
    due = first_due_ms(cron("0 0 29 2 *"), ms("2026-01-01T00:00"))
    assert due == ms("2028-02-29T00:00")


@pytest.mark.parametrize(
    ("schedule", "why"),
    [
        (cron("* * * *"), "has 4 fields"),
        (cron("* * * * * *"), "has 6 fields"),
        (cron("61 * * * *"), "no cron expression"),
        (cron("0 0 31 2 *"), "no cron expression"),
        (cron("* * * * *", "Mars/Olympus"), "no time zone"),
        (cron("* * * * *", "../../etc/passwd"), "no time zone"),
        (cron("* * * * *", ""), "no time zone"),
        (Schedule("every-ms", 999), "reminder_period_ms_min"),
        (Schedule("every-ms", 2**63), "reminder_after_ms_max"),
        (Schedule("after-ms", 2**63), "reminder_after_ms_max"),
    ],
)
def test_what_is_wrong_is_said(schedule: Schedule, why: str) -> None:
    told = why_never_due(schedule, DEFAULT_LIMITS)
    assert told is not None
    assert why in told


@given(st.integers(1_000, 10**9), st.integers(0, 2**42), st.integers(-(2**42), 2**42))
def test_intervals_keep_their_beat(period: int, due: int, late: int) -> None:
    schedule = Schedule("every-ms", period)
    following = next_due_ms(schedule, due, due + late)
    assert following is not None
    assert following > max(due, due + late)
    assert (following - due) % period == 0
    assert following - period <= max(due, due + late)


@given(
    st.sampled_from(["* * * * *", "*/7 * * * *", "0 3 * * 1-5", "15 2 1 * *", "30 2 * * *"]),
    st.sampled_from([BERLIN, "UTC", "America/New_York", "Australia/Lord_Howe"]),
    st.integers(1_700_000_000_000, 1_900_000_000_000),
)
def test_cron_only_goes_forward(expression: str, zone: str, now: int) -> None:
    schedule = cron(expression, zone)
    first = first_due_ms(schedule, now)
    assert first is not None
    assert first > now - 1_000
    second = next_due_ms(schedule, first, first)
    assert second is not None
    assert second > first
