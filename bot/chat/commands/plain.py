"""The buttons under what plain words were understood as."""

from __future__ import annotations

from bot.chat.context import Context
from bot.chat.plain.proposals import ONCE, use
from bot.chat.registry import action
from bot.chat.running import run_line
from core.errors import HaggleError, Refused
from core.words import Told


@action("plain.no")
async def no(ctx: Context, once: str) -> None:
    await use(ctx, {"do": "plain.no", ONCE: once})


@action("plain.all")
async def every(ctx: Context, lines: list[str], once: str) -> None:
    """All of it or nothing: what cannot be done is named. Each line asks what typing it would ask."""
    await use(ctx, {"do": "plain.all", "lines": lines, ONCE: once})
    for line in lines:
        try:
            await run_line(ctx, line)
        except HaggleError as error:
            raise Refused(Told("Nothing of it was done, because of {line}: {why}", line=line, why=error.sentence)) from error
