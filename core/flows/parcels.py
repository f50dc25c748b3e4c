"""Parcels on their way: shipped orders are read again every few hours, asked about after some days, and done with two weeks after they
arrived. The ticks' work; what they miss they do at their next time."""

from __future__ import annotations

import structlog
from sqlalchemy import func, select

from core.errors import HaggleError
from core.flows import accounts, notices, orders, sales
from core.flows.house import House
from core.flows.order_news import arrived_key
from core.rules import orders as rules
from core.values.states import AccountState, OrderState
from core.words import counted
from storage.models import Account, Order, Workspace

log = structlog.get_logger()

SOME = 200  # orders of one tick


async def read_shipped(house: House) -> int:
    """A tick, every hour: shipped orders whose turn it is are read from their marketplaces. Answers how many were read."""
    db = house.db
    query = (
        select(Order.external_id, Order.shipped_at, Account)
        .join(Account, Account.id == Order.account_id)
        .join(Workspace, Workspace.id == Order.workspace_id)
        .where(Order.state == OrderState.SHIPPED, Order.shipped_at.is_not(None), Workspace.paused.is_(False))
        .where(Account.state == AccountState.ACTIVE, Account.channel.in_(tuple(house.channels)))
        .order_by(Order.shipped_at)
    )
    async with db.read() as session:
        found = (await session.execute(query)).all() if house.outward else ()
    due = [(external, account) for external, at, account in found if at is not None and rules.to_be_read(at, db.now())]
    away: set[str] = set()  # accounts that do not answer: the others are read all the same
    read = 0
    for external, account in due[:SOME]:
        if account.id in away:
            continue
        try:
            told = await house.channels[account.channel].order(accounts.connection(house, account), external)
        except HaggleError as error:
            log.info("a shipped order was not read", channel=account.channel, error=str(error), cause=error.cause)
            away.add(account.id)
            continue
        await sales.take(house, account, told, seen_by="poll")
        read += 1
    return read


async def ask_arrived(house: House) -> int:
    """A tick: nobody has said for a week whether an order arrived. Answers about how many somebody was asked."""
    db = house.db
    since = func.coalesce(Order.asked_at, Order.shipped_at)
    query = select(Order.id).where(Order.state == OrderState.SHIPPED, since <= db.now() - rules.ASK_AFTER).order_by(Order.id)
    async with db.read() as session:
        ids = list((await session.execute(query.limit(SOME))).scalars())
    for key in ids:
        async with db.write() as session:
            order = await session.get_one(Order, key)
            await orders.hold(session, db, order)
            if order.state != OrderState.SHIPPED or order.shipped_at is None:
                continue
            order.asked_at = db.now()
            days = (db.now() - order.shipped_at).days
            await notices.solved(session, db, order.workspace_id, arrived_key(order.id))
            await notices.tell(
                session, db, workspace=order.workspace_id, type="review_needed", key=arrived_key(order.id), subject=("order", order.id),
                channel=order.channel if order.account_id else "",
                title=counted(
                    "Has order {number} arrived? It was shipped {count} day ago.",
                    "Has order {number} arrived? It was shipped {count} days ago.", number=order.number, count=days,
                ),
            )  # fmt: skip
    return len(ids)


async def complete_old(house: House) -> int:
    """A tick: two weeks after they arrived orders are done with. Answers how many."""
    db = house.db
    old = Order.delivered_at <= db.now() - rules.COMPLETE_AFTER
    async with db.read() as session:
        ids = list((await session.execute(select(Order.id).where(Order.state == OrderState.DELIVERED, old))).scalars())
    for key in ids:
        async with db.write() as session:
            order = await session.get_one(Order, key)
            await orders.hold(session, db, order)
            if order.state == OrderState.DELIVERED:
                await orders.walk(session, db, order, (OrderState.COMPLETED,), by="system")
    return len(ids)
