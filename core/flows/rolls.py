"""Camera rolls: photos of many things come in, are parted into items, and become drafts once a person said yes.

    collecting -> sorting -> review -> making -> approved

Until it is confirmed it may be cancelled; then it may be taken back: what is not up is discarded.

The row is the work: while it collects it is due when nothing has come for two minutes. What came is kept before it is answered, so
that a restart goes on with it, and nobody sends a photo twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import HaggleError, Refused
from core.flows import intake
from core.flows.house import House
from core.flows.people import Person, person_of
from core.flows.posts import put_view, touch
from core.flows.tasks import next_number
from core.ports import StoredPhoto
from core.rules import rolls as rules
from core.rules.captions import read_caption
from core.rules.retry import wait_before_retry
from core.rules.rolls import Shot
from core.values.states import DraftState, ItemState, RollState
from core.words import Told
from storage import audit, work
from storage.db import wake
from storage.keys import new_key
from storage.models import AuditEntry, Draft, Item, Member, Roll, RollPhoto, Workspace
from storage.work import Claim, rows_of

SILENCE = timedelta(minutes=2)  # after the last photo
UNUSED = timedelta(minutes=30)  # a roll to which no photo ever came
STEP = 5  # items that are begun in one transaction
CONFIRMED = "roll.confirmed"
PLANNED = (RollState.COLLECTING, RollState.SORTING, RollState.REVIEW, RollState.FAILED)  # nothing was made of it yet
OPEN = (*PLANNED, RollState.MAKING)


async def collecting(session: AsyncSession, place: tuple[str, str]) -> Roll | None:
    """The roll that collects in this chat."""
    query = select(Roll).where(Roll.surface == place[0], Roll.chat == place[1], Roll.state == RollState.COLLECTING)
    return (await session.execute(query.order_by(Roll.id.desc()).limit(1))).scalar()


async def begin(session: AsyncSession, house: House, person: Person, place: tuple[str, str]) -> Roll:
    """A roll with its card; the one that collects in this chat already where there is one."""
    found = await collecting(session, place)
    if found is not None:
        return found
    now = house.db.now()
    row = Roll(
        id=new_key(), workspace_id=person.workspace_id, number=await next_number(session, person.workspace_id, "roll"),
        member_id=person.member_id, surface=place[0], chat=place[1], created_at=now, state=RollState.COLLECTING, due_at=now + UNUSED,
        plan={}, failed={},
    )  # fmt: skip
    session.add(row)
    await session.flush()
    audit.record(session, workspace=row.workspace_id, at=now, actor=person.actor, action="roll.begun", subject=("roll", row.id))
    await put_view(session, house.db, place, "roll", ("roll", row.id), workspace=row.workspace_id, priority=2)
    wake(session, "roll", row.id, delay=UNUSED)
    return row


async def take(
    session: AsyncSession, house: House, roll_id: str, photo: StoredPhoto, *, order: int = 0, source: str = "", caption: str = ""
) -> bool:
    """A kept photo joins the roll. False when it has it already, or has no room left. `order` is its place as it was sent (0: behind the
    others), `caption` what was written beside it. Raises `Refused` when the roll is closed."""
    row = await _open(session, roll_id)
    await intake.keep_photo(session, house.db, row.workspace_id, photo)
    count, last = (await session.execute(select(func.count(), func.max(RollPhoto.position)).where(RollPhoto.roll_id == row.id))).one()
    fresh = await session.get(RollPhoto, (row.id, photo.sha256)) is None
    if fresh and count >= rules.MOST:
        _note(row, source or photo.sha256[:8], Told("A camera roll has {most} photos at most, so this one was left out.", most=rules.MOST))
        fresh = False
    elif fresh:
        taken = photo.taken_at.isoformat() if photo.taken_at else ""
        place = order or (last or 0) + 1
        session.add(RollPhoto(roll_id=row.id, sha256=photo.sha256, position=place, source=source, taken_at=taken, look=photo.look))
    if caption:
        row.plan = {**row.plan, "captions": {**row.plan.get("captions", {}), photo.sha256: caption}}
    await _wait_on(session, house, row)
    return fresh


async def note_failed(session: AsyncSession, house: House, roll_id: str, source: str, why: str) -> None:
    """A photo that could not be kept: the card names it, and the others go on."""
    row = await _open(session, roll_id)
    _note(row, source, why)
    await _wait_on(session, house, row)


async def _open(session: AsyncSession, roll_id: str) -> Roll:
    row = await hold(session, roll_id)
    if row.state != RollState.COLLECTING:
        raise Refused(Told("Camera roll {number} takes no more photos. /bulk begins another.", number=row.number))
    return row


def _note(row: Roll, source: str, why: str) -> None:
    row.failed = {**row.failed, source: why}


async def _wait_on(session: AsyncSession, house: House, row: Roll) -> None:
    row.due_at = house.db.now() + SILENCE
    await session.flush()
    wake(session, "roll", row.id, delay=SILENCE)
    await touch(session, house.db, ("roll", row.id))


async def hold(session: AsyncSession, roll_id: str) -> Roll:
    """The roll, locked: who else moves it waits."""
    return await session.get_one(Roll, roll_id, with_for_update={"key_share": True}, populate_existing=True)


async def end(session: AsyncSession, house: House, row: Roll) -> None:
    """That is all: sort it. Nothing happens to one that is closed already."""
    if await _move(session, house, row, (RollState.COLLECTING,), RollState.SORTING):
        wake(session, "roll", row.id, priority=2)


async def cancel(session: AsyncSession, house: House, person: Person, row: Roll) -> None:
    """Make nothing of it. Raises `Refused` when it was confirmed or cancelled meanwhile."""
    if not await _move(session, house, row, PLANNED, RollState.CANCELLED):
        raise Refused(moved_on(row))
    _tell(session, house, person, row, "roll.cancelled")


async def confirm(session: AsyncSession, house: House, person: Person, row: Roll) -> None:
    """Make the items of its plan. Of two people who press at once one does; the other is told. Raises `Refused`."""
    if not row.plan.get("groups"):
        raise Refused(Told("Everything was left out: take something back in, or cancel the roll."))
    plan = {**row.plan, "confirmed_at": house.db.now().isoformat(), "by": person.actor}
    if not await _move(session, house, row, (RollState.REVIEW,), RollState.MAKING, plan=plan):
        raise Refused(moved_on(row))
    _tell(session, house, person, row, CONFIRMED, items=len(plan["groups"]))
    wake(session, "roll", row.id, priority=2)


async def again(session: AsyncSession, house: House, row: Roll) -> None:
    """One that failed: go on where it stopped."""
    state = RollState.MAKING if row.plan.get("confirmed_at") else RollState.SORTING
    if await _move(session, house, row, (RollState.FAILED,), state):
        wake(session, "roll", row.id, priority=2)


async def take_back(session: AsyncSession, house: House, person: Person, row: Roll, *, undo_of: str) -> int:
    """Discard the drafts that were made of it and are not up. Answers how many. Raises `Refused` when it was taken back already."""
    if not await _move(session, house, row, (RollState.MAKING, RollState.APPROVED, RollState.FAILED), RollState.CANCELLED):
        raise Refused(moved_on(row))
    query = select(Item, Draft).join(Draft, Draft.item_id == Item.id).where(Item.id.in_(items_of(row.id)), Item.deleted_at.is_(None))
    gone = [
        (item, draft)
        for item, draft in (await session.execute(query)).all()
        if item.state == ItemState.DRAFT and draft.state != DraftState.APPROVED
    ]
    for item, draft in gone:
        await intake.discard(session, house, person, item, draft, undo_of=undo_of)
    _tell(session, house, person, row, "roll.taken_back", undo_of=undo_of, items=len(gone))
    return len(gone)


async def confirmation(session: AsyncSession, row: Roll) -> str:
    """The trail's newest entry that says that a roll was confirmed; empty when none was."""
    query = select(AuditEntry.id).where(AuditEntry.subject_id == row.id, AuditEntry.action == CONFIRMED).order_by(AuditEntry.id.desc())
    return (await session.execute(query.limit(1))).scalar() or ""


