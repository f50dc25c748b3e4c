"""What was sold: the list of orders, one order, and what people do about it."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Select, and_, func, or_, select

from bot.chat.cards.parts import money, order_name, say, titles_of
from bot.chat.commands.items import asked_page
from bot.chat.context import Context
from bot.chat.registry import Rest, action, command
from core.errors import Invalid, Refused
from core.flows import order_changes, returns
from core.flows import orders as flow
from core.money import Money
from core.rules import orders as rules
from core.rules.access import Ability
from core.rules.naming import ORDERS, of_order
from core.values.card import Button, Card, Line
from core.values.states import OrderState
from core.words import N_, _, here
from storage.models import Change, Order, OrderLine

TOPIC = N_("Orders")
PAGE = 10
WORDS = 6
MORE = (OrderState.SHIPPED, OrderState.DELIVERED)  # may get one more parcel
CAN_SHIP = (*rules.TO_SHIP, *MORE)
CAN_REFUND = tuple(one for one in OrderState if one is not OrderState.PENDING and one not in rules.OVER)
FILTERS = {"open": N_("open"), "to ship": N_("to ship"), "late": N_("late"), "done": N_("done")}


@command(
    "orders",
    N_("What was sold, and how far it is"),
    "/orders to ship",
    topic=TOPIC,
    details=N_("Add open, to ship, late or done, a state, a marketplace, or words of a title to see only those."),
)
async def orders(ctx: Context, words: Rest) -> None:
    text, page = asked_page(words)
    query = _found(ctx, text)
    rows = list((await ctx.session.execute(query.order_by(Order.number.desc()).limit(PAGE + 1).offset(PAGE * (page - 1)))).scalars())
    filters = tuple(say(_(name), f"/orders {key}") for key, name in FILTERS.items() if key != text.lower())
    if not rows:
        if page > 1:
            raise Invalid(_("There is no page {page}. /orders shows the first.").format(page=page))
        nothing = _("No order found for “{text}”.").format(text=text[:80]) if text else _("Nothing was sold yet.")
        await ctx.say(Card(text=nothing, buttons=(filters,) if text else ()))
        return
    shown = rows[:PAGE]
    titles = await titles_of(ctx.session, [one.id for one in shown])
    lines = tuple(_line(ctx, one, titles[one.id]) for one in shown)
    numbers = [say(order_name(one, titles[one.id]), f"/order {one.number}") for one in shown[:6]]
    buttons = [tuple(numbers[start : start + 2]) for start in range(0, len(numbers), 2)]
    if len(rows) > PAGE:
        buttons.append((say(_("More"), " ".join(f"/orders {text} page {page + 1}".split())),))
    await ctx.say(Card(_("Orders"), await _counts(ctx), lines, (), (*buttons, filters)))


def _found(ctx: Context, text: str) -> Select[Order]:
    """The member's orders that the words mean: a filter, a state, a marketplace, a number there, or words of a title."""
    query = select(Order).where(_theirs(ctx))
    wanted = text.lower()
    states = {name: state for state, shown in ORDERS.items() for name in (state.value.replace("_", " "), _(shown))}
    filters = {name: key for key, shown in FILTERS.items() for name in (key, _(shown))}
    if not wanted:
        return query
    if wanted in filters:
        return query.where(_filter(ctx, filters[wanted]))
    if wanted in states:
        return query.where(Order.state == states[wanted])
    channels = {name.lower(): kind for kind, able in ctx.house.capabilities.items() for name in (kind, able.name)}
    if wanted in channels:
        return query.where(Order.channel == channels[wanted])
    titled = select(OrderLine.order_id).where(*(OrderLine.title.icontains(word, autoescape=True) for word in text.split()[:WORDS]))
    return query.where(or_(Order.id.in_(titled), Order.external_id.icontains(text, autoescape=True)))


def _theirs(ctx: Context) -> ColumnElement[bool]:
    """Orders of the marketplaces that this member looks after; sales outside are everybody's."""
    mine = Order.workspace_id == ctx.person.workspace_id
    return and_(mine, Order.channel.in_(ctx.person.channels) | Order.account_id.is_(None)) if ctx.person.channels else mine


def _filter(ctx: Context, key: str) -> ColumnElement[bool]:
    if key == "late":
        return and_(Order.state.in_(rules.TO_SHIP), Order.ship_by < ctx.now())
    return Order.state.in_({"open": rules.OPEN, "to ship": rules.TO_SHIP, "done": rules.DONE}[key])


def _line(ctx: Context, order: Order, titles: str) -> Line:
    easel = ctx.easel()
    late = rules.is_late(OrderState(order.state), order.ship_by, ctx.now())
    due = _("ship by {time}").format(time=easel.day(order.ship_by)) if order.ship_by and order.state in rules.TO_SHIP else ""
    parts = (here(of_order(order.state)), money(order.total, order.currency), easel.channel(order.channel), due)
    return Line(str(order.number), titles, ", ".join(part for part in parts if part), "bad" if late else "")


async def _counts(ctx: Context) -> str:
    """How many are to be shipped, and how many of them late."""
    ship, late = [
        (await ctx.session.execute(select(func.count()).select_from(Order).where(_theirs(ctx), _filter(ctx, key)))).scalar_one()
        for key in ("to ship", "late")
    ]
    told = [_("To ship: {count}.").format(count=ship) if ship else "", _("Late: {count}.").format(count=late) if late else ""]
    return " ".join(part for part in (*told, ctx.easel().paused()) if part)


@command("order", N_("Show one order"), "/order 17", topic=TOPIC)
async def order_(ctx: Context, order: Order) -> None:
    await ctx.show("order", ("order", order.id))


