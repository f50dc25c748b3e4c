"""Where a card goes in a chat with threads, and how one that is too long for a message goes on in another."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from core.flows.house import House
from core.ports import Surface
from core.values.card import Button, Card
from core.words import counted, speaking
from storage.db import Database
from storage.models import Change, ManualTask, Notice, NoticeCopy, OrderLine, Post, Story

MORE = "card.more"  # the action that shows what did not fit into a message


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a post goes: the message that it answers ("" is none), and the item whose story it begins where none is told yet."""

    answers: str = ""
    begins: str = ""


async def spot_of(session: AsyncSession, post: Post) -> Spot:
    """What is about an item answers the first card about it in that chat; anything else answers where it was asked for."""
    item = await item_of(session, post.subject_kind, post.subject_id)
    if item is None:
        return Spot(answers=post.thread)
    root = await session.get(Story, (post.surface, post.chat, "item", item))
    return Spot(answers=root.message) if root else Spot(begins=item)


async def item_of(session: AsyncSession, kind: str, key: str) -> str | None:
    """The item that a subject is about: its own, a batch's, a task's, a notice's, or the first of an order."""
    if kind == "item":
        return key
    query = {
        "notice_copy": select(Notice.subject_id)
        .join(NoticeCopy, NoticeCopy.notice_id == Notice.id)
        .where(NoticeCopy.id == key, Notice.subject_kind == "item"),
        "batch": select(Change.item_id).where(Change.batch == key),
        "order": select(OrderLine.item_id).where(OrderLine.order_id == key, OrderLine.item_id.is_not(None)).order_by(OrderLine.id),
        "task": select(ManualTask.item_id).where(ManualTask.id == key),
    }.get(kind)
    return (await session.execute(query.limit(1))).scalar() if query is not None else None


async def begin(session: AsyncSession, db: Database, post: Post, item: str, message: str) -> None:
    """From now on this message is where the item's story is told in that chat."""
    insert = insert_sqlite if db.is_sqlite else insert_postgresql
    row = {
        "surface": post.surface, "chat": post.chat, "subject_kind": "item", "subject_id": item, "message": message, "created_at": db.now(),
    }  # fmt: skip
    await session.execute(insert(Story).values(row).on_conflict_do_nothing())


async def told_in(session: AsyncSession, place: tuple[str, str], message: str) -> str | None:
    """The item whose story begins with this message."""
    query = select(Story.subject_id).where(Story.surface == place[0], Story.chat == place[1], Story.message == message)
    return (await session.execute(query.limit(1))).scalar()


def with_more(house: House, surface: Surface, post: Post, card: Card) -> Card:
    """The card, with a button for what one message of this surface has no room for."""
    shown, left = surface.goes_on(card)
    if not left or post.workspace_id is None:
        return card
    with speaking(house.speech_of(card.language)):
        label = counted("{count} more line", "{count} more lines", count=left)
        more = Button(label, {"do": MORE, "post": post.id, "skip": shown})
    return replace(card, buttons=(*card.buttons, (more,)))


def has_more(card: Card) -> bool:
    """Whether its last button shows what did not fit."""
    return bool(card.buttons) and card.buttons[-1][0].action.get("do") == MORE


def without_more(card: Card) -> Card:
    return replace(card, buttons=card.buttons[:-1]) if has_more(card) else card