def items_of(roll_id: str) -> Any:
    """The ids of the items that were made of a roll, as a subquery."""
    return select(RollPhoto.item_id).where(RollPhoto.roll_id == roll_id, RollPhoto.item_id.is_not(None)).distinct()


async def plan(session: AsyncSession, house: House, row: Roll, **changes: Any) -> None:
    """Change how a roll in review is parted: `groups`, `out` or `page`. Raises `Refused` when it is not in review any more."""
    if row.state != RollState.REVIEW:
        raise Refused(moved_on(row))
    row.plan = {**row.plan, **changes}
    await touch(session, house.db, ("roll", row.id))


def moved_on(row: Roll) -> Told:
    """What has happened to a roll since its card was drawn."""
    if row.state in (RollState.MAKING, RollState.APPROVED):
        return Told("Camera roll {number} was confirmed already, and its items are on its card.", number=row.number)
    if row.state == RollState.CANCELLED:
        return Told("Camera roll {number} was cancelled. /bulk begins another.", number=row.number)
    return Told("Camera roll {number} is not sorted yet. Its card says when it is.", number=row.number)


def _tell(session: AsyncSession, house: House, person: Person, row: Roll, action: str, **data: Any) -> None:
    audit.record(
        session, workspace=row.workspace_id, at=house.db.now(), actor=person.actor, action=action, subject=("roll", row.id), data=data
    )


