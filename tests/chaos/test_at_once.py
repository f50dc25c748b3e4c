"""Histories whose steps happen at the same time: a server and two workers on one PostgreSQL, against a small reference.

Here the order of things is nobody's, so only steps are drawn whose sum does not hang on it: buyers win or lose on the marketplaces
themselves, orders are paid and cancelled there, units are found, and things are put up again. What must be true is looked at when nothing
is under way any more. `HAGGLE_HISTORIES` says how many, `HAGGLE_SEED` which.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select, update

from bot.settings import variable_of
from storage.models import Account, Change, InboxEvent, Item, Order, Stock, StockEntry
from tests import shelf
from tests.chaos.plan import MARKETS
from tests.chaos.stage import Haggle
from tests.sandbox_process import SandboxProcess
from tests.shop import TestShop, open_shop

pytestmark = pytest.mark.postgres

HISTORIES = int(os.environ.get("HAGGLE_HISTORIES", "2"))
SEED = os.environ.get("HAGGLE_SEED", "1")
ROUNDS, AT_ONCE, PLACES = 2, 6, 3
RESTS_WITHIN = 90.0  # seconds; the machine may stand still


@dataclass
class Reference:
    """Units by item's number, and orders: which item, paid or not, cancelled or not."""

    units: dict[int, int]
    orders: dict[str, list[Any]] = field(default_factory=dict)  # external id: [number, paid, is cancelled]

    def asked(self, number: int, *, paid: bool | None = None) -> int:
        return sum(one == number and not off and paid in (None, is_paid) for one, is_paid, off in self.orders.values())

    def free(self, number: int) -> int:
        return max(0, self.units[number] - self.asked(number))


@pytest.fixture
def database_kind() -> str:
    """SQLite has one process."""
    return "postgres"


@pytest.fixture
async def shop(tmp_path: Path, sandbox: SandboxProcess, database_url: str) -> AsyncIterator[TestShop]:
    async with open_shop(tmp_path, sandbox, url=database_url) as opened:
        given = opened.app.settings.model_dump(exclude_unset=True)
        environment = {variable_of(name): str(value) for name, value in given.items() if value != ""}
        workers = [Haggle(environment, tmp_path / f"worker-{number}.log") for number in range(2)]
        try:
            for one in workers:
                one.start()
            yield opened
        finally:
            for one in workers:
                one.kill()


async def test_what_happens_at_once_ends_as_the_reference_says(shop: TestShop) -> None:
    dice = Random(SEED)
    photo = await shelf.photo(shop.app.house, shop.person)
    for place in range(HISTORIES):
        history = History(shop, dice, 1 + place * PLACES)
        await history.begin(photo)
        for _ in range(ROUNDS):
            await asyncio.gather(*[history.step() for _ in range(AT_ONCE)])
            await history.comes_to_rest()
            await history.check()


