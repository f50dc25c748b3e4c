"""What the clock does: shouting about silent accounts, sweeping photos that nobody needs, finding those that are damaged, minding old
secrets."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, select, true, update

from core.flows import notices, rolls
from core.flows.accounts import shout_lost
from core.flows.house import House
from core.flows.intake import remember
from core.flows.people import the_workspace
from core.flows.posts import touch
from core.values.states import AccountState, ItemState
from core.words import N_, Told, counted, joined
from storage.models import Account, Item, ItemPhoto, Notice, Photo, Roll, RollPhoto, Setting, Workspace
from storage.pages import delete_rows, pages

_MAKE_NEW = N_("Make a new one where you got it, put it into the settings, restart: if the old one ever leaked, that ends it.")

SILENT = timedelta(minutes=9)  # with the tick that looks (a minute), a connection that is lost is noticed within ten
OUT = (AccountState.EXPIRED, AccountState.REVOKED, AccountState.ERROR)
ORPHANS = timedelta(days=7)
LEFTOVERS = timedelta(hours=24)  # of interrupted writes
SECRETS = timedelta(days=90)
PHOTOS = "photos"  # what a notice about damaged ones is about
NAMED = 10  # items in one sentence
SOME = 20  # photos that are read at once: stopping waits for no more than these


def is_silent(account: Account, now: datetime) -> bool:
    """Whether an account has not answered for too long. Who was not asked, since this machine was asleep, is not silent: more than one
    try must have failed."""
    return account.last_ok_at is not None and account.last_ok_at < now - SILENT and account.attempts > 1


async def shout_silent(house: House) -> None:
    """An account that does not answer, or lets us in no more, is shouted about once, then daily; when it answers again that is said too."""
    db = house.db
    async with db.read() as session:
        paused = (await session.execute(select(Workspace.paused).limit(1))).scalar()
        query = select(Account).where(Account.state.in_((AccountState.ACTIVE, *OUT)), Account.channel.in_(tuple(house.channels)))
        there = list((await session.execute(query)).scalars())
    if paused or not house.outward:
        return
    now = db.now()
    for account in there:
        told, out = account.silent_told_at, account.state in OUT
        if (out or is_silent(account, now)) and (told is None or told < now - timedelta(days=1)):
            await _shout(house, account)
        elif not out and told is not None and account.last_ok_at is not None and account.last_ok_at > told:
            async with db.write() as session:
                await session.execute(update(Account).where(Account.id == account.id).values(silent_told_at=None))
                await notices.all_solved(session, db, "account_silent", account.id)
                await touch(session, db, ("health", account.workspace_id))


async def _shout(house: House, account: Account) -> None:
    db, now = house.db, house.db.now()
    async with db.write() as session:
        await session.execute(update(Account).where(Account.id == account.id).values(silent_told_at=now))
        if account.state in OUT:
            await shout_lost(session, db, account, key=f"account_lost:{account.id}:{now.isoformat()}")
            return
        assert account.last_ok_at is not None
        minutes = int((now - account.last_ok_at).total_seconds() // 60)
        await notices.tell(
            session, db, workspace=account.workspace_id, type="account_silent", subject=("account", account.id),
            key=f"silent:{account.id}:{now.isoformat()}", channel=account.channel,
            title=Told("{name} has been silent for {minutes} minutes.", name=account.name, minutes=minutes),
            body=joined(Told("A sale there would not be noticed. I go on trying."), account.last_error),
        )  # fmt: skip
        await touch(session, db, ("health", account.workspace_id))


async def sweep_photos(house: House) -> int:
    """A tick: files that no item and no open camera roll has used for seven days are deleted. Answers how many photos that were."""
    db, now = house.db, house.db.now()
    kept = {sha256 async for some in _photos(house, true()) for _, sha256 in some}
    async with db.read() as session:
        kept |= set((await session.execute(select(RollPhoto.sha256).join(Roll).where(Roll.state.in_(rolls.OPEN)))).scalars())
    gone = await house.photos.sweep(kept, now - ORPHANS, now - LEFTOVERS)
    old = Photo.created_at < now - ORPHANS
    async for page in pages(db, select(Photo.sha256, old), Photo.sha256):
        doomed = [key for key, is_old in page if is_old and key not in kept]
        used = select(ItemPhoto.sha256).where(ItemPhoto.sha256.in_(doomed))
        await delete_rows(db, Photo.sha256, doomed, and_(old, Photo.sha256.not_in(used)))
    return gone


async def check_photos(house: House) -> None:
    """A tick: photos that will be needed and are lost or changed are told of, naming their items, once and again when more are found."""
    db = house.db
    needed = and_(Item.deleted_at.is_(None), Item.state.not_in((ItemState.SOLD, ItemState.ARCHIVED)))
    damaged: dict[int, list[str]] = {}
    async for some in _photos(house, needed):
        bad = set(await house.photos.damaged(sorted({sha256 for _, sha256 in some})))
        for number, sha256 in some:
            if sha256 in bad:
                damaged.setdefault(number, []).append(sha256)
    key = "photos:" + hashlib.sha256(repr(sorted(damaged.items())).encode()).hexdigest()[:16]
    async with db.write() as session:
        workspace = await the_workspace(session)
        told = (await session.execute(select(Notice.id).where(Notice.key == key))).scalar()
        if workspace is None or told is not None:
            return
        await notices.all_solved(session, db, "system_alert", PHOTOS)
        if damaged:
            await notices.tell(
                session, db, workspace=workspace.id, type="system_alert", subject=("", PHOTOS), key=key,
                title=_damaged(sorted(damaged)),
                body=Told("Send them again as an answer to the item's card, or put the folder “photos” back from a backup."),
            )  # fmt: skip


def _damaged(numbers: list[int]) -> Told:
    named = ", ".join(str(number) for number in numbers[:NAMED])
    if len(numbers) > NAMED:
        return Told("Photos of items {numbers} and {more} more are damaged on the disk.", numbers=named, more=len(numbers) - NAMED)
    return counted(
        "Photos of item {numbers} are damaged on the disk.", "Photos of items {numbers} are damaged on the disk.",
        numbers=named, count=len(numbers),
    )  # fmt: skip


async def _photos(house: House, which: ColumnElement[bool]) -> AsyncIterator[list[tuple[int, str]]]:
    """The photos of the items, as (the item's number, sha256), some at a time."""
    async for page in pages(house.db, select(Item.id, Item.number, which), Item.id):
        numbers = {key: number for key, number, wanted in page if wanted}
        query = select(ItemPhoto.item_id, ItemPhoto.sha256).where(ItemPhoto.item_id.in_(numbers)).order_by(ItemPhoto.item_id)
        async with house.db.read() as session:
            found = [(numbers[row.item_id], row.sha256) for row in (await session.execute(query)).all()]
        for at in range(0, len(found), SOME):
            yield found[at : at + SOME]


async def mind_secrets(house: House, secrets: Mapping[str, str]) -> None:
    """A tick: secrets of the settings, by their names, that have not been changed for 90 days. What is kept of them is eight hex digits of
    a hash: enough to see that one was changed."""
    db, now = house.db, house.db.now()
    async with db.write() as session:
        workspace = await the_workspace(session)
        if workspace is None:
            return
        row = await session.get(Setting, (workspace.id, "secrets"))
        before: dict[str, Any] = row.value if row else {}
        seen = {name: _seen(value, before.get(name, {}), now) for name, value in secrets.items()}
        if seen != before:
            await remember(session, workspace.id, "secrets", seen)
        for name, was in before.items():
            if seen.get(name, {}).get("mark") != was["mark"]:
                await notices.solved(session, db, workspace.id, f"secret:{name}")
        for name, one in seen.items():
            if datetime.fromisoformat(one["since"]) < now - SECRETS:
                await notices.tell(
                    session, db, workspace=workspace.id, type="review_needed", key=f"secret:{name}",
                    title=Told("{name} has been the same for {days} days.", name=name, days=SECRETS.days),
                    body=Told(_MAKE_NEW),
                )  # fmt: skip


def _seen(value: str, before: Mapping[str, str], now: datetime) -> dict[str, str]:
    mark = hashlib.sha256(b"haggle secret's age" + value.encode()).hexdigest()[:8]
    return {"mark": mark, "since": before["since"] if before.get("mark") == mark else now.isoformat()}
