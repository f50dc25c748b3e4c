"""Forgetting what is old: once a day, in small steps.

The audit trail, orders, Changes and items are never forgotten.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, and_, delete, false, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.flows.changes import OPEN
from core.flows.differences import STANDING as DIFFERENCES_OPEN
from core.flows.house import House
from core.flows.posts import GONE, POSTED
from core.flows.rolls import OPEN as ROLLS_OPEN
from core.values.states import DraftState, InboxState, ItemState, Severity, TaskState
from storage.models import (
    CardButton,
    Change,
    Difference,
    Draft,
    InboxEvent,
    Item,
    ItemPhoto,
    ManualTask,
    Notice,
    NoticeCopy,
    OneTimeCode,
    OrderLine,
    Post,
    Reconciliation,
    Roll,
    RollPhoto,
    Setting,
    WebSession,
)
from storage.pages import delete_rows, forget, pages

FINISHED = timedelta(days=30)  # deliveries, tasks, discarded drafts
UNSOLVED = timedelta(days=90)  # deliveries that failed and were not replayed; notices
SHOWN = timedelta(days=180)  # cards of what is over, and their buttons
CODES = timedelta(days=3)  # one-time codes, after their end

_IS_OPEN = and_(Item.state.not_in((ItemState.SOLD, ItemState.ARCHIVED)), Item.deleted_at.is_(None))
# Of subjects of a kind those that are not over. A kind that is not named here is never over.
_OPEN_SUBJECTS: dict[str, Callable[[Sequence[str]], Select[str]]] = {
    "item": lambda ids: select(Item.id).where(Item.id.in_(ids), _IS_OPEN),
    "order": lambda ids: select(OrderLine.order_id).join(Item, Item.id == OrderLine.item_id).where(OrderLine.order_id.in_(ids), _IS_OPEN),
    "batch": lambda ids: (
        select(Change.batch).join(Item, Item.id == Change.item_id).where(Change.batch.in_(ids), or_(_IS_OPEN, Change.state.in_(OPEN)))
    ),
    "difference": lambda ids: select(Difference.id).where(Difference.id.in_(ids), Difference.state.in_(DIFFERENCES_OPEN)),
    "reconciliation": lambda ids: select(Reconciliation.batch).where(Reconciliation.batch.in_(ids), Reconciliation.state == "waiting"),
    "task": lambda ids: select(ManualTask.id).where(ManualTask.id.in_(ids), ManualTask.state == TaskState.OPEN),
    "roll": lambda ids: select(Roll.id).where(Roll.id.in_(ids), Roll.state.in_(ROLLS_OPEN)),
    "notice_copy": lambda ids: _unsolved(NoticeCopy.id, ids),
    "fold": lambda ids: _unsolved(NoticeCopy.fold, ids),
    **dict.fromkeys(("notices", "notify", "digest", "sales", "profit"), lambda ids: select(Post.subject_id).where(false())),
}


def _unsolved(column: Any, ids: Sequence[str]) -> Select[str]:
    """Those whose notice is critical and not solved."""
    open_still = and_(Notice.severity == Severity.CRITICAL, Notice.solved_at.is_(None))
    return select(column).join(Notice, Notice.id == NoticeCopy.notice_id).where(column.in_(ids), open_still)


async def forget_old(house: House) -> None:
    """A tick: everything whose time is over."""
    db, now = house.db, house.db.now()
    done = InboxEvent.state.in_((InboxState.DONE, InboxState.DUPLICATE, InboxState.REFUSED))
    failed = InboxEvent.state.in_((InboxState.FAILED, InboxState.DEAD))
    arrived = InboxEvent.received_at
    old = or_(and_(done, arrived < now - FINISHED), and_(failed, arrived < now - UNSOLVED))
    await forget(db, InboxEvent.id, old)
    await _forget_notices(house, now - UNSOLVED)
    ended = and_(ManualTask.state != TaskState.OPEN, ManualTask.done_at < now - FINISHED)
    await forget(db, ManualTask.id, ended)
    await forget(db, OneTimeCode.hash, OneTimeCode.expires_at < now - CODES)
    await forget(db, WebSession.hash, WebSession.expires_at < now)
    consent = and_(Setting.name.startswith("consent:"), Setting.value["until"].as_string() < now.isoformat())
    await forget(db, Setting.name, consent)
    await _forget_drafts(house, now - FINISHED)
    await _forget_rolls(house, now)
    await forget(db, Difference.id, and_(Difference.state.not_in(DIFFERENCES_OPEN), Difference.created_at < now - FINISHED))
    unused = Reconciliation.id.not_in(select(Difference.reconciliation_id).where(Difference.reconciliation_id.is_not(None)))
    await forget(db, Reconciliation.id, and_(Reconciliation.state != "waiting", Reconciliation.created_at < now - FINISHED, unused))
    await _forget_posts(house, now - SHOWN)
    await _forget_buttons(house, now - SHOWN)


async def _forget_notices(house: House, before: datetime) -> None:
    """Notices with everybody's copies. A critical one that is not solved stays."""
    db = house.db
    old = and_(Notice.at < before, or_(Notice.severity != Severity.CRITICAL, Notice.solved_at.is_not(None)))
    async for page in pages(db, select(Notice.id, old), Notice.id):
        doomed = [key for key, is_old in page if is_old]
        if doomed:
            async with db.write() as session:
                await session.execute(delete(NoticeCopy).where(NoticeCopy.notice_id.in_(doomed)))
            await delete_rows(db, Notice.id, doomed, old)


