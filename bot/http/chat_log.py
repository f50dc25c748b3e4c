"""Reading a chat back from its posts: a page of it, and what changed since.

A row is shown once it is posted (its surface gave a reference) or when a person said it. What was taken away is `gone`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, and_, or_, select

from bot.surfaces.web import SURFACE
from core.flows import passing
from core.flows.posts import GONE, POSTED
from storage.db import Database
from storage.models import Post
from storage.secrets import Keyring

# A post's time is taken before its transaction commits, so a later one may be seen first. Reading so far back finds it still.
OVERLAP = timedelta(seconds=15)
MANY = 500  # changes in one go, after which a client does better to read the page again


@dataclass(frozen=True, slots=True)
class Page:
    """Posts, oldest first; whether there are older ones; and the time from which changes are still unknown to the reader."""

    posts: list[dict[str, Any]]
    more: bool
    cursor: datetime


@dataclass(frozen=True, slots=True)
class News:
    """Posts that are new or edited, ids of those taken away, and the cursor to go on from. `flood`: too many, read the page."""

    posts: list[dict[str, Any]]
    gone: list[str]
    cursor: datetime
    flood: bool = False

    def __bool__(self) -> bool:
        return bool(self.posts or self.gone or self.flood)

    def to_json(self) -> dict[str, Any]:
        return {"posts": self.posts, "gone": self.gone, "cursor": self.cursor.isoformat(), "flood": self.flood}


async def read_page(db: Database, keyring: Keyring, chat: str, *, before: str = "", limit: int = 50) -> Page:
    """The newest posts, or those before a post's id."""
    cursor = db.now()
    query = _of_chat(chat).where(_shown()).order_by(Post.id.desc()).limit(limit + 1)
    if before:
        query = query.where(Post.id < before)
    async with db.read() as session:
        rows = list((await session.execute(query)).scalars())
    return Page([told(row, keyring) for row in reversed(rows[:limit])], len(rows) > limit, cursor)


class Changes:
    """Follows a chat from `since` on. Each state of a post is told once to a reader."""

    def __init__(self, db: Database, keyring: Keyring, chat: str, since: datetime) -> None:
        self._db = db
        self._keyring = keyring
        self._chat = chat
        self._cursor = since
        self._told: dict[str, str] = {}

    async def fresh(self) -> News:
        """What changed since the last call."""
        since = self._cursor - OVERLAP
        gone = and_(Post.state == GONE, Post.due_at >= since)  # taking a post away moves its due time, not its change
        query = _of_chat(self._chat).where(or_(gone, and_(_shown(), Post.changed_at >= since))).order_by(Post.id).limit(MANY + 1)
        async with self._db.read() as session:
            rows = list((await session.execute(query)).scalars())
        fresh = [row for row in rows if self._told.get(row.id) != _mark(row)]
        self._told = {row.id: _mark(row) for row in rows}  # older ones come back only when they change, and then have another mark
        self._cursor = max([self._cursor, *(row.due_at if row.state == GONE else row.changed_at for row in rows)])
        if len(rows) > MANY:
            return News([], [], self._cursor, flood=True)
        shown = [told(row, self._keyring) for row in fresh if row.state != GONE]
        return News(shown, [row.id for row in fresh if row.state == GONE], self._cursor)


def told(row: Post, keyring: Keyring) -> dict[str, Any]:
    """A post for clients. Buttons keep their ids and lose what they do: that stays with us."""
    data: dict[str, Any] = {
        "id": row.id,
        "message": row.message,
        "mine": bool(row.said),
        "text": row.said.get("text", ""),
        "photos": row.said.get("photos", []),
        "event": row.said.get("event", ""),
        "card": None,
        "at": row.created_at.isoformat(),
        "changed": row.changed_at.isoformat(),
    }
    if not row.said:
        card = passing.shown(keyring, row)
        rows = [[{key: value for key, value in one.items() if key != "action"} for one in line] for line in card.get("buttons", [])]
        data["card"] = {**card, "buttons": rows}
    return data


def _of_chat(chat: str) -> Select[Post]:
    return select(Post).where(Post.surface == SURFACE, Post.chat == chat)


def _shown() -> Any:
    return and_(Post.state != GONE, or_(Post.message != "", Post.state == POSTED))


def _mark(row: Post) -> str:
    return row.state if row.state == GONE else f"{row.shown} {row.changed_at.isoformat()}"
