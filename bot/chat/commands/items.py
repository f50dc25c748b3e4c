"""Looking at items and editing what is said about them."""

from __future__ import annotations

import difflib
import re

from sqlalchemy import select

from bot.chat.cards.parts import money, say
from bot.chat.commands.fields import set_field, the_item, which_field
from bot.chat.context import Context
from bot.chat.finding import whole
from bot.chat.registry import Rest, Word, action, command
from core.errors import Invalid
from core.rules.access import Ability
from core.rules.drafts import CONDITIONS
from core.rules.naming import ITEMS, name_of, of_field, of_item
from core.values.card import Button, Card, Line
from core.values.states import ItemState
from core.words import N_, _, here
from storage.models import Item

PAGE = 20
FIELD_ROWS = (
    ("title", "description"), ("condition", "quantity", "price"), ("floor", "cost"), ("brand", "model", "mpn"),
    ("size", "colour", "material"), ("weight", "upc", "ean", "isbn"),
)  # fmt: skip
WORDS = 8  # of a filter; more would not find less
_ASKED = re.compile(r"(?P<text>.*?)(?:(?:^|\s)page\s+(?P<page>\d+))?", re.S)


@command(
    "items", N_("What you have"), "/items live", topic=N_("Your things"), details=N_("Add a state to see only those, or words of a title.")
)
async def items(ctx: Context, words: Rest) -> None:
    text, page = asked_page(words)
    state = _states().get(text.lower())
    query = select(Item).where(Item.workspace_id == ctx.person.workspace_id, Item.deleted_at.is_(None))
    if state is not None:
        query = query.where(Item.state == state)
    else:
        query = query.where(*(Item.title.icontains(word, autoescape=True) for word in text.split()[:WORDS]))
    found = list((await ctx.session.execute(query.order_by(Item.number.desc()).limit(PAGE + 1).offset(PAGE * (page - 1)))).scalars())
    if not found:
        await _nothing(ctx, text, page)
        return
    lines = [Line(str(one.number), one.title or _("no title yet"), _line(one)) for one in found[:PAGE]]
    numbers = [say(str(one.number), f"/item {one.number}") for one in found[:8]]
    rows: list[tuple[Button, ...]] = [tuple(numbers[:4]), tuple(numbers[4:])]
    if len(found) > PAGE:
        rows.append((say(_("More"), " ".join(f"/items {text} page {page + 1}".split())),))
    await ctx.say(Card(_("Your things"), ctx.easel().paused(), tuple(lines), (), tuple(row for row in rows if row)))


def asked_page(words: str) -> tuple[str, int]:
    """What to look for and which page of it."""
    found = _ASKED.fullmatch(words)
    page = whole(found["page"]) if found and found["page"] else None
    return (found["text"].strip(), max(page, 1)) if found and page is not None else (words.strip(), 1)


async def _nothing(ctx: Context, text: str, page: int) -> None:
    if page > 1:
        raise Invalid(_("There is no page {page}. /items shows the first.").format(page=page))
    if not text:
        await ctx.say(_("Nothing here yet. Send me photos of something to sell."))
        return
    near = difflib.get_close_matches(text.lower(), _states(), n=2, cutoff=0.6)
    states = ", ".join(_(one) for one in ITEMS.values())
    said = _("Nothing found for “{text}”. Type words of a title, or one of these: {states}.").format(text=text[:80], states=states)
    await ctx.say(Card(text=said, buttons=(tuple(say(name, f"/items {name}") for name in near),) if near else ()))


def _states() -> dict[str, ItemState]:
    """A state is named as it is kept or as it is shown: "delisted" and "not up"."""
    return {name: state for state, shown in ITEMS.items() for name in (state.value, _(shown))}


def _line(one: Item) -> str:
    return ", ".join(part for part in (here(of_item(one.state)), money(one.price, one.currency)) if part)


@command("item", N_("Show one item"), "/item 42", topic=N_("Your things"))
async def item_(ctx: Context, item: Item) -> None:
    view = "draft" if item.state == ItemState.DRAFT else "item"
    await ctx.show(view, ("item", item.id))


@command(
    "edit",
    N_("Change what is said about an item"),
    "/edit 42 title Nike Dunk Low, size 10",
    needs=Ability.EDIT,
    topic=N_("Your things"),
    details=N_(
        "Fields: title, description, condition, price, floor, cost, quantity, brand, model, mpn, size, colour, material, upc, ean, isbn, "
        "weight, or the name of an item specific."
    ),
)
async def edit(ctx: Context, item: Item, field: Word | None, value: Rest) -> None:
    if field is None:
        await _ask_field(ctx, item)
        return
    name, said = await which_field(ctx, item, field, value)
    if not said:
        await _ask_value(ctx, item, name)
        return
    await set_field(ctx, item, name, said)
    await ctx.show("draft", ("item", item.id))


async def _ask_field(ctx: Context, item: Item) -> None:
    """The fields that a seller may set, those of one kind in a row."""
    rows = [tuple(say(name_of(one), f"/edit {item.number} {one}") for one in some) for some in FIELD_ROWS]
    text = _("What do you want to change about item {number}, {title}?").format(number=item.number, title=item.title or _("no title yet"))
    await ctx.say(Card("/edit", text, buttons=tuple(rows)))


async def _ask_value(ctx: Context, item: Item, field: str) -> None:
    label = here(of_field(field))
    text = _("What should {field} of item {number} be? Type it.").format(field=label, number=item.number)
    if field == "condition":
        rows = [(say(_(shown), f"/edit {item.number} condition {one.value}"),) for one, shown in CONDITIONS]
        await ctx.say(Card(text=text, buttons=tuple(rows)))
        return
    await ctx.ask(text, {"do": "command.go", "line": f'/edit {item.number} "{field.removeprefix("aspect:")}"'})


@action("edit.as", needs=Ability.EDIT)
async def edit_as(ctx: Context, item: str, field: str, value: str) -> None:
    """The field that was meant, chosen among those that look like what was typed."""
    row = await the_item(ctx, item)
    await set_field(ctx, row, field, value)
    await ctx.show("draft", ("item", row.id))
