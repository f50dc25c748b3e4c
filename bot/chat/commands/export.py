"""Files for whoever does the books."""

from __future__ import annotations

from datetime import date, timedelta

from bot.chat.cards import earnings
from bot.chat.cards import money as cards
from bot.chat.cards.parts import say
from bot.chat.commands.money import TOPIC
from bot.chat.context import Context, Offer
from bot.chat.registry import Rest, command
from core.flows import sums as flow
from core.rules import sums
from core.rules.access import Ability
from core.values.card import Card, CardFile, Line
from core.words import N_, _, ngettext

_FILES = {
    "sales": "sales", "sale": "sales", "sold": "sales", "ventas": "sales", "stock": "stock", "items": "stock", "inventory": "stock",
    "existencias": "stock", "inventario": "stock",
}  # fmt: skip


@command(
    "export",
    N_("A file for your accountant: sales, or what you have"),
    "/export sales 2026-10",
    needs=Ability.EXPORT,
    topic=TOPIC,
    details=N_("A table (CSV) for spreadsheets: /export sales and a time as in /sales, or /export stock. Nothing of buyers is in it."),
)
async def export(ctx: Context, words: Rest) -> None:
    word, _space, rest = words.strip().partition(" ")
    what, today = _FILES.get(word.lower()), cards.today(ctx.easel())
    if what == "stock" and not rest.strip():
        file = CardFile(f"stock-{today}.csv", "stock", "", ctx.person.member_id)
        await ctx.say(Card(_("What you have"), _("Each item with what it cost and how many there are."), files=(file,)))
    elif what == "sales":
        await ctx.say(await _sales(ctx, *sums.period_of(rest or "month", today)))
    else:
        raise Offer(_which(today))


def _which(today: date) -> Card:
    times = [f"{today:%Y-%m}", f"{today.replace(day=1) - timedelta(days=1):%Y-%m}", f"{today:%Y}"]
    sales = tuple(say(_("Sales of {time}").format(time=time), f"/export sales {time}") for time in times)
    return Card("/export", _("What should be in the file?"), buttons=(sales, (say(_("What you have"), "/export stock"),)))


async def _sales(ctx: Context, first: date, last: date) -> Card:
    """What its rows add up to is on the card: the same that /profit says."""
    zone = ctx.easel().timezone
    start, end = flow.bounds(first, last, zone)
    period = await flow.sold_between(ctx.session, ctx.person.workspace_id, start, end, zone, ctx.person.channels)
    title = _("Sold: {period}").format(period=cards.of_days(first, last))
    if not period.rows:
        return Card(title, _("Nothing was sold then."))
    lines = []
    for currency in flow.currencies(period.rows):
        whole = sums.total(row for row in period.rows if row.currency == currency)
        rows = ngettext("{count} row", "{count} rows", whole.lines).format(count=whole.lines)
        lines += [Line(_("In the file"), rows), earnings.left(whole, currency, earnings.lacking(whole))]
    text = _("A row for each thing that was sold. Its column “earned” adds up to what /profit says.")
    file = CardFile(f"sales-{first}-{last}.csv", "sales", f"{first}|{last}", ctx.person.member_id)
    return Card(title, text, tuple(lines), files=(file,))
