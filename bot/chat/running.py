"""Carrying out a command line, whoever made it: typed, on a button, or meant by plain words. One way for all of them."""

from __future__ import annotations

from bot.chat.arguments import resolve
from bot.chat.context import Context, Offer
from bot.chat.offers import Ask
from bot.chat.registry import REGISTRY, Command, near_names, unknown
from core.rules.access import Ability
from core.values.card import Button, Card
from core.words import here
from storage.models import Question


async def run_line(ctx: Context, line: str) -> None:
    """Run `/price 42 45`. Raises `Invalid` for a command that is none, `Refused` when this person may not."""
    command, rest = command_of(line)
    await run(ctx, command, rest)


def command_of(line: str) -> tuple[Command, str]:
    """The command of a line, and what follows it. Raises `Invalid` when there is no such command."""
    word, *rest = line.split(maxsplit=1)
    name = word.lstrip("/").partition("@")[0].lower()
    command = REGISTRY.names.get(name)
    if command is None:
        raise not_there(name, *rest)
    return command, rest[0] if rest else ""


def not_there(name: str, rest: str = "") -> Offer:
    """There is no such command; those that it may be a slip for are buttons."""
    near = tuple(Button(f"/{one}", {"do": "say", "text": f"/{one} {rest}".strip()}) for one in near_names(name))
    return Offer(Card(text=unknown(name), buttons=((*near, Button("/help", {"do": "say", "text": "/help"})),), mood="warn"))


async def run(ctx: Context, command: Command, text: str) -> None:
    """Carry a command out with what was typed after it. One that was typed closes the question that is open, unless it only looks."""
    ctx.check(Ability.LOOK if command.looks_alone and command.looks(text) else command.needs)
    try:
        values = await resolve(ctx, command, text)
    except Ask as asked:
        await ctx.ask(here(asked.sentence), {"do": "command.go", "line": asked.line})
        return
    await ctx.check_named(command.needs, values)
    if not command.looks(text) and not ctx.inbound.press:
        await close_question(ctx)
    await command.handler(ctx, **values)


async def close_question(ctx: Context) -> bool:
    """Nobody waits for the answer any more. Whether a question was open in this chat."""
    question = await ctx.session.get(Question, ctx.place)
    if question is not None:
        await ctx.session.delete(question)
    return question is not None
