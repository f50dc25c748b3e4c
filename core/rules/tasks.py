"""Manual tasks: how soon they are due, and when to remind."""

from __future__ import annotations

from datetime import datetime, timedelta

from core.values.states import TaskKind

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
