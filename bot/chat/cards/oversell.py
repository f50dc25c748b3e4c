"""The oversell card: which orders want what there is only one of, and which of them to cancel by one tap."""

from __future__ import annotations

from bot.chat.cards.parts import Easel, money, say
from core.flows import order_changes, oversold
from core.flows.oversold import Claimant, Oversold
from core.rules.naming import of_order
from core.values.card import Button, Card, Line
from core.values.states import ChangeKind, ChangeState
from core.words import _, here, ngettext
from storage.models import Order

WORKING = (ChangeState.APPROVED, ChangeState.RUNNING)


async def draw(easel: Easel, order_id: str) -> Card | None:
    order = await easel.session.get(Order, order_id)
    if order is None:
        return None
    subject = ("order", order_id)
    found = await oversold.of_order(easel.session, order_id)
    if not found:
        text = _("Nothing is oversold any more.")
        return Card(_("Order {number}: settled").format(number=order.number), text, mood="good", subject=subject)
    lines: list[Line] = []
    rows: list[tuple[Button, ...]] = []
    for one in found:
        busy = [place for place in one.claimants if await _goes(easel, place.order)]
        lines += [_line(easel, one, claimant, goes=claimant in busy) for claimant in one.claimants]
        if not busy:
            rows += _buttons(easel, one)
    return Card(_title(found), _text(found), tuple(lines), (), tuple(rows), "bad", subject)


def _title(found: list[Oversold]) -> str:
    items = [one.item for one in found]
    if len(items) > 1:
        return _("Items {numbers} were sold more often than you have them").format(numbers=", ".join(str(one.number) for one in items))
    return _("Item {number} was sold more often than you have it: {title}").format(number=items[0].number, title=items[0].title)


def _text(found: list[Oversold]) -> str:
    lacking = sum(one.lacking for one in found)
    told = ngettext("{count} is missing.", "{count} are missing.", lacking).format(count=lacking)
    why = _("All sales are recorded, and it is taken down everywhere. Cancel one of the orders; who bought it gets the money back.")
    return f"{told} {why}"


def _line(easel: Easel, one: Oversold, claimant: Claimant, *, goes: bool) -> Line:
    order = claimant.order
    label = _("Order {number}, {channel}").format(number=order.number, channel=easel.channel(order.channel))
    value = " · ".join((easel.day(order.placed_at), money(order.total, order.currency), here(of_order(order.state))))
    suggested = one.suggested
    note = _("came later") if suggested is not None and suggested.id == order.id else ""
    if goes:
        note = _("is being cancelled")
    elif not claimant.can_go:
        note = _("cannot be cancelled any more")
    return Line(label, value, note, "warn" if claimant.has < claimant.wants else "")


def _buttons(easel: Easel, one: Oversold) -> list[tuple[Button, ...]]:
    """The one that came later is suggested; any other can be chosen. `order.cancel` asks who may."""
    suggested = one.suggested
    if suggested is None:
        found = [say(_("Show order {number}").format(number=each.order.number), f"/order {each.order.number}") for each in one.claimants]
        return [tuple(found[:3])]
    rows = [(_cancel(suggested, _("Cancel order {number}, which came later"), "primary"),)]
    others = [each.order for each in one.claimants if each.can_go and each.order.id != suggested.id]
    return [*rows, *((_cancel(order, _("Cancel order {number} instead")),) for order in others)]


def _cancel(order: Order, label: str, style: str = "") -> Button:
    return Button(label.format(number=order.number), {"do": "order.cancel", "order": order.id, "reason": "sold_out"}, style)


async def _goes(easel: Easel, order: Order) -> bool:
    """Whether its marketplace is being told."""
    asked = await order_changes.of_order(easel.session, order.id)
    return any(one.kind == ChangeKind.CANCEL_ORDER and one.state in WORKING for one in asked)
