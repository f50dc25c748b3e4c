"""The morning digest: what sold, what waits, what is overdue, stale or blocked; each member's own, once a day at their hour."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.flows import sums
from core.flows.house import House
from core.flows.posts import put_view
from core.flows.sums import Period
from core.flows.upkeep import SILENT
from core.rules.access import may_on
from core.rules.days import last_time
from core.values.states import AccountState, ChangeState, DraftState, ItemState, ListingState, Severity, TaskState
from storage import slots
from storage.models import (
    Account,
    Change,
    ClockSlot,
    Draft,
    Identity,
    Item,
    Listing,
    ManualTask,
    Member,
    Notice,
    Order,
    OrderLine,
    Stock,
    Workspace,
)

STALE = timedelta(days=30)  # so long live without a sale
NAMED = 5
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Digest:
    """What there is to say. `stale` are items as (number, title), the longest live first, `stale_count` how many there are;
    `blocked` are accounts that cannot sell or do not answer, by name; `reorder` are items of which it is time to get more."""

    sold: Period
    proposed: int
    drafts: int
    tasks: int
    overdue: int
    stale: tuple[tuple[int, str], ...]
    stale_count: int
    reorder: tuple[tuple[int, str], ...]
    reorder_count: int
    blocked: tuple[str, ...]
    critical: int

    def __bool__(self) -> bool:
        counts = (self.proposed, self.drafts, self.tasks, self.stale_count, self.reorder_count, self.critical)
        return bool(self.sold.sold or self.blocked or any(counts))


async def gather(session: AsyncSession, house: House, member: Member, zone: str, until: datetime) -> Digest:
    """What sold in the day before `until`, and how everything else is now."""
    now, workspace = house.db.now(), member.workspace_id
    stale = _stale(workspace, now)
    named = (await session.execute(stale.order_by(func.min(Listing.listed_at)).limit(NAMED))).all()
    few = _to_reorder(workspace)
    scarce = (await session.execute(few.order_by(Item.number).limit(NAMED))).all()
    open_tasks = select(func.count()).select_from(ManualTask)
    open_tasks = open_tasks.where(ManualTask.workspace_id == workspace, ManualTask.state == TaskState.OPEN)
    proposed = select(func.count(Change.batch.distinct())).where(Change.workspace_id == workspace, Change.state == ChangeState.PROPOSED)
    drafts = select(func.count()).select_from(Draft).where(Draft.workspace_id == workspace, Draft.state == DraftState.REVIEW)
    critical = select(func.count()).select_from(Notice)
    critical = critical.where(Notice.workspace_id == workspace, Notice.severity == Severity.CRITICAL, Notice.solved_at.is_(None))

    async def count(query: Select[int]) -> int:
        return int((await session.execute(query)).scalar_one())

    return Digest(
        sold=await sums.sold_between(session, workspace, until - DAY, until, zone, member.channels),
        proposed=await count(proposed), drafts=await count(drafts), tasks=await count(open_tasks),
        overdue=await count(open_tasks.where(ManualTask.deadline < now)), stale=tuple((row[0], row[1]) for row in named),
        stale_count=await count(select(func.count()).select_from(stale.subquery())),
        reorder=tuple((row[0], row[1]) for row in scarce), reorder_count=await count(select(func.count()).select_from(few.subquery())),
        blocked=tuple(one.name for one in await _accounts(session, member) if _is_blocked(one, house, now)), critical=await count(critical),
    )  # fmt: skip


def _stale(workspace: str, now: datetime) -> Select[int, str]:
    """Items that have been live for longer than `STALE` and of which none was sold in that time."""
    sold = exists().where(OrderLine.item_id == Item.id, Order.id == OrderLine.order_id, Order.placed_at > now - STALE)
    return (
        select(Item.number, Item.title)
        .join(Listing, Listing.item_id == Item.id)
        .where(Item.workspace_id == workspace, Listing.state == ListingState.ACTIVE, Listing.listed_at < now - STALE, ~sold)
        .group_by(Item.id, Item.number, Item.title)
    )


def _to_reorder(workspace: str) -> Select[int, str]:
    """Items that have come down to the seller's own reorder point; sold out ones too."""
    few = Stock.total - Stock.reserved <= Stock.reorder_at
    query = select(Item.number, Item.title).join(Stock, Stock.item_id == Item.id)
    over = or_(Item.deleted_at.is_not(None), Item.state == ItemState.ARCHIVED)
    return query.where(Item.workspace_id == workspace, Stock.reorder_at > 0, few, ~over)


async def _accounts(session: AsyncSession, member: Member) -> list[Account]:
    query = select(Account).where(Account.workspace_id == member.workspace_id, Account.state != AccountState.DISCONNECTED)
    return [one for one in (await session.execute(query.order_by(Account.id))).scalars() if may_on(member.channels, one.channel)]


def _is_blocked(account: Account, house: House, now: datetime) -> bool:
    silent = account.channel in house.channels and account.last_ok_at is not None and account.last_ok_at < now - SILENT
    return account.state != AccountState.ACTIVE or bool(account.settings.get("problems")) or silent


def hour_of(member: Member, workspace: Workspace, now: datetime) -> datetime | None:
    """When it was last time for a member's digest; None when they want none."""
    if member.digest_at is None:
        return None
    return last_time(now, member.digest_at // 60, member.digest_at % 60, member.timezone or workspace.timezone)


def job_of(member_id: str) -> str:
    """The digest's name among the slots."""
    return f"digest:{member_id}"


async def send_due(house: House) -> None:
    """A tick: whoever's hour has come gets their digest; late when the machine was off, once a day whatever happens, and not at all when
    there is nothing to say."""
    db, now = house.db, house.db.now()
    async with db.read() as session:
        query = select(Member, Workspace).join(Workspace, Workspace.id == Member.workspace_id)
        found = (await session.execute(query.where(Member.active, Member.digest_at.is_not(None)))).all()
        taken = select(ClockSlot.job, ClockSlot.slot).where(ClockSlot.job.in_([job_of(member.id) for member, _workspace in found]))
        last = {row[0]: row[1] for row in (await session.execute(taken)).all()}
    for member, workspace in found:
        hour = hour_of(member, workspace, now)
        if hour is None or (job_of(member.id) in last and last[job_of(member.id)] >= hour):
            continue
        async with db.write() as session:
            if await slots.take(session, db, job_of(member.id), hour):
                await _send(session, house, member, member.timezone or workspace.timezone, hour)


async def _send(session: AsyncSession, house: House, member: Member, zone: str, hour: datetime) -> None:
    if not await gather(session, house, member, zone, hour):
        return
    query = select(Identity.surface, Identity.chat).where(Identity.member_id == member.id, Identity.chat != "").distinct()
    reached = [(row[0], row[1]) for row in (await session.execute(query.order_by(Identity.surface, Identity.chat))).all()]
    wanted = member.notify.get("digest", [])
    for place in [place for place in reached if place[0] in wanted] or reached:
        await put_view(session, house.db, place, "digest", subject_of(member.id, hour), workspace=member.workspace_id)


def subject_of(member_id: str, until: datetime) -> tuple[str, str]:
    """What a digest's card is about."""
    return "digest", f"{member_id}|{until.isoformat()}"
