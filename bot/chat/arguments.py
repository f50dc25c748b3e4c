"""Resolving what was typed into what a command takes: an item from "42", money from "$45", a channel from "ebay"."""

from __future__ import annotations

import shlex
from typing import Any

from sqlalchemy import func, select

from bot.chat.context import Context
from bot.chat.registry import Command, Count, Parameter, Rest, Word
from bot.chat.words import _
from core.errors import HaggleError, Invalid, Missing
from core.flows.accounts import account_named
from core.money import Money, parse
from storage.models import Account, Item

_NOTHING = object()


def split(text: str) -> list[str]:
    """Words of a line; quotes keep words together, a lonely quote is just a sign."""
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()


async def resolve(ctx: Context, command: Command, text: str) -> dict[str, Any]:
    """The command's arguments by name. Raises `Invalid` or `Missing` with what to type."""
    words = split(text)
    values: dict[str, Any] = {}
    for position, parameter in enumerate(command.parameters):
        if parameter.type is Rest:
            values[parameter.name] = Rest(_rest(text, words))
            words = []
            continue
        value = await _one(ctx, parameter, words, last=position == len(command.parameters) - 1)
        if value is _NOTHING:
            if not parameter.optional:
                raise Invalid(_("Something is missing. Type it like this: {example}").format(example=command.example))
            value = None
        values[parameter.name] = value
    if words:
        raise Invalid(
            _("I did not understand “{words}”. Type it like this: {example}").format(words=" ".join(words), example=command.example)
        )
    return values


def _rest(text: str, words: list[str]) -> str:
    """What is left, as it was typed where possible: a description keeps its line breaks."""
    if not words:
        return ""
    start = text.find(words[0])
    return text[start:].strip() if start >= 0 else " ".join(words)


async def _one(ctx: Context, parameter: Parameter, words: list[str], *, last: bool) -> Any:
    if parameter.type is Item:
        return await _item(ctx, words, optional=parameter.optional)
    if not words:
        return _NOTHING
    try:
        value = await _word(ctx, parameter, words[0])
    except HaggleError:
        if parameter.optional and not last:
            return _NOTHING  # it may be the next argument's
        raise
    words.pop(0)
    return value


async def _word(ctx: Context, parameter: Parameter, word: str) -> Any:
    if parameter.type is Account:
        return account_named(list(await ctx.accounts()), word)
    if parameter.type is Money:
        return parse(word, ctx.workspace.currency)
    if parameter.type is Count:
        if not word.isdigit():
            raise Invalid(_("“{word}” is not a whole number.").format(word=word))
        return Count(int(word))
    return Word(word)


async def _item(ctx: Context, words: list[str], *, optional: bool) -> Any:
    """By number or SKU; else the item of the card that was replied to."""
    if words:
        found = await find_item(ctx, words[0])
        if found is not None:
            words.pop(0)
            return found
    subject = await ctx.replied_subject()
    if subject and subject[0] == "item":
        return await ctx.session.get_one(Item, subject[1])
    if words and words[0].lstrip("#").isdigit() and not optional:
        raise Missing(_("There is no item {number}. /items lists what you have.").format(number=words[0].lstrip("#")))
    return _NOTHING


async def find_item(ctx: Context, word: str) -> Item | None:
    """An item by its number or SKU."""
    query = select(Item).where(Item.workspace_id == ctx.person.workspace_id, Item.deleted_at.is_(None))
    word = word.lstrip("#")
    if word.isdigit() and len(word) < 10:
        return (await ctx.session.execute(query.where(Item.number == int(word)))).scalar()
    return (await ctx.session.execute(query.where(func.lower(Item.sku) == word.lower()))).scalar()
