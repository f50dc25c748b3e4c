"""Whoever reads otherwise from now on, in another language or time zone, sees it at once where they look."""

from __future__ import annotations

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.flows.posts import DIRTY, GONE
from storage.db import Database, wake
from storage.models import Identity, Post

NEWEST = 50  # living cards of a chat: what its reader has before their eyes


async def draw_again(session: AsyncSession, db: Database, member_id: str) -> None:
    """The newest living cards in a member's own chats are drawn again."""
    own = select(Identity.surface, Identity.chat).where(Identity.member_id == member_id, Identity.chat != "").distinct()
    for surface, chat in (await session.execute(own)).all():
        living = select(Post.id).where(Post.surface == surface, Post.chat == chat, Post.view != "", Post.state != GONE)
        newest = (await session.execute(living.order_by(Post.id.desc()).limit(NEWEST))).scalars().all()
        values = {"state": DIRTY, "version": Post.version + 1, "due_at": db.now()}
        await session.execute(update(Post).where(Post.id.in_(newest)).values(values).execution_options(synchronize_session=False))
        for post in newest:
            wake(session, "card_post", post, priority=6)