async def _forget_drafts(house: House, before: datetime) -> None:
    """Drafts that were discarded so long ago, with their items' photos. The item itself stays for the trail."""
    db = house.db
    discarded = select(Item.deleted_at).where(Item.id == Draft.item_id).scalar_subquery()
    over = Draft.state.in_((DraftState.REJECTED, DraftState.CANCELLED))
    old = and_(over, discarded < before)
    async for page in pages(db, select(Draft.id, Draft.item_id, old), Draft.id):
        items = [item for _, item, is_old in page if is_old]
        if items:
            async with db.write() as session:
                await session.execute(delete(ItemPhoto).where(ItemPhoto.item_id.in_(items)))
        await delete_rows(db, Draft.id, [key for key, _, is_old in page if is_old], over)


async def _forget_rolls(house: House, now: datetime) -> None:
    """Camera rolls that are over, and those that nobody ever said yes to. Their items stay, and so do these items' photos."""
    db = house.db
    old = or_(and_(Roll.state.not_in(ROLLS_OPEN), Roll.created_at < now - FINISHED), Roll.created_at < now - UNSOLVED)
    async for page in pages(db, select(Roll.id, old), Roll.id):
        for doomed in (key for key, is_old in page if is_old):
            async with db.write() as session:
                await session.execute(delete(RollPhoto).where(RollPhoto.roll_id == doomed))
                await session.execute(delete(Roll).where(Roll.id == doomed))


async def _forget_posts(house: House, before: datetime) -> None:
    """Chat lines, answers, and cards of what is over, unless they changed since."""
    db = house.db
    old = and_(Post.changed_at < before, Post.state.in_((POSTED, GONE)))
    query = select(Post.id, old, Post.state, Post.view, Post.subject_kind, Post.subject_id)
    async for page in pages(db, query, Post.id):
        found = [row for row in page if row[1]]
        async with db.read() as session:
            still = await _open_subjects(session, found)
        doomed = [row.id for row in found if row.state == GONE or not row.view or (row.subject_kind, row.subject_id) not in still]
        await delete_rows(db, Post.id, doomed, old)


async def _open_subjects(session: AsyncSession, posts: Sequence[Any]) -> set[tuple[str, str]]:
    subjects: dict[str, set[str]] = {}
    for post in posts:
        subjects.setdefault(post.subject_kind, set()).add(post.subject_id)
    still: set[tuple[str, str]] = set()
    for kind, ids in subjects.items():
        query = _OPEN_SUBJECTS.get(kind)
        found = ids if query is None else (await session.execute(query(sorted(ids)))).scalars()
        still |= {(kind, key) for key in found}
    return still


async def _forget_buttons(house: House, before: datetime) -> None:
    """Buttons that no card shows any more: pressing one on a card that somebody scrolled back to says that it is not known."""
    db = house.db
    old = CardButton.shown_at < before
    doomed: set[str] = set()
    async for page in pages(db, select(CardButton.id, old), CardButton.id):
        doomed.update(key for key, is_old in page if is_old)
    if not doomed:
        return
    async for page in pages(db, select(Post.id, Post.card), Post.id):
        doomed.difference_update(button.get("id") for _, card in page for row in card.get("buttons", []) for button in row)
    await delete_rows(db, CardButton.id, sorted(doomed), old)