@command(
    "delivered",
    N_("An order has arrived"),
    "/delivered 17",
    needs=Ability.SHIP,
    topic=TOPIC,
    orders=(OrderState.SHIPPED,),
)
async def delivered(ctx: Context, order: Order) -> None:
    check_order(ctx, order)
    await flow.delivered(ctx.session, ctx.db, ctx.person, order)
    await ctx.show("order", ("order", order.id))


def check_order(ctx: Context, order: Order) -> None:
    """Raises `Refused` for an order of a marketplace that is not theirs."""
    if order.account_id is not None:
        ctx.check_on(order.channel)


async def the_order(ctx: Context, key: str) -> Order:
    """The order that a button names. Raises `Refused` for one of a marketplace that is not theirs."""
    order = await ctx.session.get_one(Order, key)
    check_order(ctx, order)
    return order


@action("order.arrived", needs=Ability.SHIP)
async def arrived(ctx: Context, order: str) -> None:
    await flow.delivered(ctx.session, ctx.db, ctx.person, await the_order(ctx, order))


@action("order.not_yet", needs=Ability.SHIP)
async def not_yet(ctx: Context, order: str) -> None:
    row = await the_order(ctx, order)
    await flow.not_yet(ctx.session, ctx.db, row)
    await ctx.say(_("I ask again in {days} days.").format(days=rules.ASK_AFTER.days))


@command(
    "refund",
    N_("Give a buyer money back"),
    "/refund 17 10",
    needs=Ability.MONEY_BACK,
    topic=TOPIC,
    details=N_("All of it when you name no amount. I ask once more before anything is given back."),
    orders=CAN_REFUND,
)
async def refund(ctx: Context, order: Order, amount: Money | None) -> None:
    check_order(ctx, order)
    wanted = await flow.check_refund(ctx.session, order, amount)
    left = await flow.refundable(ctx.session, order)
    already = Money(order.total, order.currency) - left
    channel = ctx.easel().channel(order.channel)
    text = _("Give {amount} back to the buyer of order {number}?").format(amount=wanted.here(), number=order.number)
    where = _("{channel} does it at once, and it cannot be taken back.") if order.account_id else _("I write it down; you give it back.")
    lines = [Line(_("The buyer paid"), money(order.total, order.currency))]
    if already.amount:
        lines.append(Line(_("Given back"), already.here()))
    does = {"do": "order.refund", "order": order.id, "amount": wanted.amount, "already": already.amount}
    yes = Button(_("Give {amount} back").format(amount=wanted.here()), does, "danger")
    await ctx.say(Card(text, where.format(channel=channel), tuple(lines), (), ((yes, _no()),), "warn"))


def _no() -> Button:
    return Button(_("No"), {"do": "order.nothing"})


@action("order.nothing")
async def nothing(ctx: Context) -> None:
    await ctx.say(_("Nothing was done."))


@action("order.refund", needs=Ability.MONEY_BACK)
async def refund_yes(ctx: Context, order: str, amount: int, already: int) -> None:
    row = await the_order(ctx, order)
    amounts = Money(amount, row.currency), Money(already, row.currency)
    await flow.refund(ctx.session, ctx.house, ctx.person, row, *amounts)
    await ctx.show("order", ("order", row.id))


@action("order.agree", needs=Ability.MONEY_BACK)
async def agree(ctx: Context, order: str, amount: int) -> None:
    """What the marketplace says was given back is what should have been."""
    row = await the_order(ctx, order)
    await flow.agree(ctx.session, ctx.db, ctx.person, row, amount)


@command(
    "cancel",
    N_("Cancel an order"),
    "/cancel 17",
    needs=Ability.MONEY_BACK,
    topic=TOPIC,
    details=N_("Before it is shipped. The buyer gets the money back, and the item may go up again."),
    orders=(OrderState.PENDING, *rules.TO_SHIP),
)
async def cancel(ctx: Context, order: Order) -> None:
    check_order(ctx, order)
    await flow.check_cancel(ctx.session, order)
    labels = {"buyer_asked": _("Yes: the buyer asked")} | ({"sold_out": _("Yes: sold out")} if order.account_id else {})
    buttons = [Button(label, {"do": "order.cancel", "order": order.id, "reason": reason}, "danger") for reason, label in labels.items()]
    text = _("Cancel order {number}?").format(number=order.number)
    back = _("{amount} goes back to the buyer.").format(amount=money(order.total, order.currency)) if order.paid else ""
    await ctx.say(Card(text, back, (), (), (tuple(buttons), (_no(),)), "warn"))


@action("order.cancel", needs=Ability.MONEY_BACK)
async def cancel_yes(ctx: Context, order: str, reason: str) -> None:
    row = await the_order(ctx, order)
    await flow.cancel(ctx.session, ctx.house, ctx.person, row, reason)
    await ctx.show("order", ("order", row.id))


@action("order.again", needs=Ability.SHIP)
async def again(ctx: Context, change: str) -> None:
    """What did not work on the marketplace is tried again."""
    row = await ctx.session.get(Change, change)
    if row is None or row.order_id is None:
        raise Refused(_("This is not there any more."))
    if row.kind not in (order_changes.KINDS[0],):
        ctx.check(Ability.MONEY_BACK)
    order = await the_order(ctx, row.order_id)
    if not await order_changes.again(ctx.session, ctx.db, row, order, ctx.person):
        raise Refused(_("Somebody tried it again already."))


@action("order.back", needs=Ability.STOCK)
async def back(ctx: Context, order: str, sold: str, how: str) -> None:
    """Whether what was refunded is back."""
    row = await the_order(ctx, order)
    line = await ctx.session.get_one(OrderLine, sold)
    await returns.come_back(ctx.session, ctx.house, ctx.person, row, line, how)
