"""Putting tasks off, by words, where the reader is; and whom a reminder is for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from core.errors import Invalid
from core.rules import tasks

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "wait"),
    [("2h", 2 * 60), ("30m", 30), ("90 min", 90), ("1 hour", 60), ("3 days", 3 * 24 * 60), ("1d", 24 * 60), (" 2 H ", 120)],
)
def test_waits_are_read_as_people_write_them(said: str, wait: int) -> None:
    assert tasks.until(said, NOON, "UTC") == NOON + timedelta(minutes=wait)


def test_tonight_and_tomorrow_are_the_readers() -> None:
    assert tasks.until("tonight", NOON, "America/New_York") == datetime(2026, 11, 25, 1, 0, tzinfo=UTC)
    assert tasks.until("Tomorrow", NOON, "Europe/Madrid") == datetime(2026, 11, 25, 8, 0, tzinfo=UTC)
    assert tasks.until("tomorrow", datetime(2026, 3, 28, 12, 0, tzinfo=UTC), "Europe/Madrid") == datetime(2026, 3, 29, 7, 0, tzinfo=UTC)


@pytest.mark.parametrize("said", ["", "later", "0h", "31 days", "-2h", "2 weeks", "h"])
def test_what_is_no_wait_says_what_is(said: str) -> None:
    with pytest.raises(Invalid, match="Say for how long"):
        tasks.until(said, NOON, "UTC")


def test_in_the_evening_tonight_is_over() -> None:
    with pytest.raises(Invalid, match="evening"):
        tasks.until("tonight", NOON + timedelta(hours=9), "UTC")


def test_a_reminder_is_for_who_has_the_task_until_it_is_hours_late() -> None:
    assert [tasks.whom("ann", given) for given in range(4)] == ["ann", "ann", None, None]
    assert tasks.whom(None, 0) is None
