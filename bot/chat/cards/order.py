"""The order's card: its state, what was sold, parcels, money, where we know it from, and what can be done next."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from bot.chat.cards import earnings, returned
from bot.chat.cards.parts import Easel, money, photos, say
from bot.chat.cards.sale import deeds, sold_line, which_item
from core.flows import order_changes, order_news, sums
from core.flows.order_sources import FILE
from core.money import Money
from core.rules import orders as rules
from core.rules.carriers import link, name_of
from core.rules.naming import of_order
from core.values.card import Button, Card, CardPhoto, Line
from core.values.states import ChangeKind, ChangeState, OrderState
from core.words import N_, _, here
from storage.models import Change, Item, Member, Order, OrderLine, OrderSource, Parcel

_DOING = {
    ChangeKind.SHIP: N_("telling {channel} of the parcel…"), ChangeKind.REFUND: N_("giving money back…"),
    ChangeKind.CANCEL_ORDER: N_("cancelling it…"),
}  # fmt: skip
_FAILED = {
    ChangeKind.SHIP: N_("{channel} was not told of the parcel"), ChangeKind.REFUND: N_("the money was not given back"),
    ChangeKind.CANCEL_ORDER: N_("not cancelled"),
}  # fmt: skip
_SEEN = {
    "webhook": N_("the marketplace told me"), "poll": N_("I asked the marketplace"), "person": N_("you told me"),
    FILE: N_("a file that you sent"), "desk": N_("I asked the marketplace"),
}  # fmt: skip
_GOOD = (OrderState.SHIPPED, OrderState.DELIVERED, OrderState.COMPLETED)
_BAD = (OrderState.REFUND_REQUESTED, OrderState.DISPUTED)


async def draw(easel: Easel, order_id: str) -> Card | None:
    order = await easel.session.get(Order, order_id)
    if order is None:
        return None
    query = select(OrderLine).where(OrderLine.order_id == order_id).order_by(OrderLine.id)
    sold = list((await easel.session.execute(query)).scalars())
    lines, rows, shown = await _sold(easel, order, sold)
    asked = await order_changes.of_order(easel.session, order.id)
    parcels = await order_news.parcels_of(easel.session, order.id)
    lines = [*_when(easel, order), *lines, *await _parcels(easel, order, parcels), *_money(order, sold), *await _earned(easel, order)]
    lines += [one for change in asked if (one := _asked(easel, order, change)) is not None]
    lines.append(await _known_from(easel, order))
    rows = [*rows, *_next(easel, order, asked), *_packing(order), *(_parcel_links(parcels))]
    state = OrderState(order.state)
    mood = "good" if state in _GOOD else "bad" if state in _BAD else "warn" if state in rules.OVER or _is_late(easel, order) else ""
    return Card(_title(easel, order), easel.paused(), tuple(lines), shown, tuple(rows), mood, ("order", order.id))


def _title(easel: Easel, order: Order) -> str:
    named = {"number": order.number, "channel": easel.channel(order.channel), "state": here(of_order(order.state))}
    if order.channel in easel.house.capabilities:
        return _("Order {number} on {channel}: {state}").format(**named)
    return _("Order {number}, sold outside: {state}").format(**named)


def _is_late(easel: Easel, order: Order) -> bool:
    return rules.is_late(OrderState(order.state), order.ship_by, easel.house.db.now())


def _when(easel: Easel, order: Order) -> list[Line]:
    lines = [Line(_("Sold"), easel.day(order.placed_at), order.external_id.rpartition("/")[2] if order.account_id else "")]
    if order.state in rules.TO_SHIP and order.ship_by:
        late = _is_late(easel, order)
        lines.append(Line(_("Ship by"), easel.day(order.ship_by), _("late") if late else "", "bad" if late else "warn", weak=late))
    if order.shipped_at:
        lines.append(Line(_("Shipped"), easel.day(order.shipped_at)))
    return lines


async def _sold(
    easel: Easel, order: Order, sold: Sequence[OrderLine]
) -> tuple[list[Line], list[tuple[Button, ...]], tuple[CardPhoto, ...]]:
    """The lines with their items, and what is to be asked or may be done about each."""
    lines: list[Line] = []
    rows: list[tuple[Button, ...]] = []
    shown: tuple[CardPhoto, ...] = ()
    for line in sold:
        item = await easel.session.get(Item, line.item_id) if line.item_id else None
        lines.append(await sold_line(easel, order, line, item))
        if item is not None:
            shown = shown or (await photos(easel, item))[:1]
            rows += [*await returned.rows(easel, order, line, item), *await deeds(easel, order, item)]
            lines += await returned.lines(easel, order, line, item)
        elif order.state != OrderState.CANCELLED:
            rows += await which_item(easel, line)
    return lines, rows, shown


async def _parcels(easel: Easel, order: Order, parcels: Sequence[Parcel]) -> list[Line]:
    lines = []
    for one in parcels:
        value = " ".join(part for part in (name_of(one.carrier), one.tracking) if part) or _("without a number")
        lines.append(Line(_("Parcel"), value, await _how_far(easel, order, one), "good" if one.delivered_at else ""))
    if not parcels and order.delivered_at:
        lines.append(Line(_("Arrived"), easel.day(order.delivered_at), await _who(easel, order.delivered_by), "good"))
    return lines


async def _how_far(easel: Easel, order: Order, parcel: Parcel) -> str:
    if parcel.delivered_at:
        told = {"time": easel.day(parcel.delivered_at), "who": await _who(easel, parcel.delivered_by)}
        return _("arrived {time}, {who}").format(**told)
    if parcel.pushed_at:
        return _("{channel} knows, {time}").format(channel=easel.channel(order.channel), time=easel.time(parcel.pushed_at))
    return ""


async def _who(easel: Easel, actor: str) -> str:
    """Who said that it arrived."""
    if actor == order_news.CHANNEL:
        return _("the marketplace says so")
    member = await easel.session.get(Member, actor.removeprefix("member:"))
    return _("{who} said so").format(who=member.name) if member else ""


def _money(order: Order, sold: Sequence[OrderLine]) -> list[Line]:
    """Amounts that are known; what nobody has said is not shown as nothing."""
    price = sum(line.price * line.quantity for line in sold)
    amounts = [
        (_("Price"), price, ""), (_("Shipping paid"), order.shipping or None, ""), (_("Tax"), order.tax or None, ""),
        (_("The buyer paid"), order.total if order.total != price else None, ""),
    ]  # fmt: skip
    lines = [Line(label, money(amount, order.currency), note) for label, amount, note in amounts if amount is not None]
    return [*lines, *_given_back(order)]


async def _earned(easel: Easel, order: Order) -> list[Line]:
    """What it costs, and what is left: nothing to say of an order that was cancelled."""
    rows = await sums.of_order(easel.session, order, easel.timezone)
    return [] if order.state == OrderState.CANCELLED or not rows else await earnings.costs(easel, order, rows)


def _given_back(order: Order) -> list[Line]:
    """What was asked and what the marketplace says are two amounts; where they differ both are shown."""
    asked, given = order.refund_asked, order.refunded
    if not asked and not given:
        return []
    if given is None:
        return [Line(_("To be given back"), money(asked, order.currency), _("not confirmed yet"), "warn")]
    if rules.drift(asked, given):
        note = _("{amount} were asked for").format(amount=money(asked, order.currency))
        return [Line(_("Given back"), money(given, order.currency), note, "bad", weak=True)]
    return [Line(_("Given back"), money(given, order.currency), "", "warn")]


def _asked(easel: Easel, order: Order, change: Change) -> Line | None:
    """What the marketplace is being asked, or did not do. What it did is seen on the other lines."""
    channel, kind = easel.channel(order.channel), ChangeKind(change.kind)
    if change.state in (ChangeState.APPROVED, ChangeState.RUNNING):
        tried = _("try {count}: {error}").format(count=change.attempts, error=here(change.last_error)) if change.last_error else ""
        return Line(channel, _(_DOING[kind]).format(channel=channel), tried or easel.paused(), "warn" if tried else "busy")
    if change.state == ChangeState.FAILED:
        return Line(channel, _(_FAILED[kind]).format(channel=channel), change.last_error, "bad")
    return None


async def _known_from(easel: Easel, order: Order) -> Line:
    query = select(OrderSource.external_id).where(OrderSource.order_id == order.id).order_by(OrderSource.id)
    others = list((await easel.session.execute(query)).scalars())
    first = _(_SEEN[order.seen_by]) if order.seen_by in _SEEN else order.seen_by
    more = [_("a file that you sent")] if others and order.seen_by != FILE else []
    return Line(_("Known from"), " + ".join((first, *more)), easel.day(order.seen_at))


def _next(easel: Easel, order: Order, asked: Sequence[Change]) -> list[tuple[Button, ...]]:
    """What can be done now. Refunds and cancelling ask once more before they are done."""
    state, number = OrderState(order.state), order.number
    rows: list[tuple[Button, ...]] = [
        (Button(_("Try {channel} again").format(channel=easel.channel(order.channel)), {"do": "order.again", "change": one.id}),)
        for one in asked
        if one.state == ChangeState.FAILED and state not in rules.OVER
    ]
    if state in rules.TO_SHIP:
        rows.append((say(_("Ship…"), f"/ship {number}", "primary"), say(_("Cancel…"), f"/cancel {number}")))
    elif state is OrderState.PENDING:
        rows.append((say(_("Cancel…"), f"/cancel {number}"),))
    elif state is OrderState.SHIPPED:
        rows.append(
            (
                Button(_("It has arrived"), {"do": "order.arrived", "order": order.id}, "primary"),
                say(_("One more parcel…"), f"/ship {number}"),
            )
        )
    if state not in (OrderState.PENDING, *rules.TO_SHIP, *rules.OVER):
        rows.append((say(_("Refund…"), f"/refund {number}"),))
    if rules.drift(order.refund_asked, order.refunded):
        given = Money(order.refunded or 0, order.currency).here()
        rows.append(
            (Button(_("{amount} is right").format(amount=given), {"do": "order.agree", "order": order.id, "amount": order.refunded}),)
        )
    return rows


def _packing(order: Order) -> list[tuple[Button, ...]]:
    """For who packs it: the slip, and who gets it. What the card itself shows is for everybody, so no name is on it."""
    if order.state not in rules.TO_SHIP:
        return []
    who = (say(_("Who bought it"), f"/buyer {order.number}"),) if order.buyer else ()
    return [(say(_("Packing slip"), f"/slip {order.number}"), *who)]


def _parcel_links(parcels: Sequence[Parcel]) -> list[tuple[Button, ...]]:
    found = [(one, link(one.carrier, one.tracking)) for one in parcels if one.delivered_at is None]
    made = tuple(Button(_("Where is it: {carrier}").format(carrier=name_of(one.carrier)), url=url) for one, url in found if url)
    return [made[:3]] if made else []
