"""An item's photos, numbered, with buttons that put them in order or take them away."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.chat.cards.parts import Easel
from core.flows.wanted import photos_of
from core.values.card import Button, Card, CardPhoto, Line
from core.words import _
from storage.models import Item


def photos_button(item: Item) -> Button:
    """Opens this card."""
    return Button(_("Photos…"), {"do": "photo.show", "item": item.id})


async def draw(easel: Easel, item_id: str) -> Card | None:
    item = await easel.session.get(Item, item_id)
    if item is None or item.deleted_at is not None:
        return Card(text=_("This item was discarded."), subject=("item", item_id))
    names = await photos_of(easel.session, item.id)
    photos = tuple(CardPhoto(name, _("Photo {number}").format(number=place), str(place)) for place, name in enumerate(names, 1))
    text = _("The first one is what buyers see first. More photos: send them as an answer to this card.")
    back = Button(_("Undo"), {"do": "say", "text": f"/undo {item.number}"})
    return Card(
        title=_("Photos of item {number}: {title}").format(number=item.number, title=item.title or _("no title yet")),
        text=text, lines=(Line(_("Photos"), str(len(names))),), photos=photos, buttons=(*_rows(item, names), (back,)),
        subject=("item", item.id),
    )  # fmt: skip


def _rows(item: Item, names: Sequence[str]) -> Iterator[tuple[Button, ...]]:
    """A row for each photo. The photo is meant, not its place: a press on an old copy does what its label said."""
    for place, name in enumerate(names, 1):
        about = {"item": item.id, "photo": name}
        row: list[Button] = []
        if place > 2:
            row.append(Button(_("{number} first").format(number=place), {"do": "photo.move", **about, "before": names[0]}))
        if place > 1:
            moved = {"do": "photo.move", **about, "before": names[place - 2]}
            row.append(Button(_("{number} → {place}").format(number=place, place=place - 1), moved))
        if len(names) > 1:
            row.append(Button(_("Remove {number}").format(number=place), {"do": "photo.remove", **about}))
        if row:
            yield tuple(row)
