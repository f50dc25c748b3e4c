"""Posted cards: every copy is remembered, and edited in place when its subject moves.

`put_card` and `put_view` add a copy to the caller's transaction; `touch` marks the copies of a subject; the flow here draws and sends
them. A copy that is touched ten times while it is being sent is sent once more, with the newest state.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import timedelta
from functools import lru_cache, partial
from typing import Any

import structlog
from sqlalchemy import BindParameter, Update, and_, bindparam, or_, select, update
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import AuthLost, HaggleError, Missing
from core.flows import passing, stories
from core.flows.house import House
from core.ports import Surface
from core.rules.retry import wait_before_retry
from core.values.card import Card
from core.values.states import ItemState
from core.words import _
from storage import work
from storage.asking import table_of
from storage.db import Database, before_commit, wake
from storage.keys import new_key
from storage.models import CardButton, Change, Draft, Item, ManualTask, OrderLine, Post, RollPhoto
from storage.work import Claim

log = structlog.get_logger()

DIRTY, POSTED, GONE = "dirty", "posted", "gone"
STEPS = (1.0, 3.0, 10.0, 30.0, 120.0, 600.0)
DRAWN = 3  # tries to draw a card before its reader is told that it cannot be
STORED_FOR = timedelta(hours=12)  # then a button that is shown again is stored again, which says that it is still in use
LOUD = ("sale", "task")  # what nobody may miss in a thread that they do not follow
RECENT = 100  # the newest living cards of a business: what people have before their eyes


async def put_card(
    session: AsyncSession, db: Database, place: tuple[str, str], card: Card, *, workspace: str | None, priority: int = 4, thread: str = ""
) -> str:
    """Post a card as it is: an answer that will not change. `thread` is where it was asked for, in a chat with threads."""
    subject = card.subject or ("", "")
    return await _put(session, db, place, workspace=workspace, card=card.to_json(), subject=subject, priority=priority, thread=thread)


async def put_view(
    session: AsyncSession, db: Database, place: tuple[str, str], view: str, subject: tuple[str, str], *, workspace: str, priority: int = 4,
    thread: str = "", aloud: bool = False,
) -> str:  # fmt: skip
    """Post a living card: drawn from its subject now and whenever that is touched. `aloud`: not only in the thread of its item."""
    return await _put(session, db, place, workspace=workspace, view=view, subject=subject, priority=priority, thread=thread, aloud=aloud)


async def _put(
    session: AsyncSession,
    db: Database,
    place: tuple[str, str],
    *,
    workspace: str | None,
    card: dict[str, Any] | None = None,
    view: str = "",
    subject: tuple[str, str] = ("", ""),
    priority: int,
    thread: str = "",
    aloud: bool = False,
) -> str:
    surface, chat = place
    now = db.now()
    post = Post(
        id=new_key(), workspace_id=workspace, surface=surface, chat=chat, thread=thread, aloud=aloud, view=view,
        subject_kind=subject[0], subject_id=subject[1], card=card or {},
        created_at=now, changed_at=now, state=DIRTY, priority=priority, due_at=now, turn=f"chat:{surface}:{chat}",
    )  # fmt: skip
    session.add(post)
    wake(session, "card_post", post.id, priority=priority)
    return post.id


def put_said(session: AsyncSession, db: Database, place: tuple[str, str], said: dict[str, Any], *, workspace: str) -> None:
    """Keep what a person said, so that a chat can be read back."""
    now = db.now()
    session.add(
        Post(
            id=new_key(), workspace_id=workspace, surface=place[0], chat=place[1], said=said, created_at=now, changed_at=now, state=POSTED,
            due_at=now,
        )
    )  # fmt: skip


async def retire(session: AsyncSession, db: Database, place: tuple[str, str], message: str, card: Card) -> None:
    """Make a posted copy something that stays as it is: what it showed goes on elsewhere."""
    here = and_(Post.surface == place[0], Post.chat == place[1], Post.message == message)
    values = {"view": "", "card": card.to_json(), "state": DIRTY, "version": Post.version + 1, "due_at": db.now()}
    statement = update(Post).where(here, Post.state != GONE).values(values).returning(Post.id)
    for post in (await session.execute(statement.execution_options(synchronize_session=False))).scalars().all():
        wake(session, "card_post", post, priority=4)


async def touch(session: AsyncSession, db: Database, *subjects: tuple[str, str]) -> None:
    """The subjects moved: every living copy of their cards is to be drawn again. An item's move is one of its batches and orders too.

    The copies are marked once, at the end of the transaction, however many of its steps touched them.
    """
    session.info.setdefault("touched", set()).update(subjects)
    before_commit(session, "touched", partial(_mark, db))


async def touch_all(session: AsyncSession, db: Database, workspace_id: str) -> None:
    """Something about the whole business moved (it was paused, say): what is under way, asked or to be done is drawn again."""
    waiting = select(Change.item_id).where(Change.workspace_id == workspace_id, Change.state.in_(("approved", "running")))
    drafts = select(Draft.item_id).where(
        Draft.workspace_id == workspace_id, Draft.state.in_(("uploading", "pending", "processing", "review"))
    )
    tasks = select(ManualTask.id).where(ManualTask.workspace_id == workspace_id, ManualTask.state == "open")
    newest = select(Post.subject_kind, Post.subject_id).where(Post.workspace_id == workspace_id, Post.view != "").order_by(Post.id.desc())
    subjects = {("item", key) for query in (waiting, drafts) for key in (await session.execute(query.distinct())).scalars()}
    subjects |= {("task", key) for key in (await session.execute(tasks)).scalars()}
    subjects |= {(kind, key) for kind, key in (await session.execute(newest.limit(RECENT))).all()}
    await touch(session, db, ("channels", workspace_id), *subjects)


async def _mark(db: Database, session: AsyncSession) -> None:
    keys: dict[str, list[str]] = {}
    for kind, key in session.info.pop("touched"):
        keys.setdefault(kind, []).append(key)
    found = await session.execute(_marking(frozenset(keys)), {"now": db.now(), **{f"of_{kind}": some for kind, some in keys.items()}})
    for post in found.scalars().all():
        wake(session, "card_post", post, priority=6)


@lru_cache(maxsize=64)
def _marking(kinds: frozenset[str]) -> Update:
    """The statement of `_mark`, put together once for each set of kinds; `of_KIND` are the ids of each. It goes to the table itself:
    the ORM would write it anew each time, to look for loaded rows."""
    post, change, line, item, photo = (table_of(model).c for model in (Post, Change, OrderLine, Item, RollPhoto))
    asked: dict[str, BindParameter[str]] = {kind: bindparam(f"of_{kind}", expanding=True) for kind in kinds}
    about = [and_(post.subject_kind == kind, post.subject_id.in_(asked[kind])) for kind in sorted(kinds)]
    if "item" in kinds:
        batches = select(change.batch).where(change.item_id.in_(asked["item"]))
        orders = select(line.order_id).where(line.item_id.in_(asked["item"]))
        about.append(and_(post.subject_kind == "batch", post.subject_id.in_(batches)))
        about.append(and_(post.subject_kind == "order", post.subject_id.in_(orders)))
        # A roll's card counts what of it is still a draft.
        drafts = select(item.id).where(item.id.in_(asked["item"]), item.state == ItemState.DRAFT)
        rolls = select(photo.roll_id).where(photo.item_id.in_(drafts))
        about.append(and_(post.subject_kind == "roll", post.subject_id.in_(rolls)))
    if not kinds <= {"home"}:
        about.append(post.subject_kind == "home")  # what waits for a member: whatever moves may be among it
    return (
        update(table_of(Post))
        .where(or_(*about), post.state != GONE, post.view != "")
        .values(state=DIRTY, version=post.version + 1, due_at=bindparam("now", type_=post.due_at.type))
        .returning(post.id)
    )


def name_buttons(card: Card, workspace: str | None) -> tuple[Card, dict[str, dict[str, Any]]]:
    """Give the buttons their short ids: the card with them, and what each does. The same action has the same id for ever."""
    if workspace is None:
        return card, {}
    actions = {button_id(workspace, button.action): button.action for row in card.buttons for button in row if button.action}
    rows = tuple(
        tuple(replace(button, id=button_id(workspace, button.action) if button.action else "") for button in row) for row in card.buttons
    )
    return replace(card, buttons=rows), actions


async def store_buttons(session: AsyncSession, db: Database, actions: dict[str, dict[str, Any]], workspace: str) -> None:
    """Keep what buttons do and when they were last shown, so that they work after restarts and months."""
    insert = insert_sqlite if db.is_sqlite else insert_postgresql
    values = [{"id": key, "workspace_id": workspace, "action": action, "shown_at": db.now()} for key, action in sorted(actions.items())]
    statement = insert(CardButton).values(values)
    await session.execute(statement.on_conflict_do_update(index_elements=["id"], set_={"shown_at": statement.excluded.shown_at}))


def button_id(workspace: str, action: dict[str, Any]) -> str:
    """24 hex digits of what the button does: well within every platform's limit, and not to be guessed into another workspace."""
    told = json.dumps([workspace, action], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(told.encode()).hexdigest()[:24]


def _hash(card: Card) -> str:
    return hashlib.sha256(json.dumps(card.to_json(), sort_keys=True).encode()).hexdigest()[:32]


_POST = table_of(Post).c
_VERSION = select(_POST.version).where(_POST.id == bindparam("post")).with_for_update(key_share=True)


class PostFlow:
    """Carries `card_post` rows: draw, send or edit, remember."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._stored: set[str] = set()  # buttons that were stored lately: most edits bring no new ones
        self._stored_since = house.db.now()

    async def carry(self, claim: Claim) -> None:
        db = self._house.db
        async with db.read() as session:
            post = await session.get_one(Post, claim.id)
        surface = self._house.surfaces.get(post.surface)
        if surface is None:
            await self._done(claim, post, state=POSTED if post.message else GONE)
            return
        card = await self._draw(post, claim)
        if card is None:
            await self._done(claim, post, state=GONE)
            return
        card = stories.with_more(self._house, surface, post, card)
        card = await self._give_ids(card, post.workspace_id)
        shown = _hash(card)
        values: dict[str, Any] = {"card": passing.kept(self._house.keyring, post, card), "shown": shown, "changed_at": db.now()}
        if not post.message:
            values["message"] = await self._post(surface, post, card)
        elif shown != post.shown:
            try:
                await surface.edit(post.chat, post.message, card)
            except Missing:
                await self._done(claim, post, state=GONE)
                return
        else:
            values = {}
        await self._done(claim, post, state=POSTED, **values)

    async def _post(self, surface: Surface, post: Post, card: Card) -> str:
        if not surface.threads:
            return await surface.post(post.chat, card)
        async with self._house.db.read() as session:
            spot = await stories.spot_of(session, post)
        aloud = post.aloud or post.view in LOUD or (post.view == "notice" and card.mood in ("bad", "warn"))
        message = await surface.post(post.chat, card, spot.answers, aloud=aloud)
        if spot.begins:
            async with self._house.db.write() as session:
                await stories.begin(session, self._house.db, post, spot.begins, message)
        return message

    async def _give_ids(self, card: Card, workspace: str | None) -> Card:
        card, actions = name_buttons(card, workspace)
        if len(self._stored) > 20_000 or self._house.db.now() - self._stored_since > STORED_FOR:
            self._stored.clear()
            self._stored_since = self._house.db.now()
        fresh = {key: action for key, action in actions.items() if key not in self._stored}
        if fresh and workspace:
            async with self._house.db.write() as session:
                await store_buttons(session, self._house.db, fresh, workspace)
            self._stored.update(fresh)
        return card

    async def _draw(self, post: Post, claim: Claim) -> Card | None:
        if not post.view:
            return Card.of_json(post.card)
        try:
            return await self._house.artist.draw(post.view, (post.subject_kind, post.subject_id), (post.surface, post.chat))
        except Exception:
            if claim.attempts < DRAWN:
                raise
            log.exception("a card cannot be drawn", view=post.view)
            return Card(text=_("This card cannot be shown: something broke inside Haggle, and the log says what."), mood="bad")

    async def _done(self, claim: Claim, post: Post, *, state: str, **values: Any) -> None:
        """Free the row; when the subject moved meanwhile, it stays dirty and goes round again."""
        db = self._house.db
        async with db.write() as session:
            # Locked, so that whoever touches it this moment does so before or after, and is never overwritten.
            now_version = (await session.execute(_VERSION, {"post": claim.id})).scalar_one()
            again = now_version != post.version and state == POSTED
            if again and not post.view:
                values.pop("card", None)  # a button changed the card while the one before was sent
            ends = passing.over_at(post, db.now()) if state == POSTED and not again else None
            values = {**values, "state": DIRTY if again or ends else state, "due_at": ends or db.now(), "attempts": 0}
            await work.finish(session, claim, **values)
            if again or ends:
                wake(session, "card_post", claim.id, priority=6, delay=ends - db.now() if ends else 0)
        if surface := self._house.surfaces.get(post.surface):
            surface.settled(post.chat)

    def again_in(self, error: HaggleError, claim: Claim) -> float | None:
        """A surface that is away comes back: what was to be told waits for it, however long. What it refuses is let go."""
        if isinstance(error, AuthLost):
            return STEPS[-1]
        return wait_before_retry(error, min(claim.attempts, len(STEPS)), steps=STEPS)

    async def retrying(self, claim: Claim, error: HaggleError) -> None:
        """Nobody can be told that telling them is late."""

    async def fail(self, claim: Claim, error: HaggleError) -> None:
        async with self._house.db.write() as session:
            await work.finish(session, claim, state=GONE, due_at=self._house.db.now(), last_error=error.sentence)

    async def lost(self, claim: Claim) -> None:
        """Posting is at least once: whoever has the row now brings the card up to date."""
