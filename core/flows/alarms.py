"""What is sold and still live somewhere: a state of its own, with what proves it, so that every card says the same."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.values.states import ChangeKind, ChangeState, ListingState, TaskKind, TaskState
from storage.models import Account, Change, Item, Listing, ManualTask

# When a delist after a sale is late. With its tick (every 5 s) and a moment to post it, the notice is out within 30 s of the sale.
LATE = timedelta(seconds=22)


@dataclass(frozen=True, slots=True)
class StillUp:
    """A listing of something sold that is not proven gone. `since` is when the sale asked for it. `tried`: we go on trying, and `why` is
    what the last try said. `task` is the number of what a person was asked to do about it (0: nothing), and `due` until when."""

    item: Item
    listing: Listing
    account: Account
    order_id: str
    since: datetime
    tried: bool
    why: str = ""
    task: int = 0
    due: datetime | None = None

    def late(self, now: datetime) -> bool:
        """Whether it takes longer than it should: some seconds of ours, an hour of a person's."""
        return now > self.since + LATE if self.tried or self.due is None else now > self.due


async def still_up(session: AsyncSession, *, workspace: str = "", item: str = "") -> list[StillUp]:
    """Of a business, or of one item; the oldest first. What a person ticked off as down is down, whatever is still tried."""
    which = Item.id == item if item else Item.workspace_id == workspace
    found: dict[str, StillUp] = {}
    for change, thing, listing, account in (await session.execute(_DELISTS.where(which))).all():
        made = StillUp(thing, listing, account, change.order_id or "", change.created_at, True, change.last_error)
        found.setdefault(listing.id, made)
    for task, thing, listing, account in (await session.execute(_TASKS.where(which))).all():
        made = found.get(listing.id) or StillUp(thing, listing, account, task.order_id or "", task.created_at, False)
        found[listing.id] = replace(made, task=task.number, due=task.deadline)
    return sorted(found.values(), key=lambda one: one.since)


_DELISTS = (
    select(Change, Item, Listing, Account)
    .join(Item, Item.id == Change.item_id)
    .join(Listing, Listing.id == Change.listing_id)
    .join(Account, Account.id == Listing.account_id)
    .where(Change.kind == ChangeKind.DELIST, Change.state.in_((ChangeState.APPROVED, ChangeState.RUNNING)))
    .where(Change.order_id.is_not(None), Listing.state != ListingState.ENDED)
    .order_by(Change.id)
)
_TASKS = (
    select(ManualTask, Item, Listing, Account)
    .join(Item, Item.id == ManualTask.item_id)
    .join(Listing, Listing.id == ManualTask.listing_id)
    .join(Account, Account.id == Listing.account_id)
    .where(ManualTask.kind == TaskKind.TAKE_DOWN, ManualTask.state == TaskState.OPEN, ManualTask.order_id.is_not(None))
    .order_by(ManualTask.id)
)
