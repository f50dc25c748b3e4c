"""What is left out of a command is asked for: items, accounts and words to tap, amounts and texts to type.

What is tapped or typed joins what was typed already, and the command goes on as one line: `/price`, then `/price 42`, then
`/price 42 45`. So nothing is kept but the line, and a button works as long as any other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from sqlalchemy import select

from bot.chat.cards.parts import called, money, order_name, say, titles_of
from bot.chat.context import Context, Offer
from bot.chat.registry import Command, Parameter, Price
from core.errors import Invalid, Missing
from core.money import Money
from core.rules.access import may_on
from core.values.card import Button, Card
from core.words import _
from storage.models import Account, Item, Order

SHOWN = 6  # items on a page


class Ask(Invalid):
    """Something that has to be typed is missing: `text` asks for it, and the answer goes on the end of `line`."""

    def __init__(self, text: str, line: str) -> None:
        super().__init__(text)
        self.line = line


async def left_out(ctx: Context, command: Command, parameter: Parameter, values: Mapping[str, Any]) -> NoReturn:
    """Raises `Offer` with what may be meant by an argument that is missing, or `Ask`; `values` are those before it."""
    line = line_of(command, values)
    if parameter.type is Item:
        raise Offer(await items(ctx, command, line))
    if parameter.type is Order:
        raise Offer(await orders(ctx, command, line))
    if parameter.type is Account:
        raise Offer(await _accounts(ctx, command, line))
    if parameter.type in (Money, Price) or parameter.name in command.asks:
        raise Ask(_question(command, parameter, values), line)
    raise Invalid(_("Something is missing. Type it like this: {example}").format(example=command.example))


def line_of(command: Command, values: Mapping[str, Any]) -> str:
    """The command as far as it was understood."""
    said = (_typed(one) for one in values.values() if one is not None)
    return " ".join((f"/{command.name}", *(one for one in said if one)))


def _typed(value: Any) -> str:
    if isinstance(value, Item | Order):
        return str(value.number)
    if isinstance(value, Account):
        return value.channel
    if isinstance(value, Money):
        return value.wire()
    return f'"{value}"' if " " in str(value) else str(value)


async def items(ctx: Context, command: Command, line: str, page: int = 1) -> Card:
    """The newest items that the command may be about, some at a time. Raises `Missing` when there is none."""
    query = select(Item).where(Item.workspace_id == ctx.person.workspace_id, Item.deleted_at.is_(None), Item.state.in_(command.offers))
    query = query.order_by(Item.number.desc()).limit(SHOWN + 1).offset(SHOWN * (page - 1))
    found = list((await ctx.session.execute(query)).scalars())
    if not found:
        how = _("Type it like this: {example}").format(example=command.example)
        raise Missing(_("You have no item for /{name} at the moment.").format(name=command.name) + " " + how)
    rows: list[tuple[Button, ...]] = [(called(one, {"do": "say", "text": f"{line} {one.number}"}),) for one in found[:SHOWN]]
    if len(found) > SHOWN:
        rows.append((Button(_("More"), {"do": "offer.more", "line": line, "page": page + 1}),))
    text = _("Which item? Tap one, or type it like this: {example}").format(example=command.example)
    return Card(f"/{command.name}", text, buttons=tuple(rows))


async def orders(ctx: Context, command: Command, line: str) -> Card:
    """The newest orders that the command may be about. Raises `Missing` when there is none."""
    query = select(Order).where(Order.workspace_id == ctx.person.workspace_id, Order.state.in_(command.orders))
    if ctx.person.channels:
        query = query.where(Order.channel.in_(ctx.person.channels) | Order.account_id.is_(None))
    found = list((await ctx.session.execute(query.order_by(Order.number.desc()).limit(SHOWN))).scalars())
    if not found:
        how = _("Type it like this: {example}").format(example=command.example)
        raise Missing(_("You have no order for /{name} at the moment.").format(name=command.name) + " " + how)
    titles = await titles_of(ctx.session, [one.id for one in found])
    rows = tuple((say(order_name(one, titles[one.id]), f"{line} {one.number}"),) for one in found)
    return Card(
        f"/{command.name}", _("Which order? Tap one, or type it like this: {example}").format(example=command.example), buttons=rows
    )


async def _accounts(ctx: Context, command: Command, line: str) -> Card:
    there = [one for one in await ctx.accounts() if may_on(ctx.person.channels, one.channel)]
    if not there:
        raise Missing(_("Nothing is connected yet. Type /connect to choose where you sell."))
    buttons = [say(one.name, f"{line} {one.channel}") for one in there]
    text = _("Which marketplace? Tap one, or type it like this: {example}").format(example=command.example)
    return Card(f"/{command.name}", text, buttons=tuple((one,) for one in buttons))


def _question(command: Command, parameter: Parameter, values: Mapping[str, Any]) -> str:
    """The command's own question, and for an amount what the item costs now and at least."""
    asked = _(command.asks.get(parameter.name, "")) or _("How much? Type an amount like 45.")
    item = next((one for one in values.values() if isinstance(one, Item)), None)
    if item is None:
        return asked
    told: Sequence[str] = (
        _("Item {number}, {title}.").format(number=item.number, title=item.title or _("no title yet")),
        _("It costs {price} now.").format(price=money(item.price, item.currency)) if item.price is not None else "",
        _("Its floor is {floor}.").format(floor=money(item.floor, item.currency)) if item.floor is not None else "",
        asked,
    )
    return " ".join(one for one in told if one)
