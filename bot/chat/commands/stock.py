"""How many there are of a thing: looking, finding, losing, counting, thresholds; and everything that ever happened to it."""

from __future__ import annotations

from bot.chat.cards import history as cards
from bot.chat.commands.fields import hold, the_item
from bot.chat.context import Context
from bot.chat.finding import whole
from bot.chat.registry import Rest, action, command
from core.errors import Invalid, Refused
from core.flows import counting, edits, intake, ledger
from core.rules import stock as rules
from core.rules.access import Ability
from core.rules.naming import of_item
from core.rules.stock import Said
from core.values.states import ItemState
from core.words import N_, _, here
from storage.keys import new_key
from storage.models import Item

TOPIC = N_("Your things")
QUESTIONS = {
    "count": N_("How many of item {number} are there, promised ones too? Type a number."),
    "damaged": N_("How many of item {number} are damaged and cannot be sold? Type a number, and why if you like: 1 cracked foot."),
    "low": N_("At how many of item {number} do you want to be told that few are left? Type a number; 0 is never."),
    "reorder": N_("At how many of item {number} is it time to get more? Type a number; 0 is never."),
}  # fmt: skip


@command(
    "stock",
    N_("How many there are, and what each marketplace shows"),
    "/stock 42 +3 found two more",
    needs=Ability.STOCK,
    looks_alone=True,
    topic=TOPIC,
    details=N_("/stock 42 shows it; +3, -1 broken, damaged 1, or 5 when you counted; low 3 and reorder 5 set when you are told."),
)
async def stock(ctx: Context, item: Item, what: Rest) -> None:
    said = rules.read(what)
    if said is None:
        how = _("Type it like /stock {number} +3, /stock {number} -1 broken, or /stock {number} 5 when you counted.")
        raise Invalid(_("I did not understand “{words}”.").format(words=what[:80]) + " " + how.format(number=item.number))
    if said.verb in ("low", "reorder"):
        await _threshold(ctx, item, said)
    elif said.verb != "look":
        await _count(ctx, item, said)
    if not ctx.inbound.press or said.verb == "look":
        await ctx.show("stock", ("item", item.id))


async def _count(ctx: Context, item: Item, said: Said) -> None:
    await hold(ctx, item)
    if item.state == ItemState.ARCHIVED:
        raise Refused(_("Item {number} is {state}. Bring it back first.").format(number=item.number, state=here(of_item(item.state))))
    level = await ledger.level_of(ctx.session, item.id)
    there = level.total if level else 0
    wanted = {"add": there + said.number, "damaged": there - said.number, "count": said.number}[said.verb]
    if wanted > rules.MOST:
        raise Invalid(_("“{value}” is not a quantity. Type a whole number like 3.").format(value=wanted))
    if wanted == there and level is not None:
        raise Refused(_("Item {number}: that is what I have, {count}. Nothing is changed.").format(number=item.number, count=there))
    await edits.write(ctx.session, ctx.house, ctx.person, item, "quantity", wanted, why=counting.Why(said.kind, said.reason[:200]))


async def _threshold(ctx: Context, item: Item, said: Said) -> None:
    await hold(ctx, item)
    if await ledger.level_of(ctx.session, item.id) is None:
        raise Refused(_("Say first how many there are: /stock {number} 5").format(number=item.number))
    field = {"low": "low_at", "reorder": "reorder_at"}[said.verb]
    await edits.write(ctx.session, ctx.house, ctx.person, item, field, said.number)


@action("stock.ask", needs=Ability.STOCK, asks=True)
async def ask(ctx: Context, item: str, what: str) -> None:
    row = await the_item(ctx, item)
    line = f"/stock {row.number}" if what == "count" else f"/stock {row.number} {what}"
    await ctx.ask(_(QUESTIONS[what]).format(number=row.number), {"do": "command.go", "line": line})


@action("stock.everywhere", needs=Ability.STOCK)
async def everywhere(ctx: Context, item: str) -> None:
    """What is up shows fewer than there are, and a person says that it is right to show them all."""
    row = await the_item(ctx, item)
    await hold(ctx, row)
    if not await intake.quantity_everywhere(ctx.session, ctx.house, row, person=ctx.person, batch=new_key()):
        raise Refused(_("Item {number} is not up anywhere.").format(number=row.number))


@command(
    "history",
    N_("Everything that happened to an item"),
    "/history 42",
    topic=TOPIC,
    details=N_("Stock, orders, what was done on marketplaces and how it ended, edits, and by whom; the newest first."),
)
async def history(ctx: Context, item: Item, page: Rest) -> None:
    words = page.split()
    number = 1 if not words else whole(words[-1]) if words[:-1] in ([], ["page"]) else None
    card = await cards.draw(ctx.easel(), item, number) if number else None
    if card is None:
        raise Invalid(_("There is no page {page}. /history {number} shows the first.").format(page=page[:20], number=item.number))
    await ctx.say(card)
