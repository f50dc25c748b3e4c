"""Who bought: shown for a few minutes, found by exact words, erased."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlalchemy import select

from bot.chat.cards.parts import order_name, say, titles_of
from bot.chat.commands.orders import check_order
from bot.chat.context import Context
from bot.chat.registry import Rest, action, command
from bot.chat.ways_in import only_where_nobody_else_reads
from core.errors import Invalid, Missing
from core.flows import buyers
from core.rules.access import Ability, may_on
from core.values.card import Button, Card
from core.values.states import OrderState
from core.words import N_, Told, _, ngettext
from storage import audit, contacts
from storage.models import Order

TOPIC = N_("Orders")
MOST = 20  # orders that a search lists
ALL = tuple(OrderState)
_NAMED = re.compile(r"\s*/?((?:find|forget)[-_]buyer)(?:@\w+)?\s+(?!#?\d+\s*$)\S", re.IGNORECASE)


def without_names(text: str) -> str:
    """What the chat keeps of what was said: whom somebody looks for is nobody's business afterwards."""
    found = _NAMED.match(text)
    return f"/{found[1].lower()} …" if found else text


@command(
    "buyer",
    N_("Who bought an order, and where it goes"),
    "/buyer 17",
    needs=Ability.BUYERS,
    topic=TOPIC,
    details=N_("Shown for ten minutes, in a private chat only. It is noted who looked."),
    orders=ALL,
)
async def buyer(ctx: Context, order: Order) -> None:
    only_where_nobody_else_reads(ctx)
    check_order(ctx, order)
    await ctx.show("buyer", buyers.looked(ctx.session, ctx.house, ctx.person, order, "card"))


@command(
    "find-buyer",
    N_("The orders of a buyer"),
    "/find-buyer jane@example.com",
    needs=Ability.BUYERS,
    topic=TOPIC,
    details=N_("By the exact name, handle, e-mail address or phone number. What you look for is not kept in the chat here."),
)
async def find(ctx: Context, who: Rest | None = None) -> None:
    only_where_nobody_else_reads(ctx)
    found = await _orders(ctx, await contacts.orders_of(ctx.session, ctx.house.keyring, _name(who)))
    audit.record(
        ctx.session, workspace=ctx.person.workspace_id, at=ctx.now(), actor=ctx.person.actor, action="buyer.searched",
        subject=("workspace", ctx.person.workspace_id), data={"found": len(found)},
    )  # fmt: skip
    if not found:
        await ctx.say(_("No order is known by exactly that. It must be all of the name, handle, e-mail address or phone number."))
        return
    text = ngettext("{count} order.", "{count} orders.", len(found)).format(count=len(found))
    titles = await titles_of(ctx.session, [one.id for one in found[:MOST]])
    rows = tuple((say(order_name(one, titles[one.id]), f"/order {one.number}"),) for one in found[:MOST])
    await ctx.say(Card(text, buttons=rows))


@command(
    "forget-buyer",
    N_("Erase what is known of a buyer"),
    "/forget-buyer 17",
    needs=Ability.FORGET,
    topic=TOPIC,
    details=N_("All orders of the same buyer. By an order's number, or by exactly the name, handle, e-mail address or phone number."),
)
async def forget(ctx: Context, who: Rest | None = None) -> None:
    only_where_nobody_else_reads(ctx)
    name = _name(who)
    if name.lstrip("#").isdigit():
        query = select(Order).where(Order.workspace_id == ctx.person.workspace_id, Order.number == int(name.lstrip("#")))
        order = (await ctx.session.execute(query)).scalar()
        if order is None:
            raise Missing(Told("There is no order {number}.", number=name))
        keys = await buyers.same_buyer(ctx.session, ctx.house, order)
    else:
        keys = await contacts.orders_of(ctx.session, ctx.house.keyring, name)
    found = [one for one in await _orders(ctx, keys) if one.buyer]
    if not found:
        await ctx.say(_("Nothing is known of such a buyer, or it was erased."))
        return
    text = ngettext(
        "Erase name, address, e-mail and phone of the buyer of {count} order?",
        "Erase name, address, e-mail and phone of the buyer of {count} orders?",
        len(found),
    ).format(count=len(found))
    more = _("It cannot be taken back. The orders stay: {numbers}.").format(numbers=", ".join(str(one.number) for one in found))
    does = {"do": "buyer.forget", "orders": [one.id for one in found]}
    row = (Button(_("Erase"), does, "danger"), Button(_("No"), {"do": "order.nothing"}))
    await ctx.say(Card(text, more, buttons=(row,), mood="warn"))


@action("buyer.forget", needs=Ability.FORGET)
async def forget_yes(ctx: Context, orders: list[str]) -> None:
    left = [one.id for one in await _orders(ctx, orders) if one.buyer]
    count = await buyers.erase(ctx.session, ctx.house, left, actor=ctx.person.actor)
    text = ngettext("Erased, in {count} order.", "Erased, in {count} orders.", count).format(count=count)
    more = _("What was sent before stays where it went: slips in chats and on paper, and backups that were made until now.")
    await ctx.say(Card(text, more, mood="good"))


def _name(who: str | None) -> str:
    """Never asked for: an answer would be kept as what was said."""
    if not who or not who.strip():
        raise Invalid(_("Say who, in one line with the command: all of the name, the handle, the e-mail address or the phone number."))
    return who.strip()


async def _orders(ctx: Context, keys: Sequence[str]) -> list[Order]:
    """Those that are this member's to look after, newest first."""
    query = select(Order).where(Order.workspace_id == ctx.person.workspace_id, Order.id.in_(keys)).order_by(Order.number.desc())
    found = (await ctx.session.execute(query)).scalars()
    return [one for one in found if one.account_id is None or may_on(ctx.person.channels, one.channel)]
