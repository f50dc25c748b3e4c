"""Notices: how grave each type is, where it is told unless a member says otherwise, and when one waits or joins others.

The types and their severities are one table, `KINDS`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from zoneinfo import ZoneInfo

from core.errors import Invalid
from core.values.states import Severity
from core.words import N_, Told

EVERYWHERE: tuple[str, ...] = ("*",)
NOWHERE: tuple[str, ...] = ()  # in the list of notices only, and counted there

MINUTE = timedelta(minutes=1)
# What could not be told when it happened (quiet hours, a machine that was off) is told together.
LATE = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of notice. `one` and `many` say how many of them there are; `places` is where it is told at first.

    `card` is the view of a living card of the notice's subject that says the same: it is shown instead of the notice, and a chat
    that has it already is not told again. Of more than `most` a minute the rest are one card.
    """

    severity: Severity
    name: str
    one: str
    many: str
    places: tuple[str, ...] = EVERYWHERE
    card: str = ""
    most: int = 3


_INFO, _SUCCESS, _WARNING, _CRITICAL = Severity.INFO, Severity.SUCCESS, Severity.WARNING, Severity.CRITICAL

# A success is mostly seen where it was brought about, so it is told nowhere else at first. A sale's card and a critical notice are of
# use one by one, so up to ten of them come alone.
KINDS: Mapping[str, Kind] = MappingProxyType({
    "new_order": Kind(_INFO, N_("New orders"), N_("{count} order"), N_("{count} orders"), card="sale", most=10),
    "order_shipped": Kind(
        _SUCCESS, N_("Shipped orders"), N_("{count} order shipped"), N_("{count} orders shipped"), places=NOWHERE, card="sale"
    ),
    "listing_published": Kind(
        _SUCCESS, N_("Published listings"), N_("{count} listing published"), N_("{count} listings published"), places=NOWHERE, card="batch"
    ),
    "listing_sold": Kind(
        _SUCCESS, N_("Sold-out items"), N_("{count} item sold"), N_("{count} items sold"), places=NOWHERE, card="sale"
    ),
    "draft_ready": Kind(_SUCCESS, N_("Drafts that are ready"), N_("{count} draft ready"), N_("{count} drafts ready"), places=NOWHERE,
                        card="draft"),
    "channel_connected": Kind(_SUCCESS, N_("Connected channels"), N_("{count} channel connected"), N_("{count} channels connected")),
    "review_needed": Kind(_WARNING, N_("Things to look at"), N_("{count} thing to look at"), N_("{count} things to look at")),
    "low_stock": Kind(_WARNING, N_("Low stock"), N_("{count} item is running low"), N_("{count} items are running low")),
    "out_of_stock": Kind(_WARNING, N_("Out of stock"), N_("{count} item is out of stock"), N_("{count} items are out of stock")),
    "sync_conflict": Kind(
        _WARNING, N_("What does not match"), N_("{count} thing does not match"), N_("{count} things do not match"), most=10
    ),
    "refund_requested": Kind(_WARNING, N_("Refund requests"), N_("{count} refund requested"), N_("{count} refunds requested"), most=10),
    "channel_disconnected": Kind(
        _WARNING, N_("Disconnected channels"), N_("{count} channel disconnected"), N_("{count} channels disconnected")
    ),
    "manual_task_due": Kind(_WARNING, N_("Due tasks"), N_("{count} task is due"), N_("{count} tasks are due")),
    "undo_closing": Kind(
        _WARNING, N_("Undo closing"), N_("{count} thing can be undone a little longer"), N_("{count} things can be undone a little longer"),
        places=NOWHERE,
    ),
    "offer_received": Kind(_WARNING, N_("Offers"), N_("{count} offer"), N_("{count} offers"), most=10),
    "offer_expiring": Kind(_WARNING, N_("Expiring offers"), N_("{count} offer expires"), N_("{count} offers expire"), most=10),
    "budget_80": Kind(_WARNING, N_("Budgets at 80 %"), N_("{count} budget at 80 %"), N_("{count} budgets at 80 %")),
    "limit_80": Kind(_WARNING, N_("Limits at 80 %"), N_("{count} limit at 80 %"), N_("{count} limits at 80 %")),
    "delist_failed": Kind(
        _CRITICAL, N_("Failed take-downs"), N_("{count} listing may still be up"), N_("{count} listings may still be up"), most=10
    ),
    "oversell": Kind(_CRITICAL, N_("Oversold items"), N_("{count} item oversold"), N_("{count} items oversold"), card="oversell", most=10),
    "account_lost": Kind(_CRITICAL, N_("Lost accounts"), N_("{count} account lost"), N_("{count} accounts lost"), most=10),
    "account_silent": Kind(_CRITICAL, N_("Silent accounts"), N_("{count} account is silent"), N_("{count} accounts are silent"), most=10),
    "draft_failed": Kind(
        _CRITICAL, N_("Failed drafts"), N_("{count} draft failed"), N_("{count} drafts failed"), card="draft", most=10
    ),
    "system_alert": Kind(_CRITICAL, N_("Trouble"), N_("{count} alert"), N_("{count} alerts"), most=10),
})  # fmt: skip

# Things whose own living card says what a notice about them says, whatever its type.
LIVING: Mapping[str, str] = MappingProxyType({"difference": "difference"})

