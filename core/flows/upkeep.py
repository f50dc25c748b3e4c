"""What the clock does: shouting about silent accounts, forgetting what is old, sweeping photos that nobody needs."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.flows import notices
from core.flows.house import House
from core.flows.posts import GONE
from core.values.states import AccountState, DraftState, InboxState, Severity
from storage.models import (
    Account,
    Draft,
    InboxEvent,
    Item,
    ItemPhoto,
    Notice,
    OneTimeCode,
    Photo,
    Post,
    Setting,
    WebSession,
    Workspace,
)

SILENT = timedelta(minutes=10)
INBOX, DRAFTS, NOTICES, POSTS, SLOTS, ORPHANS = (timedelta(days=days) for days in (30, 30, 90, 180, 3, 7))


async def shout_silent(house: House) -> None:
    """An account that has not answered for ten minutes is shouted about once, then daily; when it answers again that is said too."""
    db = house.db
    async with db.read() as session:
        paused = (await session.execute(select(Workspace.paused).limit(1))).scalar()
        query = select(Account).where(Account.state == AccountState.ACTIVE, Account.channel.in_(tuple(house.channels)))
        there = list((await session.execute(query)).scalars())
    if paused or not house.outward:
        return
    now = db.now()
    for account in there:
        # Who was not asked, since this machine was asleep, is not silent: more than one try must have failed.
        silent = account.last_ok_at is not None and account.last_ok_at < now - SILENT and account.attempts > 1
        told = account.silent_told_at
        if silent and (told is None or told < now - timedelta(days=1)):
            await _shout(house, account)
        elif told is not None and account.last_ok_at is not None and account.last_ok_at > told:
            async with db.write() as session:
                await session.execute(update(Account).where(Account.id == account.id).values(silent_told_at=None))
                await notices.all_solved(session, db, "account_silent", account.id, Severity.CRITICAL)


async def _shout(house: House, account: Account) -> None:
    db, now = house.db, house.db.now()
    assert account.last_ok_at is not None
    minutes = int((now - account.last_ok_at).total_seconds() // 60)
    async with db.write() as session:
        await session.execute(update(Account).where(Account.id == account.id).values(silent_told_at=now))
        await notices.tell(
            session, db, workspace=account.workspace_id, severity=Severity.CRITICAL, type="account_silent", subject=("account", account.id),
            key=f"silent:{account.id}:{now.isoformat()}", title=f"{account.name} has been silent for {minutes} minutes.",
            body=f"A sale there would not be noticed. I go on trying. {account.last_error}".strip(),
        )  # fmt: skip


async def forget_old(house: House) -> None:
    """Retention, as the tables say. The audit trail, orders and Changes are never touched."""
    db = house.db
    now = db.now()
    async with db.write() as session:
        done = (InboxState.DONE, InboxState.DUPLICATE, InboxState.REFUSED)
        await session.execute(delete(InboxEvent).where(InboxEvent.state.in_(done), InboxEvent.received_at < now - INBOX))
        await session.execute(
            delete(Notice).where(Notice.at < now - NOTICES, (Notice.severity != Severity.CRITICAL) | Notice.solved_at.is_not(None))
        )
        await session.execute(delete(Post).where(Post.state == GONE, Post.changed_at < now - POSTS))
        await session.execute(delete(OneTimeCode).where(OneTimeCode.expires_at < now - SLOTS))
        await session.execute(delete(WebSession).where(WebSession.expires_at < now))
        await session.execute(
            delete(Setting).where(Setting.name.startswith("consent:"), Setting.value["until"].as_string() < now.isoformat())
        )
        await _forget_drafts(session, house)


async def _forget_drafts(session: AsyncSession, house: House) -> None:
    """Photos of items that were discarded a month ago are let go; the item itself stays for the trail."""
    old = house.db.now() - DRAFTS
    gone = select(Item.id).join(Draft, Draft.item_id == Item.id).where(Draft.state == DraftState.REJECTED, Item.deleted_at < old)
    await session.execute(delete(ItemPhoto).where(ItemPhoto.item_id.in_(gone)))


async def sweep_photos(house: House) -> int:
    """Files that no item has used for seven days are deleted. Answers how many."""
    async with house.db.read() as session:
        kept = set((await session.execute(select(ItemPhoto.sha256).distinct())).scalars())
    gone = await house.photos.sweep(kept, house.db.now() - ORPHANS)
    async with house.db.write() as session:
        old = select(Photo.sha256).where(Photo.created_at < house.db.now() - ORPHANS, Photo.sha256.not_in(select(ItemPhoto.sha256)))
        await session.execute(delete(Photo).where(Photo.sha256.in_(old)))
    return gone
