"""Carrying out a command line, whoever made it: typed, on a button, or meant by plain words. One way for all of them."""

from __future__ import annotations

from bot.chat.arguments import resolve
from bot.chat.context import Context
from bot.chat.registry import REGISTRY, Command, unknown
from core.errors import Invalid
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
        raise Invalid(unknown(name))
    return command, rest[0] if rest else ""


async def run(ctx: Context, command: Command, text: str) -> None:
    """Carry a command out with what was typed after it. One that was typed closes the question that is open, unless it only looks."""
    ctx.check(command.needs)
    values = await resolve(ctx, command, text)
    if not command.looks and not ctx.inbound.press:
        await close_question(ctx)
    await command.handler(ctx, **values)


async def close_question(ctx: Context) -> bool:
    """Nobody waits for the answer any more. Whether a question was open in this chat."""
    question = await ctx.session.get(Question, ctx.place)
    if question is not None:
        await ctx.session.delete(question)
    return question is not None