SEVERITIES: Mapping[Severity, str] = MappingProxyType(
    {Severity.INFO: N_("News"), Severity.SUCCESS: N_("Successes"), Severity.WARNING: N_("Warnings"), Severity.CRITICAL: N_("Critical")}
)


def card_of(type: str, subject_kind: str) -> str:
    """The view of the living card that says what a notice says; "" where there is none."""
    return KINDS[type].card or LIVING.get(subject_kind, "")


def chosen(notify: Mapping[str, Sequence[str]], type: str) -> tuple[str, ...]:
    """Where a member wants a type told, as surfaces (`EVERYWHERE`: all of theirs): what they said of the type, else of its severity,
    else what the table says. Of a critical one NOWHERE counts as nothing said."""
    kind = KINDS[type]
    for name in (type, kind.severity.value):
        said = notify.get(name)
        if said is not None and (said or kind.severity is not Severity.CRITICAL):
            return tuple(said)
    return kind.places


def places(notify: Mapping[str, Sequence[str]], type: str, reached: Collection[tuple[str, str]]) -> list[tuple[str, str]]:
    """The chats, as (surface, chat), in which a member is told a type. Where none of the surfaces they chose is linked any more, all
    their chats: a notice is not lost by that."""
    wanted = chosen(notify, type)
    if not wanted:
        return []
    there = [place for place in reached if wanted == EVERYWHERE or place[0] in wanted]
    return there or list(reached)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A copy that is due: its row's key, its type and when it happened."""

    key: str
    type: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Plan:
    """What becomes of what is due. `folds` are cards that stand for several: the type ("" for a mixture) and their keys."""

    held: tuple[str, ...]
    alone: tuple[str, ...]
    folds: tuple[tuple[str, tuple[str, ...]], ...]


def plan(waiting: Sequence[Waiting], *, now: datetime, quiet: bool, told: Mapping[str, int]) -> Plan:
    """Decide for one member. `told` counts what they were told of each type within the last minute.

    In quiet hours all but critical ones are held. Two or more that come late are one card; of one type no more than its `most` a minute
    come alone, and the rest are one card.
    """
    held = [one.key for one in waiting if quiet and not _critical(one)]
    open_now = [one for one in waiting if one.key not in set(held)]
    late = [one for one in open_now if now - one.at > LATE and not _critical(one)]
    late = late if len(late) > 1 else []
    alone: list[str] = []
    folds: list[tuple[str, tuple[str, ...]]] = [("", tuple(one.key for one in late))] if late else []
    together = {one.key for one in late}
    for type in sorted({one.type for one in open_now}):
        keys = [one.key for one in open_now if one.type == type and one.key not in together]
        room = max(0, KINDS[type].most - told.get(type, 0))
        alone += keys[:room]
        if keys[room:]:
            folds.append((type, tuple(keys[room:])))
    return Plan(tuple(held), tuple(alone), tuple(folds))


def _critical(one: Waiting) -> bool:
    return KINDS[one.type].severity is Severity.CRITICAL


def quiet_until(now: datetime, start: int | None, end: int | None, zone: str) -> datetime | None:
    """When the quiet hours end in which we are; None outside of them. `start` and `end` are minutes after midnight in the zone."""
    if start is None or end is None or start == end:
        return None
    there = now.astimezone(ZoneInfo(zone))
    minute = there.hour * 60 + there.minute
    inside = start <= minute < end if start < end else minute >= start or minute < end
    if not inside:
        return None
    at = there.replace(hour=end // 60, minute=end % 60, second=0, microsecond=0, fold=0)
    if minute >= end:
        at += timedelta(days=1)  # by the calendar: a night may have 23 or 25 hours
    return at.astimezone(now.tzinfo)


_TIME = re.compile(r"(\d{1,2})(?:[:.h](\d{2}))?\s*([ap]m?)?", re.I)


def minute_of(text: str) -> int:
    """Minutes after midnight, of "8", "8:00", "22.30" or "7 pm". Raises `Invalid` with what to type."""
    found = _TIME.fullmatch(text.strip())
    hour, minute = (int(found[1]), int(found[2] or 0)) if found else (99, 0)
    half = (found[3] or "").lower()[:1] if found else ""
    if half and not 1 <= hour <= 12:
        hour = 99
    elif half:
        hour = hour % 12 + (12 if half == "p" else 0)
    if hour > 23 or minute > 59:
        raise Invalid(Told("“{text}” is no time of day. Type it like 8:00 or 22:30.", text=text.strip()[:40]))
    return hour * 60 + minute


def hours_of(text: str) -> tuple[int, int]:
    """The two ends of "22:00-07:00". Raises `Invalid` with what to type."""
    ends = re.split(r"\s*(?:-|–|—|\bto\b|\buntil\b)\s*", text.strip())
    if len(ends) != 2:
        raise Invalid(Told("Type quiet hours like 22:00-07:00."))
    start, end = minute_of(ends[0]), minute_of(ends[1])
    if start == end:
        raise Invalid(Told("Quiet hours that end when they begin are none. Type them like 22:00-07:00."))
    return start, end


def said_minute(minute: int) -> str:
    """480 is `8:00`."""
    return f"{minute // 60}:{minute % 60:02}"
