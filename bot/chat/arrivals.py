"""Where photos go that came: to the camera roll that collects in this chat, to the item whose card they answer, to the rest of their
album, or into a draft of their own. What is written beside them goes with them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from bot.chat.commands.fields import set_field
from bot.chat.context import Context, Offer
from core.errors import HaggleError
from core.flows import edits, intake, rolls
from core.flows.wanted import floor_of, photos_of, sheet_of
from core.money import Money
from core.ports import StoredPhoto
from core.rules.access import Ability
from core.rules.captions import read_caption
from core.rules.drafts import said_by_seller
from core.values.card import Card
from core.words import here, ngettext
from storage.models import Item, Roll

IN_A_MESSAGE = 100  # photos of one message have places of their own between two messages


@dataclass(slots=True)
class Photos:
    """Photos that were fetched and kept, and what was wrong with the others. `tables` are files of orders that came among them."""

    stored: list[StoredPhoto] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    tables: list[bytes] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.stored or self.problems or self.tables)


async def take_in(ctx: Context, photos: Photos) -> None:
    """Raises `Refused` for somebody who may not."""
    ctx.check(Ability.EDIT)
    answered = await ctx.replied_item()
    roll = None if answered else await rolls.collecting(ctx.session, ctx.place)
    if roll is not None:
        await _into_roll(ctx, roll, photos)
        return
    for problem in photos.problems:
        await ctx.say(Card(text=problem, mood="warn"))
    if not photos.stored:
        return
    for one in photos.stored:
        await intake.keep_photo(ctx.session, ctx.db, ctx.person.workspace_id, one)
    names = list(dict.fromkeys(one.sha256 for one in photos.stored))
    item_id = await (_join(ctx, answered, names) if answered else _begin_or_go_on(ctx, names))
    left = len(set(names) - set(await photos_of(ctx.session, item_id)))
    if left:
        text = ngettext(
            "An item has {most} photos at most, so {count} was left out.",
            "An item has {most} photos at most, so {count} were left out.",
            left,
        )
        await ctx.say(Card(text=text.format(most=intake.MOST_PHOTOS, count=left), mood="warn"))


async def _into_roll(ctx: Context, roll: Roll, photos: Photos) -> None:
    """Its card counts them; nothing else is said."""
    order = ctx.inbound.order * IN_A_MESSAGE
    for place, one in enumerate(photos.stored):
        caption = ctx.inbound.text.strip() if place == 0 else ""
        await rolls.take(ctx.session, ctx.house, roll.id, one, order=order + place if order else 0, caption=caption)
    for place, problem in enumerate(photos.problems):
        await rolls.note_failed(ctx.session, ctx.house, roll.id, f"{ctx.inbound.event_id} {place}", problem)


async def _begin_or_go_on(ctx: Context, names: list[str]) -> str:
    """A draft, or more of the album that one collects. Answers its item's id."""
    said, session, house = ctx.inbound, ctx.session, ctx.house
    hints = read_caption(said.text, ctx.workspace.currency)
    album = f"{said.surface}:{said.chat}:{said.album}" if said.album else ""
    row = await intake.collecting(session, ctx.person.workspace_id, album)
    if row is not None:
        await intake.collect(session, house, row, names, hints, ended=said.ended, order=said.order)
        return row.item_id
    start = await intake.allowed_from(session, house, ctx.person.workspace_id)
    ended = said.ended or not said.album
    row = await intake.begin(
        session, house, ctx.person, ctx.place, names, hints=hints, album=album, ended=ended, order=said.order, start=start
    )
    return row.item_id


async def _join(ctx: Context, item: Item, names: list[str]) -> str:
    """More photos of an item that is there, and what their caption says about it. Answers its id."""
    await edits.join(ctx.session, ctx.house, ctx.person, item.id, names)
    hints = read_caption(ctx.inbound.text, ctx.workspace.currency)
    for name, value in _in_order(item, hints):
        try:
            async with ctx.session.begin_nested():  # one that cannot be is told, and holds up neither the photos nor the others
                await _set(ctx, item, name, value)
        except Offer as offer:
            await ctx.say(offer.card)
        except HaggleError as error:
            await ctx.say(Card(text=here(error.sentence), mood="warn"))
    return item.id


def _in_order(item: Item, hints: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The edits that a caption means. What it calls the thing is its title only where it has none, else words about it. A price that is
    lowered below the floor comes after the new floor."""
    notes = [hints.get("notes", "")]
    if item.title:
        notes.insert(0, hints.get("title", ""))
    floor = floor_of(item)
    lower = floor is not None and "price" in hints and int(hints["price"]) < floor.amount
    for name in ("cost", *(("floor", "price") if lower else ("price", "floor")), "quantity", "size", "condition"):
        if name in hints:
            yield name, hints[name]
    if "title" in hints and not item.title:
        yield "title", hints["title"]
    if words := "; ".join(filter(None, notes)):
        yield "notes", words


async def _set(ctx: Context, item: Item, name: str, value: str) -> None:
    if name == "notes":
        _row, sheet = await sheet_of(ctx.session, item.id)
        words = "; ".join(filter(None, (sheet.get("notes"), value)))
        await edits.write(ctx.session, ctx.house, ctx.person, item, "notes", said_by_seller(words).to_json())
    elif name in edits.AMOUNTS:
        ctx.check(Ability.PRICE)
        await set_field(ctx, item, name, Money(int(value), item.currency).wire())
    else:
        await set_field(ctx, item, name, value)
