"""Who bought an order, for a few minutes: the card's row is sealed, and afterwards it says only that it was shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.chat.cards.parts import Easel, say
from core.flows import buyers, passing
from core.rules.papers import address
from core.values.card import Button, Card, Line
from core.words import N_, _
from storage.models import Order

_FIELDS = (("handle", N_("Handle")), ("name", N_("Name")), ("email", N_("E-mail")), ("phone", N_("Phone")))


async def draw(easel: Easel, subject: str) -> Card | None:
    key, looked_at = passing.look_of(subject)
    order = await easel.session.get(Order, key)
    if order is None:
        return None
    title = _("Buyer of order {number}").format(number=order.number)
    about = (passing.SUBJECT, subject)
    if order.forgotten_at:
        return Card(title, _("Erased {time}. Nothing is left of it here.").format(time=easel.time(order.forgotten_at)), subject=about)
    people = buyers.people_of(easel.house, order)
    if not people:
        return Card(title, _("Nobody told me who bought it."), subject=about)
    if easel.house.db.now() >= looked_at + passing.SHOWN_FOR:
        again = say(_("Show it again"), f"/buyer {order.number}")
        return Card(title, _("Name and address were shown {time}.").format(time=easel.time(looked_at)), buttons=((again,),), subject=about)
    lines, copies = _lines(people)
    if gets := people.get("recipient"):
        more, others = _lines(gets)
        lines, copies = [*lines, Line(value=_("Goes to"), mood="head"), *more], others or copies
    note = _("For {minutes} minutes. That you looked is noted.").format(minutes=int(passing.SHOWN_FOR.total_seconds() // 60))
    buttons = ((Button(_("Copy the address"), copy=copies),),) if copies else ()
    return Card(title, note, tuple(lines), buttons=buttons, subject=about)


def _lines(person: Mapping[str, Any]) -> tuple[list[Line], str]:
    """What is known, and the address to copy."""
    lines = [Line(_(label), str(person[name])) for name, label in _FIELDS if person.get(name)]
    where = address(person)
    if len(where) > 1:
        lines.append(Line(_("Address"), ", ".join(where[1:] if person.get("name") else where)))
    return lines, "\n".join(where) if len(where) > 1 else ""
