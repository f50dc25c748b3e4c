"""Papers for who packs: a packing slip, a pick list."""

from __future__ import annotations

from sqlalchemy import func, select

from bot.chat.commands.orders import check_order
from bot.chat.context import Context
from bot.chat.registry import command
from bot.chat.ways_in import only_where_nobody_else_reads
from core.errors import Refused
from core.rules import orders as rules
from core.rules.access import Ability
from core.values.card import Card, CardFile
from core.values.states import OrderState
from core.words import N_, Told, _, ngettext
from storage.models import Order

TOPIC = N_("Orders")


@command(
    "slip",
    N_("A packing slip as PDF"),
    "/slip 17",
    needs=Ability.BUYERS,
    topic=TOPIC,
    details=N_("With the address, and without prices. In a private chat only; it is noted who had it."),
    orders=(*rules.TO_SHIP, OrderState.SHIPPED),
)
async def slip(ctx: Context, order: Order) -> None:
    only_where_nobody_else_reads(ctx)
    check_order(ctx, order)
    if order.state in rules.OVER:
        raise Refused(Told("Order {number} is over: there is nothing to pack.", number=order.number))
    text = "" if order.buyer else _("Nobody told me who gets it, so no address is on it.")
    file = CardFile(f"packing-slip-{order.number}.pdf", "slip", order.id, ctx.person.member_id)
    await ctx.say(Card(_("Packing slip of order {number}").format(number=order.number), text, files=(file,)))


@command("pick", N_("What is to be picked and shipped, as PDF"), "/pick", needs=Ability.SHIP, topic=TOPIC)
async def pick(ctx: Context) -> None:
    mine = select(func.count()).select_from(Order).where(Order.workspace_id == ctx.person.workspace_id, Order.state.in_(rules.TO_SHIP))
    if ctx.person.channels:
        mine = mine.where(Order.channel.in_(ctx.person.channels) | Order.account_id.is_(None))
    count = (await ctx.session.execute(mine)).scalar_one()
    if not count:
        await ctx.say(_("There is nothing to ship."))
        return
    text = ngettext("{count} order to ship.", "{count} orders to ship.", count).format(count=count)
    await ctx.say(Card(_("Pick list"), text, files=(CardFile("pick-list.pdf", "pick", "", ctx.person.member_id),)))
