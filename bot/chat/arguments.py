"""Resolving what was typed into what a command takes: an item from "42", money from "$45", a channel from "ebay"."""

from __future__ import annotations

import re
from typing import Any, NoReturn

from bot.chat.cards.parts import called
from bot.chat.context import Context, Offer
from bot.chat.finding import find_item, find_order, near_items
from bot.chat.offers import left_out
from bot.chat.registry import Command, Parameter, Price, Rest, Word
from core.errors import HaggleError, Invalid, Missing
from core.flows.accounts import account_named
from core.money import Money, parse
from core.values.card import Card
from core.words import _
from storage.models import Account, Item, Order

SAME = "same"  # the price of the item, on a channel that had its own
_NOTHING = object()
_PAIRS = ('""', "''", "“”", "‘’")
_WORD = re.compile("|".join([*(f"{pair[0]}[^{pair[1]}]*{pair[1]}(?!\\S)" for pair in _PAIRS), r"\S+"]))


class Typed:
    """What was typed after a command, read word by word. Quotes around words keep them together; a lonely quote is just a sign.

    What is left after the words that were taken is exactly what was typed: `rest` keeps line breaks, quotes and repeated words.
    """

    def __init__(self, text: str) -> None:
        self.rest = text.strip()

    def __bool__(self) -> bool:
        return bool(self.rest)

    @property
    def word(self) -> str:
        """The next word, without its quotes; empty at the end."""
        raw = self._raw()
        return raw[1:-1] if len(raw) > 1 and raw[0] + raw[-1] in _PAIRS else raw

    @property
    def follows(self) -> bool:
        """Whether something follows the next word."""
        return len(self._raw()) < len(self.rest)

    def take(self) -> None:
        """Go past the next word."""
        self.rest = self.rest[len(self._raw()) :].lstrip()

    def _raw(self) -> str:
        found = _WORD.match(self.rest)
        return found[0] if found else ""


async def resolve(ctx: Context, command: Command, text: str) -> dict[str, Any]:
    """The command's arguments by name. Raises `Invalid` or `Missing` with what to type, `Offer` with what may be meant, `Ask` for a
    word that is missing."""
    typed = Typed(text)
    values: dict[str, Any] = {}
    skipped: dict[Parameter, HaggleError] = {}
    for position, parameter in enumerate(command.parameters):
        try:
            value = await _one(ctx, command, parameter, typed)
        except HaggleError as error:
            if parameter.optional and position < len(command.parameters) - 1:
                skipped[parameter] = error  # the word may be the next argument's
                value = _NOTHING
            elif skipped and typed.follows:
                raise next(iter(skipped.values())) from error  # it is neither, and something follows: a slip in the optional one
            else:
                raise
        if value is _NOTHING and not parameter.optional:
            await left_out(ctx, command, parameter, values)
        values[parameter.name] = None if value is _NOTHING else value
    for parameter in skipped:  # an optional argument may also come last
        if typed:
            values[parameter.name] = await _one(ctx, command, parameter, typed)
    if typed:
        raise Invalid(_("I did not understand “{words}”. Type it like this: {example}").format(words=typed.rest, example=command.example))
    return values


async def _one(ctx: Context, command: Command, parameter: Parameter, typed: Typed) -> Any:
    if parameter.type is Rest:
        value, typed.rest = Rest(typed.rest), ""
        return value
    if parameter.type is Item:
        return await _item(ctx, command, typed, optional=parameter.optional)
    if parameter.type is Order:
        return await _order(ctx, typed)
    if not typed:
        return _NOTHING
    value = await _word(ctx, parameter, typed.word)
    typed.take()
    return value


async def _word(ctx: Context, parameter: Parameter, word: str) -> Any:
    if parameter.type is Account:
        return account_named(list(await ctx.accounts()), word)
    if parameter.type is Money:
        return parse(word, ctx.workspace.currency)
    if parameter.type is Price:
        return Price(None if word.lower() == SAME else parse(word, ctx.workspace.currency))
    return Word(word)


async def _item(ctx: Context, command: Command, typed: Typed, *, optional: bool) -> Any:
    """By number or SKU; else the item of the card that was replied to."""
    if typed:
        found = await find_item(ctx.session, ctx.person.workspace_id, typed.word)
        if found is not None:
            typed.take()
            return found
    if (answered := await ctx.replied_item()) is not None:
        return answered
    if typed and not optional:
        await _not_found(ctx, command, typed)
    return _NOTHING


async def _order(ctx: Context, typed: Typed) -> Any:
    """By our number or the marketplace's own; else the order of the card that was replied to."""
    kind, key = await ctx.replied_subject() or ("", "")
    answered = await ctx.session.get(Order, key) if kind == "order" else None
    if not typed:
        return answered or _NOTHING
    found = await find_order(ctx.session, ctx.person.workspace_id, typed.word)
    if found is not None:
        typed.take()
    elif answered is None:
        raise Missing(_("There is no order {number}. /orders lists what was sold.").format(number=typed.word.lstrip("#")[:40]))
    return found or answered


async def _not_found(ctx: Context, command: Command, typed: Typed) -> NoReturn:
    """No item has this number or is called so: the likely ones are offered, with the rest of the command."""
    number = typed.word.lstrip("#")
    if number.isdecimal():
        raise Missing(_("There is no item {number}. /items lists what you have.").format(number=number[:20]))
    title, rest = typed.rest, ""
    if len(command.parameters) > 1:
        title = typed.word
        typed.take()
        rest = typed.rest
    near = await near_items(ctx.session, ctx.person.workspace_id, title)
    rows = tuple((called(one, {"do": "say", "text": f"/{command.name} {one.number} {rest}".strip()}),) for one in near)
    text = _("No item is called “{title}”.").format(title=title[:80])
    how = _("Did you mean one of these?") if near else _("Type its number, like this: {example}").format(example=command.example)
    raise Offer(Card(text=f"{text} {how}", buttons=rows, mood="warn"))
