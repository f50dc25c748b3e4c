"""Manual tasks: what only a person can do, and nagging until it is done."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import HaggleError
from core.flows import changes, ledger, notices
from core.flows.house import House
from core.flows.people import Person, chats_of
from core.flows.posts import put_view, touch
from core.rules import tasks as rules
from core.rules.access import Ability, may, may_on
from core.values.states import ItemState, ListingState, Role, TaskKind, TaskState
from core.words import N_, Told, counted
from storage import audit, work
from storage.asking import table_of
from storage.db import Database, wake
from storage.keys import new_key
from storage.models import Item, Listing, ManualTask, Member, Workspace
from storage.work import Claim, rows_of

# For a listing that a person was asked to put up and never ticked.
MAYBE_UP = Told("If you had put it up there already, take it down.")
_DUE, _OVERDUE = N_("Task {number} is due: {what}"), N_("Task {number} is overdue: {what}")
_HANDED = N_("{name} hands task {number} to you: {what}")

_OPEN = select(ManualTask).where(
    ManualTask.listing_id == bindparam("listing"), ManualTask.kind == bindparam("kind"), ManualTask.state == TaskState.OPEN
)


_WORKSPACE = table_of(Workspace).c
_NEXT = {
    what: update(table_of(Workspace)).where(_WORKSPACE.id == bindparam("workspace")).values({column: column + 1}).returning(column)
    for what, column in ((what, _WORKSPACE[f"next_{what}"]) for what in ("item", "order", "task", "roll"))
}


async def make(
    session: AsyncSession, db: Database, kind: TaskKind, item: Item, listing: Listing, *, reason: str, order_id: str | None = None
) -> ManualTask:
    """Ask a person to do something on a listing; an open task of the same kind is the same task."""
    found = (await session.execute(_OPEN, {"listing": listing.id, "kind": kind})).scalar()
    if found is not None:
        return found
    now = db.now()
    due = rules.deadline(kind, now, after_sale=order_id is not None)
    number = await next_number(session, item.workspace_id, "task")
    task = ManualTask(
        id=new_key(), workspace_id=item.workspace_id, number=number, kind=kind, item_id=item.id, listing_id=listing.id, order_id=order_id,
        reason=reason, deadline=due, created_at=now, state=TaskState.OPEN, due_at=rules.next_reminder(due, 0), priority=4,
    )  # fmt: skip
    session.add(task)
    listing.needs_person = True
    await session.flush()
    for place in await chats_of(session, item.workspace_id, listing.channel):
        await put_view(session, db, place, "task", ("task", task.id), workspace=item.workspace_id)
    wake(session, "manual_task", task.id, delay=task.due_at - now)
    audit.record(
        session, workspace=item.workspace_id, at=now, actor="system", action="task.open", subject=("task", task.id),
        data={"kind": kind, "item": item.id, "due": due.isoformat()},
    )  # fmt: skip
    return task


async def next_number(session: AsyncSession, workspace_id: str, what: str) -> int:
    """The next number that people see: "item", "order", "task" or "roll"."""
    return int((await session.execute(_NEXT[what], {"workspace": workspace_id})).scalar_one()) - 1


async def tick(session: AsyncSession, db: Database, task: ManualTask, person: Person) -> bool:
    """A person did it. False when somebody had ticked it before."""
    await ledger.hold(session, db, task.item_id)
    now = db.now()
    statement = (
        update(ManualTask)
        .where(ManualTask.id == task.id, ManualTask.state == TaskState.OPEN)
        .values(state=TaskState.DONE, done_by=person.actor, done_at=now)
    )
    if rows_of(await session.execute(statement)) != 1:
        return False
    listing = await session.get_one(Listing, task.listing_id)
    item = await session.get_one(Item, task.item_id)
    listing.needs_person = False
    if task.kind == TaskKind.LIST:
        listing.state, listing.listed_at = ListingState.ACTIVE, now
        if listing.wanted != "live":  # it was sold or taken down while the person was putting it up
            await make(session, db, TaskKind.TAKE_DOWN, item, listing, reason=Told("It is not for sale any more."))
        elif item.state in (ItemState.READY, ItemState.DELISTED, ItemState.DRAFT):
            item.state = ItemState.LIVE
    elif task.kind == TaskKind.TAKE_DOWN:
        listing.state, listing.ended_at, listing.wanted = ListingState.ENDED, now, "gone"
        await changes.settle_down(session, item)
    audit.record(
        session, workspace=task.workspace_id, at=now, actor=person.actor, action="task.done", subject=("task", task.id),
        data={"kind": task.kind, "item": task.item_id},
    )  # fmt: skip
    await notices.solved(session, db, task.workspace_id, f"delist_failed:{task.listing_id}:{task.order_id}")
    await _over(session, db, task)
    return True


async def cancel_open(session: AsyncSession, db: Database, listing: Listing, kind: TaskKind) -> bool:
    """What was asked is not needed any more. True when there was such a task, still open."""
    found = list((await session.execute(_OPEN, {"listing": listing.id, "kind": kind})).scalars())
    for task in found:
        task.state, task.done_at, task.done_by = TaskState.CANCELLED, db.now(), "system"
        await _over(session, db, task)
    if found:
        listing.needs_person = False
    return bool(found)


async def snooze(session: AsyncSession, db: Database, task: ManualTask, person: Person, until: datetime) -> None:
    """Remind at that time; the deadline stays what it was."""
    task.due_at = task.snoozed_until = until
    audit.record(
        session, workspace=task.workspace_id, at=db.now(), actor=person.actor, action="task.snoozed", subject=("task", task.id),
        data={"until": until.isoformat()},
    )  # fmt: skip
    wake(session, "manual_task", task.id, delay=until - db.now())
    await notices.all_solved(session, db, "manual_task_due", task.id)
    await _touch(session, db, task)


async def hand_over(session: AsyncSession, db: Database, task: ManualTask, person: Person, to: Member | None) -> None:
    """Give a task to a member, who is told, or back to everybody."""
    before, task.assigned_to = task.assigned_to, to.id if to else None
    audit.record(
        session, workspace=task.workspace_id, at=db.now(), actor=person.actor, action="task.handed", subject=("task", task.id),
        data={"before": before, "after": task.assigned_to},
    )  # fmt: skip
    if to is not None and to.id != person.member_id:
        item = await session.get_one(Item, task.item_id)
        await notices.tell(
            session, db, workspace=task.workspace_id, type="manual_task_due", subject=("task", task.id), member=to.id,
            key=f"handed:{task.id}:{db.now().isoformat()}",
            title=Told(_HANDED, name=person.name, number=task.number, what=sentence(task, item)),
        )  # fmt: skip
    await _touch(session, db, task)


async def inherit(session: AsyncSession, db: Database, person: Person, heir: str, gone: Member, tasks: Sequence[str]) -> None:
    """Tell whoever has a leaving member's tasks from now on."""
    if not tasks or heir == person.member_id:  # who did it themselves know
        return
    told = counted("{count} task of {name} is yours now.", "{count} tasks of {name} are yours now.", count=len(tasks), name=gone.name)
    await notices.tell(
        session, db, workspace=gone.workspace_id, type="manual_task_due", member=heir, key=f"inherited:{gone.id}:{db.now().isoformat()}",
        subject=("task", tasks[0]), title=told, body=Told("/tasks mine shows them."),
    )  # fmt: skip


