"""Sums of sales. Unknown is not zero: what is not known is left out of a sum and counted. All amounts are minor units of one currency."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypeVar

from core.errors import Invalid
from core.rules.orders import OVER
from core.rules.profit import Earned
from core.values.states import OrderState
from core.words import N_, Told

_Key = TypeVar("_Key", bound=Hashable)
_NO_PERIOD = N_("I do not know the time “{text}”. Type week, month, year, 2026, 2026-10, or two days like 2026-10-01 2026-10-15.")
FIRST, LONGEST = date(2000, 1, 1), timedelta(days=3660)


@dataclass(frozen=True, slots=True)
class Sold:
    """One line of an order: what was sold, of which item (its number, None where it is not known), and what it earned. `order` is our
    number of the order, `number` the marketplace's."""

    day: date
    channel: str
    item: int | None
    title: str
    quantity: int
    currency: str
    earned: Earned
    order: int = 0
    number: str = ""
    sku: str = ""
    state: OrderState = OrderState.CONFIRMED
    paid: bool = True

    @property
    def over(self) -> bool:
        """Whether it is no sale any more. What it earned or cost all the same still counts."""
        return self.state in OVER


@dataclass(frozen=True, slots=True)
class Sum:
    """`about` is how much of the fees is an estimate. `no_fees`, `no_label` and `no_cost` count the lines of which these are not known:
    `net` is too high by them."""

    lines: int = 0
    quantity: int = 0
    price: int = 0
    shipping: int = 0
    tax: int = 0
    refunded: int = 0
    fees: int = 0
    about: int = 0
    label: int = 0
    cost: int = 0
    no_fees: int = 0
    no_label: int = 0
    no_cost: int = 0

    @property
    def net(self) -> int:
        return self.price + self.shipping - self.tax - self.refunded - self.fees - self.label - self.cost

    @property
    def lacks(self) -> bool:
        """Whether something is not known."""
        return bool(self.no_fees or self.no_label or self.no_cost)


def total(rows: Iterable[Sold]) -> Sum:
    rows = list(rows)
    made = [row.earned for row in rows]
    return Sum(
        lines=len(rows), quantity=sum(row.quantity for row in rows), price=sum(one.price for one in made),
        shipping=sum(one.shipping for one in made), tax=sum(one.tax for one in made), refunded=sum(one.refunded for one in made),
        fees=sum(one.fees or 0 for one in made), about=sum(one.fees or 0 for one in made if one.about),
        label=sum(one.label or 0 for one in made), cost=sum(one.cost or 0 for one in made),
        no_fees=sum(one.fees is None for one in made), no_label=sum(one.label is None for one in made),
        no_cost=sum(one.cost is None for one in made),
    )  # fmt: skip


def grouped(rows: Iterable[Sold], key: Callable[[Sold], _Key]) -> dict[_Key, Sum]:
    """Sums by a key, which add up to the sum of all."""
    parts: dict[_Key, list[Sold]] = {}
    for row in rows:
        parts.setdefault(key(row), []).append(row)
    return {name: total(some) for name, some in parts.items()}


def period_of(text: str, today: date) -> tuple[date, date]:
    """The first and the last day of "week" (the last seven), "month" (thirty), "year", "today", "yesterday", "2026", "2026-10",
    "2026-10-12" or two such days. Raises `Invalid` with what to type."""
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
    found = re.fullmatch(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?", word)
    try:
        if found is None:
            raise _no_period(text)
        if not found[2]:
            return date(int(found[1]), 1, 1), date(int(found[1]), 12, 31)
        year, month = int(found[1]), int(found[2])
        if found[3]:
            return date(year, month, int(found[3])), date(year, month, int(found[3]))
        following = date(year + month // 12, month % 12 + 1, 1)
        return date(year, month, 1), following - timedelta(days=1)
    except ValueError as error:
        raise _no_period(text) from error


def _no_period(text: str) -> Invalid:
    return Invalid(Told(_NO_PERIOD, text=text.strip()[:40]))


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
