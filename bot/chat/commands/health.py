"""How the house fares."""

from __future__ import annotations

from bot.chat.context import Context
from bot.chat.registry import command
from core.words import N_


@command(
    "health",
    N_("How your connections and the work fare"),
    "/health",
    topic=N_("Channels"),
    details=N_("What is sold and still live, each marketplace's last sign of life, what waits, the last backup."),
)
async def health(ctx: Context) -> None:
    await ctx.show("health", ("health", ctx.person.workspace_id))
