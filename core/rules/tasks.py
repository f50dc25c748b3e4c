"""Manual tasks: how soon they are due, when and whom to remind, and what putting off means."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from core.errors import Invalid
from core.values.states import TaskKind
from core.words import Told

DUE_IN = {
    (TaskKind.TAKE_DOWN, True): timedelta(hours=1),  # it sold elsewhere: the next buyer may come any minute
    (TaskKind.TAKE_DOWN, False): timedelta(hours=24),
    (TaskKind.LIST, False): timedelta(hours=24),
    (TaskKind.REVISE, False): timedelta(hours=12),
    (TaskKind.REVISE, True): timedelta(hours=1),
}

# After the deadline: at it, one hour later, four hours later, then every day.
_LADDER = (timedelta(0), timedelta(hours=1), timedelta(hours=4))


def deadline(kind: TaskKind, made_at: datetime, *, after_sale: bool) -> datetime:
    return made_at + DUE_IN.get((kind, after_sale), timedelta(hours=24))


def next_reminder(due: datetime, reminders: int) -> datetime:
    """When to remind again after `reminders` reminders were given."""
    if reminders < len(_LADDER):
        return due + _LADDER[reminders]
    return due + _LADDER[-1] + timedelta(days=reminders - len(_LADDER) + 1)


# After this many reminders a task is everybody's, whoever was asked to do it: it is overdue by four hours then.
ALONE = 2


def whom(assigned_to: str | None, reminders: int) -> str | None:
    """The member whom the next reminder is for, after `reminders` were given; None: all who look after the marketplace."""
    return assigned_to if reminders < ALONE else None


TONIGHT, TOMORROW = "tonight", "tomorrow"
_EVENING, _MORNING = 20, 9  # o'clock, where the reader is
_LONGEST = timedelta(days=30)
_WAIT = re.compile(r"(\d{1,4})\s*(m|min|mins|minutes?|h|hours?|d|days?)", re.I)
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


def is_evening(now: datetime, zone: str) -> bool:
    """Whether tonight has begun, so that it can be put off to tonight no more."""
    return now.astimezone(ZoneInfo(zone)).hour >= _EVENING


def until(text: str, now: datetime, zone: str) -> datetime:
    """Until when a task is put off by “2h”, “30m”, “3 days”, “tonight” or “tomorrow”. Raises `Invalid` with what to type."""
    said = " ".join(text.lower().split())
    there = now.astimezone(ZoneInfo(zone))
    if said == TONIGHT:
        if is_evening(now, zone):
            raise Invalid(Told("It is evening already. Say 2h or tomorrow."))
        return there.replace(hour=_EVENING, minute=0, second=0, microsecond=0).astimezone(UTC)
    if said == TOMORROW:
        return (there + timedelta(days=1)).replace(hour=_MORNING, minute=0, second=0, microsecond=0).astimezone(UTC)
    found = _WAIT.fullmatch(said)
    wait = int(found[1]) * _UNITS[found[2][0].lower()] if found else timedelta(0)
    if not timedelta(0) < wait <= _LONGEST:
        raise Invalid(Told("Say for how long: 30m, 2h, tonight, tomorrow, or up to {days} days.", days=_LONGEST.days))
    return now + wait
