"""Commands that go on: with the answer to what was left out, or with more to choose from."""

from __future__ import annotations

from bot.chat import offers
from bot.chat.context import Context
from bot.chat.registry import action
from bot.chat.running import command_of, run_line


@action("command.go")
async def go(ctx: Context, line: str, answer: str) -> None:
    """The command authorises and checks itself, as if all of it had been typed at once."""
    await run_line(ctx, f"{line} {answer}")


@action("offer.more")
async def more(ctx: Context, line: str, page: int) -> None:
    command, _rest = command_of(line)
    ctx.check(command.needs)
    await ctx.say(await offers.items(ctx, command, line, page))
