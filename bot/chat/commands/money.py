"""What was sold, and what was earned."""

from __future__ import annotations

from bot.chat.cards import money as cards
from bot.chat.commands.orders import the_order
from bot.chat.context import Context
from bot.chat.registry import Rest, command
from core.flows import labels
from core.money import Money
from core.rules.access import Ability
from core.rules.sums import period_of
from core.values.states import OrderState
from core.words import N_
from storage.models import Order

TOPIC = N_("Money")
_WAYS = {"item": "item", "items": "item", "channel": "channel", "channels": "channel", "month": "month", "months": "month"}


@command(
    "sales",
    N_("What was sold, as a chart"),
    "/sales month",
    topic=TOPIC,
    details=N_("week, month, year, 2026-10, or two days: /sales 2026-10-01 2026-10-15. Without any it is the last seven days."),
)
async def sales(ctx: Context, period: Rest) -> None:
    first, last = period_of(period, cards.today(ctx.easel()))
    await ctx.show("sales", ("sales", cards.subject_of(first, last, ctx.person.channels)))


@command(
    "profit",
    N_("What was earned, by item, channel or month"),
    "/profit channel",
    topic=TOPIC,
    details=N_("Add item, channel or month, and a time as in /sales: /profit item 2026-10."),
)
async def profit(ctx: Context, words: Rest) -> None:
    said = [word for word in words.split() if word.lower() != "by"]
    # "month" alone is the way, since that is what the command offers; after another way it is the time.
    way = _WAYS.get(said[0].lower(), "") if said else ""
    rest = " ".join(said[1:] if way else said)
    usual = "year" if way == "month" else "month"
    first, last = period_of(rest or usual, cards.today(ctx.easel()))
    await ctx.show("profit", ("profit", cards.subject_of(first, last, ctx.person.channels, way or "item")))


@command(
    "label",
    N_("What an order's shipping label cost"),
    "/label 17 5.20",
    needs=Ability.SHIP,
    topic=TOPIC,
    details=N_("All its parcels together. What you say stays, whatever the marketplace says; 0 where it cost you nothing."),
    orders=tuple(state for state in OrderState if state is not OrderState.PENDING),
    asks={"cost": N_("What did its label cost? Type an amount like 5.20.")},
)
async def label(ctx: Context, order: Order, cost: Money) -> None:
    row = await the_order(ctx, order.id)
    await labels.say(ctx.session, ctx.db, ctx.person, row, cost)
    await ctx.show("order", ("order", row.id))
