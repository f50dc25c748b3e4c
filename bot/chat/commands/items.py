"""Looking at items and editing what is said about them."""

from __future__ import annotations

from sqlalchemy import select

from bot.chat.cards.item import STATES
from bot.chat.cards.parts import money, say
from bot.chat.commands.fields import set_field, the_item, which_field
from bot.chat.context import Context
from bot.chat.registry import Rest, Word, action, command
from bot.chat.words import _
from core.errors import Invalid
from core.rules.access import SELL
from core.rules.drafts import SAID
from core.values.card import Button, Card, Line
from core.values.states import ItemState
from storage.models import Item

PAGE = 20


@command(
    "items", _("What you have"), "/items live", topic=_("Your things"), details=_("Add a state to see only those, or words of a title.")
)
async def items(ctx: Context, words: Rest) -> None:
    query = select(Item).where(Item.workspace_id == ctx.person.workspace_id, Item.deleted_at.is_(None))
    text, _space, page_word = words.rpartition("page ")
    page = int(page_word) if page_word.isdigit() and (text or words.startswith("page ")) else 1
    text = text.strip() if page_word.isdigit() and "page " in words else words.strip()
    if text in set(ItemState):
        query = query.where(Item.state == text)
    elif text:
        query = query.where(Item.title.ilike(f"%{text}%"))
    found = list((await ctx.session.execute(query.order_by(Item.number.desc()).limit(PAGE + 1).offset(PAGE * (page - 1)))).scalars())
    if not found:
        nothing = (
            _("Nothing here yet. Send me photos of something to sell.") if not text else _("Nothing found for “{text}”.").format(text=text)
        )
        await ctx.say(nothing)
        return
    lines = [Line(str(one.number), one.title or _("no title yet"), _line(one)) for one in found[:PAGE]]
    numbers = [say(str(one.number), f"/item {one.number}") for one in found[:8]]
    rows: list[tuple[Button, ...]] = [tuple(numbers[:4]), tuple(numbers[4:])]
    if len(found) > PAGE:
        rows.append((say(_("More"), f"/items {text} page {page + 1}".replace("  ", " ")),))
    await ctx.say(Card(_("Your things"), ctx.easel().paused(), tuple(lines), (), tuple(row for row in rows if row)))


def _line(one: Item) -> str:
    return ", ".join(part for part in (STATES[ItemState(one.state)], money(one.price, one.currency)) if part)


@command("item", _("Show one item"), "/item 42", topic=_("Your things"))
async def item_(ctx: Context, item: Item) -> None:
    view = "draft" if item.state == ItemState.DRAFT else "item"
    await ctx.show(view, ("item", item.id))


@command(
    "edit",
    _("Change what is said about an item"),
    "/edit 42 title Nike Dunk Low, size 10",
    needs=SELL,
    topic=_("Your things"),
    details=_("Fields: {fields}, or the name of an item specific.").format(fields=", ".join(SAID)),
)
async def edit(ctx: Context, item: Item, field: Word, value: Rest) -> None:
    name, said = await which_field(ctx, item, field, value)
    if not said:
        label = name.removeprefix("aspect:")
        raise Invalid(_("What should {field} be? Type it like /edit {number} {field} …").format(field=label, number=item.number))
    await set_field(ctx, item, name, said)
    await ctx.show("draft", ("item", item.id))


@action("edit.as", needs=SELL)
async def edit_as(ctx: Context, item: str, field: str, value: str) -> None:
    """The field that was meant, chosen among those that look like what was typed."""
    row = await the_item(ctx, item)
    await set_field(ctx, row, field, value)
    await ctx.show("draft", ("item", row.id))
