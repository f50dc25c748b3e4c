"""What the clock does: shouting about silent accounts, sweeping photos that nobody needs."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete, select, update

from core.flows import notices
from core.flows.house import House
from core.values.states import AccountState, Severity
from storage.models import Account, ItemPhoto, Photo, Workspace

SILENT = timedelta(minutes=10)
ORPHANS = timedelta(days=7)


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


async def sweep_photos(house: House) -> int:
    """Files that no item has used for seven days are deleted. Answers how many."""
    async with house.db.read() as session:
        kept = set((await session.execute(select(ItemPhoto.sha256).distinct())).scalars())
    gone = await house.photos.sweep(kept, house.db.now() - ORPHANS)
    async with house.db.write() as session:
        old = select(Photo.sha256).where(Photo.created_at < house.db.now() - ORPHANS, Photo.sha256.not_in(select(ItemPhoto.sha256)))
        await session.execute(delete(Photo).where(Photo.sha256.in_(old)))
    return gone
