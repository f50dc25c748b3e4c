"""Places of a surface that show one view and nothing else, such as Slack's Home tab."""

from __future__ import annotations

from sqlalchemy import select

from bot.chat.context import Context
from core.flows.posts import GONE, touch
from storage.models import Post


async def look(ctx: Context) -> None:
    """Somebody looks at such a place: it begins at the first look, and is brought up to date at each."""
    view, member = ctx.inbound.opens, ctx.person.member_id
    query = select(Post.id).where(Post.surface == ctx.place[0], Post.chat == ctx.place[1], Post.view == view, Post.state != GONE)
    if (await ctx.session.execute(query.where(Post.subject_id == member).limit(1))).first():
        await touch(ctx.session, ctx.db, (view, member))
    else:
        await ctx.show(view, (view, member))
