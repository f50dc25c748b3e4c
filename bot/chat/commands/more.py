"""What did not fit into one message of a surface."""

from __future__ import annotations

from dataclasses import replace

from bot.chat.context import Context
from bot.chat.registry import action
from core.errors import Missing
from core.flows.stories import MORE, without_more
from core.values.card import Card
from core.words import _
from storage.models import Post


@action(MORE)
async def more(ctx: Context, post: str, skip: int) -> None:
    """The card as it was last drawn, from there on."""
    row = await ctx.session.get(Post, post)
    if row is None or row.workspace_id != ctx.person.workspace_id or not row.card:
        raise Missing(_("That card is gone. Ask for it again."))
    await ctx.say(replace(without_more(Card.of_json(row.card)), skip=skip))
