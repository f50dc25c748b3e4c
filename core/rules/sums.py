"""Sums of sales. Unknown is not zero: what is not known is left out of a sum and counted. All amounts are minor units of one currency."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypeVar

from core.errors import Invalid
from core.words import Told

_Key = TypeVar("_Key", bound=Hashable)
FIRST, LONGEST = date(2000, 1, 1), timedelta(days=3660)


@dataclass(frozen=True, slots=True)
class Sold:
    """One line of an order: its price for all its units, its part of the order's fees, what those units had cost."""

    day: date
    channel: str
    item: int | None
    title: str
    quantity: int
    currency: str
    price: int
    fees: int | None
    cost: int | None


@dataclass(frozen=True, slots=True)
class Sum:
    """`no_fees` and `no_cost` count the lines whose fees or cost are not known: `net` is too high by them."""

    lines: int = 0
    quantity: int = 0
    price: int = 0
    fees: int = 0
    cost: int = 0
    no_fees: int = 0
    no_cost: int = 0

    @property
    def net(self) -> int:
        return self.price - self.fees - self.cost


def total(rows: Iterable[Sold]) -> Sum:
    rows = list(rows)
    return Sum(
        lines=len(rows), quantity=sum(row.quantity for row in rows), price=sum(row.price for row in rows),
        fees=sum(row.fees or 0 for row in rows), cost=sum(row.cost or 0 for row in rows),
        no_fees=sum(row.fees is None for row in rows), no_cost=sum(row.cost is None for row in rows),
    )  # fmt: skip


def grouped(rows: Iterable[Sold], key: Callable[[Sold], _Key]) -> dict[_Key, Sum]:
    """Sums by a key, which add up to the sum of all."""
    parts: dict[_Key, list[Sold]] = {}
    for row in rows:
        parts.setdefault(key(row), []).append(row)
    return {name: total(some) for name, some in parts.items()}


def shared(amount: int, weights: Sequence[int]) -> list[int]:
    """An amount parted by weight, exactly: what rounding leaves over goes to the largest remainders, the first ones first."""
    whole = sum(weights)
    if whole <= 0:
        return [amount, *[0] * (len(weights) - 1)] if weights else []
    parts = [amount * weight // whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda place: (-(amount * weights[place] % whole), place))
    for place in by_remainder[: amount - sum(parts)]:
        parts[place] += 1
    return parts


def period_of(text: str, today: date) -> tuple[date, date]:
    """The first and the last day of "week" (the last seven), "month" (thirty), "year", "today", "yesterday", "2026-10", "2026-10-12" or
    two such days. Raises `Invalid` with what to type."""
    days = {"": 7, "week": 7, "month": 30, "quarter": 91, "year": 365, "today": 1}
    words = [word for word in text.strip().lower().replace("..", " ").split() if word not in ("this", "last", "to", "until", "-", "from")]
    name = " ".join(words)
    if name in days:
        return today - timedelta(days=days[name] - 1), today
    if name == "yesterday":
        return today - timedelta(days=1), today - timedelta(days=1)
    ends = [_days_of(word, text) for word in words]
    if len(ends) not in (1, 2):
        raise _no_period(text)
    first, last = ends[0][0], ends[-1][1]
    if first > last or first < FIRST or last - first > LONGEST:
        raise _no_period(text)
    return first, last


def _days_of(word: str, text: str) -> tuple[date, date]:
    found = re.fullmatch(r"(\d{4})-(\d{1,2})(?:-(\d{1,2}))?", word)
    try:
        if found is None:
            raise _no_period(text)
        year, month = int(found[1]), int(found[2])
        if found[3]:
            return date(year, month, int(found[3])), date(year, month, int(found[3]))
        following = date(year + month // 12, month % 12 + 1, 1)
        return date(year, month, 1), following - timedelta(days=1)
    except ValueError as error:
        raise _no_period(text) from error


def _no_period(text: str) -> Invalid:
    why = "I do not know the time “{text}”. Type week, month, year, 2026-10, or two days like 2026-10-01 2026-10-15."
    return Invalid(Told(why, text=text.strip()[:40]))


def steps_of(first: date, last: date) -> list[date]:
    """The days on which the bars of a period begin: each day, from five weeks on each Monday, from half a year on each month."""
    days = (last - first).days + 1
    if days <= 35:
        return [first + timedelta(days=day) for day in range(days)]
    if days <= 190:
        return [first, *(day for day in (first + timedelta(days=n) for n in range(1, days)) if day.weekday() == 0)]
    return [first, *(day for day in (first + timedelta(days=n) for n in range(1, days)) if day.day == 1)]


def step_of(day: date, steps: Sequence[date]) -> date:
    """The bar that a day belongs to: the last that begins by then."""
    return max(step for step in steps if step <= day)


def scale(values: Sequence[int]) -> list[int]:
    """Round values for a scale from the lowest to the highest of these, zero among them: three to five."""
    low, high = min(0, *values), max(0, *values)
    if low == high:
        return [0]
    step, width = 1, (high - low) / 4
    while step * 10 <= width:
        step *= 10
    step = next(step * times for times in (1, 2, 5, 10) if step * times >= width)
    return list(range(-(-low // step) * step, high + 1, step))
