"""Carrying Changes about orders: the marketplace is asked to ship, refund or cancel, and the order is taken in as it was read back.

The desk of each channel looks before it acts, so being killed anywhere, or trying again, does nothing twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import structlog
from sqlalchemy import select

from core.errors import AuthLost, HaggleError, Refused, Unreachable
from core.flows import accounts, changes, notices, order_changes, order_news, sales
from core.flows.carrying import Superseded, check_connected, hold_back
from core.flows.engine import Flow
from core.flows.house import House
from core.flows.posts import touch
from core.money import Money
from core.rules import orders as rules
from core.rules.naming import of_order
from core.rules.retry import wait_before_retry
from core.values.channel import ChannelOrder, ChannelParcel
from core.values.states import ChangeKind, ChangeState, OrderState
from core.words import N_, Told
from storage import work
from storage.models import Account, Change, Order, Parcel, Workspace
from storage.work import Claim

LANE = "order"
_FAILED = {
    ChangeKind.SHIP: N_("Order {number} could not be marked as shipped on {name}."),
    ChangeKind.REFUND: N_("The money of order {number} could not be given back on {name}."),
    ChangeKind.CANCEL_ORDER: N_("Order {number} could not be cancelled on {name}."),
}
_LOAD = (
    select(Change, Order, Account, Workspace)
    .join(Order, Order.id == Change.order_id)
    .join(Account, Account.id == Order.account_id)
    .join(Workspace, Workspace.id == Change.workspace_id)
)


class ByLane:
    """Carries a table whose rows of some lanes go to flows of their own: "order:ACCOUNT" to `others["order"]`."""

    def __init__(self, usual: Flow, others: Mapping[str, Flow]) -> None:
        self._usual = usual
        self._others = others

    def _flow(self, claim: Claim) -> Flow:
        return self._others.get(claim.lane.partition(":")[0], self._usual)

    async def carry(self, claim: Claim) -> None:
        await self._flow(claim).carry(claim)

    def again_in(self, error: HaggleError, claim: Claim) -> float | None:
        return self._flow(claim).again_in(error, claim)

    async def retrying(self, claim: Claim, error: HaggleError) -> None:
        await self._flow(claim).retrying(claim, error)

    async def fail(self, claim: Claim, error: HaggleError) -> None:
        await self._flow(claim).fail(claim, error)

    async def lost(self, claim: Claim) -> None:
        await self._flow(claim).lost(claim)


@dataclass(slots=True)
class Load:
    """The rows that a Change is about, as they were when it was picked up. `parcel` is the one to be told of."""

    change: Change
    order: Order
    account: Account
    workspace: Workspace
    parcel: Parcel | None


class DeskFlow:
    """Carries `change` rows about orders."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def carry(self, claim: Claim) -> None:
        load = await self._load(claim.id)
        structlog.contextvars.bind_contextvars(batch=load.change.batch)
        if not self._house.outward or load.workspace.paused:
            await hold_back(self._house, claim)
            return
        try:
            told = await self._act(load)
        except Superseded as superseded:
            await self._cancelled(claim, load, superseded.why)
            return
        await self._done(claim, load, told)

    async def _load(self, change_id: str) -> Load:
        async with self._house.db.read() as session:
            change, order, account, workspace = (await session.execute(_LOAD.where(Change.id == change_id))).one()
            parcel = await session.get(Parcel, str(change.after.get("parcel", "")))
            return Load(change, order, account, workspace, parcel)

    async def _act(self, load: Load) -> ChannelOrder:
        """The one call to the channel. What the order has become while it waited is looked at again."""
        kind, order, after = ChangeKind(load.change.kind), load.order, load.change.after
        check_connected(load.account)
        channel, connection = self._house.channels[load.account.channel], accounts.connection(self._house, load.account)
        if kind is ChangeKind.SHIP:
            if load.parcel is None or order.state in rules.OVER:
                raise Superseded(Told("Order {number} is {state} by now.", number=order.number, state=of_order(order.state)))
            parcel = ChannelParcel(load.parcel.carrier, load.parcel.tracking, load.parcel.external_id)
            return await channel.ship(connection, order.external_id, parcel, {})
        if kind is ChangeKind.REFUND:
            amount, already = (Money(int(after[name]), order.currency) for name in ("amount", "already"))
            return await channel.refund(connection, order.external_id, amount, already)
        told = await channel.cancel_order(connection, order.external_id, str(after["reason"]))
        if told.state is not OrderState.CANCELLED:
            raise Unreachable(Told("{name} has not cancelled it yet. I look again.", name=load.account.name))
        return told

    async def _done(self, claim: Claim, load: Load, told: ChannelOrder) -> None:
        """What was read back is taken in as any report of the channel is, together with the Change's own end."""
        db = self._house.db
        async with db.write() as session:
            await sales.record(session, self._house, load.account, told, seen_by="desk")
            change = await session.get_one(Change, claim.id)
            now = db.now()
            outcome = {
                "state": told.state.value,
                "refunded": told.refunded.amount if told.refunded else None,
                "verified_at": now.isoformat(),
            }
            await work.finish(session, claim, state=ChangeState.DONE, finished_at=now, outcome=outcome, last_error="")
            await session.refresh(change)
            if change.kind == ChangeKind.SHIP and (parcel := await session.get(Parcel, str(change.after["parcel"]))):
                parcel.pushed_at = now
            order = await session.get_one(Order, load.order.id)
            await order_news.mind_refund(session, db, order)
            await notices.solved(session, db, order.workspace_id, order_changes.failed_key(change.id))
            changes.note(session, change, now, "system", ChangeState.DONE, {"outcome": outcome, "order": order.id})
            await touch(session, db, *changes.subjects_of(change))

    async def _cancelled(self, claim: Claim, load: Load, why: Told) -> None:
        db = self._house.db
        async with db.write() as session:
            await work.finish(session, claim, state=ChangeState.CANCELLED, finished_at=db.now(), outcome={"why": why})
            changes.note(session, load.change, db.now(), "system", ChangeState.CANCELLED, {"why": why})
            await touch(session, db, *changes.subjects_of(load.change))

    def again_in(self, error: HaggleError, claim: Claim) -> float | None:
        return wait_before_retry(error, claim.attempts)

    async def retrying(self, claim: Claim, error: HaggleError) -> None:
        """The order's card says that it is tried again."""
        load = await self._load(claim.id)
        async with self._house.db.write() as session:
            await touch(session, self._house.db, *changes.subjects_of(load.change))

    async def fail(self, claim: Claim, error: HaggleError) -> None:
        db = self._house.db
        load = await self._load(claim.id)
        if isinstance(error, AuthLost):
            await accounts.lost(self._house, load.account.id, error)
        async with db.write() as session:
            change = await session.get_one(Change, claim.id)
            values = {"state": ChangeState.FAILED, "finished_at": db.now(), "last_error": error.sentence}
            await work.finish(session, claim, **values, outcome={"error": error.sentence, "code": error.code})
            order = await session.get_one(Order, load.order.id, with_for_update={"key_share": True})
            if isinstance(error, Refused):  # whatever else went wrong, nobody knows that nothing was given back
                order_changes.not_done(change, order)
            await notices.tell(
                session, db, workspace=order.workspace_id, type="review_needed", key=order_changes.failed_key(change.id),
                subject=("order", order.id), channel=order.channel, body=error.sentence,
                title=Told(_FAILED[ChangeKind(change.kind)], number=order.number, name=load.account.name),
            )  # fmt: skip
            changes.note(session, change, db.now(), "system", ChangeState.FAILED, {"error": str(error), "cause": error.cause})
            await touch(session, db, *changes.subjects_of(change))

    async def lost(self, claim: Claim) -> None:
        """Another worker carried it meanwhile. A desk looks before it acts, so nothing was done twice; the poll reads what became of it."""
        load = await self._load(claim.id)
        await accounts.ask_soon(self._house, load.account.id)
