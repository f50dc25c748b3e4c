"""Whether a command line that somebody else made may be proposed: it must resolve, and hold nothing that was not said."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Any

from bot.chat.arguments import resolve
from bot.chat.context import Context
from bot.chat.plain.describe import describe
from bot.chat.plain.proposals import Proposal
from bot.chat.plain.tools import HIDDEN
from bot.chat.registry import Command
from bot.chat.running import command_of
from core.errors import HaggleError, Invalid
from core.rules.drafts import SAID
from core.rules.plain.folding import words
from core.values.card import Card
from core.words import Told, here
from storage.models import Item, Order


class Dry(Context):
    """A context in which arguments are resolved and nothing is said: what would be asked is not complete."""

    __slots__ = ()

    async def say(self, card: Card | str) -> None:
        raise Invalid(Told("Something is missing."))

    async def show(self, view: str, subject: tuple[str, str]) -> None:
        raise Invalid(Told("Something is missing."))

    async def ask(self, text: str, action: dict[str, object], *, now: str = "") -> None:
        raise Invalid(Told("Something is missing."))


def dry(ctx: Context) -> Dry:
    return Dry(ctx.house, ctx.session, ctx.person, ctx.workspace, ctx.inbound)


async def proposal(ctx: Context, line: str) -> Proposal:
    """The line with what it would do. Raises what typing it would raise."""
    command, rest = command_of(line)
    ctx.check(command.needs)
    values = await resolve(dry(ctx), command, rest)
    await ctx.check_named(command.needs, values)
    item = next((one for one in values.values() if isinstance(one, Item)), None)
    return Proposal(line, describe(ctx, command, values), item)


async def sound(ctx: Context, lines: Sequence[str], numbers: Collection[int]) -> list[Proposal]:
    """Those of a model's lines that may be proposed: known commands, arguments that resolve, items that the model was told of or that the
    member numbered, texts in the member's own words."""
    said = set(words(ctx.inbound.text))
    known = {*numbers, *(int(one) for one in re.findall(r"\d{1,9}", ctx.inbound.text))}
    made = []
    for line in lines:
        try:
            command, rest = command_of(line)
            values = await resolve(dry(ctx), command, rest)
        except HaggleError:
            continue
        if command.name not in HIDDEN and _numbered(values, known) and _worded(command, values, said):
            made.append(await proposal(ctx, line))
    return made


def _numbered(values: dict[str, Any], known: Collection[int]) -> bool:
    return all(one.number in known for one in values.values() if isinstance(one, Item | Order))


def _worded(command: Command, values: dict[str, Any], said: Collection[str]) -> bool:
    """Words come from the member, or are the command's own: a field's name, a state."""
    own = {*said, *words(" ".join((command.name, here(command.example), here(command.details)))), *SAID}
    return all(word in own for value in values.values() if isinstance(value, str) for word in words(value))
