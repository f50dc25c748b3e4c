"""The buttons under what plain words were understood as."""

from __future__ import annotations

from bot.chat.arguments import resolve
from bot.chat.context import Context
from bot.chat.plain.judging import dry
from bot.chat.plain.proposals import ONCE, use
from bot.chat.registry import action
from bot.chat.running import command_of, run_line
from core.errors import HaggleError, Refused
from core.rules.access import may_refuse, refusal
from core.words import Told


@action("plain.no")
async def no(ctx: Context, lines: list[str], once: str, by: str) -> None:
    """Of a proposal in a chat that several read: whoever may do what it says, and who asked for it."""
    for line in lines:
        await _check(ctx, line, own=by == ctx.person.member_id)
    await use(ctx, {"do": "plain.no", "lines": lines, ONCE: once, "by": by})


async def _check(ctx: Context, line: str, *, own: bool) -> None:
    command, rest = command_of(line)
    if not may_refuse(ctx.person.role, command.needs, own=own):
        raise Refused(refusal(ctx.person.role, command.needs))
    if own or not ctx.person.channels:
        return
    try:
        values = await resolve(dry(ctx), command, rest)
    except HaggleError:
        return  # it cannot be done any more, whoever says yes
    await ctx.check_named(command.needs, values)


@action("plain.all")
async def every(ctx: Context, lines: list[str], once: str) -> None:
    """All of it or nothing: what cannot be done is named. Each line asks what typing it would ask."""
    await use(ctx, {"do": "plain.all", "lines": lines, ONCE: once})
    for line in lines:
        try:
            await run_line(ctx, line)
        except HaggleError as error:
            raise Refused(Told("Nothing of it was done, because of {line}: {why}", line=line, why=error.sentence)) from error
