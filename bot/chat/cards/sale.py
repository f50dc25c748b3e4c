"""The sale card: what sold where, each channel's proof that it is gone, and what was earned."""

from __future__ import annotations

from sqlalchemy import select

from bot.chat.cards.parts import Easel, listing_line, listing_rows, money, newest_changes, photos, say
from bot.chat.words import _
from core.money import Money
from core.rules.profit import earned
from core.values.card import Button, Card, CardPhoto, Line
from core.values.states import ItemState, ListingState, OrderState
from storage.models import Item, Listing, Order, OrderLine

UNKNOWN = {"fees": _("fees not known yet"), "cost": _("what you paid for it is not known")}


async def draw(easel: Easel, order_id: str) -> Card | None:
    order = await easel.session.get(Order, order_id)
    if order is None:
        return None
    query = select(OrderLine).where(OrderLine.order_id == order_id).order_by(OrderLine.id)
    sold = list((await easel.session.execute(query)).scalars())
    lines: list[Line] = []
    shown: tuple[CardPhoto, ...] = ()
    buttons: list[tuple[Button, ...]] = []
    for line in sold:
        item = await easel.session.get(Item, line.item_id) if line.item_id else None
        lines += await _sold(easel, order, line, item)
        if item is not None:
            shown = shown or (await photos(easel, item))[:1]
            buttons += _deeds(order, item)
    lines += await _money(easel, order, sold)
    cancelled = order.state == OrderState.CANCELLED
    unpaid = "" if order.paid or cancelled else _("The buyer has not paid yet.")
    title = _("Order {number} on {channel} was cancelled") if cancelled else _("Sold on {channel}! Order {number}")
    return Card(
        title=title.format(number=order.number, channel=easel.channel(order.channel)),
        text=" ".join(part for part in (unpaid, easel.paused()) if part),
        lines=tuple(lines), photos=shown, buttons=tuple(buttons), mood="warn" if cancelled else "good", subject=("order", order.id),
    )  # fmt: skip


async def _sold(easel: Easel, order: Order, line: OrderLine, item: Item | None) -> list[Line]:
    price = money(line.price, order.currency)
    many = f"{line.quantity} × {price}" if line.quantity > 1 else price
    if item is None:
        return [Line(line.title, many, _("I do not know which item this is: /sold ITEM takes it down elsewhere"), "bad", weak=True)]
    lines = [Line(_("Item {number}").format(number=item.number), item.title, many)]
    newest = await newest_changes(easel, item.id)
    for listing, account in await listing_rows(easel, item.id):
        if _concerned(order, line, listing):
            lines.append(await listing_line(easel, item, listing, account, newest.get(listing.id)))
    return lines


def _concerned(order: Order, line: OrderLine, listing: Listing) -> bool:
    """Listings that were up, or are being taken down; what never went up says nothing."""
    return listing.id == line.listing_id or listing.listed_at is not None or listing.state != ListingState.DRAFT


def _deeds(order: Order, item: Item) -> list[tuple[Button, ...]]:
    if order.state == OrderState.CANCELLED and item.state == ItemState.DELISTED:
        return [(say(_("Put item {number} up again").format(number=item.number), f"/publish {item.number}", "primary"),)]
    return []


async def _money(easel: Easel, order: Order, sold: list[OrderLine]) -> list[Line]:
    price = Money(sum(line.price * line.quantity for line in sold), order.currency)
    fees = None if order.fees is None else Money(order.fees, order.currency)
    cost = await _cost(easel, order, sold)
    made = earned(price, fees, cost)
    lines = [Line(_("Price"), str(price))]
    lines.append(
        Line(_("Fees"), f"-{fees}" if fees else _("not known yet"), "" if fees is not None else _("the marketplace reports them later"))
    )
    lines.append(
        Line(
            _("You paid"),
            f"-{cost}" if cost else _("not known"),
            "" if cost is not None else _("/edit {item} cost 20").format(item=await _number(easel, sold)),
        )
    )
    note = ", ".join(UNKNOWN[one] for one in made.unknown)
    lines.append(Line(_("Earned"), str(made.net), note, "good" if made.net.amount > 0 else "bad", weak=bool(made.unknown)))
    return lines


async def _cost(easel: Easel, order: Order, sold: list[OrderLine]) -> Money | None:
    total = 0
    for line in sold:
        item = await easel.session.get(Item, line.item_id) if line.item_id else None
        if item is None or item.cost is None or item.currency != order.currency:
            return None
        total += item.cost * line.quantity
    return Money(total, order.currency)


async def _number(easel: Easel, sold: list[OrderLine]) -> str:
    item = await easel.session.get(Item, sold[0].item_id) if sold and sold[0].item_id else None
    return str(item.number) if item else "ITEM"