class History:
    """Some items that are up on both marketplaces, and what happens to them at the same time."""

    def __init__(self, shop: TestShop, dice: Random, first: int) -> None:
        self._shop, self._db, self._dice = shop, shop.app.house.db, dice
        self._reference = Reference({first + place: dice.randint(1, 3) for place in range(PLACES)})

    async def begin(self, photo: str) -> None:
        async with self._db.write() as session:
            await shelf.numbered(session, self._shop.person, max(self._reference.units))
            shops = (await session.execute(select(Account))).scalars().all()
            for number, quantity in self._reference.units.items():
                await shelf.shelve(session, self._shop.app.house, self._shop.person, shops, photo, number, quantity=quantity)
        for number in self._reference.units:
            await self._shop.say(f"/publish {number}")
        await self.comes_to_rest()

    def step(self) -> Awaitable[None]:
        """Drawn at once, so that a seed is always the same plan."""
        dice, orders = self._dice, [key for key, (_, _, off) in self._reference.orders.items() if not off]
        number, market = dice.choice(sorted(self._reference.units)), dice.choice(MARKETS)
        paid, fault = dice.random() < 0.6, dice.choice(("", "", "webhook_lost", "webhook_duplicate"))
        order, what = dice.choice(orders) if orders else "", dice.choice(("buy", "buy", "buy", "found", "again", "pay", "cancel"))
        if what == "found":
            return self._found(number)
        if what == "again":
            return self._shop.say(f"/publish {number}")
        if what in ("pay", "cancel") and order:
            return self._ends(order, what)
        return self._buys(market, number, paid=paid, fault=fault)

    async def _buys(self, market: str, number: int, *, paid: bool, fault: str) -> None:
        sandbox = self._shop.sandbox
        if fault:
            await asyncio.to_thread(sandbox.fault, fault, marketplace=market, count=1)
        try:
            order = await asyncio.to_thread(sandbox.buy, market, f"SHELF-{number}", paid=paid)
        except httpx.HTTPStatusError:
            return  # somebody was quicker
        self._reference.orders[str(order.get("orderId") or order["admin_graphql_api_id"])] = [number, paid, False]

    async def _ends(self, order: str, what: str) -> None:
        market = MARKETS[order.startswith("gid:")]
        try:
            await asyncio.to_thread(getattr(self._shop.sandbox, what), market, order)
        except httpx.HTTPStatusError:
            return  # it is paid, or cancelled, already
        self._reference.orders[order][1 if what == "pay" else 2] = True

    async def _found(self, number: int) -> None:
        self._reference.units[number] += 1
        await self._shop.say(f"/stock {number} +1")

    # -- what must be true

    async def comes_to_rest(self) -> None:
        """Nothing is under way in any process, and every marketplace was asked for its orders since."""
        await asyncio.to_thread(self._shop.sandbox.no_faults)
        async with asyncio.timeout(RESTS_WITHIN):
            await self._until_idle()
            since = self._db.now()
            async with self._db.write() as session:
                await session.execute(update(Account).where(Account.channel.in_(MARKETS)).values(due_at=since))
            read = select(func.count()).where(Account.channel.in_(MARKETS), Account.last_poll_at >= since)
            while await self._count(read) < len(MARKETS):
                await self._shop.app.engine.local.sweep()
                await self._shop.idle()
            await self._until_idle()

    async def _until_idle(self) -> None:
        changes = select(func.count()).where(Change.state.in_(("approved", "running")))
        events = select(func.count()).where(InboxEvent.state == "received")
        while (
            (await asyncio.to_thread(self._shop.sandbox.deliveries))["pending"] or await self._count(changes) or await self._count(events)
        ):
            await self._shop.idle()

    async def _count(self, query: Any) -> int:
        async with self._db.read() as session:
            return int((await session.execute(query)).scalar_one())

    async def check(self) -> None:
        state = await asyncio.to_thread(self._shop.sandbox.state)
        for number in self._reference.units:
            await self._ledger(number)
            for market in MARKETS:
                there = state[market]["listings"]
                live = [int(one["quantity"]) for one in there if one["sku"] == f"SHELF-{number}" and one["state"] == "ACTIVE"]
                assert len(live) <= 1, (number, market, live)
                assert all(quantity <= self._reference.free(number) for quantity in live), (number, market, live, self._reference)
                bought = any(one == number for one, _, _ in self._reference.orders.values())
                assert bought or live, f"nobody bought item {number}, and it is not on {market}"
        for external, (_, paid, off) in self._reference.orders.items():
            async with self._db.read() as session:
                order = (await session.execute(select(Order).where(Order.external_id == external))).scalar_one()
            assert (order.paid, order.state == "cancelled") == (paid, off), external

    async def _ledger(self, number: int) -> None:
        """The fold of the entries is the stock, and the stock is what the reference says."""
        async with self._db.read() as session:
            item = (await session.execute(select(Item).where(Item.number == number))).scalar_one()
            stock = await session.get_one(Stock, item.id)
            sums = select(func.sum(StockEntry.total), func.sum(StockEntry.reserved)).where(StockEntry.item_id == item.id)
            assert tuple((await session.execute(sums)).one()) == (stock.total, stock.reserved), number
        assert stock.total - stock.reserved == self._reference.free(number), (number, stock.total, stock.reserved, self._reference)
