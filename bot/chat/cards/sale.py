"""The sale card: what sold where, each channel's proof that it is gone, and what was earned."""

from __future__ import annotations

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.chat.cards import earnings, returned
from bot.chat.cards.parts import Easel, called, listing_line, listing_rows, money, newest_changes, photos, say
from bot.chat.finding import near_items
from core.rules.changes import UNDO_WINDOW
from core.values.card import Button, Card, CardPhoto, Line
from core.values.states import ChangeKind, ItemState, ListingState, OrderState
from core.words import _
from storage.models import AuditEntry, Change, Item, Listing, Order, OrderLine

NOT_MINE = "order.not_mine"
_LINES = select(OrderLine).where(OrderLine.order_id == bindparam("order")).order_by(OrderLine.id)


async def draw(easel: Easel, order_id: str) -> Card | None:
    order = await easel.session.get(Order, order_id)
    if order is None:
        return None
    sold = list((await easel.session.execute(_LINES, {"order": order_id})).scalars())
    lines: list[Line] = []
    shown: tuple[CardPhoto, ...] = ()
    buttons: list[tuple[Button, ...]] = []
    for line in sold:
        item = await easel.session.get(Item, line.item_id) if line.item_id else None
        lines += await _sold(easel, order, line, item)
        if item is not None:
            shown = shown or (await photos(easel, item))[:1]
            buttons += [*await returned.rows(easel, order, line, item), *await deeds(easel, order, item)]
        elif order.state != OrderState.CANCELLED:
            buttons += await which_item(easel, line)
    cancelled = order.state == OrderState.CANCELLED
    over = cancelled or order.state == OrderState.REFUNDED
    lines += await earnings.of_order(easel, order)
    if order.account_id is None and not cancelled and order.placed_at > easel.house.db.now() - UNDO_WINDOW:
        buttons.append((Button(_("Undo"), {"do": "sale.undo", "order": order.id}),))
    buttons.append((say(_("Order {number}…").format(number=order.number), f"/order {order.number}"),))
    unpaid = "" if order.paid or over else _("The buyer has not paid yet.")
    return Card(
        title=_title(easel, order), text=" ".join(part for part in (unpaid, easel.paused()) if part),
        lines=tuple(lines), photos=shown, buttons=tuple(buttons), mood="warn" if over else "good", subject=("order", order.id),
    )  # fmt: skip


def _title(easel: Easel, order: Order) -> str:
    cancelled = order.state == OrderState.CANCELLED
    where = {"number": order.number, "channel": easel.channel(order.channel), "how": order.channel}
    if order.state == OrderState.REFUNDED:
        title = _("Order {number} on {channel} was refunded")
    elif order.channel in easel.house.capabilities:
        title = _("Order {number} on {channel} was cancelled") if cancelled else _("Sold on {channel}! Order {number}")
    elif cancelled:
        title = _("Order {number}, sold outside, was taken back")
    else:
        title = _("Sold outside! Order {number}") if order.channel == "outside" else _("Sold outside, {how}! Order {number}")
    return title.format(**where)


async def sold_line(easel: Easel, order: Order, line: OrderLine, item: Item | None) -> Line:
    """What was sold, and for how much."""
    price = money(line.price, order.currency)
    many = f"{line.quantity} × {price}" if line.quantity > 1 else price
    if item is not None:
        return Line(_("Item {number}").format(number=item.number), item.title, many)
    if await _is_not_mine(easel, line):
        return Line(line.title, many, _("none of yours, you said"))
    return Line(line.title, many, _("I do not know which item this is. Say so, and it comes down elsewhere."), "bad", weak=True)


async def _sold(easel: Easel, order: Order, line: OrderLine, item: Item | None) -> list[Line]:
    lines = [await sold_line(easel, order, line, item)]
    if item is None:
        return lines
    newest = await newest_changes(easel, item.id)
    for listing, account in await listing_rows(easel, item.id):
        if _concerned(order, line, listing):
            lines.append(await listing_line(easel, item, listing, account, newest.get(listing.id)))
    return lines


async def _is_not_mine(easel: Easel, line: OrderLine) -> bool:
    said = select(AuditEntry).where(AuditEntry.subject_id == line.order_id, AuditEntry.action == NOT_MINE)
    return any(one.data["line"] == line.id for one in (await easel.session.execute(said)).scalars())


async def which_item(easel: Easel, line: OrderLine) -> list[tuple[Button, ...]]:
    """Items that it may be, any other, or none."""
    if await _is_not_mine(easel, line):
        return [(Button(_("It is mine…"), {"do": "line.ask", "line": line.id}),)]
    near = await near_items(easel.session, line.workspace_id, line.title, live=True)
    rows = [(called(one, {"do": "line.assign", "line": line.id, "item": one.id}),) for one in near]
    other = Button(_("Another item…") if near else _("Which item…"), {"do": "line.ask", "line": line.id})
    return [*rows, (other, Button(_("Not mine"), {"do": "line.not_mine", "line": line.id}))]


def _concerned(order: Order, line: OrderLine, listing: Listing) -> bool:
    """Listings that were up, or are being taken down; what never went up says nothing."""
    return listing.id == line.listing_id or listing.listed_at is not None or listing.state != ListingState.DRAFT


async def deeds(easel: Easel, order: Order, item: Item) -> list[tuple[Button, ...]]:
    """Up again, where a sale that is off took it down."""
    if order.state not in (OrderState.CANCELLED, OrderState.REFUNDED) or not await taken_down(easel.session, order.id, item):
        return []
    label = _("Put item {number} up again").format(number=item.number)
    return [(Button(label, {"do": "sale.up_again", "order": order.id, "item": item.id}, "primary"),)]


async def taken_down(session: AsyncSession, order_id: str, item: Item) -> list[str]:
    """The accounts where a sale took an item down and where it is still to be down; none when it cannot go up again."""
    if item.deleted_at is not None or item.state not in (ItemState.DELISTED, ItemState.LIVE, ItemState.READY):
        return []
    by_sale = select(Change.listing_id).where(Change.order_id == order_id, Change.kind == ChangeKind.DELIST)
    here = select(OrderLine.listing_id).where(OrderLine.order_id == order_id)
    query = select(Listing.account_id).where(Listing.item_id == item.id, Listing.wanted == "gone")
    return list((await session.execute(query.where(Listing.id.in_(by_sale) | Listing.id.in_(here)))).scalars())