async def open_tasks(session: AsyncSession, person: Person) -> list[ManualTask]:
    """What is to be done where this person looks after it, the longest overdue first."""
    query = (
        select(ManualTask, Listing.channel)
        .join(Listing, Listing.id == ManualTask.listing_id)
        .where(ManualTask.workspace_id == person.workspace_id, ManualTask.state == TaskState.OPEN)
        .order_by(ManualTask.deadline, ManualTask.number)
    )
    return [task for task, channel in (await session.execute(query)).all() if may_on(person.channels, channel)]


async def hands(session: AsyncSession, task: ManualTask) -> list[Member]:
    """Members who may do a task: by their role, and by the marketplaces that they look after."""
    listing = await session.get_one(Listing, task.listing_id)
    query = select(Member).where(Member.workspace_id == task.workspace_id, Member.active).order_by(Member.id)
    found = (await session.execute(query)).scalars()
    return [one for one in found if may(Role(one.role), Ability.TASKS) and may_on(one.channels, listing.channel)]


async def _over(session: AsyncSession, db: Database, task: ManualTask) -> None:
    """Nobody needs to be reminded of it any more."""
    await notices.all_solved(session, db, "manual_task_due", task.id)
    await _touch(session, db, task)


async def _touch(session: AsyncSession, db: Database, task: ManualTask) -> None:
    subjects = [("task", task.id), ("item", task.item_id)]
    if task.order_id:
        subjects.append(("order", task.order_id))
    await touch(session, db, *subjects)


class TaskFlow:
    """Carries `manual_task` rows: a reminder when one is due."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def carry(self, claim: Claim) -> None:
        db = self._house.db
        async with db.write() as session:
            task = await session.get_one(ManualTask, claim.id)
            item = await session.get_one(Item, task.item_id)
            listing = await session.get_one(Listing, task.listing_id)
            if task.state != TaskState.OPEN:  # it was ticked off this moment
                await work.finish(session, claim)
                return
            reminders = task.reminders + 1
            due = max(rules.next_reminder(task.deadline, reminders), db.now() + timedelta(minutes=1))
            await work.finish(session, claim, reminders=reminders, due_at=due, attempts=0, snoozed_until=None)
            wake(session, "manual_task", claim.id, delay=due - db.now())
            await notices.all_solved(session, db, "manual_task_due", task.id)  # the new one says it
            await notices.tell(
                session, db, workspace=task.workspace_id, type="manual_task_due", subject=("task", task.id),
                key=f"task:{task.id}:{reminders}", channel=listing.channel, member=rules.whom(task.assigned_to, task.reminders),
                title=Told(_DUE if task.reminders == 0 else _OVERDUE, number=task.number, what=sentence(task, item)),
            )  # fmt: skip
            await _touch(session, db, task)

    def again_in(self, error: HaggleError, claim: Claim) -> float | None:
        return 60.0

    async def retrying(self, claim: Claim, error: HaggleError) -> None:
        """The reminder simply comes later."""

    async def fail(self, claim: Claim, error: HaggleError) -> None:
        """Never reached: a reminder is tried for ever."""

    async def lost(self, claim: Claim) -> None:
        """A reminder is in our database only."""


_TO_DO = {
    TaskKind.LIST: N_("list item {number}, {title}"),
    TaskKind.REVISE: N_("change item {number}, {title}"),
    TaskKind.TAKE_DOWN: N_("take down item {number}, {title}"),
}


def sentence(task: ManualTask, item: Item) -> Told:
    """What is to be done, in a few words."""
    return Told(_TO_DO[TaskKind(task.kind)], number=item.number, title=item.title or Told("no title yet"))