async def _move(
    session: AsyncSession, house: House, row: Roll, of: Sequence[RollState], to: RollState, *, plan: dict[str, Any] | None = None
) -> bool:
    """Compare and set: of several who move it one does. What holds the row meanwhile changes nothing any more."""
    now = house.db.now()
    values: dict[str, Any] = {"state": to, "due_at": now, "attempts": 0, "last_error": "", **({"plan": plan} if plan else {})}
    moving = update(Roll).where(Roll.id == row.id, Roll.state.in_(of)).values(values).execution_options(synchronize_session=False)
    moved = rows_of(await session.execute(moving)) == 1
    await session.refresh(row)
    await touch(session, house.db, ("roll", row.id))
    return moved


class RollFlow:
    """Carries `roll` rows: sorts what was collected, and makes what was confirmed."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def carry(self, claim: Claim) -> None:
        if claim.state == RollState.MAKING:
            while await self._make_some(claim):
                pass
        else:
            await self._sort(claim)

    async def _sort(self, claim: Claim) -> None:
        db = self._house.db
        async with db.write() as session:
            row = await hold(session, claim.id)
            now = db.now()
            if row.state == RollState.COLLECTING and row.due_at > now + timedelta(seconds=1):  # a photo came this moment
                await work.finish(session, claim, attempts=0)
                wake(session, "roll", row.id, delay=row.due_at - now)
                return
            if row.state not in (RollState.COLLECTING, RollState.SORTING):  # cancelled this moment
                await work.finish(session, claim)
                return
            groups = rules.parted(rules.lined_up(await self._shots(session, row)))
            state = RollState.REVIEW if groups else RollState.CANCELLED
            kept = {**row.plan, "groups": groups, "out": [], "page": 0}
            await work.finish(session, claim, state=state, plan=kept, due_at=now, attempts=0, last_error="")
            if groups:
                await put_view(session, db, (row.surface, row.chat), "parts", ("roll", row.id), workspace=row.workspace_id, priority=2)
            await touch(session, db, ("roll", row.id))

    async def _shots(self, session: AsyncSession, row: Roll) -> list[Shot]:
        query = select(RollPhoto).where(RollPhoto.roll_id == row.id).order_by(RollPhoto.position, RollPhoto.sha256)
        found = (await session.execute(query)).scalars()
        return [Shot(one.sha256, datetime.fromisoformat(one.taken_at) if one.taken_at else None, one.look) for one in found]

    async def _make_some(self, claim: Claim) -> bool:
        """Begin a few items that are not there yet. Whether more are left."""
        db = self._house.db
        async with db.write() as session:
            row = await hold(session, claim.id)
            if row.state != RollState.MAKING:  # taken back this moment
                await work.finish(session, claim)
                return False
            workspace = await session.get_one(Workspace, row.workspace_id)
            person = person_of(await session.get_one(Member, row.member_id), workspace)
            captions = row.plan.get("captions", {})
            made = select(RollPhoto.sha256).where(RollPhoto.roll_id == row.id, RollPhoto.item_id.is_not(None))
            done = set((await session.execute(made)).scalars())
            left = [group for group in row.plan["groups"] if group[0] not in done]
            for group in left[:STEP]:
                caption = "\n".join(captions[key] for key in group if key in captions)
                await self._begin(session, row, person, group, read_caption(caption, workspace.currency))
            await touch(session, db, ("roll", row.id))
            if len(left) > STEP:
                return True
            await work.finish(session, claim, state=RollState.APPROVED, due_at=db.now(), attempts=0, last_error="")
            return False

    async def _begin(self, session: AsyncSession, row: Roll, person: Person, group: Sequence[str], hints: Mapping[str, str]) -> None:
        draft = await intake.begin(session, self._house, person, (row.surface, row.chat), group, hints=hints, roll=row.id)
        ours = update(RollPhoto).where(RollPhoto.roll_id == row.id, RollPhoto.sha256.in_(group))
        await session.execute(ours.values(item_id=draft.item_id).execution_options(synchronize_session=False))

    def again_in(self, error: HaggleError, claim: Claim) -> float | None:
        return wait_before_retry(error, claim.attempts)

    async def retrying(self, claim: Claim, error: HaggleError) -> None:
        """Its card says that it is being worked on, and it is."""

    async def fail(self, claim: Claim, error: HaggleError) -> None:
        async with self._house.db.write() as session:
            await work.finish(session, claim, state=RollState.FAILED, last_error=error.sentence)
            await touch(session, self._house.db, ("roll", claim.id))

    async def lost(self, claim: Claim) -> None:
        """Nothing is done outside."""
