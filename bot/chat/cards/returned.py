"""Whether what was refunded is back: asked line by line, since only a person knows."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.chat.cards.parts import Easel
from core.flows.returns import ANSWERS, RETURNED
from core.values.card import Button, Line
from core.values.states import OrderState
from core.words import _
from storage.models import AuditEntry, Item, Order, OrderLine


async def answer_of(session: AsyncSession, line: OrderLine) -> str:
    """What somebody said of it; "" when nobody has."""
    query = select(AuditEntry).where(AuditEntry.subject_id == line.order_id, AuditEntry.action == RETURNED).order_by(AuditEntry.id)
    said = [one.data["how"] for one in (await session.execute(query)).scalars() if one.data["line"] == line.id]
    return str(said[-1]) if said else ""


async def lines(easel: Easel, order: Order, line: OrderLine, item: Item) -> list[Line]:
    if order.state != OrderState.REFUNDED:
        return []
    said = await answer_of(easel.session, line)
    label = _("Item {number}").format(number=item.number)
    if not said:
        return [Line(label, _("is it back?"), _("nothing goes into your stock before you say so"), "warn", weak=True)]
    return [Line(label, _(ANSWERS[said]))]


async def rows(easel: Easel, order: Order, line: OrderLine, item: Item) -> list[tuple[Button, ...]]:
    """What may be said of it. What was not back may come yet."""
    said = "" if order.state != OrderState.REFUNDED else await answer_of(easel.session, line)
    if order.state != OrderState.REFUNDED or said not in ("", "gone"):
        return []
    texts = {"stock": _("{number} is back: into stock"), "damaged": _("{number} came back damaged"), "gone": _("{number} is not back")}
    return [
        tuple(
            Button(text.format(number=item.number), {"do": "order.back", "order": order.id, "sold": line.id, "how": how})
            for how, text in texts.items()
            if how != said
        )
    ]
