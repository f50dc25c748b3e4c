"""What was sold and what was earned: figures as text, and a chart of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from bot.chat.cards import earnings
from bot.chat.cards.parts import Easel, say
from core.flows import sums as flow
from core.flows.sums import Period
from core.money import Money
from core.rules import sums
from core.rules.sums import Sold, Sum
from core.values.card import Button, Card, Line
from core.values.chart import Bar, Chart
from core.words import N_, _, ngettext, speech

CHARTS = 2  # currencies with a chart of their own; the others are figures only
BARS = 8  # items or channels on a chart; the others are summed up
SHOWN = 12  # and in figures
WAYS: dict[str, tuple[str, Callable[[Sold], object]]] = {
    "item": (N_("Earned by item"), lambda row: (row.item, row.title)),
    "channel": (N_("Earned by channel"), lambda row: row.channel),
    "month": (N_("Earned by month"), lambda row: row.day.replace(day=1)),
}


def subject_of(first: date, last: date, channels: tuple[str, ...], way: str = "") -> str:
    """What a card of sums is about: `item|2026-11-01|2026-11-30|ebay,shopify`."""
    return "|".join((way, first.isoformat(), last.isoformat(), ",".join(channels)))


async def _asked(easel: Easel, subject: str) -> tuple[str, date, date, Period]:
    way, first_text, last_text, channels = subject.split("|")
    first, last = date.fromisoformat(first_text), date.fromisoformat(last_text)
    start, end = flow.bounds(first, last, easel.timezone)
    chosen = tuple(one for one in channels.split(",") if one)
    return way, first, last, await flow.sold_between(easel.session, easel.workspace.id, start, end, easel.timezone, chosen)


async def sales(easel: Easel, subject: str) -> Card:
    """How much was sold, bar by bar."""
    _way, first, last, period = await _asked(easel, subject)
    title = _("Sold: {period}").format(period=of_days(first, last))
    lines: list[Line] = []
    for place, currency in enumerate(period.currencies):
        rows = [row for row in period.sold if row.currency == currency]
        lines += _sold_lines(easel, rows, currency)
        if place < CHARTS:
            easel.charts.append(_sales_chart(title, rows, currency, first, last))
    buttons = (
        (say(_("Week"), "/sales week"), say(_("Month"), "/sales month"), say(_("Year"), "/sales year")),
        (say(_("What was earned"), f"/profit item {first} {last}"),),
    )
    return _card(title, lines, period, buttons, ("sales", subject))


def _sold_lines(easel: Easel, rows: list[Sold], currency: str) -> list[Line]:
    whole = sums.total(rows)
    orders = ngettext("{count} item", "{count} items", whole.quantity).format(count=whole.quantity)
    lines = [Line(_("Sold"), Money(whole.price, currency).here(), orders, "good")]
    by_channel = sums.grouped(rows, lambda row: row.channel)
    if len(by_channel) > 1:
        for channel, part in sorted(by_channel.items(), key=lambda one: -one[1].price):
            lines.append(Line(easel.channel(channel), Money(part.price, currency).here(), str(part.quantity)))
    return lines


def _sales_chart(title: str, rows: list[Sold], currency: str, first: date, last: date) -> Chart:
    steps = sums.steps_of(first, last)
    amounts = dict.fromkeys(steps, 0)
    for row in rows:
        amounts[sums.step_of(row.day, steps)] += row.earned.price
    monthly = len(steps) > 1 and (steps[-1] - steps[0]).days > 190
    bars = tuple(Bar(_month(step) if monthly else _day(step), amount, _short(amount, currency)) for step, amount in amounts.items())
    ticks = tuple((tick, _short(tick, currency)) for tick in sums.scale([bar.value for bar in bars]))
    best = max(bars, key=lambda bar: bar.value)
    alt = _("Chart of what was sold: {total} in all, most in {when}, {amount}.")
    total = Money(sum(amounts.values()), currency).here()
    return Chart(title, bars, ticks, alt=alt.format(total=total, when=best.label, amount=Money(best.value, currency).here()))


async def profit(easel: Easel, subject: str) -> Card:
    """What was earned: what came in, less what is known of what went out. Orders whose money went back count with what they cost."""
    way, first, last, period = await _asked(easel, subject)
    name, key = WAYS[way]
    title = f"{_(name)}: {of_days(first, last)}"
    lines: list[Line] = []
    for place, currency in enumerate(flow.currencies(period.rows)):
        rows = [row for row in period.rows if row.currency == currency]
        lines += earnings.of_time(sums.total(rows), currency)
        parts = sums.grouped(rows, key)
        ordered = sorted(parts.items(), key=(lambda one: str(one[0])) if way == "month" else (lambda one: (-one[1].net, str(one[0]))))
        named = [(_called(easel, way, one), part) for one, part in ordered]
        lines += _part_lines(named, currency)
        if place < CHARTS:
            easel.charts.append(_profit_chart(title, named, currency))
    others = tuple(say(_(WAYS[one][0]), f"/profit {one} {first} {last}") for one in WAYS if one != way)
    return _card(title, lines, period, (others, (say(_("What was sold"), f"/sales {first} {last}"),)), ("profit", subject))


def _part_lines(named: list[tuple[str, Sum]], currency: str) -> list[Line]:
    lines = [Line(name, Money(part.net, currency).here(), earnings.lacking(part)) for name, part in named[:SHOWN]]
    if len(named) > SHOWN:
        left = named[SHOWN:]
        more = ngettext("{count} more", "{count} more", len(left)).format(count=len(left))
        lines.append(Line(more, Money(sum(part.net for _name, part in left), currency).here()))
    return lines


def _profit_chart(title: str, named: list[tuple[str, Sum]], currency: str) -> Chart:
    bars = [Bar(name, part.net, Money(part.net, currency).here()) for name, part in named[:BARS]]
    if len(named) > BARS:
        rest = sum(part.net for _name, part in named[BARS:])
        bars.append(Bar(_("All others"), rest, Money(rest, currency).here()))
    alt = _("Chart of what was earned: {total} in all.").format(total=Money(sum(part.net for _n, part in named), currency).here())
    return Chart(title, tuple(bars), lying=True, alt=alt)


def _called(easel: Easel, way: str, key: object) -> str:
    if way == "channel":
        return easel.channel(str(key))
    if way == "month":
        assert isinstance(key, date)
        return _month(key)
    assert isinstance(key, tuple)
    number, title = key
    return _("{number}: {title}").format(number=number, title=title) if number is not None else str(title)


def _card(title: str, lines: list[Line], period: Period, buttons: tuple[tuple[Button, ...], ...], subject: tuple[str, str]) -> Card:
    said = ["" if lines else _("Nothing was sold then."), *_left_out(period, given_back=subject[0] == "sales"), _unpaid(period)]
    return Card(title, " ".join(part for part in said if part), tuple(lines), buttons=buttons, subject=subject)


def _left_out(period: Period, *, given_back: bool) -> list[str]:
    """What is not in the sums. What was given back is not, where sales are counted; it is in what was earned."""
    cancelled, refunded = period.cancelled, period.refunded if given_back else 0
    return [
        ngettext("{count} cancelled order is not counted.", "{count} cancelled orders are not counted.", cancelled).format(count=cancelled)
        if cancelled
        else "",
        ngettext("{count} refunded order is not counted.", "{count} refunded orders are not counted.", refunded).format(count=refunded)
        if refunded
        else "",
    ]


def _unpaid(period: Period) -> str:
    """What is counted already, although nobody has paid for it yet."""
    if not period.unpaid:
        return ""
    return ngettext(
        "{count} order is counted that is not paid yet.", "{count} orders are counted that are not paid yet.", period.unpaid
    ).format(count=period.unpaid)


def of_days(first: date, last: date) -> str:
    """A time as people read it."""
    if first == last:
        return _day(first)
    begin, end = (_day(day) if first.year == last.year else f"{_day(day)} {day.year}" for day in (first, last))
    return _("{first} to {last}").format(first=begin, last=end)


def _day(day: date) -> str:
    return speech().day(datetime(day.year, day.month, day.day, tzinfo=UTC))


def _month(day: date) -> str:
    return f"{day.year}-{day.month:02}"


def _short(amount: int, currency: str) -> str:
    """Without cents, which a bar has no room for."""
    money = Money(amount, currency)
    whole = money.decimal().to_integral_value()
    said = Money(int(whole.scaleb(len(money.wire().partition(".")[2]))), currency).here()
    return said.replace(".00", "").replace(",00", "") if amount else "0"


def today(easel: Easel) -> date:
    """The day that it is where the reader lives."""
    return easel.house.db.now().astimezone(ZoneInfo(easel.timezone)).date()
