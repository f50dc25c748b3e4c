"""Parcels: which carrier, which tracking number. What is left out is asked; a number that looks wrong is asked about, never refused."""

from __future__ import annotations

from sqlalchemy import select

from bot.chat.commands.orders import CAN_SHIP, TOPIC, the_order
from bot.chat.context import Context, Offer
from bot.chat.registry import Rest, action, command
from core.errors import Refused
from core.flows import orders as flow
from core.rules import carriers
from core.rules import orders as rules
from core.rules.access import Ability
from core.rules.orders import Deed
from core.values.card import Button, Card
from core.values.states import OrderState
from core.words import N_, _
from storage.models import Order, Parcel

LATELY = 20  # parcels whose carriers are offered first


@command(
    "ship",
    N_("An order is on its way"),
    "/ship 17 usps 9400111899223197428497",
    needs=Ability.SHIP,
    topic=TOPIC,
    details=N_("I tell the marketplace the carrier and the tracking number. Say it again for one more parcel."),
    orders=CAN_SHIP,
)
async def ship(ctx: Context, order: Order, parcel: Rest) -> None:
    await the_order(ctx, order.id)
    check(order)
    carrier, number = carriers.parted(parcel)
    if not carrier and not number:
        raise Offer(await _which_carrier(ctx, order))
    if not carrier:
        await _guess(ctx, order, number)
    elif not number:
        await ask_number(ctx, order.id, carrier)
    elif carriers.is_doubtful(carrier, number):
        await ctx.say(_doubtful(order, carrier, number))
    else:
        await send(ctx, order.id, carrier, number)


def check(order: Order) -> None:
    """Raises `Refused` with what comes first, before anything is asked about."""
    state = OrderState(order.state)
    if state not in (OrderState.SHIPPED, OrderState.DELIVERED) and not rules.steps(Deed.SHIP, state):
        raise Refused(rules.too_early(Deed.SHIP, state, order.number))


async def _which_carrier(ctx: Context, order: Order) -> Card:
    """The carriers that were used lately come first."""
    query = select(Parcel.carrier).where(Parcel.workspace_id == ctx.person.workspace_id, Parcel.carrier != "").order_by(Parcel.id.desc())
    lately = (await ctx.session.execute(query.limit(LATELY))).scalars()
    keys = list(dict.fromkeys(key for key in (*lately, *carriers.USUAL) if key in carriers.CARRIERS))[:6]
    buttons = [Button(carriers.name_of(key), {"do": "ship.number", "order": order.id, "carrier": key}) for key in keys]
    rows = [tuple(buttons[start : start + 3]) for start in range(0, len(buttons), 3)]
    rows.append((Button(_("Without a tracking number"), {"do": "ship.send", "order": order.id, "carrier": "", "number": ""}),))
    text = _("Who carries order {number}? Tap one, or type it all: /ship {number} usps 9400…").format(number=order.number)
    return Card("/ship", text, buttons=tuple(rows))


async def _guess(ctx: Context, order: Order, number: str) -> None:
    """A number without a carrier: the only one whose numbers look so is offered, else all are."""
    likely = carriers.guess(number)
    keys = [likely.key] if likely else list(carriers.USUAL)
    buttons = [Button(carriers.name_of(key), {"do": "ship.send", "order": order.id, "carrier": key, "number": number}) for key in keys]
    rows = tuple(tuple(buttons[start : start + 3]) for start in range(0, len(buttons), 3))
    text = _("“{tracking}” looks like {carrier}. Is it?") if likely else _("Who carries “{tracking}”?")
    await ctx.say(Card(text=text.format(tracking=number, carrier=likely.name if likely else ""), buttons=rows))


def _doubtful(order: Order, carrier: str, number: str) -> Card:
    named = {"tracking": number, "carrier": carriers.name_of(carrier)}
    yes = Button(_("Yes, send it"), {"do": "ship.send", "order": order.id, "carrier": carrier, "number": number}, "primary")
    other = Button(_("Another number…"), {"do": "ship.number", "order": order.id, "carrier": carrier})
    return Card(
        text=_("“{tracking}” does not look like a number of {carrier}. Is it right?").format(**named), buttons=((yes, other),), mood="warn"
    )


@action("ship.number", needs=Ability.SHIP, asks=True)
async def ask_number(ctx: Context, order: str, carrier: str) -> None:
    row = await the_order(ctx, order)
    text = _("What is the tracking number of {carrier} for order {number}? Type it.")
    await ctx.ask(
        text.format(carrier=carriers.name_of(carrier), number=row.number), {"do": "ship.answer", "order": order, "carrier": carrier}
    )


@action("ship.answer", needs=Ability.SHIP)
async def answer(ctx: Context, order: str, carrier: str, answer: str) -> None:
    row = await the_order(ctx, order)
    number = carriers.number_of(answer)
    if carriers.is_doubtful(carrier, number):
        await ctx.say(_doubtful(row, carrier, number))
    else:
        await send(ctx, order, carrier, number)


@action("ship.send", needs=Ability.SHIP)
async def send(ctx: Context, order: str, carrier: str, number: str) -> None:
    row = await the_order(ctx, order)
    await flow.ship(ctx.session, ctx.house, ctx.person, row, carrier, number)
    await ctx.show("order", ("order", order))
