"""Orders from a file: a table (CSV) that is sent into the chat. Its bytes are read and never kept: buyers may be in them."""

from __future__ import annotations

from collections.abc import Mapping

from bot.chat.commands.orders import TOPIC
from bot.chat.context import Context
from bot.chat.registry import Word, action, command
from core.errors import Invalid, Missing
from core.flows import order_sources
from core.flows.house import House
from core.rules import order_files
from core.rules.access import Ability
from core.values.card import Button, Card
from core.words import N_, _
from storage.models import Order, OrderSource

EXAMPLE = f"{order_files.HEADER}\nPoshmark,5f2c91,HG-1-ABCDE,Acme lamp,1,45.00,2026-11-20\n"


@command(
    "import",
    N_("Take in orders from a file"),
    "/import orders",
    needs=Ability.SOLD,
    topic=TOPIC,
    details=N_("Send a CSV file into the chat; each order is taken in once, whatever it comes by."),
)
async def import_(ctx: Context, what: Word | None) -> None:
    if what is not None and what.lower() != "orders":
        raise Invalid(_("I can import orders: /import orders."))
    text = _(
        "Send me a CSV file with these columns, in any order: {columns}. Also currency and status (paid, shipped, delivered, completed), "
        "if you like. What is about buyers is not read. The file may have {rows} rows."
    )
    copy = Button(_("Copy the first lines"), copy=EXAMPLE)
    await ctx.say(Card("/import orders", text.format(columns=order_files.HEADER, rows=order_files.MOST), buttons=((copy,),)))


def names_of(house: House) -> Mapping[str, str]:
    """Marketplaces by what people call them, to their kinds."""
    return {name.lower(): kind for kind, able in house.capabilities.items() for name in (kind, able.name)}


async def take_table(ctx: Context, data: bytes) -> None:
    """A file that somebody sent. Raises `Invalid` with what is wrong with it."""
    ctx.check(Ability.SOLD)
    found = order_files.read(data, ctx.workspace.currency, names_of(ctx.house))
    batch = await order_sources.take_file(ctx.session, ctx.house, ctx.person, found.orders, problems=found.problems)
    await ctx.show("import", ("import", batch))


@action("import.next", needs=Ability.SOLD)
async def next_(ctx: Context, batch: str) -> None:
    left = await order_sources.open_of(ctx.session, batch)
    if not left:
        raise Missing(_("Nothing is left to be asked."))
    await ctx.show("source", ("source", left[0].id))


@action("import.answer", needs=Ability.SOLD)
async def answer(ctx: Context, source: str, verdict: str, order: str) -> None:
    """Which order it is; then the next question, as long as there are some."""
    row = await ctx.session.get_one(OrderSource, source)
    which = await ctx.session.get_one(Order, order) if order else None
    await order_sources.decide(ctx.session, ctx.house, ctx.person, row, verdict, which)
    if left := await order_sources.open_of(ctx.session, row.batch):
        await ctx.show("source", ("source", left[0].id))
