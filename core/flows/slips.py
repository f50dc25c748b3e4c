"""The papers of whoever packs: a slip for one order, and the list of everything that is to be picked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import Missing, Refused
from core.flows.house import House
from core.flows.people import Person
from core.rules import orders as rules
from core.rules.access import may_on, not_theirs
from core.rules.papers import address, paper_size, recipient
from core.values.sheet import Block, Column, Sheet
from core.words import Told, _, day_time, ngettext, speaking, speech
from storage.models import Account, Item, ItemPhoto, Order, OrderLine, Workspace


@dataclass(frozen=True, slots=True)
class Desk:
    """Where one file is made: for whom, within which transaction."""

    house: House
    session: AsyncSession
    person: Person
    workspace: Workspace

    def channel(self, kind: str) -> str:
        """A marketplace's name; "" for a sale outside."""
        found = self.house.capabilities.get(kind)
        return found.name if found else ""

    def size(self) -> str:
        return paper_size(self.house.paper, self.workspace.currency)


@dataclass(frozen=True, slots=True)
class Printing:
    """A file that is a sheet still to be drawn. `photos` are the pictures on it, by their sha256."""

    name: str
    sheet: Sheet
    photos: tuple[str, ...] = ()


def lacking() -> str:
    return _("If letters are missing here or look wrong, copy them from the order's card.")


async def slip(desk: Desk, about: str) -> Printing:
    """What goes into the parcel of one order, in the business's language. No prices: a present is one too."""
    order = await desk.session.get(Order, about)
    if order is None or order.workspace_id != desk.workspace.id:
        raise Missing(Told("There is no such order."))
    check_theirs(desk, order)
    if order.state in rules.OVER:
        raise Refused(Told("Order {number} is over: there is nothing to pack.", number=order.number))
    people = recipient(desk.house.keyring.open(order.buyer, order.id))
    query = select(OrderLine, Item).outerjoin(Item, Item.id == OrderLine.item_id).where(OrderLine.order_id == order.id)
    lines = list((await desk.session.execute(query.order_by(OrderLine.id))).all())
    account = await desk.session.get(Account, order.account_id) if order.account_id else None
    seller = _called(account) or desk.workspace.name
    with speaking(desk.house.speech_of(desk.workspace.language)):
        placed = speech().day(order.placed_at.astimezone(ZoneInfo(desk.workspace.timezone)))
        number = order.external_id.rpartition("/")[2] if account else str(order.number)
        about_it = (" ".join(part for part in (desk.channel(order.channel), number) if part), placed)
        blocks = [Block(_("From"), (seller,)), Block(_("Order"), about_it)]
        if shown := address(people):
            blocks.insert(0, Block(_("Ship to"), shown))
        sheet = Sheet(
            _("Packing slip"), desk.size(), (Column(_("Item"), 62), Column(_("SKU"), 23), Column(_("Quantity"), 15, "number")),
            tuple(_packed(line, item) for line, item in lines),
            blocks=tuple(blocks), foot=_("Thank you for buying from {seller}!").format(seller=seller),
            corner=_("Order {number}").format(number=order.number), lacking=lacking(),
        )  # fmt: skip
    return Printing(f"packing-slip-{order.number}.pdf", sheet)


def _called(account: Account | None) -> str:
    """What buyers know the seller as there: accounts are named “eBay (vintage_kicks)”."""
    name = account.name if account else ""
    return name.partition("(")[2].removesuffix(")") or name


def _packed(line: OrderLine, item: Item | None) -> tuple[str, ...]:
    return line.title or (item.title if item else ""), line.sku or (item.sku if item else ""), str(line.quantity)


def check_theirs(desk: Desk, order: Order) -> None:
    """Raises `Refused` for an order of a marketplace that this member does not look after."""
    if order.account_id is not None and not may_on(desk.person.channels, order.channel):
        raise Refused(not_theirs([desk.channel(one) for one in desk.person.channels], [desk.channel(order.channel)]))


async def pick(desk: Desk, _about: str) -> Printing:
    """Everything that is paid for and not sent, one line an item, in the order of its own numbers (SKU): who sorts shelves by them walks
    once. Nobody's name is on it."""
    orders = select(Order.id).where(Order.workspace_id == desk.workspace.id, Order.state.in_([state.value for state in rules.TO_SHIP]))
    if desk.person.channels:
        orders = orders.where(Order.channel.in_(desk.person.channels) | Order.account_id.is_(None))
    query = (
        select(OrderLine, Order.number, Item, ItemPhoto.sha256)
        .join(Order, Order.id == OrderLine.order_id)
        .outerjoin(Item, Item.id == OrderLine.item_id)
        .outerjoin(ItemPhoto, (ItemPhoto.item_id == Item.id) & (ItemPhoto.position == 0))
        .where(OrderLine.order_id.in_(orders))
        .order_by(Order.number, OrderLine.id)
    )
    found = list((await desk.session.execute(query)).all())
    if not found:
        raise Missing(Told("There is nothing to ship."))
    rows = _picked(found)
    columns = (
        Column("", 12, "picture"), Column(_("No."), 9, "strong"), Column(_("Item"), 41), Column(_("SKU"), 17),
        Column(_("Quantity"), 12, "number"), Column(_("Orders"), 14),
    )  # fmt: skip
    count = len({number for _line, number, _item, _photo in found})
    time = day_time(desk.house.db.now(), desk.person.timezone or desk.workspace.timezone)
    under = ngettext("{count} order to ship, {time}", "{count} orders to ship, {time}", count).format(count=count, time=time)
    sheet = Sheet(_("Pick list"), desk.size(), columns, tuple(row for _key, row in sorted(rows)), under, lacking=lacking())
    return Printing("pick-list.pdf", sheet, tuple(dict.fromkeys(photo for *_rest, photo in found if photo)))


def _picked(found: Sequence[tuple[OrderLine, int, Item | None, str | None]]) -> list[tuple[tuple[str, int], tuple[str, ...]]]:
    """The rows with what they are sorted by; lines of the same item are one."""
    groups: dict[str, list[tuple[OrderLine, int, Item | None, str | None]]] = {}
    for one in found:
        line, _number, item, _photo = one
        groups.setdefault(item.id if item else line.id, []).append(one)
    rows: list[tuple[tuple[str, int], tuple[str, ...]]] = []
    for group in groups.values():
        line, number, item, photo = group[0]
        sku = item.sku if item else line.sku
        orders = ", ".join(dict.fromkeys(str(one[1]) for one in group))
        row = (
            photo or "", str(item.number) if item else "", item.title if item and item.title else line.title, sku,
            str(sum(one[0].quantity for one in group)), orders,
        )  # fmt: skip
        rows.append(((sku, item.number if item else number), row))
    return rows
